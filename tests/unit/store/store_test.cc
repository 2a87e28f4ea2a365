// What every store owes the engine, over SQLite and memory alike: transactions, facts, and a
// snapshot that holds what was committed and nothing else. Compares canonical texts of rows. Also
// the faults that the memory store can play. One thread.
#include <functional>
#include <memory>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "engine/text/record_text.h"
#include "scheduler/store/sqlite_store.h"
#include "sdk/src/memory_store.h"
#include "tests/unit/store/sample_rows.h"

namespace weir::store_tests {
namespace {

using engine::Durability;
using engine::snapshot_text;

struct Kind {
  std::string name;
  std::function<std::unique_ptr<engine::Store>(const std::string&)> make;
};

class StoreTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    store_ = GetParam().make(directory_.file("weir.db"));
    ASSERT_NE(store_, nullptr);
  }
  std::string snapshot() {
    base::Result<engine::Snapshot> restored = store_->restore();
    EXPECT_TRUE(restored.ok()) << restored.status().text();
    return restored.ok() ? snapshot_text(*restored) : std::string("none");
  }
  static std::string snapshot_of(const std::vector<engine::Record>& rows) {
    sdk_impl::MemoryStore memory;
    commit_rows(memory, rows);
    return snapshot_text(*memory.restore());
  }
  engine::Facts facts(const engine::Reads& reads) {
    EXPECT_TRUE(store_->begin().ok());
    base::Result<engine::Facts> loaded = store_->load(reads);
    EXPECT_TRUE(loaded.ok()) << loaded.status().text();
    store_->rollback();
    return loaded.ok() ? *loaded : engine::Facts{};
  }

  TemporaryDirectory directory_;
  std::unique_ptr<engine::Store> store_;
};

TEST_P(StoreTest, EmptyStoreRestoresToNothing) {
  EXPECT_EQ(snapshot(), "counters last_run=- last_seq=0 last_materialization=0 last_outbox=0\n");
}

TEST_P(StoreTest, SnapshotHoldsLiveRunsAndDefinitionsOnly) {
  commit_rows(*store_, sample_world());
  base::Result<engine::Snapshot> restored = store_->restore();
  ASSERT_TRUE(restored.ok()) << restored.status().text();
  EXPECT_TRUE(restored->quarantined.empty());
  ASSERT_EQ(restored->modules.size(), 1u);
  EXPECT_EQ(restored->modules[0].pipeline, "shop");
  EXPECT_EQ(restored->assets.size(), 2u);
  EXPECT_EQ(restored->partitions.size(), 4u);
  ASSERT_EQ(restored->current.size(), 2u);
  EXPECT_EQ(restored->current[0].of, (engine::AssetPartition{"orders", ""}));
  EXPECT_EQ(restored->current[1].of, (engine::AssetPartition{"orders", "2026-11-27"}));
  ASSERT_EQ(restored->runs.size(), 1u);
  EXPECT_EQ(restored->runs[0].id, run_id(2));
  EXPECT_EQ(restored->tasks.size(), 2u);
  ASSERT_EQ(restored->attempts.size(), 1u);
  EXPECT_EQ(restored->attempts[0].key.epoch, 2);
  EXPECT_EQ(restored->run_seq, (std::map<base::RunId, std::int32_t>{{run_id(2), 2}}));
  EXPECT_EQ(restored->last_seq, 4);
  EXPECT_EQ(restored->last_materialization, 2);
  EXPECT_EQ(restored->last_outbox, 2);
  EXPECT_EQ(restored->outbox.size(), 2u);
}

TEST_P(StoreTest, QueuedRunsAreRestoredAsKeysAndReadWhenTheirTurnComes) {
  std::vector<engine::Record> rows = sample_world();
  rows.emplace_back(queued_row(5));
  rows.emplace_back(queued_row(6));
  commit_rows(*store_, rows);
  base::Result<engine::Snapshot> restored = store_->restore();
  ASSERT_TRUE(restored.ok()) << restored.status().text();
  EXPECT_EQ(restored->runs.size(), 1u);
  ASSERT_EQ(restored->queued.size(), 2u);
  EXPECT_EQ(restored->queued[1].id, run_id(6));
  EXPECT_EQ(restored->queued[1].priority, -3);
  EXPECT_EQ(restored->queued[1].reason, engine::QueueReason::kStartTime);
  EXPECT_EQ(restored->queued[1].start_at, queued_row(6).start_at);
  EXPECT_EQ(restored->last_run, run_id(6));
  engine::Reads reads;
  reads.queued = {run_id(6), run_id(9)};
  const engine::Facts found = facts(reads);
  ASSERT_TRUE(found.queued.at(run_id(6)).has_value());
  EXPECT_EQ(engine::record_text(*found.queued.at(run_id(6))), engine::record_text(queued_row(6)));
  EXPECT_FALSE(found.queued.at(run_id(9)).has_value());
}

// The memory store keeps rows as they are, so equal texts prove that the columns lose no field.
TEST_P(StoreTest, RestoredRowsEqualThoseOfMemory) {
  std::vector<engine::Record> rows = sample_world();
  rows.emplace_back(run_row(3, engine::RunState::kCanceling, 0));
  rows.emplace_back(queued_row(5));
  rows.emplace_back(queued_row(6));
  rows.emplace_back(run_row(4, engine::RunState::kQueued, 1));
  rows.emplace_back(task_row(4, 0, engine::TaskState::kUpForRetry));
  commit_rows(*store_, rows);
  sdk_impl::MemoryStore memory;
  commit_rows(memory, rows);
  EXPECT_EQ(snapshot(), snapshot_text(*memory.restore()));
}

// A clock that was ahead made runs for times after others that have no outcome yet.
TEST_P(StoreTest, TimesThatAreAheadAreRestoredWhereAScheduleSaysSo) {
  engine::ScheduleRow gapless = schedule_row("shop/gapless"), ahead = schedule_row("shop/ahead");
  ahead.recorded_until = at(100);
  std::vector<engine::Record> rows = {gapless, ahead};
  for (const std::string& name : {gapless.name, ahead.name}) {
    rows.emplace_back(tick_row(name, 100, engine::TickOutcome::kRequested));
    rows.emplace_back(tick_row(name, 200, engine::TickOutcome::kSkipped));
    rows.emplace_back(tick_row(name, 300, engine::TickOutcome::kRequested));
    rows.emplace_back(tick_row(name, 400, engine::TickOutcome::kRequested));
    engine::TickRow by_hand = tick_row(name, 500, engine::TickOutcome::kRequested);
    by_hand.nominal += base::Duration(1);
    rows.emplace_back(by_hand);
  }
  commit_rows(*store_, rows);
  base::Result<engine::Snapshot> restored = store_->restore();
  ASSERT_TRUE(restored.ok()) << restored.status().text();
  const std::map<std::string, std::vector<base::WallTime>> expected = {
      {"shop/ahead", {at(300), at(400)}}};
  EXPECT_EQ(restored->ahead, expected);
  EXPECT_EQ(restored->last_ticks.at("shop/gapless"), at(400));
}

TEST_P(StoreTest, ModulePinnedByALiveRunIsRestoredWhenInactive) {
  engine::RunRow run = run_row(9, engine::RunState::kQueued, 0);
  run.modules = {digest("old")};
  commit_rows(*store_, {module_row("old", false), module_row("other", false), run});
  base::Result<engine::Snapshot> restored = store_->restore();
  ASSERT_TRUE(restored.ok());
  ASSERT_EQ(restored->modules.size(), 1u);
  EXPECT_EQ(restored->modules[0].pipeline, "old");
}

TEST_P(StoreTest, RollbackTakesBackInsertsUpdatesAndDeletes) {
  commit_rows(*store_, sample_world());
  const std::string before = snapshot();
  ASSERT_TRUE(store_->begin().ok());
  write_all_rows(
      *store_, {run_row(5, engine::RunState::kQueued, 0),
                task_row(2, 0, engine::TaskState::kFailed), engine::OutboxRow{1, "", "", true, {}},
                engine::OutboxRow{3, "x", "{}", false, {}}, event_row(5, 2, 3)});
  store_->rollback();
  EXPECT_EQ(snapshot(), before);
}

TEST_P(StoreTest, TransactionAfterARollbackWritesOnlyItsOwn) {
  ASSERT_TRUE(store_->begin().ok());
  write_all_rows(*store_, {engine::CursorRow{{"a", ""}, 1, digest("a")}});
  store_->rollback();
  commit_rows(*store_, {engine::CursorRow{{"b", ""}, 1, digest("b")}});
  base::Result<engine::Snapshot> restored = store_->restore();
  ASSERT_TRUE(restored.ok());
  ASSERT_EQ(restored->cursors.size(), 1u);
  EXPECT_EQ(restored->cursors[0].key.stage, "b");
}

TEST_P(StoreTest, WritingARowTwiceKeepsTheLastVersion) {
  commit_rows(*store_, {engine::CursorRow{{"a", ""}, 1, digest("a")},
                        engine::CursorRow{{"a", ""}, 2, digest("b")}});
  commit_rows(*store_, {engine::CursorRow{{"a", ""}, 2, digest("b")}});
  base::Result<engine::Snapshot> restored = store_->restore();
  ASSERT_TRUE(restored.ok());
  ASSERT_EQ(restored->cursors.size(), 1u);
  EXPECT_EQ(restored->cursors[0].version, 2);
}

TEST_P(StoreTest, FactsAreThoseOfTheKeysAskedFor) {
  commit_rows(*store_, sample_world());
  const engine::Facts found = facts({{"key-1", "key-2"},
                                     {run_id(1), run_id(77)},
                                     {},
                                     {digest("inline"), digest("large"), digest("none")}});
  ASSERT_EQ(found.replies.size(), 1u);
  const engine::ReplyRow& reply = found.replies.at("key-1");
  EXPECT_EQ(reply.request_hash, digest("request"));
  EXPECT_EQ(base::Status(reply.status).text(), "WEIR-E0201: no job is named 'x'");
  EXPECT_EQ(reply.status.code, base::Code::kNotFound);
  EXPECT_EQ(reply.payload, "payload");
  ASSERT_EQ(found.runs.size(), 1u);
  EXPECT_EQ(engine::record_text(found.runs.at(run_id(1))),
            engine::record_text(run_row(1, engine::RunState::kSucceeded, 1)));
  ASSERT_EQ(found.artifacts.size(), 2u);
  EXPECT_EQ(*found.artifacts.at(digest("inline")).bytes, std::string("in\0line", 7));
  EXPECT_EQ(found.artifacts.at(digest("large")).bytes, nullptr);
}

TEST_P(StoreTest, LoadSeesWhatTheOpenTransactionWrote) {
  ASSERT_TRUE(store_->begin().ok());
  write_all_rows(*store_, {run_row(6, engine::RunState::kFailed, 0)});
  base::Result<engine::Facts> loaded = store_->load({{}, {run_id(6)}, {}, {}});
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->runs.size(), 1u);
  store_->rollback();
  EXPECT_TRUE(facts({{}, {run_id(6)}, {}, {}}).runs.empty());
}

TEST_P(StoreTest, LazyCommitIsVisibleAtOnce) {
  ASSERT_TRUE(store_->begin_lazy().ok());
  write_all_rows(*store_, {event_row(1, 0, 0)});
  ASSERT_TRUE(store_->commit(Durability::kLazy).ok());
  commit_rows(*store_, {event_row(2, 0, 0)});
  base::Result<engine::Snapshot> restored = store_->restore();
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ(restored->last_seq, 2);
}

// What is history is inserted once: an id that is used twice is an error, never an overwriting.
TEST_P(StoreTest, ARowOfHistoryIsNotWrittenTwice) {
  commit_rows(*store_, sample_world());
  const engine::Record repeated[] = {
      event_row(4, 1, 9),
      materialization_row(1, "raw"),
      engine::CheckRow{{run_id(1), 0, 1},
                       "orders",
                       "not_empty",
                       module::CheckSeverity::kWarn,
                       false,
                       "",
                       "{}",
                       at(2),
                       ""},
      engine::ReplyRow{"key-1", digest("another"), base::Status(), "other", at(9)},
      engine::OutboxRow{1, "other", "{}", false, at(9)},
  };
  for (const engine::Record& record : repeated) {
    ASSERT_TRUE(store_->begin().ok());
    const base::Status status = store_->write(record);
    EXPECT_EQ(status.code(), base::Code::kInternal) << engine::record_text(record);
    EXPECT_EQ(status.error(), base::kErrStore);
    EXPECT_NE(status.message().find(" is there already: history is not overwritten"),
              std::string::npos)
        << status.text();
    store_->rollback();
  }
  EXPECT_EQ(snapshot_text(*store_->restore()), snapshot_of(sample_world()));
  EXPECT_EQ(base::Status(facts({{"key-1"}, {}, {}, {}}).replies.at("key-1").status).code(),
            base::Code::kNotFound);
}

TEST_P(StoreTest, ARowThatHasEndedIsNotChanged) {
  commit_rows(*store_, sample_world());
  engine::TaskRow task = task_row(1, 0, engine::TaskState::kReady);
  const engine::Record late[] = {run_row(1, engine::RunState::kRunning, 1),
                                 run_row(1, engine::RunState::kSucceeded, 1), task,
                                 attempt_row(1, 0, 1, engine::OutcomeClass::kNone),
                                 attempt_row(2, 0, 1, engine::OutcomeClass::kSucceeded)};
  for (const engine::Record& record : late) {
    ASSERT_TRUE(store_->begin().ok());
    const base::Status status = store_->write(record);
    EXPECT_EQ(status.code(), base::Code::kInternal) << engine::record_text(record);
    EXPECT_NE(status.message().find(" has ended: history is not overwritten"), std::string::npos)
        << status.text();
    store_->rollback();
  }
  EXPECT_EQ(snapshot_text(*store_->restore()), snapshot_of(sample_world()));
}

TEST_P(StoreTest, ARowThatLivesIsUpdatedUntilItsEndAndThenSealed) {
  commit_rows(*store_, sample_world());
  commit_rows(*store_, {run_row(2, engine::RunState::kCanceling, 2),
                        task_row(2, 0, engine::TaskState::kUpForRetry),
                        attempt_row(2, 0, 2, engine::OutcomeClass::kOom)});
  base::Result<engine::Snapshot> restored = store_->restore();
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ(restored->runs[0].state, engine::RunState::kCanceling);
  EXPECT_EQ(restored->tasks[0].state, engine::TaskState::kUpForRetry);
  EXPECT_TRUE(restored->attempts.empty());
  commit_rows(*store_, {task_row(2, 0, engine::TaskState::kFailed)});
  ASSERT_TRUE(store_->begin().ok());
  EXPECT_FALSE(store_->write(task_row(2, 0, engine::TaskState::kFailed)).ok());
  store_->rollback();
}

// The bytes of a digest may come again: that is how a damaged row is made good.
TEST_P(StoreTest, AnArtifactMayBeStoredAgain) {
  const engine::ArtifactRow bad{digest("inline"), 6, engine::ArtifactKind::kBytes,
                                std::make_shared<const std::string>("broken")};
  commit_rows(*store_, {bad});
  commit_rows(*store_, sample_world());
  EXPECT_EQ(*facts({{}, {}, {}, {digest("inline")}}).artifacts.at(digest("inline")).bytes,
            std::string("in\0line", 7));
}

TEST_P(StoreTest, DeliveredOutboxRowsGoAndTheirNumbersAreNotGivenAgain) {
  commit_rows(*store_, {engine::OutboxRow{1, "x", "{}", false, {}}});
  commit_rows(*store_, {engine::OutboxRow{1, "x", "{}", true, {}}});
  base::Result<engine::Snapshot> restored = store_->restore();
  ASSERT_TRUE(restored.ok());
  EXPECT_TRUE(restored->outbox.empty());
  EXPECT_EQ(restored->last_outbox, 1);
}

TEST_P(StoreTest, WhatAJobTakesIsOfItsLastSuccesses) {
  std::vector<engine::Record> rows;
  for (std::uint64_t n = 1; n <= 25; ++n) {
    engine::RunRow run = run_row(n, engine::RunState::kSucceeded, 1);
    run.started_at = at(1000);
    run.finished_at = at(1000) + std::chrono::seconds(n);
    if (n == 23) run.state = engine::RunState::kFailed;
    if (n == 24) run.origin.kind = engine::OriginKind::kRetry;
    if (n == 25) run.job = "shop/other";
    rows.emplace_back(std::move(run));
  }
  commit_rows(*store_, rows);
  engine::Reads reads;
  reads.job_durations = {"shop/daily", "shop/none"};
  const engine::Facts found = facts(reads);
  std::vector<std::int64_t> wanted;
  for (std::int64_t n = 3; n <= 22; ++n) wanted.push_back(n * 1000);
  EXPECT_EQ(found.job_durations.at("shop/daily").ms, wanted) << "the newest last";
  EXPECT_EQ(found.job_durations.at("shop/daily").p95(), 21'000);
  EXPECT_TRUE(found.job_durations.at("shop/none").ms.empty());
}

TEST_P(StoreTest, ForgottenWorkerIsDeleted) {
  engine::WorkerRow worker{.id = "w", .name = "w", .slots = 1};
  commit_rows(*store_, {worker});
  EXPECT_EQ(store_->restore()->workers.size(), 1u);
  worker.forgotten = true;
  commit_rows(*store_, {worker});
  EXPECT_TRUE(store_->restore()->workers.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Stores, StoreTest,
    testing::Values(Kind{"Sqlite",
                         [](const std::string& path) -> std::unique_ptr<engine::Store> {
                           auto opened = store::SqliteStore::open(path);
                           if (!opened.ok()) return nullptr;
                           return std::move(opened).value();
                         }},
                    Kind{"Memory",
                         [](const std::string&) -> std::unique_ptr<engine::Store> {
                           return std::make_unique<sdk_impl::MemoryStore>();
                         }}),
    [](const auto& tested) { return tested.param.name; });

// ---- the faults of the memory store ----

TEST(MemoryStoreFaults, CommitThatFailsBeforeLeavesNothing) {
  sdk_impl::MemoryStore store;
  sdk_impl::FaultHooks hooks;
  hooks.on_commit = [](Durability) { return sdk_impl::CommitFault::kFailedBefore; };
  store.set_hooks(hooks);
  ASSERT_TRUE(store.begin().ok());
  ASSERT_TRUE(store.write(event_row(1, 0, 0)).ok());
  EXPECT_EQ(store.commit(Durability::kSync).code(), base::Code::kUnavailable);
  EXPECT_EQ(store.dump(), "");
}

TEST(MemoryStoreFaults, CommitThatFailsAfterLeavesEverything) {
  sdk_impl::MemoryStore store;
  sdk_impl::FaultHooks hooks;
  hooks.on_commit = [](Durability) { return sdk_impl::CommitFault::kFailedAfter; };
  store.set_hooks(hooks);
  ASSERT_TRUE(store.begin().ok());
  ASSERT_TRUE(store.write(event_row(1, 0, 0)).ok());
  EXPECT_FALSE(store.commit(Durability::kSync).ok());
  EXPECT_EQ(store.tables().events.rows().size(), 1u);
}

TEST(MemoryStoreFaults, PowerCutLosesLazyCommitsSinceTheLastSync) {
  sdk_impl::MemoryStore store;
  store.keep_unsynced(true);
  commit_rows(store, {event_row(1, 0, 0)});
  ASSERT_TRUE(store.begin().ok());
  ASSERT_TRUE(store.write(event_row(2, 0, 0)).ok());
  ASSERT_TRUE(store.commit(Durability::kLazy).ok());
  EXPECT_EQ(store.tables().events.rows().size(), 2u);
  store.power_cut();
  EXPECT_EQ(store.tables().events.rows().size(), 1u);
  commit_rows(store, {event_row(2, 0, 0)});
  store.power_cut();
  EXPECT_EQ(store.tables().events.rows().size(), 2u);
}

TEST(MemoryStoreFaults, PowerCutMayLoseOnlyTheNewestOfTheLazyCommits) {
  sdk_impl::MemoryStore store;
  store.keep_unsynced(true);
  for (const int seq : {1, 2, 3}) {
    ASSERT_TRUE(store.begin().ok());
    ASSERT_TRUE(store.write(event_row(seq, 0, 0)).ok());
    ASSERT_TRUE(store.commit(Durability::kLazy).ok());
  }
  EXPECT_EQ(store.unsynced(), 3u);
  store.power_cut(1);
  EXPECT_EQ(store.tables().events.rows().size(), 1u);
  store.power_cut();  // what survived one was on the disk
  EXPECT_EQ(store.tables().events.rows().size(), 1u);
}

TEST(MemoryStoreFaults, CommitOfUnknownOutcomeIsNotDurableBeforeTheNextSync) {
  sdk_impl::MemoryStore store;
  store.keep_unsynced(true);
  sdk_impl::FaultHooks hooks;
  hooks.on_commit = [](Durability) { return sdk_impl::CommitFault::kFailedAfter; };
  store.set_hooks(hooks);
  ASSERT_TRUE(store.begin().ok());
  ASSERT_TRUE(store.write(event_row(1, 0, 0)).ok());
  EXPECT_FALSE(store.commit(Durability::kSync).ok());
  store.power_cut();
  EXPECT_TRUE(store.tables().events.rows().empty());
}

}  // namespace
}  // namespace weir::store_tests
