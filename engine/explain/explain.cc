// Why something waits, runs, ran or did not: read from live state, as items that others put into
// words. Part of Engine's step, on its owner's thread, and read-only: it adds a reply and no row.
// It holds up everybody, so what it looks at is bounded; of runs that have ended it knows nothing.
#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>

#include "base/errors.h"
#include "engine/alerts/explain_alerts.h"
#include "engine/freshness/freshness_step.h"
#include "engine/schedules/schedule_step.h"
#include "engine/step.h"
#include "engine/versions/explain_currency.h"

namespace weir::engine {
namespace {

using base::Status;

constexpr std::size_t kTasksExplainedMax = 20;
constexpr std::size_t kWritersExplainedMax = 5;
constexpr std::int64_t kAheadCountedMax = 10'000;
constexpr std::size_t kTasksLookedAtMax = 100'000;

std::int64_t ms_between(base::BootTime from, base::BootTime to) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
}

std::string reference_of(const Run& run, const Task& task) {
  return run.row.id.text() + "/" + task.spec->name;
}

ExplainItem item(ExplainKind kind, int depth) {
  ExplainItem made;
  made.kind = kind;
  made.depth = depth;
  return made;
}

ExplainItem explain_workers(const State& state, int depth) {
  std::int64_t connected = 0, idle = 0, slots = 0, leases = 0;
  for (const auto& [id, worker] : state.workers) {
    if (!worker.session) continue;
    connected += 1;
    const bool takes_nothing = worker.row.draining || worker.holds_back;
    idle += takes_nothing ? 1 : 0;
    if (takes_nothing) continue;
    slots += worker.row.slots;
    leases += std::ssize(worker.leases);
  }
  if (connected == 0) return item(ExplainKind::kNoWorker, depth);
  if (connected == idle) return item(ExplainKind::kWorkersTakeNothing, depth);
  ExplainItem workers = item(ExplainKind::kWorkers, depth);
  workers.numbers = {{"workers", connected}, {"slots", slots}, {"leases", leases}};
  return workers;
}

// What a task says of itself; the first item names it, the others stand below.
class TaskExplainer {
 public:
  TaskExplainer(const Step& step, const Run& run, const Task& task, Explanation& out)
      : step_(step), run_(run), task_(task), out_(out) {}

  void explain() { std::visit(*this, task_.phase); }

  void operator()(const Waiting&) {
    ExplainItem& waits = head(ExplainKind::kTaskWaits);
    for (const Task& parent : run_.tasks) {
      if (std::holds_alternative<Ended>(parent.phase)) continue;
      const auto& parent_sets = task_.parent_sets;
      const bool feeds =
          std::any_of(parent.counted_in.begin(), parent.counted_in.end(), [&](std::int32_t set) {
            return std::find(parent_sets.begin(), parent_sets.end(), set) != parent_sets.end();
          });
      if (!feeds) continue;
      waits.references.push_back(reference_of(run_, parent));
      waits.text += (waits.text.empty() ? "" : " ") + parent.spec->name + " (" +
                    std::string(task_state_name(state_of(parent))) + ")";
    }
  }
  void operator()(const Ready& ready) {
    if (ready.parked) return waits_for(*ready.blocker);
    const std::int64_t ahead = step_.state.ready.ahead_of(
        {task_.priority, ready.order, {run_.row.id, index_of(run_, task_)}}, kAheadCountedMax);
    head(ExplainKind::kTaskReady).numbers = {{"ahead", ahead},
                                             {"at_least", ahead == kAheadCountedMax ? 1 : 0}};
    if (ready.adoptable) {
      ExplainItem& adoptable = below(ExplainKind::kAttemptAdoptable);
      adoptable.numbers["attempt"] = task_.epoch;
      adoptable.references = {ready.adoptable->worker};
    }
    if (!task_.reason.empty()) below(ExplainKind::kReason).text = task_.reason;
    out_.push_back(explain_workers(step_.state, 1));
  }
  void operator()(const Leased& leased) {
    const Worker& worker = step_.state.workers.at(leased.attempt->worker);
    ExplainItem& attempt =
        head(leased.attempt->started_at ? ExplainKind::kAttemptRuns : ExplainKind::kAttemptLeased);
    attempt.numbers = {{"attempt", task_.epoch},
                       {"since", ms_between(leased.leased_boot, step_.now.boot)}};
    attempt.references = {worker.row.name};
    if (!worker.session) {
      below(ExplainKind::kWorkerGone).numbers["left"] =
          ms_between(step_.now.boot, worker.lease_until);
    }
    if (leased.stop_deadline) {
      below(ExplainKind::kAttemptStopping).numbers["left"] =
          ms_between(step_.now.boot, *leased.stop_deadline);
    }
  }
  void operator()(const UpForRetry& retry) {
    head(ExplainKind::kRetries).numbers = {{"left", ms_between(step_.now.boot, retry.due)},
                                           {"used", task_.author_budget_used},
                                           {"max", task_.spec->retry.max_attempts},
                                           {"lost", task_.infrastructure_budget_used}};
    below(ExplainKind::kLastEnd).text = task_.reason;
  }
  void operator()(const Ended& ended) {
    ExplainItem& end = head(ExplainKind::kTaskEnded);
    end.references = {std::string(task_state_name(ended.state))};
    end.text = task_.reason;
  }

 private:
  void waits_for(const Blocker& blocker) {
    switch (blocker.kind) {
      case Blocker::Kind::kWriter:
        return waits_for_writer(blocker.subject, blocker.partition);
    }
  }
  void waits_for_writer(const std::string& asset, const std::string& partition) {
    const auto writer = step_.state.writers.find(AssetPartitionView(asset, partition));
    const bool written = writer != step_.state.writers.end();
    ExplainItem& waits = head(written ? ExplainKind::kWaitsForWriter : ExplainKind::kWaitsInLine);
    waits.partition = partition;
    if (written) {
      const Run& run = step_.state.runs.at(writer->second.run);
      waits.references = {reference_of(run, run.tasks[std::size_t(writer->second.index)])};
    }
    waits.references.push_back(asset);
  }
  ExplainItem& head(ExplainKind kind) {
    out_.push_back(item(kind, 0));
    out_.back().subject = reference_of(run_, task_);
    return out_.back();
  }
  ExplainItem& below(ExplainKind kind) {
    out_.push_back(item(kind, 1));
    return out_.back();
  }

  const Step& step_;
  const Run& run_;
  const Task& task_;
  Explanation& out_;
};

void explain_task(const Step& step, const Run& run, const Task& task, Explanation& out) {
  TaskExplainer(step, run, task, out).explain();
}

std::string full_name_of(const Run& run, const Task& task) {
  return run.modules[std::size_t(task.module)]->row.pipeline + ":" + task.spec->name;
}

void explain_alerts_of_task(const Step& step, const Run& run, const Task& task, Explanation& out) {
  const auto about = [&](const AlertRow& alert) {
    if (alert_about_task(alert, full_name_of(run, task))) return true;
    const auto& outputs = task.spec->outputs;
    return std::any_of(outputs.begin(), outputs.end(), [&](const auto& output) {
      return alert.run == run.row.id && alert_about_asset(alert, output.asset);
    });
  };
  add_firing_alerts(step.state.alerts, step.now.wall, about, out);
}

void explain_alerts_of_asset(const Step& step, const AssetRow& asset, const std::string& partition,
                             Explanation& out) {
  const std::string name = AssetPartitionView(asset.name, partition).text();
  const StageGraph::Place* maker = step.state.catalog->whole().maker_of(asset.name);
  const std::string task = maker == nullptr ? "" : asset.pipeline + ":" + maker->spec().name;
  const auto about = [&](const AlertRow& alert) {
    return alert_about_asset(alert, name) || alert_about_task(alert, task);
  };
  add_firing_alerts(step.state.alerts, step.now.wall, about, out);
}

void explain_run(const Step& step, const Run& run, Explanation& out) {
  ExplainItem head = item(ExplainKind::kRun, 0);
  head.subject = run.row.id.text();
  head.references = {std::string(run_state_name(run.row.state))};
  head.numbers = {{"unfinished", run.unfinished}, {"tasks", std::ssize(run.tasks)}};
  out.push_back(std::move(head));
  const auto about = [&](const AlertRow& alert) { return alert.run == run.row.id; };
  add_firing_alerts(step.state.alerts, step.now.wall, about, out);
  if (run.row.state == RunState::kQueued) out.push_back(explain_workers(step.state, 0));
  std::size_t explained = 0;
  for (const Task& task : run.tasks) {
    if (std::holds_alternative<Ended>(task.phase)) continue;
    if (std::holds_alternative<Waiting>(task.phase)) continue;
    if (++explained > kTasksExplainedMax) {
      out.push_back(item(ExplainKind::kMoreTasks, 0));
      return;
    }
    explain_task(step, run, task, out);
  }
}

void explain_queued(const State& state, const QueuedRun& run, Explanation& out) {
  ExplainItem head = item(ExplainKind::kQueuedUntil, 0);
  head.subject = run.id.text();
  const bool held = run.reason == QueueReason::kOverlap && !state.queue.is_due(run);
  const auto schedule = held ? state.schedules.find(run.origin.reference) : state.schedules.end();
  if (schedule != state.schedules.end() && !schedule->second.live.empty()) {
    head.kind = ExplainKind::kQueuedForOverlap;
    head.references = {schedule->second.live.front().text(), schedule->first};
    return out.push_back(std::move(head));
  }
  if (!state.queue.is_due(run) && run.start_at) {
    head.numbers["start_at"] = run.start_at->time_since_epoch().count();
    return out.push_back(std::move(head));
  }
  const Options& options = state.options;
  if (state.disk_full) {
    head.kind = ExplainKind::kQueuedForDisk;
  } else if (std::ssize(state.runs) >= options.live_runs_max) {
    head.kind = ExplainKind::kQueuedForRoom;
    head.numbers = {{"live", std::ssize(state.runs)}, {"limit", options.live_runs_max}};
  } else {
    const std::int64_t missing = state.resident_tasks + run.tasks - options.resident_tasks_max;
    head.kind = ExplainKind::kQueuedForTasks;
    head.numbers = {{"resident", state.resident_tasks},
                    {"limit", options.resident_tasks_max},
                    {"tasks", run.tasks},
                    {"missing", run.tasks == 0 ? 0 : std::max<std::int64_t>(missing, 0)}};
  }
  out.push_back(std::move(head));
  std::int64_t ahead = 0;
  for (const RunQueue::Key& key : state.queue.due()) {
    if (key.id == run.id || ++ahead == kAheadCountedMax) break;
  }
  ExplainItem before = item(ExplainKind::kQueueAhead, 0);
  before.numbers = {{"ahead", ahead}, {"at_least", ahead == kAheadCountedMax ? 1 : 0}};
  out.push_back(std::move(before));
}

bool writes(const Task& task, const std::string& asset) {
  const auto& outputs = task.spec->outputs;
  return std::any_of(outputs.begin(), outputs.end(),
                     [&](const auto& output) { return output.asset == asset; });
}

// The runs that will write it, oldest first; as many as are found in what may be looked at.
void explain_writers(const Step& step, const AssetPartition& of, const TaskRef* writer,
                     Explanation& out) {
  std::size_t explained = 0, looked_at = 0;
  for (const auto& [id, run] : step.state.runs) {
    for (const Task& task : run.tasks) {
      const bool more = explained == kWritersExplainedMax || ++looked_at > kTasksLookedAtMax;
      const bool candidate = !std::holds_alternative<Ended>(task.phase) &&
                             (writer == nullptr || *writer != TaskRef{id, index_of(run, task)}) &&
                             writes(task, of.asset) && partition_of(run, task) == of.partition;
      if (looked_at > kTasksLookedAtMax || (more && candidate)) {
        return out.push_back(item(ExplainKind::kMoreWriters, 0));
      }
      if (!candidate) continue;
      ++explained;
      out.push_back(item(ExplainKind::kWillWrite, 0));
      out.back().references = {id.text()};
      explain_task(step, run, task, out);
    }
  }
  if (explained == 0 && writer == nullptr) out.push_back(item(ExplainKind::kNobodyWrites, 0));
}

void explain_version(const State& state, const AssetRow& asset, const AssetPartition& of,
                     Explanation& out) {
  const auto say = [&](ExplainKind kind, std::vector<std::string> references, std::string text) {
    out.push_back(item(kind, 0));
    out.back().subject = of.asset;
    out.back().partition = of.partition;
    out.back().references = std::move(references);
    out.back().text = std::move(text);
  };
  if (asset.retired) say(ExplainKind::kRetired, {asset.pipeline}, "");
  const CurrentVersion& current = current_version(state, of);
  if (current.materialization == 0) {
    say(ExplainKind::kNeverMade, {}, "");
  } else {
    say(ExplainKind::kMade, {current.run.text()}, current.value.digest.hex().substr(0, 12));
  }
  const auto settled = state.partitions.find(of);
  if (settled == state.partitions.end() || settled->second.missed.empty()) return;
  const auto& [key, end] = *settled;
  const std::string run = end.settled_by.text();
  const std::string task = end.missed.substr(0, end.missed.find(' '));
  say(ExplainKind::kMissed, {run, run + "/" + task}, end.missed);
}

void explain_asset(const Step& step, const AssetRow& asset, const std::string& partition,
                   Explanation& out) {
  const AssetPartition of{asset.name, partition};
  explain_version(step.state, asset, of, out);
  if (partition.empty()) explain_currency(step, asset.name, out);
  if (partition.empty()) explain_freshness(step, asset.name, out);
  explain_alerts_of_asset(step, asset, partition, out);
  const auto found = step.state.writers.find(of);
  const TaskRef* writer = found == step.state.writers.end() ? nullptr : &found->second;
  if (writer != nullptr) {
    const Run& run = step.state.runs.at(writer->run);
    const auto parked = step.state.parked.find({Blocker::Kind::kWriter, of.asset, of.partition});
    out.push_back(item(ExplainKind::kWrittenNow, 0));
    out.back().references = {run.row.id.text()};
    out.back().numbers["others"] =
        parked == step.state.parked.end() ? 0 : std::ssize(parked->second.tasks);
    explain_task(step, run, run.tasks[std::size_t(writer->index)], out);
  }
  explain_writers(step, of, writer, out);
}

const Task* task_named(const Run& run, std::string_view name) {
  for (const Task& task : run.tasks) {
    if (task.spec->name == name || writes(task, std::string(name))) return &task;
  }
  return nullptr;
}

// A reference may name an attempt: RUN/TASK#2. One that there never was is not explained.
Status check_attempt(const Run& run, const Task& task, const std::string& reference) {
  const std::size_t hash = reference.find('#');
  if (hash == std::string::npos) return {};
  std::int32_t attempt = 0;
  const char* end = reference.data() + reference.size();
  const auto parsed = std::from_chars(reference.data() + hash + 1, end, attempt);
  const bool too_large = parsed.ec == std::errc::result_out_of_range;
  if (parsed.ptr != end || (!too_large && (parsed.ec != std::errc() || attempt < 1))) {
    return Status(base::Code::kInvalidArgument, base::kErrUsage,
                  "'" + reference.substr(hash) + "' is not the number of an attempt");
  }
  if (!too_large && attempt <= task.epoch) return {};
  return Status(base::Code::kNotFound, base::kErrUnknownTask,
                "task " + reference_of(run, task) + " has no attempt " +
                    reference.substr(hash + 1) + "; it had " + std::to_string(task.epoch));
}

Status explain_part(const Step& step, const Run& run, const std::string& reference,
                    Explanation& out) {
  const std::size_t slash = reference.find('/');
  if (slash == std::string::npos) {
    explain_run(step, run, out);
    return {};
  }
  const std::string name = reference.substr(slash + 1, reference.find('#') - slash - 1);
  const Task* task = task_named(run, name);
  if (task == nullptr) {
    return Status(base::Code::kNotFound, base::kErrUnknownTask,
                  "run " + run.row.id.text() + " has no task '" + name + "'");
  }
  if (Status status = check_attempt(run, *task, reference); !status.ok()) return status;
  explain_task(step, run, *task, out);
  explain_alerts_of_task(step, run, *task, out);
  return {};
}

Status explain_reference(const Step& step, const Explain& command, Explanation& out) {
  const std::string& reference = command.reference;
  const std::size_t slash = reference.find('/');
  const auto id = RunId::parse(reference.substr(0, slash));
  const auto run = id ? step.state.runs.find(*id) : step.state.runs.end();
  if (run != step.state.runs.end()) return explain_part(step, run->second, reference, out);
  const auto aside = id ? step.state.set_aside.find(*id) : step.state.set_aside.end();
  if (aside != step.state.set_aside.end()) {
    ExplainItem said = item(ExplainKind::kSetAside, 0);
    said.subject = id->text();
    said.text = aside->second;
    out.push_back(std::move(said));
    return {};
  }
  if (const QueuedRun* queued = id ? step.state.queue.find(*id) : nullptr) {
    if (slash == std::string::npos) {
      explain_queued(step.state, *queued, out);
      return {};
    }
    return Status(base::Code::kFailedPrecondition, base::kErrUnknownTask,
                  "run " + id->text() + " is queued and has no tasks yet; explain the run");
  }
  if (const auto asset = step.state.assets.find(reference); asset != step.state.assets.end()) {
    explain_asset(step, asset->second, command.partition, out);
    return {};
  }
  if (explain_schedule(step, reference, out)) return {};
  return Status(
      base::Code::kNotFound, base::kErrUnknownAsset,
      "'" + reference + "' is neither a live run, a task of one, an asset, nor a schedule");
}

}  // namespace

void explain(Step& step, const Explain& command) {
  Explanation explanation;
  Status status = explain_reference(step, command, explanation);
  step.effects.replies.push_back({command.reply_to, std::move(status), std::move(explanation)});
}

}  // namespace weir::engine
