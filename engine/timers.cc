// The deadlines of both clocks. An entry whose cause has gone does nothing, so nobody removes
// entries; a lease that was renewed is armed again. Part of Engine's step: time is the command's,
// and what has not passed by then is left alone.
#include <utility>

#include "base/planted.h"
#include "engine/alerts/alert_step.h"
#include "engine/freshness/freshness_step.h"
#include "engine/schedules/schedule_step.h"
#include "engine/step.h"

namespace weir::engine {
namespace {

void fire_worker_lease(Step& step, Worker& worker) {
  worker.lease_timer = false;
  if (worker.lease_until > step.now.boot) {
    if (PLANTED(kLeaseTimerLost)) return;
    return arm_lease_timer(step, worker);
  }
  worker_lease_expired(step, worker);
}

void fire_prefetch(Step& step, Worker& worker) {
  worker.prefetch_timer = false;
  step.dispatch = true;  // which asks for unstarted attempts back when another worker is free
}

void fire_retry(Step& step, const Timer& timer) {
  Task* task = find_task(step.state, timer.task);
  const auto* retry = task == nullptr ? nullptr : std::get_if<UpForRetry>(&task->phase);
  if (retry == nullptr || retry->due > step.now.boot) return;
  make_ready(step, *find_run(step.state, timer.task.run), *task, "");
}

// G7: the worker did not confirm in time; its attempt is fenced and the task's end does not wait
// for it.
void fire_stop(Step& step, const Timer& timer) {
  Task* task = find_task(step.state, timer.task);
  const auto* leased = task == nullptr ? nullptr : std::get_if<Leased>(&task->phase);
  if (leased == nullptr || !leased->stop_deadline || *leased->stop_deadline > step.now.boot) return;
  Run& run = *find_run(step.state, timer.task.run);
  AttemptRow row = live_attempt_row(run, *task, *leased->attempt);
  row.outcome = OutcomeClass::kCanceled;
  row.message = "worker " + row.worker + " did not confirm the end in time; it is fenced";
  row.finished_at = step.now.wall;
  const std::string why = row.message;
  close_attempt(step, run, *task, std::move(row));
  end_task(step, run, *task, TaskState::kCanceled, why);
}

void fire_start_time(Step& step, const Timer& timer) { step.state.queue.make_due(timer.task.run); }
// One of a worker that has been forgotten since does nothing.
void fire_for_worker(Step& step, const Timer& timer) {
  const auto found = step.state.workers.find(timer.name);
  if (found == step.state.workers.end()) return;
  switch (timer.kind) {
    case TimerKind::kWorkerLease:
      return fire_worker_lease(step, found->second);
    case TimerKind::kPrefetch:
      return fire_prefetch(step, found->second);
    default:
      return forget_worker(step, found->second);
  }
}

void fire(Step& step, const Timer& timer) {
  switch (timer.kind) {
    case TimerKind::kWorkerLease:
    case TimerKind::kPrefetch:
    case TimerKind::kForgetWorker:
      return fire_for_worker(step, timer);
    case TimerKind::kRetry:
      return fire_retry(step, timer);
    case TimerKind::kStop:
      return fire_stop(step, timer);
    case TimerKind::kStartTime:
      return fire_start_time(step, timer);
    case TimerKind::kAdmission:
      return admit_runs(step);
    case TimerKind::kTick:
      return fire_tick(step, timer.name);
    case TimerKind::kOverlap:
      return enforce_overlap(step, timer.name);
    case TimerKind::kWithdraw:
      return end_withdrawn(step);
    case TimerKind::kFreshness:
      return fire_freshness(step, timer.name);
    case TimerKind::kMeasure:
      take_usual(step);
      return fire_measure(step);
    case TimerKind::kRebase:
      return rebase_schedules(step);
    case TimerKind::kSlowRun:
      return fire_slow_run(step, timer.name, timer.task.run);
  }
}

}  // namespace

void fire_timers(Step& step) {
  // What they cause is bounded by no request: many may have passed while the machine slept. Those
  // that are left have passed for the next step too.
  const auto enough = [&] {
    const auto records = step.effects.records.size() + step.events.size() + step.dirty_tasks.size();
    return std::int64_t(records) >= step.state.options.timer_records_max;
  };
  while (!enough()) {
    const auto passed = step.state.timers.pop_passed(step.now);
    if (!passed) return;
    fire(step, *passed);
  }
}

}  // namespace weir::engine
