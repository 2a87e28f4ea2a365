// Commits that fail, before or after they took effect: nothing is told that is not so, and the
// engine is again what the tables say. Faults come through the hooks of the store in memory; one
// thread, time given by the test.
#include <gtest/gtest.h>

#include "base/errors.h"
#include "scheduler/loop/turn.h"
#include "tests/unit/loop/world.h"

namespace weir::loop_tests {
namespace {

using base::Code;
using engine::Durability;

class TurnFailure : public testing::Test {
 protected:
  void SetUp() override {
    sdk_impl::FaultHooks hooks;
    hooks.on_commit = [this](Durability) {
      if (faults_ == 0) return CommitFault::kNone;
      --faults_;
      return fault_;
    };
    hooks.on_write = [this](const engine::Record&) { return write_status_; };
    hooks.on_begin = [this] { return begin_status_; };
    world_.store.set_hooks(hooks);
    world_.start();
    world_.run({World::upload(1, "a"), World::connect(5)});
    world_.recorder.lines.clear();
    world_.recorder.sends.clear();
  }
  // That the engine is what the tables would make of it.
  void expect_engine_equals_tables() {
    engine::Engine fresh;
    fresh.restore(*world_.store.restore(), world_.now());
    EXPECT_EQ(world_.turn->engine().durable_text(), fresh.durable_text());
  }

  World world_;
  CommitFault fault_ = CommitFault::kNone;
  int faults_ = 0;  // commits that fail from now on
  base::Status write_status_, begin_status_;
};

TEST_F(TurnFailure, FailedCommitDropsItsEffectsAndReloads) {
  fault_ = CommitFault::kFailedBefore;
  faults_ = 1;
  world_.run({World::create(2, "k")});
  EXPECT_EQ(world_.reply(2).status.code(), Code::kUnavailable);
  EXPECT_TRUE(world_.recorder.sends.empty());
  EXPECT_EQ(world_.recorder.lines, (std::vector<std::string>{"reply 2", "close"}));
  EXPECT_TRUE(world_.turn->open());  // the probe succeeded at once
  EXPECT_TRUE(world_.store.tables().runs.rows().empty());
  expect_engine_equals_tables();
  world_.run({World::create(3, "k")});
  EXPECT_TRUE(world_.reply(3).status.ok());
  EXPECT_EQ(world_.store.tables().runs.rows().size(), 1u);
}

TEST_F(TurnFailure, LeasesGetAFullTermFromTheEndOfACommitThatHungAndFailed) {
  world_.run({World::create(2, "k")});
  ASSERT_EQ(world_.assigns().size(), 1u);
  const engine::Options options;
  sdk_impl::FaultHooks hooks;
  hooks.on_commit = [&](Durability) {
    if (world_.time > base::Duration(0)) return CommitFault::kNone;
    world_.time = options.lease + std::chrono::seconds(10);
    return CommitFault::kFailedBefore;
  };
  world_.store.set_hooks(hooks);
  world_.run({World::create(3, "l")});
  ASSERT_TRUE(world_.turn->open());
  const engine::Deadlines deadlines = world_.turn->engine().next_deadlines();
  ASSERT_TRUE(deadlines.boot.has_value());
  EXPECT_GE(*deadlines.boot, world_.now().boot + options.lease);
}

TEST_F(TurnFailure, UncertainCommitIsAnsweredUnavailableAndItsRepeatGetsTheFirstResult) {
  fault_ = CommitFault::kFailedAfter;
  faults_ = 1;
  world_.run({World::create(2, "k")});
  EXPECT_EQ(world_.reply(2).status.code(), Code::kUnavailable);
  EXPECT_TRUE(world_.recorder.sends.empty());
  expect_engine_equals_tables();
  world_.run({World::create(3, "k")});
  ASSERT_EQ(world_.store.tables().runs.rows().size(), 1u);
  const base::RunId first = world_.store.tables().runs.rows().begin()->first;
  EXPECT_EQ(world_.reply(3).payload, engine::ReplyPayload(first));
}

TEST_F(TurnFailure, FailedWriteDropsTheWholeBatch) {
  write_status_ = {Code::kResourceExhausted, base::kErrDiskFull, "database or disk is full"};
  world_.run({World::create(2, "k"), World::create(3, "l"), engine::Explain{4, "a"}});
  for (const std::uint64_t id : {2u, 3u}) {
    EXPECT_EQ(world_.reply(id).status.code(), Code::kResourceExhausted);
    EXPECT_EQ(world_.reply(id).status.error(), base::kErrDiskFull);
  }
  // It came after the write that failed, and began the next batch.
  EXPECT_TRUE(world_.reply(4).status.ok());
  write_status_ = {};
  EXPECT_TRUE(world_.store.tables().runs.rows().empty());
  expect_engine_equals_tables();
}

TEST_F(TurnFailure, AdmissionStaysClosedUntilAProbeSucceeds) {
  fault_ = CommitFault::kFailedBefore;
  faults_ = 1000;
  world_.run({World::create(2, "k")});
  EXPECT_FALSE(world_.turn->open());
  world_.run({World::create(3, "k"), World::connect(6)});
  EXPECT_EQ(world_.reply(3).status.code(), Code::kUnavailable);
  EXPECT_EQ(world_.recorder.lines.back(), "close");
  ASSERT_TRUE(world_.turn->reopen_deadline().has_value());
  const auto first = *world_.turn->reopen_deadline();
  world_.turn->reopen(world_.now());
  EXPECT_FALSE(world_.turn->open());
  EXPECT_GT(*world_.turn->reopen_deadline(), first);  // the pauses grow
  faults_ = 0;
  world_.turn->reopen(world_.now());
  EXPECT_TRUE(world_.turn->open());
  EXPECT_FALSE(world_.turn->reopen_deadline().has_value());
  world_.run({World::create(4, "k")});
  EXPECT_TRUE(world_.reply(4).status.ok());
}

// A full disk must not keep people from reading.
TEST_F(TurnFailure, StartOverAStoreThatCannotBeWrittenStaysClosedUntilItCan) {
  begin_status_ = {Code::kResourceExhausted, base::kErrDiskFull, "database or disk is full"};
  world_.turn = world_.make_turn();
  ASSERT_TRUE(world_.turn->start(world_.now()).ok());
  EXPECT_FALSE(world_.turn->open());
  world_.run({World::create(2, "k")});
  EXPECT_EQ(world_.reply(2).status.code(), Code::kResourceExhausted);
  ASSERT_TRUE(world_.turn->reopen_deadline().has_value());
  begin_status_ = {};
  world_.turn->reopen(world_.now());
  EXPECT_TRUE(world_.turn->open());
  expect_engine_equals_tables();
}

TEST_F(TurnFailure, StoreThatCannotBeginClosesAdmission) {
  begin_status_ = {Code::kUnavailable, base::kErrStore, "locked"};
  world_.run({World::create(2, "k")});
  EXPECT_EQ(world_.reply(2).status.code(), Code::kUnavailable);
  EXPECT_FALSE(world_.turn->open());
  begin_status_ = {};
  world_.turn->reopen(world_.now());
  EXPECT_TRUE(world_.turn->open());
  expect_engine_equals_tables();
}

TEST_F(TurnFailure, StoreThatFailsAgainSoonIsGivenTime) {
  fault_ = CommitFault::kFailedBefore;
  faults_ = 1;
  world_.run({World::create(2, "k")});
  EXPECT_TRUE(world_.turn->open());
  faults_ = 1;
  world_.run({World::create(3, "k")});
  EXPECT_FALSE(world_.turn->open());
  world_.time += std::chrono::seconds(1);
  world_.turn->reopen(world_.now());
  EXPECT_TRUE(world_.turn->open());
  world_.time += std::chrono::seconds(60);
  faults_ = 1;
  world_.run({World::create(4, "k")});
  EXPECT_TRUE(world_.turn->open());
}

TEST_F(TurnFailure, FailedLazyCommitReloadsWithoutThoseRows) {
  world_.run({World::create(2, "k")});
  ASSERT_EQ(world_.assigns().size(), 1u);
  const base::AttemptKey key = world_.assigns()[0].key;
  world_.run({World::started(5, key)});
  fault_ = CommitFault::kFailedBefore;
  faults_ = 1;
  world_.turn->flush_lazy(world_.now());
  EXPECT_EQ(world_.recorder.lines.back(), "close");
  EXPECT_FALSE(world_.store.tables().attempts.find(key)->started_at.has_value());
  expect_engine_equals_tables();
}

TEST_F(TurnFailure, CompletionAfterAnUncertainCommitIsCommittedOnce) {
  world_.run({World::create(2, "k")});
  const base::AttemptKey key = world_.assigns()[0].key;
  fault_ = CommitFault::kFailedAfter;
  faults_ = 1;
  world_.run({world_.finished(5, key)});
  // The worker connects again and repeats its report, as it must.
  engine::ConnectWorker connect = World::connect(6);
  connect.held = {key};
  world_.run({connect, world_.finished(6, key)});
  EXPECT_EQ(world_.store.tables().materializations.rows().size(), 1u);
  EXPECT_EQ(world_.run_of(2).state, engine::RunState::kSucceeded);
}

}  // namespace
}  // namespace weir::loop_tests
