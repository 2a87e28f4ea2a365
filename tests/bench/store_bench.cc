// How many tasks of a fan-out the store can write per second: for each task a lease (task, attempt,
// event) and a completion (task, attempt, materialization, inline artifact, asset, two events), in
// batches of one synced commit each, as the loop makes them; and what it costs to delete old runs.
// Prints one line each; ends by itself.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "scheduler/store/disk_guard.h"
#include "scheduler/store/sqlite_store.h"

namespace {

using namespace weir;  // NOLINT: a program of one file
using std::chrono::steady_clock;

constexpr std::int32_t kTasks = 100'000;
const base::RunId kRun{std::uint64_t{7} << 56};

void require(const base::Status& status) { CHECK_MSG(status.ok(), status.text()); }

class FanOut {
 public:
  FanOut(store::SqliteStore& store, bool assets) : store_(store), assets_(assets) {}

  void create() {
    require(store_.begin());
    for (std::int32_t i = 0; i < kTasks; ++i) put(task(i, engine::TaskState::kReady));
    require(store_.commit(engine::Durability::kSync));
  }

  // Leases tasks and completes those leased a batch before, `batch` of each per commit.
  void drive(std::int32_t batch) {
    for (std::int32_t done = -batch; done < kTasks; done += batch) {
      require(store_.begin());
      for (std::int32_t i = std::max(done, 0); i < std::min(done + batch, kTasks); ++i) finish(i);
      for (std::int32_t i = done + batch; i < std::min(done + 2 * batch, kTasks); ++i) lease(i);
      require(store_.commit(engine::Durability::kSync));
      require(store_.housekeeping(base::Now{}, false));
    }
  }

  std::int64_t rows() const { return rows_; }

 private:
  void put(const engine::Record& record) {
    require(store_.write(record));
    ++rows_;
  }
  static engine::TaskRow task(std::int32_t index, engine::TaskState state) {
    engine::TaskRow row;
    row.run = kRun;
    row.index = index;
    row.name = "shards/part_" + std::to_string(index);
    row.state = state;
    row.ready_at = base::WallTime(std::chrono::microseconds(1'700'000'000'000'000));
    return row;
  }
  void event(engine::EventKind kind, std::int32_t index, std::string_view state) {
    engine::EventRow row;
    row.seq = ++seq_;
    row.run = kRun;
    row.run_seq = static_cast<std::int32_t>(seq_);
    row.kind = kind;
    row.subject = "shards/part_" + std::to_string(index);
    row.task = index;
    row.epoch = 1;
    row.state = state;
    put(row);
  }
  static engine::AttemptRow attempt(std::int32_t index, engine::OutcomeClass outcome) {
    engine::AttemptRow row;
    row.key = {kRun, index, 1};
    row.worker = "worker-0123456789";
    row.outcome = outcome;
    return row;
  }
  void lease(std::int32_t index) {
    engine::TaskRow row = task(index, engine::TaskState::kAssigned);
    row.epoch = 1;
    put(row);
    put(attempt(index, engine::OutcomeClass::kNone));
    event(engine::EventKind::kTaskAssigned, index, "assigned");
  }
  void finish(std::int32_t index) {
    engine::TaskRow row = task(index, engine::TaskState::kSucceeded);
    row.epoch = 1;
    const std::string bytes = "value of " + std::to_string(index);
    const engine::ValueRef value{base::sha256(bytes), 16, engine::ArtifactKind::kBytes,
                                 "0123456789abcdef0123456789abcdef"};
    if (assets_) {
      row.outputs.push_back({row.name, value, false, index + 1});
      put(engine::ArtifactRow{value.digest, 16, engine::ArtifactKind::kBytes,
                              std::make_shared<const std::string>(bytes)});
      engine::MaterializationRow made;
      made.id = index + 1;
      made.of = {row.name, ""};
      made.attempt = {kRun, index, 1};
      made.value = value;
      made.metadata = "{}";
      put(made);
      put(engine::AssetPartitionRow{made.of, made.id, kRun, "", {}, ""});
      event(engine::EventKind::kAssetMaterialized, index, "");
    }
    put(row);
    put(attempt(index, engine::OutcomeClass::kSucceeded));
    event(engine::EventKind::kTaskFinished, index, "succeeded");
  }

  store::SqliteStore& store_;
  const bool assets_;
  std::int64_t seq_ = 0;
  std::int64_t rows_ = 0;
};

void measure(const std::string& folder, std::int32_t batch, bool assets) {
  const std::string path = folder + "/bench.db";
  auto opened = store::SqliteStore::open(path);
  require(opened.status());
  store::SqliteStore& store = **opened;
  FanOut fan_out(store, assets);
  fan_out.create();
  const std::int64_t before = fan_out.rows();
  const auto start = steady_clock::now();
  const std::clock_t cpu_start = std::clock();
  fan_out.drive(batch);
  const double cpu = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
  const double seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  const double rows = static_cast<double>(fan_out.rows() - before);
  // Processor time, too: on a busy machine the wall clock measures the neighbours.
  std::printf(
      "%-6s batch %4d: %6.0f tasks/s wall, %6.0f tasks/s cpu, %.2f us cpu/row, "
      "commit p50 %lld us p99 %lld us, checkpoint p50 %lld us max %lld us\n",
      assets ? "assets" : "tasks", batch, kTasks / seconds, kTasks / cpu, cpu * 1e6 / rows,
      static_cast<long long>(store.stats().sync_us.quantile(0.5)),
      static_cast<long long>(store.stats().sync_us.quantile(0.99)),
      static_cast<long long>(store.stats().checkpoint_us.quantile(0.5)),
      static_cast<long long>(store.stats().checkpoint_us.max()));
  opened->reset();
  std::filesystem::remove(path);
}

// Old runs of five tasks each, one of a hundred with a version that keeps it: how long the loop
// stands still for a round, and how much goes in a second of rounds.
void fill_history(store::SqliteStore& store, std::int32_t runs, base::WallTime ended) {
  std::int64_t seq = 0;
  for (std::int32_t n = 0; n < runs; ++n) {
    if (n % 1000 == 0) require(store.begin());
    engine::RunRow run;
    run.id = base::RunId{kRun.value + static_cast<std::uint64_t>(n)};
    run.state = engine::RunState::kSucceeded;
    run.job = "shop/daily";
    run.task_count = 5;
    run.created_at = ended - std::chrono::minutes(1);
    run.finished_at = ended;
    require(store.write(run));
    require(store.write(engine::RunCountsRow{run.id}));
    for (std::int32_t i = 0; i < run.task_count; ++i) {
      engine::TaskRow task;
      task.run = run.id;
      task.index = i;
      task.name = "part_" + std::to_string(i);
      task.state = engine::TaskState::kSucceeded;
      task.outputs = {{task.name, {}, false, n + 1}};
      require(store.write(task));
      engine::AttemptRow attempt;
      attempt.key = {run.id, i, 1};
      attempt.outcome = engine::OutcomeClass::kSucceeded;
      require(store.write(attempt));
      for (int k = 0; k < 3; ++k) {
        engine::EventRow event;
        event.seq = ++seq;
        event.run = run.id;
        event.run_seq = 3 * i + k + 1;
        event.at = ended;
        event.subject = task.name;
        require(store.write(event));
      }
    }
    engine::MaterializationRow made;
    made.id = n + 1;
    made.of = {n % 100 == 0 ? "asset_" + std::to_string(n) : "part_0", ""};
    made.attempt = {run.id, 0, 1};
    require(store.write(made));
    if (n % 100 == 0)
      require(store.write(engine::AssetPartitionRow{made.of, made.id, run.id, {}, {}, {}}));
    if (n % 1000 == 999 || n + 1 == runs) require(store.commit(engine::Durability::kSync));
  }
}

void measure_retention(const std::string& folder) {
  constexpr std::int32_t kRuns = 20'000;
  const base::WallTime wall{std::chrono::hours(24 * 20'000)};
  auto opened = store::SqliteStore::open(folder + "/retention.db");
  require(opened.status());
  store::SqliteStore& store = **opened;
  fill_history(store, kRuns, wall - std::chrono::hours(24 * 91));
  base::BootTime boot{};
  const auto look = [&](base::Duration passed) {
    boot += passed;
    require(store.housekeeping({wall + boot.time_since_epoch(), boot}, true));
  };
  look(std::chrono::minutes(1));
  const auto start = steady_clock::now();
  look(std::chrono::hours(2));
  const auto& rounds = store.stats().retention_us;
  for (std::uint64_t before = 0; before != rounds.count();) {
    before = rounds.count();
    look(std::chrono::milliseconds(1));
  }
  const double seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  std::printf(
      "retention: %lld runs, %lld events went in %.2f s of rounds, a round p50 %lld us p99 %lld us "
      "max %lld us\n",
      static_cast<long long>(store.stats().runs_forgotten),
      static_cast<long long>(store.stats().events_forgotten), seconds,
      static_cast<long long>(rounds.quantile(0.5)), static_cast<long long>(rounds.quantile(0.99)),
      static_cast<long long>(rounds.max()));
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = std::string(argc > 1 ? argv[1] : "/tmp") + "/weir-store-bench-XXXXXX";
  CHECK_MSG(mkdtemp(folder.data()) != nullptr, "give a directory that can be written");
  auto fsync = store::probe_fsync_us(folder);
  require(fsync.status());
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::printf("fsync median %lld us\n", static_cast<long long>(*fsync));
  for (const bool assets : {false, true}) {
    for (const std::int32_t batch : {16, 64, 256, 1024}) measure(folder, batch, assets);
  }
  measure_retention(folder);
  std::filesystem::remove_all(folder);
  return 0;
}
