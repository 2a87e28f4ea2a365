// From what happened to what rules find, and to what resolves it: the one place that knows which
// events begin and end which alerts. A new kind of event gets its overload in Reaction, its word in
// AlertEvent, and nothing else. Part of Engine's step.
#include <algorithm>
#include <utility>

#include "base/planted.h"
#include "engine/alerts/alert_step.h"
#include "engine/schedules/occurrences.h"

namespace weir::engine {
namespace {

constexpr const char* kDisk = "disk";

std::string subject_of_check(const AssetPartition& asset, const std::string& check) {
  return AssetPartitionView(asset).text() + "/" + check;
}

std::string subject_of_task(const Run& run, const Task& task) {
  return run.modules[std::size_t(task.module)]->row.pipeline + ":" + task.spec->name;
}

// By its job a schedule is selected too.
std::vector<std::string> jobs_of_schedule(const State& state, const std::string& schedule) {
  const auto found = state.schedules.find(schedule);
  if (found == state.schedules.end()) return {};
  return {found->second.spec().job};
}

// The task that the end of the run is to be blamed on.
const Task* first_failed(const Run& run) {
  for (const Task& task : run.tasks) {
    if (state_of(task) == TaskState::kFailed) return &task;
  }
  return nullptr;
}

struct Reaction {
  Step& step;

  template <class Other>
  void operator()(const Other&) const {}

  // Events are taken by value: what is raised here moves those of the step.
  void operator()(RunStarted event) const {
    const Run* run = find_run(step.state, event.of.run);
    if (run == nullptr) return;
    for (const auto& [name, rule] : step.state.alerts.rules) {
      arm_slow_run(step.state, rule, *run, step.now);
    }
  }
  void operator()(RunFinished event) const {
    Finding finding;
    finding.subject = event.job.empty() ? event.selection : event.job;
    finding.run = event.of.run;
    finding.next = "weir runs show " + event.of.run.text();
    finding.text = "run " + event.of.run.text() + " of " + finding.subject + " " +
                   std::string(run_state_name(event.end)) +
                   (event.message.empty() ? "" : ": " + event.message);
    if (event.end == RunState::kFailed) {
      const Run* run = find_run(step.state, event.of.run);
      const Task* task = run == nullptr ? nullptr : first_failed(*run);
      if (task != nullptr) {
        finding.task = index_of(*run, *task);
        finding.epoch = task->epoch;
        finding.text += "; " + task->spec->name + ": " + task->reason;
        finding.next = "weir logs " + event.of.run.text() + "/" + task->spec->name;
      }
      finding.event = AlertEvent::kRunFailed;
      find_alerts(step, finding);
    } else if (event.end == RunState::kCanceled) {
      finding.event = AlertEvent::kRunCanceled;
      find_alerts(step, finding);
    } else {
      resolve_alerts(step, AlertEvent::kRunFailed, finding.subject, finding.text);
      resolve_alerts(step, AlertEvent::kRunCanceled, finding.subject, finding.text);
    }
    resolve_alerts(step, AlertEvent::kRunSlow, finding.subject, finding.text, event.of.run);
    if (event.end == RunState::kSucceeded) measure_run(step, event.of.run);
    finding.event = AlertEvent::kRunFinished;
    find_alerts(step, finding);
  }

  void operator()(TaskRetry event) const {
    attempt_failed(event.of, event.reason, "is tried again");
  }
  void operator()(TaskFinished event) const {
    if (event.end == TaskState::kFailed) return attempt_failed(event.of, event.reason, "failed");
    if (event.end != TaskState::kSucceeded) return;
    const Run* run = find_run(step.state, event.of.run);
    if (run == nullptr) return;
    resolve_alerts(step, AlertEvent::kTaskFailed,
                   subject_of_task(*run, run->tasks[std::size_t(event.of.task)]),
                   "task " + event.of.name + " of run " + event.of.run.text() + " succeeded");
  }

  void operator()(CheckFailed event) const {
    Finding finding;
    finding.event = AlertEvent::kCheckFailed;
    finding.subject = subject_of_check(event.asset, event.name);
    finding.names = {event.asset.asset, event.asset.asset + "/" + event.name};
    finding.text = "check " + event.name + " (" + std::string(base::word_of(event.severity)) +
                   ") of " + AssetPartitionView(event.asset).text() + " failed: " + event.reason;
    finding.run = event.of.run;
    finding.task = event.of.task;
    finding.epoch = event.of.epoch;
    finding.next = "weir runs show " + event.of.run.text();
    find_alerts(step, finding);
  }

  void operator()(TickRecorded event) const {
    const bool missed = event.outcome == TickOutcome::kMissed;
    if (!missed && event.outcome != TickOutcome::kFailed) return;
    Finding finding;
    finding.event = AlertEvent::kTickMissed;
    finding.subject = event.schedule;
    finding.names = jobs_of_schedule(step.state, event.schedule);
    finding.text = "a time of schedule " + event.schedule +
                   (missed ? " was missed: " : " made no run: ") + event.reason;
    finding.next = "weir schedules history " + event.schedule;
    find_alerts(step, finding);
  }

  void operator()(WorkerLost event) const {
    Finding finding;
    finding.event = AlertEvent::kWorkerLost;
    finding.subject = event.worker;
    finding.text = "worker " + event.worker + " is lost; " + std::to_string(event.attempts) +
                   " attempts were leased to it";
    finding.next = "weir workers show " + event.worker;
    find_alerts(step, finding);
  }
  void operator()(WorkerConnected event) const {
    resolve_alerts(step, AlertEvent::kWorkerLost, event.worker,
                   "worker " + event.worker + " is back");
  }
  void operator()(WorkerForgotten event) const {
    resolve_alerts(step, AlertEvent::kWorkerLost, event.worker,
                   "worker " + event.worker + " was not seen for so long that it is forgotten");
  }

  void operator()(FreshnessChanged event) const {
    Finding finding;
    finding.subject = event.asset;
    finding.text = "asset " + event.asset + " went from freshness " +
                   std::string(base::word_of(event.from)) + " to " +
                   std::string(base::word_of(event.to)) + ": " + event.reason;
    finding.next = "weir explain " + event.asset;
    const auto told = [&](AlertEvent what, bool found) {
      if (!found) return resolve_alerts(step, what, event.asset, finding.text);
      finding.event = what;
      find_alerts(step, finding);
    };
    const bool fails = event.to == FreshnessState::kFail;
    told(AlertEvent::kFreshnessWarn, fails || event.to == FreshnessState::kWarn);
    told(AlertEvent::kFreshnessFail, fails);
  }

 private:
  void attempt_failed(const OfTask& of, const std::string& reason, const char* so) const {
    const Run* run = find_run(step.state, of.run);
    if (run == nullptr) return;
    const Task& task = run->tasks[std::size_t(of.task)];
    const std::int32_t failed = task.author_budget_used + task.infrastructure_budget_used;
    Finding finding;
    finding.event = AlertEvent::kTaskFailed;
    finding.subject = subject_of_task(*run, task);
    finding.names = {task.spec->name, name_of_run(run->row)};
    finding.run = of.run;
    finding.task = of.task;
    finding.epoch = of.epoch;
    finding.text = "task " + of.name + " of run " + of.run.text() + " " + so + " after " +
                   std::to_string(failed) + (failed == 1 ? " attempt: " : " attempts: ") + reason;
    finding.next = "weir logs " + of.run.text() + "/" + of.name;
    finding.measure = failed;
    find_alerts(step, finding);
  }
};

void tick_requested(Step& step, const TickRow& tick) {
  Finding finding;
  finding.event = AlertEvent::kTickMissed;
  finding.subject = tick.schedule;
  finding.names = jobs_of_schedule(step.state, tick.schedule);
  finding.run = tick.run;
  finding.measure = std::max<std::int64_t>(ms_between(tick.nominal, tick.evaluated_at), 0);
  finding.text = "the run for " + utc_text(tick.nominal) + " of schedule " + tick.schedule +
                 " was asked for " + duration_words(finding.measure) + " late";
  finding.next = "weir schedules history " + tick.schedule;
  find_alerts(step, finding);
  for (const auto& [name, rule] : step.state.alerts.rules) {
    const bool late = rule.threshold > 0 && finding.measure >= rule.threshold;
    if (rule.event != finding.event || late) continue;
    resolve_alert(step, rule, tick.schedule,
                  "schedule " + tick.schedule + " made a run for " + utc_text(tick.nominal));
  }
}

}  // namespace

// In the order in which it happened: a schedule that has missed times and then makes a run works
// again.
void react_alerts(Step& step) {
  if (step.state.alerts.rules.empty()) return;
  auto tick = step.requested.begin();
  const auto follow_ticks = [&](std::size_t until) {
    for (; tick != step.requested.end() && tick->after <= until; ++tick) {
      tick_requested(step, tick->tick);
    }
  };
  for (std::size_t i = 0; i < step.events.size(); ++i) {
    if (PLANTED(kAlertLost) && i > 3) return;
    follow_ticks(i);
    std::visit(Reaction{step}, step.events[i].event);
  }
  follow_ticks(step.events.size());
}

void check_passed(Step& step, const AssetPartition& asset, const std::string& check) {
  if (step.state.alerts.firing.empty()) return;
  resolve_alerts(step, AlertEvent::kCheckFailed, subject_of_check(asset, check),
                 "check " + check + " of " + AssetPartitionView(asset).text() + " passed");
}

void disk_checked(Step& step, const DiskChecked& command) {
  step.state.disk_full = command.low;
  if (!command.low) {
    return resolve_alerts(step, AlertEvent::kDiskLow, kDisk, "the scheduler's disk has room again");
  }
  for (const auto& [key, id] : step.state.alerts.firing) {
    if (step.state.alerts.live.at(id).event == AlertEvent::kDiskLow) return;  // it is known
  }
  Finding finding;
  finding.event = AlertEvent::kDiskLow;
  finding.subject = kDisk;
  finding.text = "the scheduler's disk is nearly full, new runs are refused: " + command.why;
  finding.next = "weir doctor";
  find_alerts(step, finding);
}

}  // namespace weir::engine
