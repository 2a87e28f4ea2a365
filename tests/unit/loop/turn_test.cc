// One turn: effects only after the commit and in order, lazy rows that wait for company, requests
// that are repeated. The real engine over a store in memory, on the test's thread with the test's
// time; failing commits are turn_failure_test's.
#include "scheduler/loop/turn.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/unit/loop/world.h"

namespace weir::loop_tests {
namespace {

using base::Code;
using engine::Durability;

TEST(Turn, EveryEffectFindsItsBatchCommitted) {
  World world;
  int open_transactions = 0;
  sdk_impl::FaultHooks hooks;
  hooks.on_begin = [&] {
    ++open_transactions;
    return base::Status();
  };
  hooks.on_commit = [&](Durability) {
    --open_transactions;
    return CommitFault::kNone;
  };
  world.store.set_hooks(hooks);
  world.start();
  int effects = 0;
  world.recorder.on_effect = [&] {
    ++effects;
    EXPECT_EQ(open_transactions, 0);
    EXPECT_EQ(world.store.tables().runs.rows().size(), 1u);
  };
  world.run({World::upload(1, "a"), World::create(2, "k"), World::connect(5)});
  EXPECT_GE(effects, 4);  // two replies, a welcome, a lease
  EXPECT_EQ(world.turn->stats().commits.load(), 1);
}

TEST(Turn, EffectsLeaveAsSendsRepliesOutboxThenBatch) {
  World world;
  world.start();
  world.run({World::upload(1, "a"), World::create(2, "k"), World::connect(5)});
  ASSERT_EQ(world.assigns().size(), 1u);
  world.recorder.lines.clear();
  engine::Explain explain{9, "a"};
  world.run({explain, world.finished(5, world.assigns()[0].key)});
  ASSERT_GE(world.recorder.lines.size(), 4u);
  EXPECT_EQ(world.recorder.lines.front(), "send");
  const std::size_t last = world.recorder.lines.size() - 1;
  EXPECT_EQ(world.recorder.lines[last - 2], "reply 9");
  EXPECT_EQ(world.recorder.lines[last - 1], "outbox 1");
  EXPECT_EQ(world.recorder.lines[last],
            "batch " + std::to_string(world.store.tables().events.rows().rbegin()->first));
}

TEST(Turn, RepeatedRequestGetsTheStoredReplyAlsoAfterARestart) {
  World world;
  world.start();
  world.run({World::upload(1, "a"), World::create(2, "k")});
  const engine::ReplyPayload first = world.reply(2).payload;
  EXPECT_TRUE(std::holds_alternative<base::RunId>(first));
  world.run({World::create(3, "k")});
  EXPECT_EQ(world.reply(3).payload, first);
  ASSERT_TRUE(world.turn->start(world.now()).ok());
  world.run({World::create(4, "k")});
  EXPECT_EQ(world.reply(4).payload, first);
  EXPECT_EQ(world.store.tables().runs.rows().size(), 1u);
  engine::CreateRun other = World::create(5, "k");
  other.request.hash = base::sha256("another request");
  world.run({other});
  EXPECT_EQ(world.reply(5).status.code(), Code::kInvalidArgument);
  EXPECT_EQ(world.reply(5).status.error(), base::kErrIdempotency);
}

TEST(Turn, SameRequestTwiceInOneBatchRunsOnce) {
  World world;
  world.start();
  world.run({World::upload(1, "a")});
  world.run({World::create(2, "k"), World::create(3, "k")});
  EXPECT_EQ(world.reply(2).payload, world.reply(3).payload);
  EXPECT_EQ(world.store.tables().runs.rows().size(), 1u);
}

class LazyTurn : public testing::Test {
 protected:
  void SetUp() override {
    world_.start();
    world_.run({World::upload(1, "a"), World::create(2, "k"), World::connect(5)});
    ASSERT_EQ(world_.assigns().size(), 1u);
    key_ = world_.assigns()[0].key;
    commits_ = world_.turn->stats().commits;
  }
  std::optional<base::WallTime> stored_start() const {
    return world_.store.tables().attempts.find(key_)->started_at;
  }
  const engine::EventRow& newest_event() const {
    return world_.store.tables().events.rows().rbegin()->second;
  }
  // The commits from now on.
  const std::vector<Durability>& watch_commits() {
    sdk_impl::FaultHooks hooks;
    hooks.on_commit = [this](Durability durability) {
      seen_commits_.push_back(durability);
      return CommitFault::kNone;
    };
    world_.store.set_hooks(hooks);
    return seen_commits_;
  }

  World world_;
  base::AttemptKey key_;
  std::int64_t commits_ = 0;
  std::vector<Durability> seen_commits_;
};

TEST_F(LazyTurn, LazyRowsWaitForTheNextBatch) {
  world_.run({World::started(5, key_)});
  EXPECT_FALSE(stored_start().has_value());
  EXPECT_EQ(world_.turn->stats().commits.load(), commits_);
  ASSERT_TRUE(world_.turn->lazy_deadline().has_value());
  EXPECT_EQ(*world_.turn->lazy_deadline(), world_.now().boot + loop::kLazyWait);
  world_.time += std::chrono::milliseconds(10);
  world_.run({World::create(3, "k2")});
  EXPECT_TRUE(stored_start().has_value());
  EXPECT_FALSE(world_.turn->lazy_deadline().has_value());
  EXPECT_EQ(world_.turn->stats().commits.load(), commits_ + 1);
}

TEST_F(LazyTurn, LazyRowsWithoutEventsAreCommittedUnsyncedAtTheirDeadline) {
  const std::vector<Durability>& commits = watch_commits();
  world_.run({engine::Heartbeat{{5}, {key_}}});
  EXPECT_TRUE(commits.empty());
  world_.time += loop::kLazyWait;
  world_.turn->flush_lazy(world_.now());
  EXPECT_EQ(commits, std::vector<Durability>{Durability::kLazy});
  EXPECT_FALSE(world_.turn->lazy_deadline().has_value());
}

TEST_F(LazyTurn, LazyRowsWithEventsAreCommittedInSyncAtTheirDeadline) {
  const std::vector<Durability>& commits = watch_commits();
  world_.run({World::started(5, key_)});
  EXPECT_TRUE(commits.empty());
  world_.time += loop::kLazyWait;
  world_.turn->flush_lazy(world_.now());
  EXPECT_EQ(commits, std::vector<Durability>{Durability::kSync});
  EXPECT_TRUE(stored_start().has_value());
  EXPECT_FALSE(world_.turn->lazy_deadline().has_value());
  EXPECT_EQ(world_.recorder.lines.back(), "batch " + std::to_string(newest_event().seq));
}

TEST_F(LazyTurn, EventThatWasPublishedKeepsItsNumberOverAPowerCut) {
  world_.run({World::started(5, key_)});
  world_.time += loop::kLazyWait;
  world_.turn->flush_lazy(world_.now());
  const engine::EventRow seen = newest_event();
  world_.store.power_cut();
  ASSERT_TRUE(world_.turn->start(world_.now()).ok());
  world_.run({World::create(3, "k2")});
  const engine::EventRow* now = world_.store.tables().events.find(seen.seq);
  ASSERT_NE(now, nullptr);
  EXPECT_EQ(now->kind, seen.kind);
  EXPECT_EQ(now->subject, seen.subject);
}

// The process died between a commit and its sync, and its successor found the rows.
TEST_F(LazyTurn, StartSyncsWhatADeadProcessLeftBeforeItTellsAnything) {
  struct Death {};
  sdk_impl::FaultHooks hooks;
  hooks.on_sync = [] { throw Death{}; };
  world_.store.set_hooks(hooks);
  EXPECT_THROW(world_.run({World::create(3, "k2")}), Death);
  world_.store.set_hooks({});
  ASSERT_EQ(world_.store.unsynced(), 1u);
  world_.turn = world_.make_turn();
  ASSERT_TRUE(world_.turn->start(world_.now()).ok());
  EXPECT_EQ(world_.store.unsynced(), 0u);
  world_.run({World::create(4, "k2")});
  const engine::ReplyPayload told = world_.reply(4).payload;
  ASSERT_TRUE(std::holds_alternative<base::RunId>(told));
  world_.store.power_cut();
  EXPECT_NE(world_.store.tables().runs.find(std::get<base::RunId>(told)), nullptr);
}

TEST_F(LazyTurn, EventsStayGaplessAcrossLazyBatches) {
  world_.run({World::started(5, key_)});
  world_.run({world_.finished(5, key_)});
  std::int64_t expected = 1;
  for (const auto& [seq, row] : world_.store.tables().events.rows()) EXPECT_EQ(seq, expected++);
  EXPECT_EQ(world_.turn->last_seq(), expected - 1);
}

TEST_F(LazyTurn, LaterLazyRowsDoNotMoveTheDeadline) {
  world_.run({World::started(5, key_)});
  const auto deadline = world_.turn->lazy_deadline();
  world_.time += std::chrono::milliseconds(60);
  world_.run({World::started(5, key_), engine::Heartbeat{{5}, {key_}}});
  EXPECT_EQ(world_.turn->lazy_deadline(), deadline);
}

TEST(Turn, BatchThatOnlyReadsCommitsNothing) {
  World world;
  world.start();
  world.run({World::upload(1, "a"), World::create(2, "k")});
  const std::int64_t commits = world.turn->stats().commits;
  world.run({engine::Explain{3, "a"}, World::create(4, "k")});
  EXPECT_EQ(world.turn->stats().commits.load(), commits);
  EXPECT_TRUE(world.reply(3).status.ok());
  EXPECT_EQ(world.reply(4).payload, world.reply(2).payload);
}

TEST(Turn, BatchEndsWithTheCommandThatHasWrittenEnough) {
  World world;
  world.start();
  std::string graph = "root\n";
  const std::size_t tasks = loop::kBatchRecordsMax / 2;
  for (std::size_t i = 1; i < tasks; ++i) graph += "s" + std::to_string(i) + " <- root\n";
  engine::CreateRun create = World::create(2, "k");
  create.spec.selection = "*";
  world.run({World::upload(1, graph), create});
  engine::CancelRun cancel;
  cancel.request.reply_to = 3;
  cancel.run = world.run_of(2).id;
  std::vector<engine::Command> batch;
  batch.push_back({world.now(), ++world.seed, engine::Explain{8, "root"}});
  batch.push_back({world.now(), ++world.seed, cancel});
  batch.push_back({world.now(), ++world.seed, engine::Explain{9, "root"}});
  const std::int64_t commits = world.turn->stats().commits.load();
  EXPECT_EQ(world.turn->run(batch, world.now()), 2u);
  EXPECT_EQ(world.turn->stats().commits.load(), commits + 1);  // the cancel whole
  EXPECT_EQ(world.run_of(2).state, engine::RunState::kCanceled);
  EXPECT_EQ(world.turn->run(std::span(batch).subspan(2), world.now()), 1u);
}

TEST(Turn, FullDiskRefusesNewRunsButRepeatsAcceptedOnesAndTakesCompletions) {
  World world;
  world.start();
  world.run({World::upload(1, "a"), World::create(2, "k"), World::connect(5)});
  world.admission = {Code::kResourceExhausted, base::kErrDiskFull, "5 bytes are free"};
  world.run({World::create(3, "new"), World::upload(4, "b"), World::create(6, "k")});
  EXPECT_EQ(world.reply(3).status.error(), base::kErrDiskFull);
  EXPECT_EQ(world.reply(4).status.error(), base::kErrDiskFull);
  EXPECT_EQ(world.reply(6).payload, world.reply(2).payload);
  world.run({world.finished(5, world.assigns()[0].key)});
  EXPECT_EQ(world.run_of(2).state, engine::RunState::kSucceeded);
  EXPECT_TRUE(world.turn->engine().disk_full());  // no run begins, whoever asks
  world.admission = {};
  EXPECT_TRUE(world.turn->disk_full());  // as the last batch has found it
  world.run({World::create(7, "new2")});
  EXPECT_TRUE(world.reply(7).status.ok());
  EXPECT_FALSE(world.turn->disk_full());
  EXPECT_FALSE(world.turn->engine().disk_full());
}

// An artifact store that holds what it is told to hold.
class Held final : public ports::BlobStore {
 public:
  base::Result<std::unique_ptr<ports::BlobWriter>> create(const engine::Digest&,
                                                          engine::ArtifactKind,
                                                          std::int64_t) override {
    return base::Status(Code::kUnimplemented, 0, "not written to here");
  }
  bool contains(const engine::Digest& digest) override { return digest == held; }
  base::Result<std::vector<ports::BlobFile>> files(const engine::Digest&) override {
    return base::Status(Code::kNotFound, 0, "not read here");
  }
  base::Status set_aside_damaged(const engine::Digest&) override { return {}; }
  engine::Digest held;
};

TEST(Turn, LargeOutputIsAcceptedOnlyOnceTheArtifactStoreHoldsIt) {
  Held artifacts;
  World world;
  world.artifacts = &artifacts;
  world.turn = std::make_unique<loop::Turn>(
      engine::Options{}, world.store,
      loop::TurnPorts{world.recorder,
                      [&](const engine::Reply& reply) { world.recorder.reply(reply); },
                      {},
                      &artifacts,
                      {},
                      {}});
  world.start();
  world.run({World::upload(1, "a"), World::create(2, "k"), World::connect(5)});
  engine::AttemptFinished report = world.finished(5, world.assigns()[0].key);
  report.outputs[0].bytes = nullptr;
  report.outputs[0].value.size = 1 << 20;
  report.outputs[0].value.kind = engine::ArtifactKind::kFile;
  world.run({report});
  const auto state = [&] { return world.run_of(2).state; };
  EXPECT_EQ(state(), engine::RunState::kRunning);
  EXPECT_TRUE(std::holds_alternative<engine::NeedArtifacts>(world.recorder.sends.back().message));
  artifacts.held = report.outputs[0].value.digest;
  world.run({report});
  EXPECT_EQ(state(), engine::RunState::kSucceeded);
}

TEST(Turn, RestartHandsOutUndeliveredOutboxRowsAgain) {
  World world;
  world.start();
  world.run({World::upload(1, "a"), World::create(2, "k"), World::connect(5)});
  world.run({world.finished(5, world.assigns()[0].key)});
  ASSERT_EQ(world.recorder.outbox_rows.size(), 1u);
  ASSERT_TRUE(world.turn->start(world.now()).ok());
  EXPECT_EQ(world.recorder.outbox_rows.size(), 2u);
  world.run({engine::OutboxDelivered{1}});
  world.turn->flush_lazy(world.now());
  EXPECT_TRUE(world.store.tables().outbox.rows().empty());
  ASSERT_TRUE(world.turn->start(world.now()).ok());
  EXPECT_EQ(world.recorder.outbox_rows.size(), 2u);
}

TEST(Turn, OutboxRowsThatFindNoRoomWaitInOrderAndAreNotWalkedAgain) {
  World world;
  world.recorder.outbox_room = 1;
  world.start();
  world.run({World::upload(1, "a"), World::connect(5)});
  for (const std::uint64_t run : {77u, 78u, 79u}) {
    world.run({World::create(run, "k" + std::to_string(run))});
    world.run({world.finished(5, world.assigns().back().key)});
  }
  ASSERT_TRUE(world.turn->outbox_refused().has_value());
  EXPECT_EQ(*world.turn->outbox_refused(), 2);
  world.recorder.outbox_room = 2;
  world.turn->offer_outbox();
  world.recorder.outbox_room = 3;
  world.turn->offer_outbox();
  EXPECT_FALSE(world.turn->outbox_refused().has_value());
  std::vector<std::string> offers;
  for (const std::string& line : world.recorder.lines) {
    if (line.starts_with("outbox") || line.starts_with("refused")) offers.push_back(line);
  }
  EXPECT_EQ(offers, (std::vector<std::string>{"outbox 1", "refused 2", "outbox 2", "refused 3",
                                              "outbox 3"}));
}

TEST(Turn, ReplyIdsAreFoundInEveryCommandThatIsAnswered) {
  ports::CommandBody explain = engine::Explain{0, "x"};
  EXPECT_TRUE(loop::set_reply_to(explain, 4));
  EXPECT_EQ(loop::reply_to({{}, 0, explain}), 4u);
  ports::CommandBody cancel = engine::CancelRun{};
  EXPECT_TRUE(loop::set_reply_to(cancel, 5));
  EXPECT_EQ(loop::reply_to({{}, 0, cancel}), 5u);
  ports::CommandBody timers = engine::FireTimers{};
  EXPECT_FALSE(loop::set_reply_to(timers, 6));
  EXPECT_EQ(loop::reply_to({{}, 0, timers}), 0u);
}

}  // namespace
}  // namespace weir::loop_tests
