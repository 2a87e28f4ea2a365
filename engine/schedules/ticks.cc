// Nominal times as they come: each gets its row with its outcome before anything is launched. What
// passed while nobody looked (the scheduler was down, the clock was set forward, the machine slept)
// is judged once, by the schedule's catch-up; a clock that is set back repeats nothing. Part of
// Engine's step.
#include <algorithm>
#include <utility>

#include "base/planted.h"
#include "base/text.h"
#include "engine/alerts/alert_step.h"
#include "engine/schedules/occurrences.h"
#include "engine/schedules/schedule_step.h"

namespace weir::engine {
namespace {

using calendar::Instant;
using std::chrono::milliseconds;
using std::chrono::seconds;

// The wall clock was set forward when it runs ahead of the boot clock by more between two steps.
constexpr Duration kClockStepMin = seconds(1);
// Later than that a tick fell into a time in which nobody looked: the machine slept.
constexpr Duration kTickLateMax = seconds(60);
constexpr std::size_t kRebasedPerStepMax = 1'000;  // more of them wait for the next step

Instant floor_seconds(WallTime at) { return std::chrono::floor<seconds>(at); }

// The last nominal time up to `t` that is due by then.
std::optional<calendar::Occurrence> last_passed(const Schedule& schedule, Instant t) {
  auto last = schedule.occurrences()->last_until(t);
  while (last && due_at(schedule.name(), schedule.spec().jitter_ms, last->at) > t) {
    last = schedule.occurrences()->last_until(last->at - seconds(1));
  }
  return last;
}

// From when on the times of a downtime that ended at `end` are made up for; after `end`: none is.
Instant caught_up_from(const Schedule& schedule, Instant last, Instant end) {
  const module::ScheduleSpec& spec = schedule.spec();
  const Instant none = last + seconds(1);
  const Instant window = std::chrono::ceil<seconds>(end - milliseconds(spec.catch_up_window_ms));
  std::int32_t runs = 0;
  switch (spec.catch_up) {
    case module::CatchUp::kNone:
      return none;
    case module::CatchUp::kAll:
      return std::min(window, none);
    case module::CatchUp::kLatest:
      runs = 1;
      break;
    case module::CatchUp::kLast:
      runs = spec.catch_up_runs;
  }
  if (PLANTED(kCatchUpOffByOne)) ++runs;
  Instant from = none;
  const Instant limit = std::max(window, schedule.until + seconds(1));
  auto tick = schedule.occurrences()->last_due_until(last);
  for (; runs > 0 && tick && tick->at >= limit; --runs) {
    from = tick->at;
    tick = schedule.occurrences()->last_due_until(tick->at - seconds(1));
  }
  return from;
}

std::string day_off_text(const calendar::Occurrence& time) {
  return "a day off of '" + time.day_off + "'";
}

std::string missed_because(const Schedule& schedule) {
  const module::ScheduleSpec& spec = schedule.spec();
  std::string text = "it passed while the scheduler was down or the clock was set; catch-up: ";
  text += base::word_of(spec.catch_up);
  if (spec.catch_up == module::CatchUp::kLast) text += " " + std::to_string(spec.catch_up_runs);
  return text + " within " + base::span_words(milliseconds(spec.catch_up_window_ms));
}

// The nominal times after `after` and up to `last`, as one row if there are any; but where they
// were missed, days off have rows of their own.
void record_part(Step& step, const Schedule& schedule, Instant after, Instant last,
                 TickOutcome outcome, const std::string& reason) {
  const calendar::Occurrences& times = *schedule.occurrences();
  for (auto first = times.next_after(after); first && first->at <= last;) {
    const bool missed = outcome == TickOutcome::kMissed;
    const Instant end = (missed ? times.last_alike(*first, last) : *times.last_until(last)).at;
    const bool off = missed && !first->day_off.empty();
    TickRow row;
    row.schedule = schedule.name();
    row.nominal = first->at;
    if (end > first->at) row.until = end;
    row.outcome = off ? TickOutcome::kSkipped : outcome;
    row.evaluated_at = step.now.wall;
    row.reason = off ? day_off_text(*first) : reason;
    write_tick(step, std::move(row));
    first = times.next_after(end);
  }
}

// The nominal times after `until` and up to `last`; those that have their outcome already part
// them.
void record_stretch(Step& step, Schedule& schedule, Instant last, TickOutcome outcome,
                    const std::string& reason) {
  Instant after = schedule.until;
  while (!schedule.ahead.empty() && schedule.ahead.front() <= last) {
    const Instant there = schedule.ahead.front();
    schedule.ahead.erase(schedule.ahead.begin());
    record_part(step, schedule, after, there - seconds(1), outcome, reason);
    after = std::max(after, there);
  }
  record_part(step, schedule, after, last, outcome, reason);
}

void settle_downtime(Step& step, Schedule& schedule) {
  const Instant end = floor_seconds(step.state.downtime_until);
  schedule.settled = end;
  const auto last = last_passed(schedule, end);
  if (last && last->at > schedule.until) {
    const Instant from = caught_up_from(schedule, last->at, end);
    record_stretch(step, schedule, from - seconds(1), TickOutcome::kMissed,
                   missed_because(schedule));
    schedule.until = std::max(schedule.until, from - seconds(1));
  }
  arm_tick(step.state, schedule);
}

void take_tick(Step& step, Schedule& schedule) {
  TickRow tick;
  tick.schedule = schedule.name();
  tick.nominal = schedule.next;
  tick.evaluated_at = step.now.wall;
  const WallTime due = *schedule.due;
  schedule.until = schedule.next;
  const calendar::Occurrence time = schedule.occurrences()->at(schedule.next);
  if (time.day_off.empty()) {
    request_run(step, schedule, tick);
  } else {
    tick.outcome = TickOutcome::kSkipped;
    tick.reason = day_off_text(time);
  }
  write_tick(step, std::move(tick));
  arm_tick(step.state, schedule);
  // One with a smaller share of the jitter has waited for it, and is not late.
  if (schedule.due) schedule.due = std::max(*schedule.due, due);
}

// What was recorded by a clock that was ahead: a time keeps its run, and all else comes again.
void rebase(Step& step, Schedule& schedule, const std::vector<TickRow>& ticks) {
  const Instant now = floor_seconds(step.now.wall);
  if (schedule.since > step.now.wall) {
    schedule.since = step.now.wall;
    write(step, schedule_row(schedule));
  }
  schedule.settled = {};
  schedule.ahead.clear();
  schedule.until = floor_seconds(schedule.since);
  for (const TickRow& tick : ticks) {
    const bool whole = tick.nominal == WallTime(floor_seconds(tick.nominal));
    if (!whole) continue;  // a run by hand
    const Instant first = floor_seconds(tick.nominal);
    if (first > now && tick.run) {
      if (!PLANTED(kTimesRepeated)) schedule.ahead.push_back(first);
      continue;
    }
    Instant last = tick.until ? floor_seconds(*tick.until) : first;
    if (last > now) {
      TickRow cut = tick;
      cut.withdrawn = first > now;
      const auto end =
          schedule.occurrences() ? schedule.occurrences()->last_until(now) : std::nullopt;
      if (!cut.withdrawn) cut.until = end ? std::max(end->at, first) : now;
      write(step, std::move(cut));
      last = std::min(last, now);
    }
    if (first <= now) schedule.until = std::max(schedule.until, last);
  }
  schedule.until = std::min(schedule.until, now);
  arm_tick(step.state, schedule);
  keep_mark(step, schedule);
}

}  // namespace

void observe_clock(Step& step) {
  State& state = step.state;
  if (const auto& last = state.last_now) {
    const Duration passed = std::max(step.now.boot - last->boot, Duration::zero());
    if (step.now.wall - last->wall > passed + kClockStepMin) state.downtime_until = step.now.wall;
    if (step.now.wall < last->wall) {
      state.rebase = true;
      state.downtime_until = std::min(state.downtime_until, step.now.wall);
      for (const auto& [asset, policy] : state.freshness) step.renewed.insert(asset);
    }
  }
  const auto boot = state.last_now ? std::max(state.last_now->boot, step.now.boot) : step.now.boot;
  state.last_now = base::Now{step.now.wall, boot};
}

void arm_reads(State& state, base::Now now) {
  if (!state.withdrawn.empty() && !std::exchange(state.withdrawal_timer, true)) {
    state.timers.push({now.boot, TimerKind::kWithdraw, "", {}});
  }
  const bool measures = !state.measured_for.empty() || !state.alerts.unmeasured.empty();
  if (measures && !std::exchange(state.measure_timer, true)) {
    state.timers.push({now.boot, TimerKind::kMeasure, "", {}});
  }
  if (state.rebase && !std::exchange(state.rebase_timer, true)) {
    state.timers.push({now.boot, TimerKind::kRebase, "", {}});
  }
}

void write_tick(Step& step, TickRow row) {
  if (row.outcome != TickOutcome::kRequested) {
    emit(step, TickRecorded{row.schedule, row.nominal, row.outcome, row.reason});
  } else if (row.triggered_by.empty() && !step.state.alerts.rules.empty()) {
    step.requested.push_back({step.events.size(), row});
  }
  write(step, std::move(row));
}

bool mark_ahead(Schedule& schedule) {
  std::erase_if(schedule.ahead, [&](Instant at) { return at <= schedule.until; });
  std::optional<WallTime> mark;
  if (!schedule.ahead.empty()) mark = schedule.until;
  return std::exchange(schedule.recorded_until, mark) != mark;
}

void keep_mark(Step& step, Schedule& schedule) {
  if (mark_ahead(schedule)) write(step, schedule_row(schedule));
}

void arm_tick(State& state, Schedule& schedule) {
  const std::string name(schedule.name());
  schedule.due.reset();
  if (schedule.pause != nullptr && schedule.pause->until && !schedule.retired) {
    state.timers.push({*schedule.pause->until, TimerKind::kTick, name, {}});
  }
  if (!schedule.fires()) return;
  const auto& ahead = schedule.ahead;
  auto next = schedule.occurrences()->next_after(schedule.until);
  while (next && std::binary_search(ahead.begin(), ahead.end(), next->at)) {
    next = schedule.occurrences()->next_after(next->at);
  }
  if (!next) return;
  schedule.next = next->at;
  schedule.due = due_at(name, schedule.spec().jitter_ms, schedule.next);
  state.timers.push({*schedule.due, TimerKind::kTick, name, {}});
}

void fire_tick(Step& step, const std::string& name) {
  State& state = step.state;
  const auto found = state.schedules.find(name);
  if (found == state.schedules.end()) return;
  Schedule& schedule = found->second;
  const SchedulePause* pause = schedule.pause.get();
  if (pause != nullptr && pause->until && *pause->until <= step.now.wall) {
    return resume_schedule(step, schedule, "the end of its pause");
  }
  if (!schedule.due || *schedule.due > step.now.wall) return;
  if (step.now.wall - *schedule.due > kTickLateMax) state.downtime_until = step.now.wall;
  if (*schedule.due <= state.downtime_until &&
      schedule.settled != floor_seconds(state.downtime_until)) {
    settle_downtime(step, schedule);
  }
  if (schedule.due && *schedule.due <= step.now.wall) take_tick(step, schedule);
  keep_mark(step, schedule);
}

void take_over_ticks(Step& step, Schedule& schedule) {
  const auto ticks = step.facts.ticks.find(schedule.name());
  if (ticks == step.facts.ticks.end()) return;
  const bool ahead = std::any_of(
      ticks->second.begin(), ticks->second.end(),
      [&](const TickRow& tick) { return tick.until.value_or(tick.nominal) > step.now.wall; });
  if (ahead) rebase(step, schedule, ticks->second);
}

void settle_stretch(Step& step, Schedule& schedule, Instant last, TickOutcome outcome,
                    const std::string& reason) {
  if (schedule.occurrences() != nullptr && schedule.until < last) {
    record_stretch(step, schedule, last, outcome, reason);
  }
  schedule.until = std::max(schedule.until, last);
}

std::vector<Reads::Ticks> ticks_ahead(const State& state, WallTime now) {
  std::vector<Reads::Ticks> wanted;
  for (const auto& [name, schedule] : state.schedules) {
    if (schedule.until <= now) continue;
    wanted.push_back({name, now + Duration(1), WallTime::max()});
    if (wanted.size() == kRebasedPerStepMax) break;
  }
  return wanted;
}

void rebase_schedules(Step& step) {
  step.state.rebase_timer = false;
  step.state.rebase = false;
  for (auto& [name, schedule] : step.state.schedules) {
    if (schedule.until <= step.now.wall) continue;
    const auto ticks = step.facts.ticks.find(name);
    if (ticks == step.facts.ticks.end()) {
      step.state.rebase = true;  // not read for this step: the next one's
    } else {
      rebase(step, schedule, ticks->second);
    }
  }
}

}  // namespace weir::engine
