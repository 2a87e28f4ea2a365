// What the outside world was told, and the comparison with the tables: see promises.h. Leases and
// inputs are checked when they are handed out, everything else whenever asked. On the simulation's
// one thread; reads the tables and never the engine.
#include "tests/simulation/promises.h"

#include <algorithm>

#include "base/json.h"
#include "engine/text/format.h"
#include "engine/text/record_text.h"
#include "tests/simulation/alerts/alert_audit.h"
#include "tests/simulation/failure.h"

namespace weir::simulation {

using engine::OutcomeClass;

void Promises::sent(const engine::Send& message, const std::string& worker) {
  if (const auto* assign = std::get_if<engine::Assign>(&message.message)) {
    check_assign(*assign, worker);
    if (!leases_.emplace(assign->key, worker).second) coverage_.add(Seen::kAssignSentAgain);
  } else if (const auto* ack = std::get_if<engine::Acknowledge>(&message.message)) {
    if (ack->stale || set_aside(ack->key.run)) {
      coverage_.add(Seen::kReportStale);
    } else {
      const auto* row = tables_.attempts.find(ack->key);
      expect_that(row != nullptr && row->outcome != OutcomeClass::kNone, [&] {
        return "a report was acknowledged before it was committed: " + engine::to_text(ack->key);
      });
      if (!acknowledged_.insert(ack->key).second) coverage_.add(Seen::kReportRepeated);
    }
  } else if (std::holds_alternative<engine::NeedArtifacts>(message.message)) {
    coverage_.add(Seen::kNeedArtifacts);
  } else if (std::holds_alternative<engine::Revoke>(message.message)) {
    coverage_.add(Seen::kRevoked);
  }
}

void Promises::check_assign(const engine::Assign& assign, const std::string& worker) {
  const auto name = [&] { return engine::to_text(assign.key); };
  const auto* attempt = tables_.attempts.find(assign.key);
  // It may have ended since, by a later command of the same batch: what matters is that it is
  // there.
  expect_that(attempt != nullptr,
              [&] { return "a lease left before it was committed: " + name(); });
  expect_that(attempt->worker == worker,
              [&] { return "a lease went to another worker than its row says: " + name(); });
  const auto* run = tables_.runs.find(assign.key.run);
  const auto* task = tables_.tasks.find({assign.key.run, assign.key.task});
  expect_that(run != nullptr && task != nullptr, [&] { return "a lease of no run: " + name(); });
  expect_that(run->modules.at(std::size_t(task->module)) == assign.module &&
                  task->stage == assign.stage && task->name == assign.task,
              [&] { return "a lease names another module than the run has pinned: " + name(); });
  expect_that(task->partition == assign.partition && assign.partition == run->origin.partition,
              [&] { return "a lease is of another partition than its run: " + name(); });
  for (const auto& input : assign.inputs) check_input(*run, input);
}

void Promises::check_input(const engine::RunRow& run, const engine::InputRef& input) {
  if (!input.present) {
    if (!input.reason.empty()) coverage_.add(Seen::kInputAbsent);
    return;
  }
  const auto pinned = [&](const engine::AssetVersion& pin) { return pin.value == input.value; };
  if (std::any_of(run.pins.begin(), run.pins.end(), pinned)) coverage_.add(Seen::kInputPinned);
  const auto* artifact = tables_.artifacts.find(input.value.digest);
  const bool file = input.value.kind != engine::ArtifactKind::kBytes;
  expect_that(file || artifact != nullptr, [&] {
    return "an input was never committed: " + input.value.digest.hex() + " of " + run.id.text();
  });
}

void Promises::answered(const std::string& key, const ports::CommandBody& request,
                        const engine::ReplyPayload& answer) {
  const std::string payload = engine::payload_text(answer);
  const auto [at, fresh] = answers_.emplace(key, payload);
  const std::string& known = at->second;
  expect_that(known == payload, [&] {
    return "one request, two answers: " + key + ": " + known + " and " + payload;
  });
  if (!fresh) return;
  if (std::holds_alternative<engine::CreateRun>(request)) {
    created_.insert(std::get<base::RunId>(answer));
  } else if (const auto* cancel = std::get_if<engine::CancelRun>(&request)) {
    canceled_.insert(cancel->run);
  } else if (const auto* upload = std::get_if<engine::RegisterModules>(&request)) {
    for (const auto& module : upload->modules) registered_.insert(module.digest);
  }
}

void Promises::delivered(const engine::OutboxRow& row) {
  const auto [known, fresh] = outbox_.emplace(row.id, row.payload);
  expect_that(known->second == row.payload,
              [&] { return "an outbox id was used twice: " + engine::record_text(row); });
  if (!fresh) coverage_.add(Seen::kOutboxRedelivered);
  const auto payload = base::Json::parse(row.payload);
  expect(payload.ok(), "an outbox payload is not JSON: " + row.payload);
  const base::Json& message = (*payload)["message"];
  if (message["rule"].as_string() == kEveryEnd) notices_[message["run"].as_string()] += 1;
}

void Promises::follow() {
  const auto& events = tables_.events.rows();
  const std::int64_t seen = events_.empty() ? 0 : events_.rbegin()->first;
  for (auto it = events.upper_bound(seen); it != events.end(); ++it) {
    events_.emplace(it->first, engine::record_text(it->second));
  }
}

void Promises::check() const {
  for (const auto& [key, worker] : leases_) {
    const auto* row = tables_.attempts.find(key);
    expect_that(row != nullptr && row->worker == worker, [&, &key = key] {
      return "a lease that a worker has seen is gone: " + engine::to_text(key);
    });
  }
  for (const auto& key : acknowledged_) {
    const auto* row = tables_.attempts.find(key);
    expect_that(row != nullptr && row->outcome != OutcomeClass::kNone,
                [&] { return "an acknowledged report is gone: " + engine::to_text(key); });
  }
  for (const auto& [key, payload] : answers_) {
    const auto* row = tables_.replies.find(key);
    expect_that(row != nullptr && row->payload == payload,
                [&, &key = key] { return "an answer is not kept: " + key; });
  }
  for (const auto run : created_) {
    expect_that(tables_.runs.find(run) != nullptr,
                [&] { return "an accepted run is gone: " + run.text(); });
  }
  for (const auto run : canceled_) {
    const auto* row = tables_.runs.find(run);
    const bool going = row != nullptr && (row->state == engine::RunState::kCanceling ||
                                          row->state == engine::RunState::kCanceled);
    expect_that(going, [&] { return "an accepted cancel is gone: " + run.text(); });
  }
  for (const auto& module : registered_) {
    expect_that(tables_.modules.find(module) != nullptr,
                [&] { return "a registered module is gone: " + module.hex(); });
  }
  for (const auto& [seq, text] : events_) {
    const auto* row = tables_.events.find(seq);
    expect_that(row != nullptr && engine::record_text(*row) == text,
                [&, &text = text] { return "an event that was read has changed: " + text; });
  }
}

void Promises::at_the_end(bool notify) const {
  check();
  expect(tables_.outbox.rows().empty() || notify, "outbox rows that nobody asked for");
  if (!notify) return;
  for (const auto& [id, run] : tables_.runs.rows()) {
    expect_that(notices_.contains(id.text()) || set_aside(id),
                [&, run_id = id] { return "nobody was told of the end of run " + run_id.text(); });
  }
}

}  // namespace weir::simulation
