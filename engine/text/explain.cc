// Why something waits, runs, ran or did not: read from live state, in sentences that say what to
// do. Part of Engine's step, on its owner's thread, and read-only: it adds a reply and no row. Of
// runs that have ended, only what their assets keep is known here.
#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/json.h"
#include "base/names.h"
#include "engine/step.h"

namespace weir::engine {
namespace {

using base::Json;
using base::Status;
using Lines = std::vector<std::string>;

std::string seconds_between(base::BootTime from, base::BootTime to) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
  return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + " s";
}

std::string two_digits(std::int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

// "2026-11-27 20:59:30 UTC"
std::string utc_text(base::WallTime at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  return std::to_string(int(date.year())) + "-" + two_digits(unsigned(date.month())) + "-" +
         two_digits(unsigned(date.day())) + " " + two_digits(time.hours().count()) + ":" +
         two_digits(time.minutes().count()) + ":" + two_digits(time.seconds().count()) + " UTC";
}

std::string counted(std::int64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

Lines explain_workers(const State& state) {
  int connected = 0, draining = 0;
  std::int64_t slots = 0, leases = 0;
  for (const auto& [id, worker] : state.workers) {
    if (!worker.session) continue;
    connected += 1;
    const bool takes_nothing = worker.row.draining || worker.holds_back;
    draining += takes_nothing ? 1 : 0;
    if (takes_nothing) continue;
    slots += worker.row.slots;
    leases += std::int64_t(worker.leases.size());
  }
  if (connected == 0) {
    return {"no worker is connected; start one with `weir worker --scheduler ADDRESS`"};
  }
  if (connected == draining) {
    return {
        "all connected workers are draining or shut down; `weir workers drain NAME --undo` "
        "lets one work again"};
  }
  return {counted(connected, "worker is", "workers are") + " connected with " +
          counted(slots, "slot", "slots") + "; " +
          counted(leases, "attempt is leased", "attempts are leased")};
}

Lines waiting_for(const Run& run, const Task& task) {
  Lines open;
  for (const Task& parent : run.tasks) {
    if (std::holds_alternative<Ended>(parent.phase)) continue;
    const bool feeds =
        std::any_of(parent.children.begin(), parent.children.end(),
                    [&](const Edge& edge) { return edge.child == index_of(run, task); });
    if (feeds)
      open.push_back(parent.spec->name + " (" + std::string(task_state_name(state_of(parent))) +
                     ")");
  }
  std::string text = "waits for";
  for (const auto& name : open) text += " " + name;
  return {text};
}

constexpr std::int64_t kAheadCountedMax = 10'000;

std::string what_blocks(const State& state, const Blocker& blocker) {
  switch (blocker.kind) {
    case Blocker::Kind::kWriter: {
      const auto& writer = state.assets.at(blocker.subject).writer;
      if (!writer) return "waits for those who go before it to write " + blocker.subject;
      const Run& run = state.runs.at(writer->run);
      return "waits for " + writer->run.text() + "/" +
             run.tasks[std::size_t(writer->index)].spec->name + ", which writes " + blocker.subject;
    }
  }
  return {};
}

struct PhaseText {
  const Step& step;
  const Run& run;
  const Task& task;

  Lines operator()(const Waiting&) const { return waiting_for(run, task); }
  Lines operator()(const Ready& ready) const {
    if (ready.parked) return {what_blocks(step.state, *ready.blocker)};
    Lines lines;
    const auto ahead = step.state.ready.ahead_of(
        {task.priority, ready.order, {run.row.id, index_of(run, task)}}, kAheadCountedMax);
    lines.push_back("is ready; " + std::string(ahead == kAheadCountedMax ? "at least " : "") +
                    counted(ahead, "ready task goes", "ready tasks go") + " before it");
    if (ready.adoptable) {
      lines.push_back("its attempt #" + std::to_string(task.epoch) + " on worker " +
                      ready.adoptable->worker +
                      " is taken up again if that worker comes back before it is leased anew");
    }
    if (!task.reason.empty()) lines.push_back(task.reason);
    for (auto& line : explain_workers(step.state)) lines.push_back(std::move(line));
    return lines;
  }
  Lines operator()(const Leased& leased) const {
    const Worker& worker = step.state.workers.at(leased.attempt.worker);
    Lines lines{"attempt #" + std::to_string(task.epoch) +
                (leased.attempt.started_at ? " runs on worker " : " is leased to worker ") +
                worker.row.name + " since " + seconds_between(leased.leased_boot, step.now.boot) +
                " ago"};
    if (!worker.session) {
      lines.push_back("the worker is not connected; its lease ends in " +
                      seconds_between(step.now.boot, worker.lease_until) +
                      ", then the task is ready again");
    }
    if (leased.stop_deadline) {
      lines.push_back("it was asked to stop; it is fenced in " +
                      seconds_between(step.now.boot, *leased.stop_deadline));
    }
    return lines;
  }
  Lines operator()(const UpForRetry& retry) const {
    return {"tries again in " + seconds_between(step.now.boot, retry.due) + " (" +
                std::to_string(task.attempts_used) + " of " +
                std::to_string(task.spec->retry.max_attempts) + " attempts used, " +
                std::to_string(task.infrastructure_used) + " lost to the infrastructure)",
            "the last one ended as " + task.reason};
  }
  Lines operator()(const Ended& ended) const {
    return {std::string(task_state_name(ended.state)) +
            (task.reason.empty() ? "" : ": " + task.reason)};
  }
};

void explain_task(const Step& step, const Run& run, const Task& task, Lines& lines) {
  std::string before = task.spec->name + " ";
  for (const auto& line : std::visit(PhaseText{step, run, task}, task.phase)) {
    lines.push_back(std::exchange(before, "  ") + line);
  }
}

constexpr std::size_t kTasksExplainedMax = 20;
constexpr std::size_t kWritersExplainedMax = 5;

void explain_run(const Step& step, const Run& run, Lines& lines) {
  lines.push_back("run " + run.row.id.text() + " is " + std::string(run_state_name(run.row.state)) +
                  ": " + std::to_string(run.unfinished) + " of " +
                  std::to_string(run.tasks.size()) + " tasks have not ended");
  if (run.row.state == RunState::kQueued) {
    for (auto& line : explain_workers(step.state)) lines.push_back(std::move(line));
  }
  std::size_t explained = 0;
  for (const Task& task : run.tasks) {
    if (std::holds_alternative<Ended>(task.phase)) continue;
    if (std::holds_alternative<Waiting>(task.phase)) continue;
    if (++explained > kTasksExplainedMax) {
      lines.push_back("… `weir explain RUN/TASK` explains one task");
      return;
    }
    explain_task(step, run, task, lines);
  }
}

constexpr std::int64_t kAheadCountedMax = 10'000;

void explain_queued(const State& state, const QueuedRun& run, Lines& lines) {
  const std::string name = "run " + run.id.text() + " is queued";
  if (!state.queue.is_due(run)) {
    lines.push_back(name + " and not planned: it starts at " + utc_text(*run.start_at));
    return;
  }
  lines.push_back(name + " and not planned: " +
                  counted(std::ssize(state.runs), "run is live", "runs are live") +
                  ", and at most " + std::to_string(state.options.live_runs_max) + " may be");
  std::int64_t ahead = 0;
  for (const RunQueue::Key& key : state.queue.due()) {
    if (key.id == run.id || ++ahead == kAheadCountedMax) break;
  }
  lines.push_back(counted(ahead, "queued run goes", "queued runs go") + " before it" +
                  (ahead == kAheadCountedMax ? ", or more" : ""));
}

// The runs that will write the asset, the one that writes it now first.
void explain_writers(const Step& step, const Asset& asset, Lines& lines) {
  std::size_t explained = 0;
  const auto explain = [&](const Run& run, const Task& task) {
    if (++explained == kWritersExplainedMax + 1) {
      lines.push_back("… `weir runs list` shows the other runs that will write it");
    }
    if (explained > kWritersExplainedMax) return;
    lines.push_back("run " + run.row.id.text() + " will write it:");
    explain_task(step, run, task, lines);
  };
  for (const auto& [id, run] : step.state.runs) {
    for (const Task& task : run.tasks) {
      const TaskRef ref{id, index_of(run, task)};
      if (std::holds_alternative<Ended>(task.phase) || asset.writer == ref) continue;
      const auto& outputs = task.spec->outputs;
      const auto writes = [&](const auto& output) { return output.asset == asset.row.name; };
      if (std::any_of(outputs.begin(), outputs.end(), writes)) explain(run, task);
    }
  }
  if (explained == 0 && !asset.writer) lines.push_back("no run that goes on writes it");
}

void explain_asset(const Step& step, const Asset& asset, Lines& lines) {
  const std::string& name = asset.row.name;
  if (asset.row.retired) {
    lines.push_back(name + " is retired: pipeline '" + asset.row.pipeline +
                    "' no longer declares it");
  }
  if (asset.current.materialization == 0) {
    lines.push_back(name + " was never materialized");
  } else {
    lines.push_back(name + " was last materialized by run " + asset.current.run.text() +
                    " as version " + asset.current.value.digest.hex().substr(0, 12));
  }
  if (!asset.row.missed.empty()) {
    const std::string run = asset.row.settled_by.text();
    const std::string task = asset.row.missed.substr(0, asset.row.missed.find(' '));
    lines.push_back("run " + run + ", the newest that is done with it, made no version of it: " +
                    asset.row.missed + " (weir explain " + run + "/" + task + ")");
  }
  if (asset.writer) {
    const Run& run = step.state.runs.at(asset.writer->run);
    const auto parked = step.state.parked.find({Blocker::Kind::kWriter, name});
    const std::size_t others = parked == step.state.parked.end() ? 0 : parked->second.tasks.size();
    lines.push_back("run " + run.row.id.text() + " writes it now; " + std::to_string(others) +
                    " others wait for that");
    explain_task(step, run, run.tasks[std::size_t(asset.writer->index)], lines);
  }
  explain_writers(step, asset, lines);
}

const Task* task_named(const Run& run, std::string_view name) {
  for (const Task& task : run.tasks) {
    if (task.spec->name == name) return &task;
    for (const auto& output : task.spec->outputs) {
      if (output.asset == name) return &task;
    }
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
                "task " + run.row.id.text() + "/" + task.spec->name + " has no attempt " +
                    reference.substr(hash + 1) + "; it had " + std::to_string(task.epoch));
}

Status explain_reference(const Step& step, const std::string& reference, Lines& lines) {
  const std::size_t slash = reference.find('/');
  const auto id = RunId::parse(reference.substr(0, slash));
  const auto run = id ? step.state.runs.find(*id) : step.state.runs.end();
  if (run != step.state.runs.end()) {
    if (slash == std::string::npos) {
      explain_run(step, run->second, lines);
      return {};
    }
    const std::string name = reference.substr(slash + 1, reference.find('#') - slash - 1);
    const Task* task = task_named(run->second, name);
    if (task == nullptr) {
      return Status(base::Code::kNotFound, base::kErrUnknownTask,
                    "run " + id->text() + " has no task '" + name + "'");
    }
    if (Status status = check_attempt(run->second, *task, reference); !status.ok()) return status;
    explain_task(step, run->second, *task, lines);
    return {};
  }
  if (const QueuedRun* queued = id ? step.state.queue.find(*id) : nullptr) {
    if (slash == std::string::npos) return explain_queued(step.state, *queued, lines), Status();
    return Status(base::Code::kFailedPrecondition, base::kErrUnknownTask,
                  "run " + id->text() + " is queued and has no tasks yet; explain the run");
  }
  if (const auto asset = step.state.assets.find(reference); asset != step.state.assets.end()) {
    explain_asset(step, asset->second, lines);
    return {};
  }
  std::vector<std::string> known;
  for (const auto& [name, asset] : step.state.assets) known.push_back(name);
  return Status(base::Code::kNotFound, base::kErrUnknownAsset,
                "'" + reference + "' is neither a live run, a task of one, nor an asset." +
                    base::did_you_mean(reference, known));
}

}  // namespace

void explain(Step& step, const Explain& command) {
  Lines lines;
  const Status status = explain_reference(step, command.reference, lines);
  Json payload{Json::Array{}};
  for (auto& line : lines) payload.push(std::move(line));
  step.effects.replies.push_back({command.reply_to, status, payload.dump()});
}

}  // namespace weir::engine
