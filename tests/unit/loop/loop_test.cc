// The loop's thread: many posters, bounded inbox, replies to every accepted command, an orderly
// end. Real threads, held still by commits that wait for the test; semaphores and not sleeps. What
// a batch does is turn_test's.
#include "scheduler/loop/loop.h"

#include <algorithm>
#include <atomic>
#include <latch>
#include <semaphore>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "scheduler/store/sqlite_store.h"
#include "tests/unit/loop/world.h"
#include "tests/unit/store/sample_rows.h"

namespace weir::loop_tests {
namespace {

using base::Code;
using engine::Reply;

// Posts a command and waits for its answer.
Reply ask(loop::Loop& loop, ports::CommandBody body) {
  std::binary_semaphore answered(0);
  Reply got;
  const base::Status posted = loop.post(std::move(body), [&](const Reply& reply) {
    got = reply;
    answered.release();
  });
  if (!posted.ok()) return {0, posted};
  answered.acquire();
  return got;
}

base::Now later(const std::atomic<std::int64_t>& seconds) {
  const auto passed = std::chrono::seconds(seconds.load());
  return {base::WallTime(std::chrono::seconds(1'700'000'000) + passed),
          base::BootTime(std::chrono::seconds(1000) + passed)};
}

class LoopTest : public testing::Test {
 protected:
  // A loop over `store` whose commits can be held up.
  void make(loop::LoopOptions options = {}) {
    // A busy machine must not cut the batches of a test that does not ask for it.
    if (options.batch_time_max == loop::kBatchTimeMax) {
      options.batch_time_max = std::chrono::hours(1);
    }
    loop_ = std::make_unique<loop::Loop>(std::move(options), store_, recorder_, nullptr, nullptr);
    ASSERT_TRUE(loop_->start().ok());
  }
  // The first commit after that of the start waits until release() and says when it has begun.
  void hold_commits() {
    started_ = loop_ != nullptr;
    sdk_impl::FaultHooks hooks;
    hooks.on_commit = [this](engine::Durability) {
      if (started_.exchange(true) && !held_.exchange(true)) {
        committing_.release();
        go_on_.acquire();
      }
      return CommitFault::kNone;
    };
    store_.set_hooks(hooks);
  }

  Recorder recorder_;
  sdk_impl::MemoryStore store_;
  std::atomic<bool> started_{false}, held_{false};
  std::binary_semaphore committing_{0}, go_on_{0};
  std::unique_ptr<loop::Loop> loop_;
};

TEST_F(LoopTest, EveryPosterGetsItsOwnReply) {
  make();
  ASSERT_TRUE(ask(*loop_, World::upload(0, "a")).status.ok());
  constexpr int kThreads = 4;
  constexpr int kRuns = 50;
  std::mutex mutex;
  std::map<std::string, Reply> replies;  // by key; guarded by mutex
  {
    std::vector<std::jthread> posters;
    for (int t = 0; t < kThreads; ++t) {
      posters.emplace_back([&, t] {
        for (int i = 0; i < kRuns; ++i) {
          const std::string key = "key" + std::to_string(t * kRuns + i);
          const Reply reply = ask(*loop_, World::create(0, key));
          const std::lock_guard lock(mutex);
          replies[key] = reply;
        }
      });
    }
  }
  loop_->stop();
  for (const auto& [key, reply] : replies) {
    const auto* id = std::get_if<base::RunId>(&reply.payload);
    ASSERT_TRUE(reply.status.ok() && id != nullptr) << reply.status.text();
    const engine::RunRow* row = store_.tables().runs.find(*id);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->reason, key);
  }
  EXPECT_EQ(store_.tables().runs.rows().size(), static_cast<std::size_t>(kThreads * kRuns));
  EXPECT_GE(loop_->stats().commands.load(), kThreads * kRuns);
}

TEST_F(LoopTest, WhatArrivesDuringACommitIsTheNextBatch) {
  hold_commits();
  make();
  std::latch answered(21);
  const auto done = [&](const Reply&) { answered.count_down(); };
  ASSERT_TRUE(loop_->post(World::upload(0, "a"), done).ok());
  committing_.acquire();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    ASSERT_TRUE(loop_->post(World::create(0, "k" + std::to_string(i)), done).ok());
  }
  EXPECT_EQ(loop_->inbox_size(), 20u);
  go_on_.release();
  answered.wait();
  EXPECT_EQ(loop_->stats().commits.load(), 2);
}

TEST_F(LoopTest, FullInboxRefusesAndKeepsWhatItTook) {
  hold_commits();
  loop::LoopOptions options;
  options.inbox_commands_max = 3;
  make(std::move(options));
  std::latch answered(4);
  const auto done = [&](const Reply&) { answered.count_down(); };
  ASSERT_TRUE(loop_->post(World::upload(0, "a"), done).ok());
  committing_.acquire();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    EXPECT_TRUE(loop_->post(World::create(0, "k" + std::to_string(i)), done).ok());
  }
  const base::Status refused = loop_->post(World::create(0, "k4"), done);
  EXPECT_EQ(refused.code(), Code::kResourceExhausted);
  EXPECT_EQ(refused.error(), base::kErrQueueFull);
  go_on_.release();
  answered.wait();
  loop_->stop();
  EXPECT_EQ(store_.tables().runs.rows().size(), 3u);
}

TEST_F(LoopTest, StopProcessesWhatWasAcceptedAndRefusesTheRest) {
  hold_commits();
  make();
  std::atomic<int> answered{0};
  const auto done = [&](const Reply& reply) {
    if (reply.status.ok()) ++answered;
  };
  ASSERT_TRUE(loop_->post(World::upload(0, "a"), done).ok());
  committing_.acquire();
  for (std::uint64_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE(loop_->post(World::create(0, "k" + std::to_string(i)), done).ok());
  }
  std::jthread stopper([&] { loop_->stop(); });
  while (loop_->post(engine::Heartbeat{}).ok()) std::this_thread::yield();
  const base::Status late = loop_->post(World::create(0, "k9"), done);
  EXPECT_EQ(late.code(), Code::kUnavailable);
  EXPECT_EQ(late.error(), base::kErrShuttingDown);
  go_on_.release();
  stopper.join();
  EXPECT_EQ(answered.load(), 6);
  EXPECT_EQ(store_.tables().runs.rows().size(), 5u);
}

TEST_F(LoopTest, LazyRowsAreCommittedByTheClockAndAtTheEnd) {
  make();
  ASSERT_TRUE(ask(*loop_, World::upload(0, "a")).status.ok());
  const Reply created = ask(*loop_, World::create(0, "k"));
  const auto* run = std::get_if<base::RunId>(&created.payload);
  ASSERT_NE(run, nullptr);
  ASSERT_TRUE(loop_->post(World::connect(5)).ok());
  ASSERT_TRUE(loop_->post(World::started(5, {*run, 0, 1})).ok());
  ASSERT_TRUE(ask(*loop_, engine::Explain{0, "a"}).status.ok());
  loop_->stop();
  const engine::AttemptRow* row = store_.tables().attempts.find({*run, 0, 1});
  ASSERT_NE(row, nullptr);
  EXPECT_TRUE(row->started_at.has_value());
}

TEST_F(LoopTest, ABatchThatTookLongEnoughLeavesTheRestToTheNextInOrder) {
  hold_commits();
  loop::LoopOptions options;
  options.batch_time_max = std::chrono::seconds(0);
  make(std::move(options));
  std::latch answered(4);
  const auto done = [&](const Reply&) { answered.count_down(); };
  ASSERT_TRUE(loop_->post(World::upload(0, "a"), done).ok());
  committing_.acquire();
  for (const char* key : {"k1", "k2", "k3"}) {
    ASSERT_TRUE(loop_->post(World::create(0, key), done).ok());
  }
  go_on_.release();
  answered.wait();
  EXPECT_EQ(loop_->stats().commits.load(), 4);
  loop_->stop();
  std::string order;
  for (const auto& [id, row] : store_.tables().runs.rows()) order += row.reason;
  EXPECT_EQ(order, "k1k2k3");
}

TEST_F(LoopTest, DeadlinesPassWhileEveryBatchIsCut) {
  std::atomic<std::int64_t> seconds{0};
  loop::LoopOptions options;
  options.batch_time_max = std::chrono::seconds(0);
  options.clock = [&] { return later(seconds); };
  hold_commits();
  make(options);
  ASSERT_TRUE(loop_->post(World::connect(1)).ok());
  committing_.acquire();
  seconds += std::chrono::duration_cast<std::chrono::seconds>(options.engine.lease).count() + 1;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(loop_->post(engine::DisconnectWorker{{99}, "long gone"}).ok());
  }
  go_on_.release();
  ASSERT_TRUE(ask(*loop_, World::upload(0, "a")).status.ok());
  ASSERT_TRUE(ask(*loop_, World::create(0, "k")).status.ok());
  loop_->stop();
  const auto closed = [](const engine::Send& sent) {
    return std::holds_alternative<engine::CloseSession>(sent.message);
  };
  EXPECT_EQ(std::ranges::count_if(recorder_.sends, closed), 1);
}

TEST_F(LoopTest, AHeartbeatBehindABacklogIsHeardBeforeItsLeaseIsCalledExpired) {
  std::atomic<std::int64_t> seconds{0};
  loop::LoopOptions options;
  options.clock = [&] { return later(seconds); };
  hold_commits();
  make(options);
  ASSERT_TRUE(loop_->post(World::connect(1)).ok());
  committing_.acquire();
  for (std::size_t i = 0; i < 3 * loop::kBatchCommandsMax; ++i) {
    ASSERT_TRUE(loop_->post(engine::DisconnectWorker{{99}, "long gone"}).ok());
  }
  ASSERT_TRUE(loop_->post(engine::Heartbeat{{1}, {}, false}).ok());
  seconds += std::chrono::duration_cast<std::chrono::seconds>(options.engine.lease).count() + 1;
  go_on_.release();
  ASSERT_TRUE(ask(*loop_, World::upload(0, "a")).status.ok());
  const auto closed = [](const engine::Send& sent) {
    return std::holds_alternative<engine::CloseSession>(sent.message);
  };
  loop_->stop();
  EXPECT_EQ(std::ranges::count_if(recorder_.sends, closed), 0);
}

// The inbox never runs empty: each time the loop has taken a batch it gets the same again.
TEST_F(LoopTest, ABacklogDoesNotHoldUpDeadlinesForEver) {
  std::atomic<std::int64_t> seconds{0};
  loop::LoopOptions options;
  options.clock = [&] { return later(seconds); };
  const std::int64_t lease =
      std::chrono::duration_cast<std::chrono::seconds>(options.engine.lease).count();
  const auto fill = [&] {
    for (std::size_t i = 0; i < loop::kBatchCommandsMax; ++i) {
      ASSERT_TRUE(loop_->post(engine::DisconnectWorker{{99}, "long gone"}).ok());
    }
  };
  int batches = 0;
  int expired_after = 0;
  recorder_.on_effect = [&] {
    if (!std::holds_alternative<engine::CloseSession>(recorder_.sends.back().message)) return;
    expired_after = batches;
  };
  std::binary_semaphore enough(0);
  options.housekeeping = [&](base::Now, bool) {
    if (batches == 0 && loop_->inbox_size() == 0) return;  // before the backlog
    if (++batches == 10) return enough.release();
    if (batches < 10) fill();
  };
  hold_commits();
  make(options);
  ASSERT_TRUE(loop_->post(World::connect(1)).ok());
  committing_.acquire();
  fill();
  seconds += lease + 1;
  fill();
  fill();  // three batches wait, the last two came after the deadline
  go_on_.release();
  enough.acquire();
  loop_->stop();
  EXPECT_GE(expired_after, 1);
  EXPECT_LE(expired_after, 3);
}

// Deadlines that passed are not one: what is due for another worker must not take this one along.
TEST_F(LoopTest, AHeartbeatInABacklogCountsThoughAnotherDeadlineHasPassed) {
  std::atomic<std::int64_t> seconds{0};
  loop::LoopOptions options;
  options.clock = [&] { return later(seconds); };
  const std::int64_t lease =
      std::chrono::duration_cast<std::chrono::seconds>(options.engine.lease).count();
  make(options);
  ASSERT_TRUE(loop_->post(World::connect(1)).ok());
  ASSERT_TRUE(ask(*loop_, World::upload(0, "a")).status.ok());
  seconds = 10;
  engine::ConnectWorker other = World::connect(2);
  other.worker.id = other.worker.name = "other";
  ASSERT_TRUE(loop_->post(other).ok());
  ASSERT_TRUE(ask(*loop_, World::create(0, "first")).status.ok());
  hold_commits();
  ASSERT_TRUE(loop_->post(World::create(0, "second")).ok());
  committing_.acquire();
  seconds = lease + 1;  // the lease of the first is over, that of the second is not
  for (std::size_t i = 0; i < 2 * loop::kBatchCommandsMax; ++i) {
    ASSERT_TRUE(loop_->post(engine::DisconnectWorker{{99}, "long gone"}).ok());
  }
  ASSERT_TRUE(loop_->post(engine::Heartbeat{{2}, {}, false}).ok());
  seconds = lease + 15;
  go_on_.release();
  ASSERT_TRUE(ask(*loop_, World::create(0, "third")).status.ok());
  loop_->stop();
  std::set<std::uint64_t> closed;
  for (const engine::Send& sent : recorder_.sends) {
    if (std::holds_alternative<engine::CloseSession>(sent.message)) {
      closed.insert(sent.session.value);
    }
  }
  EXPECT_EQ(closed, std::set<std::uint64_t>{1});
}

TEST_F(LoopTest, CommandWithoutAnAnswerTakesNoHandler) {
  make();
  const base::Status status = loop_->post(engine::FireTimers{}, [](const Reply&) {});
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
}

TEST_F(LoopTest, BeforeStartNothingIsTaken) {
  loop_ = std::make_unique<loop::Loop>(loop::LoopOptions{}, store_, recorder_, nullptr, nullptr);
  EXPECT_EQ(loop_->post(engine::FireTimers{}).code(), Code::kUnavailable);
}

TEST_F(LoopTest, FailingStoreClosesAndReopensByItself) {
  std::atomic<int> faults{3};
  sdk_impl::FaultHooks hooks;
  hooks.on_commit = [&](engine::Durability) {
    return faults-- > 0 ? CommitFault::kFailedBefore : CommitFault::kNone;
  };
  make();
  store_.set_hooks(hooks);
  EXPECT_EQ(ask(*loop_, World::upload(0, "a")).status.code(), Code::kUnavailable);
  while (!loop_->stats().open) std::this_thread::yield();
  EXPECT_TRUE(ask(*loop_, World::upload(0, "a")).status.ok());
  EXPECT_EQ(loop_->stats().failed_batches.load(), 1);
}

// The same loop over SQLite, read back by a fresh engine.
TEST(LoopOverSqlite, StateSurvivesARestart) {
  const store_tests::TemporaryDirectory directory;
  Recorder recorder;
  engine::ReplyPayload before;
  for (const int start : {0, 1}) {
    auto opened = store::SqliteStore::open(directory.file("weir.db"));
    ASSERT_TRUE(opened.ok()) << opened.status().text();
    store::SqliteStore& store = **opened;
    loop::LoopOptions options;
    options.housekeeping = [&](base::Now now, bool idle) {
      EXPECT_TRUE(store.housekeeping(now, idle).ok());
    };
    loop::Loop loop(std::move(options), store, recorder, nullptr, nullptr);
    ASSERT_TRUE(loop.start().ok());
    const Reply uploaded = ask(loop, World::upload(0, "a"));
    EXPECT_TRUE(uploaded.status.ok()) << uploaded.status.text();
    const Reply created = ask(loop, World::create(0, "k"));
    EXPECT_TRUE(created.status.ok()) << created.status.text();
    if (start == 0) before = created.payload;
    EXPECT_EQ(created.payload, before);
    loop.stop();
    EXPECT_EQ(store.restore()->runs.size(), 1u);
  }
}

// Ninety-one days in two looks; a run that is live is taken up by an engine that never knew of the
// one that went.
TEST(LoopOverSqlite, ARunThatEndedLongAgoGoesWhileTheLoopGoesOn) {
  const store_tests::TemporaryDirectory directory;
  auto opened = store::SqliteStore::open(directory.file("weir.db"));
  ASSERT_TRUE(opened.ok()) << opened.status().text();
  store::SqliteStore& store = **opened;
  std::atomic<std::int64_t> seconds{0};
  loop::LoopOptions options;
  options.clock = [&] { return later(seconds); };
  options.housekeeping = [&](base::Now now, bool) {
    EXPECT_TRUE(store.housekeeping(now, true).ok());
  };
  const auto cancel = [](engine::RunId run, const std::string& key) {
    engine::CancelRun command;
    command.request = {0, "cancel " + key, base::sha256(key)};
    command.run = run;
    return command;
  };
  Recorder recorder;
  loop::Loop loop(options, store, recorder, nullptr, nullptr);
  ASSERT_TRUE(loop.start().ok());
  ASSERT_TRUE(ask(loop, World::upload(0, "a")).status.ok());
  const auto old_run = std::get<engine::RunId>(ask(loop, World::create(0, "old")).payload);
  const auto live = std::get<engine::RunId>(ask(loop, World::create(0, "live")).payload);
  ASSERT_TRUE(ask(loop, cancel(old_run, "old")).status.ok());
  for (int turn = 0; store.stats().runs_forgotten == 0; ++turn) {
    ASSERT_LT(turn, 100);
    seconds += turn < 2 ? 91 * 86'400 / 2 : 60;
    // That it ended is answered as long as it is there.
    const Code code = ask(loop, cancel(old_run, std::to_string(turn))).status.code();
    ASSERT_TRUE(code == Code::kFailedPrecondition || code == Code::kNotFound);
  }
  EXPECT_EQ(ask(loop, cancel(old_run, "gone")).status.code(), Code::kNotFound);
  EXPECT_TRUE(ask(loop, cancel(live, "live")).status.ok());
  loop.stop();
  EXPECT_TRUE(store.restore()->runs.empty());
}

}  // namespace
}  // namespace weir::loop_tests
