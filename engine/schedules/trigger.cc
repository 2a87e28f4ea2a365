// Runs of a schedule by hand: one for now, beside those of its times, or one for a time that made
// none. A time that lies in a stretch is cut out of it, so that it has one outcome and no other.
// Part of Engine's step.
#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "engine/schedules/occurrences.h"
#include "engine/schedules/schedule_step.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Status;
using calendar::Instant;
using std::chrono::seconds;

Status refuse(Code code, std::string text) { return {code, base::kErrUsage, std::move(text)}; }

// Now, or as soon after it as no other run by hand is for: between two whole seconds, which are the
// cron's.
WallTime time_by_hand(const std::vector<TickRow>& ticks, WallTime now) {
  WallTime nominal = now;
  if (nominal == WallTime(std::chrono::floor<seconds>(nominal))) nominal += Duration(1);
  for (const TickRow& tick : ticks) {
    if (tick.nominal == nominal) nominal += Duration(1);
  }
  return nominal;
}

Status check_nominal(const Step& step, const Schedule& schedule, WallTime nominal) {
  const std::string when = utc_text(nominal);
  if (schedule.occurrences() == nullptr) {
    return refuse(Code::kFailedPrecondition,
                  "the time zone '" + schedule.spec().zone + "' cannot be read on this machine");
  }
  const Instant at = std::chrono::floor<seconds>(nominal);
  const auto found = schedule.occurrences()->next_after(at - seconds(1));
  if (WallTime(at) != nominal || !found || found->at != at) {
    std::string text = when + " is no time of schedule '" + schedule.name() + "'";
    if (const auto before = schedule.occurrences()->last_until(at)) {
      text += "; the one before is " + utc_text(before->at);
    }
    if (found) text += ", the next " + utc_text(found->at);
    return refuse(Code::kInvalidArgument, std::move(text));
  }
  if (nominal > step.now.wall) {
    return refuse(Code::kFailedPrecondition, when + " has not come yet; it runs by itself then");
  }
  if (at > schedule.until && schedule.pause == nullptr) {
    return refuse(Code::kFailedPrecondition,
                  when +
                      " has just come and is about to be evaluated; look at `weir schedules "
                      "history " +
                      schedule.name() + "`");
  }
  return {};
}

// What is left of a stretch on both sides of a time.
void cut_out(Step& step, const TickRow& stretch, WallTime nominal) {
  if (stretch.nominal < nominal) {
    TickRow before = stretch;
    before.until = nominal - seconds(1);
    write(step, std::move(before));
  }
  if (*stretch.until > nominal) {
    TickRow after = stretch;
    after.nominal = nominal + seconds(1);
    write(step, std::move(after));
  }
}

Status check_unused(const std::vector<TickRow>& ticks, WallTime nominal) {
  for (const TickRow& tick : ticks) {
    if (tick.nominal != nominal || tick.outcome != TickOutcome::kRequested) continue;
    return Status(Code::kAlreadyExists, base::kErrUsage,
                  utc_text(nominal) + " has its run already, " + tick.run.text() +
                      "; to run it once more, start its job: weir run JOB --at " +
                      utc_text(nominal));
  }
  return {};
}

// The stretch that the time lies in, written or of the pause that still goes on, ends before it.
void make_room(Step& step, Schedule& schedule, const std::vector<TickRow>& ticks,
               WallTime nominal) {
  for (const TickRow& tick : ticks) {
    if (tick.until && tick.nominal <= nominal && *tick.until >= nominal) {
      return cut_out(step, tick, nominal);
    }
  }
  const Instant at = std::chrono::floor<seconds>(nominal);
  if (at <= schedule.until) return;
  settle_stretch(step, schedule, at - seconds(1), TickOutcome::kSkipped, pause_text(schedule));
  schedule.until = at;
  keep_mark(step, schedule);
}

Status trigger(Step& step, const TriggerSchedule& command, TickRow& tick) {
  auto found = find_schedule(step.state, command.name);
  if (!found.ok()) return found.status();
  Schedule& schedule = **found;
  if (schedule.retired) {
    return refuse(Code::kFailedPrecondition,
                  "the module of schedule '" + schedule.name() + "' no longer declares it");
  }
  tick.schedule = schedule.name();
  tick.evaluated_at = step.now.wall;
  tick.triggered_by = who(command.by);
  const auto ticks = step.facts.ticks.find(schedule.name());
  static const std::vector<TickRow> kNone;
  const auto& there = ticks == step.facts.ticks.end() ? kNone : ticks->second;
  if (!command.nominal) {
    tick.nominal = time_by_hand(there, step.now.wall);
    request_run(step, schedule, tick);
  } else {
    tick.nominal = *command.nominal;
    if (Status status = check_unused(there, tick.nominal); !status.ok()) return status;
    if (Status status = check_nominal(step, schedule, tick.nominal); !status.ok()) return status;
    request_run(step, schedule, tick);
    if (tick.outcome != TickOutcome::kFailed) make_room(step, schedule, there, tick.nominal);
  }
  if (tick.outcome != TickOutcome::kFailed) return {};
  return Status(Code::kFailedPrecondition, base::kErrUsage, tick.reason);
}

}  // namespace

std::vector<Reads::Ticks> ticks_to_trigger(State& state, const TriggerSchedule& command,
                                           WallTime now) {
  const auto schedule = find_schedule(state, command.name);
  if (!schedule.ok()) return {};
  const std::string& name = (*schedule)->name();
  if (!command.nominal) return {{name, now, now + seconds(1)}};
  return {{name, *command.nominal, *command.nominal}};
}

void trigger_schedule(Step& step, const TriggerSchedule& command) {
  if (answered_before(step, command.request)) return;
  TickRow tick;
  if (Status status = trigger(step, command, tick); !status.ok()) {
    return reply(step, command.request, std::move(status));
  }
  const RunId run = tick.run;
  write_tick(step, std::move(tick));
  reply(step, command.request, {}, run);
}

}  // namespace weir::engine
