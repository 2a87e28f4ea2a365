// A turn over the real engine and the memory store, with everything that leaves it recorded in
// order. Shared by the tests of the loop. One thread, time is a field that the test moves; judges
// nothing but the engine's invariants after each batch.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/text/format.h"
#include "scheduler/loop/turn.h"
#include "sdk/src/memory_store.h"
#include "tests/support/graph_text.h"

namespace weir::loop_tests {

using sdk_impl::CommitFault;

// What left the turn, one line each; `durable` notes the rows that were committed at that moment.
class Recorder final : public ports::SessionSink {
 public:
  void send(const engine::Send& message) override {
    lines.push_back("send");
    sends.push_back(message);
    if (on_effect) on_effect();
  }
  void batch_committed(std::int64_t last_seq) override {
    lines.push_back("batch " + std::to_string(last_seq));
  }
  void close_all_sessions(const base::Status& reason) override {
    lines.push_back("close");
    closed_by = reason;
  }
  void reply(const engine::Reply& reply) {
    lines.push_back("reply " + std::to_string(reply.reply_to));
    replies.push_back(reply);
    if (on_effect) on_effect();
  }
  bool outbox(const engine::OutboxRow& row) {
    if (outbox_rows.size() >= outbox_room) {
      lines.push_back("refused " + std::to_string(row.id));
      return false;
    }
    lines.push_back("outbox " + std::to_string(row.id));
    outbox_rows.push_back(row);
    if (on_effect) on_effect();
    return true;
  }

  std::vector<std::string> lines;
  std::vector<engine::Send> sends;
  std::vector<engine::Reply> replies;
  std::vector<engine::OutboxRow> outbox_rows;
  std::size_t outbox_room = 1000;
  base::Status closed_by;
  std::function<void()> on_effect;
};

class World {
 public:
  explicit World(engine::Options options = {}) {
    write_rule();
    store.keep_unsynced(true);
    turn = make_turn(options);
  }
  std::unique_ptr<loop::Turn> make_turn(engine::Options options = {}) {
    return std::make_unique<loop::Turn>(
        options, store,
        loop::TurnPorts{recorder, [this](const engine::Reply& reply) { recorder.reply(reply); },
                        [this](const engine::OutboxRow& row) { return recorder.outbox(row); },
                        artifacts, [this] { return admission; }, [this] { return now(); }});
  }
  // Every run's end is a message in the outbox.
  void write_rule() {
    engine::AlertRuleRow rule;
    rule.name = "every";
    rule.event = engine::AlertEvent::kRunFinished;
    rule.channel = "ops";
    ASSERT_TRUE(store.begin().ok() && store.write(rule).ok());
    ASSERT_TRUE(store.commit(engine::Durability::kSync).ok());
  }

  void start() { ASSERT_TRUE(turn->start(now()).ok()); }
  base::Now now() const {
    return {base::WallTime(std::chrono::seconds(1'700'000'000) + time),
            base::BootTime(std::chrono::seconds(1000) + time)};
  }
  void run(std::vector<ports::CommandBody> bodies) {
    std::vector<engine::Command> batch;
    for (ports::CommandBody& body : bodies) batch.push_back({now(), ++seed, std::move(body)});
    // As the loop does: what a batch leaves begins the next one.
    for (std::span<const engine::Command> rest = batch; !rest.empty();) {
      rest = rest.subspan(turn->run(rest, now()));
    }
    turn->engine().check_invariants();
  }
  // The last reply to that request.
  engine::Reply reply(std::uint64_t to) const {
    for (auto it = recorder.replies.rbegin(); it != recorder.replies.rend(); ++it) {
      if (it->reply_to == to) return *it;
    }
    ADD_FAILURE() << "no reply to " << to;
    return {};
  }
  // The row of the run that was the answer to that request.
  engine::RunRow run_of(std::uint64_t to) const {
    const engine::ReplyPayload payload = reply(to).payload;
    const auto* id = std::get_if<base::RunId>(&payload);
    const engine::RunRow* row = id != nullptr ? store.tables().runs.find(*id) : nullptr;
    return row != nullptr ? *row : engine::RunRow{};
  }
  std::vector<engine::Assign> assigns() const {
    std::vector<engine::Assign> out;
    for (const engine::Send& message : recorder.sends) {
      if (const auto* assign = std::get_if<engine::Assign>(&message.message)) {
        out.push_back(*assign);
      }
    }
    return out;
  }

  static engine::RegisterModules upload(std::uint64_t reply_to, const std::string& graph) {
    engine::RegisterModules command;
    command.request = {reply_to, "upload-" + std::to_string(reply_to), base::sha256(graph)};
    command.modules = {test::upload_of("shop", graph)};
    return command;
  }
  static engine::CreateRun create(std::uint64_t reply_to, const std::string& key) {
    engine::CreateRun command;
    command.request = {reply_to, key, base::sha256("create a")};
    command.spec.selection = "a";
    command.spec.reason = key;
    return command;
  }
  static engine::ConnectWorker connect(std::uint64_t session) {
    engine::ConnectWorker command;
    command.session = {session};
    command.worker = {"worker-id", "worker", 1, 0};
    return command;
  }
  static engine::AttemptStarted started(std::uint64_t session, const base::AttemptKey& key) {
    return {{session}, key, base::WallTime(std::chrono::seconds(1'700'000'000))};
  }
  engine::AttemptFinished finished(std::uint64_t session, const base::AttemptKey& key) const {
    engine::AttemptFinished command;
    command.session = {session};
    command.key = key;
    auto bytes = std::make_shared<const std::string>("value");
    command.outputs = {{"a", {base::sha256(*bytes), 5, engine::ArtifactKind::kBytes, "t"}, bytes}};
    command.finished_at = now().wall;
    return command;
  }

  Recorder recorder;
  sdk_impl::MemoryStore store;
  ports::BlobStore* artifacts = nullptr;
  base::Status admission;
  base::Duration time{0};
  std::uint64_t seed = 0;
  std::unique_ptr<loop::Turn> turn;
};

}  // namespace weir::loop_tests
