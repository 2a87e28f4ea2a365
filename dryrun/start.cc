// See start.h. A past beginning cannot be read from the tables, which keep what is current: runs
// that are live now are left out, and a version that was made later counts as made at the
// beginning.
#include "dryrun/start.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "dryrun/virtual_worker.h"
#include "engine/schedules/occurrences.h"

namespace weir::dryrun {
namespace {

using base::Status;
using engine::Snapshot;

template <class Time>
void take_back(Time& time, WallTime begin) {
  time = std::min<WallTime>(time, begin);
}
void take_back(std::optional<WallTime>& time, WallTime begin) {
  if (time) time = std::min(*time, begin);
}

void replace_workers(Snapshot& snapshot) {
  snapshot.workers.clear();
  if (snapshot.attempts.empty()) return;
  engine::WorkerRow row;
  row.id = row.name = kWorkerName;
  snapshot.workers.push_back(std::move(row));
  for (engine::AttemptRow& attempt : snapshot.attempts) attempt.worker = kWorkerName;
}

void take_back_times(Snapshot& snapshot, WallTime begin) {
  snapshot.runs.clear();
  snapshot.queued.clear();
  snapshot.tasks.clear();
  snapshot.attempts.clear();
  snapshot.run_seq.clear();
  snapshot.last_run = {};
  for (engine::MaterializationRow& row : snapshot.current) take_back(row.at, begin);
  for (engine::AssetPartitionRow& row : snapshot.partitions) {
    take_back(row.verified_at, begin);
    row.settled_by = {};
  }
  for (engine::FreshnessRow& row : snapshot.freshness) {
    take_back(row.since, begin);
    take_back(row.state_since, begin);
    row.retry_at.reset();
    row.failures = 0;
  }
  for (engine::ScheduleRow& row : snapshot.schedules) {
    take_back(row.since, begin);
    row.recorded_until.reset();
    snapshot.last_ticks[row.name] = begin;
  }
  snapshot.ahead.clear();
}

std::string type_of(const World& world, const std::string& asset) {
  for (const engine::ModuleUpload& module : world.modules) {
    for (const auto& stage : module.manifest->stages) {
      for (const auto& output : stage.outputs) {
        if (output.asset == asset) return output.type;
      }
    }
    for (const auto& external : module.manifest->externals) {
      if (external.asset == asset) return external.type;
    }
  }
  for (const engine::AssetRow& row : world.snapshot.assets) {
    if (row.name == asset) return row.type;
  }
  return "";
}

engine::AssetPartitionRow& partition_of(Snapshot& snapshot, const std::string& asset) {
  const engine::AssetPartition key{asset, ""};
  for (engine::AssetPartitionRow& row : snapshot.partitions) {
    if (row.key == key) return row;
  }
  snapshot.partitions.push_back({key, 0, {}, "", std::nullopt, ""});
  return snapshot.partitions.back();
}

void set_made(Snapshot& snapshot, const World& world, const ScriptLine& line) {
  engine::AssetPartitionRow& partition = partition_of(snapshot, line.name);
  partition.verified_at.reset();
  partition.missed.clear();
  std::erase_if(snapshot.current, [&](const auto& row) { return row.of == partition.key; });
  engine::MaterializationRow row;
  row.id = ++snapshot.last_materialization;
  row.of = partition.key;
  row.value.digest = base::sha256(line.name);
  row.value.type = type_of(world, line.name);
  row.at = line.at;
  partition.materialization = row.id;
  snapshot.current.push_back(std::move(row));
}

}  // namespace

WallTime beginning_of(const World& world, const Options& options) {
  const bool anything = !world.snapshot.modules.empty();
  return anything ? std::min(world.now, options.from) : options.from;
}

base::Result<Snapshot> snapshot_at(const World& world, const Options& options, WallTime begin) {
  Snapshot snapshot = world.snapshot;
  snapshot.zones = world.zones;
  snapshot.outbox.clear();
  if (begin < world.now) take_back_times(snapshot, begin);
  replace_workers(snapshot);
  for (const ScriptLine& line : options.script) {
    if (line.at > begin) continue;
    if (line.action == Action::kMade) {
      set_made(snapshot, world, line);
    } else if (line.action == Action::kObserve) {
      partition_of(snapshot, line.name).verified_at = line.at;
    } else {
      return Status(base::Code::kInvalidArgument, base::kErrUsage,
                    "the script has '" + std::string(base::word_of(line.action)) + " " + line.name +
                        "' at " + engine::utc_text(line.at) + ", but the simulation begins at " +
                        engine::utc_text(begin) + ": only made and observe can lie before that");
    }
  }
  return snapshot;
}

std::int32_t slots_of(const World& world, const Options& options) {
  if (options.slots > 0) return options.slots;
  std::int64_t slots = 0;
  for (const engine::WorkerRow& worker : world.snapshot.workers) {
    slots += worker.draining ? 0 : worker.slots;
  }
  return slots > 0 ? static_cast<std::int32_t>(std::min<std::int64_t>(slots, 100'000))
                   : kSlotsDefault;
}

}  // namespace weir::dryrun
