// Rows with every field set, and temporary directories: what the tests of the store share. Texts
// hold quotes and newlines and numbers differ, so that a lost or swapped column shows. Values only;
// a new field of a row is to be set here, too.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/check.h"
#include "engine/records.h"
#include "engine/store.h"

namespace weir::store_tests {

// A directory that goes away with the object. In memory where there is such a place: these tests
// sync a lot and learn nothing from how long a disk takes.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const std::string parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : testing::TempDir();
    std::string path = parent + "/weir-test-XXXXXX";
    const char* made = mkdtemp(path.data());
    CHECK_MSG(made != nullptr, "cannot make a directory in " + parent);
    path_ = made;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline base::WallTime at(std::int64_t seconds) {
  return base::WallTime(std::chrono::seconds(seconds));
}

inline base::RunId run_id(std::uint64_t n) { return base::RunId{(std::uint64_t{7} << 56) + n}; }
inline base::Digest digest(const std::string& text) { return base::sha256(text); }

inline engine::ValueRef value(const std::string& text) {
  return {digest(text), static_cast<std::int64_t>(text.size()), engine::ArtifactKind::kTree,
          "fingerprint \"of\" " + text};
}

inline engine::ModuleRow module_row(const std::string& name, bool active) {
  return {digest(name),
          name,
          "{\"format\":1,\"pipeline\":\"" + name + "\",\"stages\":[" +
              "{\"name\":\"s0\",\"outputs\":[],\"dependencies\":[]}," +
              "{\"name\":\"s1\",\"outputs\":[],\"dependencies\":[]}," +
              "{\"name\":\"s2\",\"outputs\":[],\"dependencies\":[]}]}",
          {{"bin/" + name, digest(name + " file"), 123, true}, {"lib.so", digest("lib"), 9, false}},
          at(100),
          active};
}

inline engine::RunRow run_row(std::uint64_t n, engine::RunState state, std::int32_t tasks) {
  engine::RunRow row;
  row.id = run_id(n);
  row.state = state;
  row.job = "shop/daily";
  row.selection = "+orders";
  row.params = "{\"day\":\"2026-11-20\"}";
  row.reason = "asked for by \"ann\"\n";
  row.priority = -3;
  row.origin.kind = n % 2 == 0 ? engine::OriginKind::kBackfill : engine::OriginKind::kManual;
  row.origin.reference = n % 2 == 0 ? "backfill-7" : "";
  if (n % 2 == 0) row.origin.nominal = at(7'000 + n);
  row.origin.partition = n % 2 == 0 ? "2026-11-27" : "";
  if (n % 3 == 0) row.start_at = at(8'000 + n);
  row.modules = {digest("shop")};
  row.pins = {{{"raw", row.origin.partition}, 4, value("raw")}, {{"late", ""}, 0, {}}};
  row.task_count = tasks;
  row.created_at = at(1'600'000'000 + static_cast<std::int64_t>(n));
  row.started_at = at(201);
  return row;
}

inline engine::RunRow queued_row(std::uint64_t n) {
  engine::RunRow row = run_row(n, engine::RunState::kQueued, 0);
  row.queued_for = row.start_at ? engine::QueueReason::kStartTime : engine::QueueReason::kLiveRuns;
  row.modules.clear();
  row.pins.clear();
  row.started_at.reset();
  return row;
}

inline engine::TaskRow task_row(std::uint64_t run, std::int32_t index, engine::TaskState state) {
  engine::TaskRow row;
  row.run = run_id(run);
  row.index = index;
  row.name = "task_" + std::to_string(index);
  row.stage = index;
  row.state = state;
  row.epoch = 2;
  row.author_budget_used = 1;
  row.infrastructure_budget_used = 3;
  row.executor_deaths = 4;
  row.reason = "waits for nothing";
  row.not_before = at(300);
  row.ready_order = 5;
  row.ready_at = at(301);
  row.outputs = {{"orders", value("orders"), true, 0}, {"totals", value("totals"), false, 12}};
  row.partition = "2026-11-27";
  return row;
}

inline engine::AttemptRow attempt_row(std::uint64_t run, std::int32_t task, std::int32_t epoch,
                                      engine::OutcomeClass outcome) {
  engine::AttemptRow row;
  row.key = {run_id(run), task, epoch};
  row.worker = "w-1";
  row.outcome = outcome;
  row.message = "what():\tnothing";
  row.detail = "{\"signal\":11}";
  row.metadata = "{\"rows\":5}";
  row.leased_at = at(400);
  row.finished_at = at(402);
  return row;
}

inline engine::EventRow event_row(std::int64_t seq, std::uint64_t run, std::int32_t run_seq) {
  return {seq,
          run == 0 ? base::RunId{} : run_id(run),
          run_seq,
          at(500 + seq),
          engine::EventKind::kTaskFinished,
          "task_0",
          0,
          1,
          "succeeded",
          "done",
          seq % 2 == 0 ? "2026-11-27" : ""};
}

inline engine::WorkerRow worker_row() {
  engine::WorkerRow row;
  row.id = "w-1";
  row.name = "worker-1";
  row.slots = 4;
  row.draining = true;
  row.last_seen = at(7);
  row.traits.labels = {{"zone", "b \"2\""}};
  row.traits.resources = {{"gpu", 2}, {"memory_mb", 4096}};
  row.traits.architecture = "x86_64";
  row.traits.host_id = "host";
  return row;
}

inline engine::MaterializationRow materialization_row(std::int64_t id, const std::string& asset,
                                                      const std::string& partition = "") {
  engine::MaterializationRow row;
  row.id = id;
  row.of = {asset, partition};
  row.attempt = {run_id(1), 0, 1};
  row.value = value(asset + std::to_string(id));
  row.metadata = "{}";
  row.code_version = "v1";
  row.module = digest("shop");
  row.inputs = {{{"raw", partition}, 3, value("raw")}};
  row.at = at(600 + id);
  return row;
}

inline engine::ScheduleRow schedule_row(const std::string& name) {
  engine::ScheduleRow row;
  row.name = name;
  row.pipeline = "shop";
  row.spec.job = "shop/daily";
  row.spec.crons = {"0 2 * * mon-fri", "@every 90s"};
  row.spec.zone = "Europe/Berlin";
  row.spec.params = "{\"train\":{\"rate\":0.5}}";
  row.spec.time_params = {"train.day", "train.until"};
  row.spec.days_off = {{"2026-12-25", "except"}, {"2027-01-01", "bank \"holidays\""}};
  row.spec.start = "2026-12-01";
  row.spec.end = "2027-12-01T09:00+02:00";
  row.spec.jitter_ms = 300'000;
  row.spec.catch_up = module::CatchUp::kLast;
  row.spec.catch_up_runs = 5;
  row.spec.catch_up_window_ms = 7'200'000;
  row.spec.overlap = module::Overlap::kCancelRunning;
  row.since = at(700);
  row.changed_at = at(701);
  row.changed_by = "ann@laptop";
  return row;
}

inline engine::TickRow tick_row(const std::string& schedule, std::int64_t nominal,
                                engine::TickOutcome outcome) {
  engine::TickRow row;
  row.schedule = schedule;
  row.nominal = at(nominal);
  row.outcome = outcome;
  if (outcome == engine::TickOutcome::kRequested) row.run = run_id(1);
  row.evaluated_at = at(nominal + 1);
  row.reason = "because\tof \"that\"";
  row.triggered_by = "bob@desk";
  return row;
}

inline engine::AlertRuleRow alert_rule_row(const std::string& name) {
  engine::AlertRuleRow row;
  row.name = name;
  row.event = engine::AlertEvent::kRunSlow;
  row.selection = {"shop/*", "a \"quoted\" one"};
  row.threshold = 60'000;
  row.webhook = "https://hooks.example/x";
  row.secret = "file:/etc/weir/hook.key";
  row.pipeline = "shop";
  row.over_usual = true;
  row.changed_at = at(702);
  row.changed_by = "ann@laptop";
  return row;
}

inline engine::AlertRow alert_row(std::int64_t id, engine::AlertState state,
                                  engine::AlertDelivery delivery) {
  engine::AlertRow row;
  row.id = id;
  row.rule = "slow";
  row.event = engine::AlertEvent::kRunSlow;
  row.subject = "shop/daily";
  row.state = state;
  row.since = at(703);
  row.last = at(704);
  if (state == engine::AlertState::kResolved) row.resolved_at = at(705);
  row.count = 3;
  row.text = "it goes on\nfor too long";
  row.next = "weir explain 1";
  row.run = run_id(1);
  row.delivery = delivery;
  row.message = 7;
  row.told = true;
  row.failure = "answered 500";
  return row;
}

inline engine::FreshnessRow freshness_row(const std::string& asset) {
  engine::FreshnessRow row;
  row.asset = asset;
  row.spec.kind = module::FreshnessKind::kBy;
  row.spec.fail_ms = 1'001;
  row.spec.warn_ms = 1'002;
  row.spec.cron = "0 9 * * mon-fri";
  row.spec.zone = "Europe/Berlin";
  row.spec.lower_bound_ms = 3'600'000;
  row.spec.warn_margin_ms = 1'800'000;
  row.spec.required_after_ms = 7'200'000;
  row.spec.action = module::FreshnessAction::kObserve;
  row.spec.expected_ms = 1'200'000;
  row.since = at(950);
  row.state = engine::FreshnessState::kWarn;
  row.state_since = at(951);
  row.paused = true;
  row.paused_by = "ann@laptop";
  row.pause_reason = "the \"source\" moves\n";
  row.failures = 3;
  row.retry_at = at(952);
  return row;
}

// A small world: two modules, two assets of which one has versions of two partitions and a
// freshness policy, one from outside, a live run with two tasks, a finished run, a schedule with
// two ticks, an alert rule with three alerts, a silence.
inline std::vector<engine::Record> sample_world() {
  std::vector<engine::Record> rows;
  rows.emplace_back(module_row("shop", true));
  rows.emplace_back(module_row("old", false));
  rows.emplace_back(engine::AssetRow{"orders", "shop", "t1", false});
  rows.emplace_back(engine::AssetRow{"raw", "shop", "t2", true});
  rows.emplace_back(engine::AssetPartitionRow{{"orders", ""}, 1, run_id(1), "", at(605), ""});
  rows.emplace_back(engine::AssetPartitionRow{{"orders", "2026-11-27"}, 2, {}, "", {}, ""});
  rows.emplace_back(engine::AssetPartitionRow{{"raw", ""}, 0, {}, "raw failed: why", {}, ""});
  rows.emplace_back(engine::AssetPartitionRow{{"rates", ""}, 0, {}, "", at(610), "2026-11 \"a\""});
  rows.emplace_back(materialization_row(1, "orders"));
  rows.emplace_back(materialization_row(2, "orders", "2026-11-27"));
  rows.emplace_back(run_row(1, engine::RunState::kSucceeded, 1));
  rows.emplace_back(task_row(1, 0, engine::TaskState::kSucceeded));
  rows.emplace_back(attempt_row(1, 0, 1, engine::OutcomeClass::kSucceeded));
  rows.emplace_back(run_row(2, engine::RunState::kRunning, 2));
  rows.emplace_back(task_row(2, 0, engine::TaskState::kRunning));
  rows.emplace_back(task_row(2, 1, engine::TaskState::kWaiting));
  rows.emplace_back(attempt_row(2, 0, 1, engine::OutcomeClass::kCrashed));
  rows.emplace_back(attempt_row(2, 0, 2, engine::OutcomeClass::kNone));
  rows.emplace_back(engine::CheckRow{{run_id(1), 0, 1},
                                     "orders",
                                     "not_empty",
                                     module::CheckSeverity::kBlocking,
                                     true,
                                     "",
                                     "{}",
                                     at(1),
                                     "2026-11-27"});
  rows.emplace_back(engine::ArtifactRow{digest("inline"), 6, engine::ArtifactKind::kBytes,
                                        std::make_shared<const std::string>("in\0line", 7)});
  rows.emplace_back(
      engine::ArtifactRow{digest("large"), 1 << 20, engine::ArtifactKind::kFile, nullptr});
  rows.emplace_back(engine::CursorRow{{"shop:orders", ""}, 5, digest("cursor")});
  rows.emplace_back(engine::CursorRow{{"shop:orders", "2026-11-27"}, 2, digest("cursor 2")});
  rows.emplace_back(event_row(1, 0, 0));
  rows.emplace_back(event_row(2, 1, 1));
  rows.emplace_back(event_row(3, 2, 1));
  rows.emplace_back(event_row(4, 2, 2));
  rows.emplace_back(worker_row());
  rows.emplace_back(engine::ReplyRow{
      "key-1", digest("request"), base::Status(base::Code::kNotFound, 201, "no job is named 'x'"),
      "payload", at(8)});
  rows.emplace_back(schedule_row("shop/nightly"));
  rows.emplace_back(tick_row("shop/nightly", 800, engine::TickOutcome::kRequested));
  rows.emplace_back(tick_row("shop/nightly", 900, engine::TickOutcome::kSkipped));
  rows.emplace_back(alert_rule_row("slow"));
  rows.emplace_back(alert_row(1, engine::AlertState::kFiring, engine::AlertDelivery::kUndelivered));
  rows.emplace_back(alert_row(2, engine::AlertState::kResolved, engine::AlertDelivery::kPending));
  rows.emplace_back(alert_row(3, engine::AlertState::kResolved, engine::AlertDelivery::kDelivered));
  rows.emplace_back(
      engine::SilenceRow{4, "slow", "shop/*", at(9'000), "maintenance", at(706), "bob@desk"});
  rows.emplace_back(freshness_row("orders"));
  rows.emplace_back(engine::OutboxRow{1, "run_finished", "{}", false, at(9)});
  rows.emplace_back(engine::OutboxRow{2, "run_finished", "{\"n\":2}", false, at(9)});
  return rows;
}

inline void write_all_rows(engine::Store& store, const std::vector<engine::Record>& rows) {
  for (const engine::Record& row : rows) {
    const base::Status status = store.write(row);
    ASSERT_TRUE(status.ok()) << status.text();
  }
}

inline void commit_rows(engine::Store& store, const std::vector<engine::Record>& rows) {
  ASSERT_TRUE(store.begin().ok());
  write_all_rows(store, rows);
  const base::Status status = store.commit(engine::Durability::kSync);
  ASSERT_TRUE(status.ok()) << status.text();
}

}  // namespace weir::store_tests
