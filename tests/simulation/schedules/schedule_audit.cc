// Checks schedules: see schedule_audit.h. A transaction is judged before it commits by what it
// writes, and the tables after every step by what must be in them by then. One thread, that of the
// simulation; ends the process at the first broken rule.
#include "tests/simulation/schedules/schedule_audit.h"

#include <algorithm>
#include <memory>

#include "calendar/cron_text.h"
#include "calendar/read_time.h"
#include "engine/states.h"
#include "scheduler/zones/zones.h"
#include "tests/simulation/require.h"
#include "tests/simulation/schedules/schedule_world.h"

namespace weir::simulation {

using engine::OriginKind;
using engine::QueueReason;
using engine::RunRow;
using engine::RunState;
using engine::ScheduleRow;
using engine::TickOutcome;
using engine::TickRow;
using module::CatchUp;
using module::Overlap;
using std::chrono::floor;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Duration kLateMax = seconds(2);  // of a tick, when nothing keeps the scheduler
constexpr Duration kStepMin = seconds(1);  // of a clock that is set forward, to be a downtime

// A run by hand, for now, stands between two seconds.
bool by_hand(const TickRow& tick) { return tick.nominal != floor<seconds>(tick.nominal); }
calendar::Instant whole(base::WallTime at) { return floor<seconds>(at); }
calendar::Instant end_of(const TickRow& tick) { return whole(tick.until.value_or(tick.nominal)); }

// Left out by a pause, an edit, or a module that does not declare it any more.
bool changed_meanwhile(const TickRow& tick) {
  return tick.outcome == TickOutcome::kSkipped && !tick.reason.starts_with("a day off") &&
         !tick.reason.starts_with("run ");
}

bool of_schedule(const RunRow& run) { return run.origin.kind == OriginKind::kSchedule; }
bool planned(const RunRow& run) {
  return !engine::terminal(run.state) && run.queued_for == QueueReason::kNone;
}

}  // namespace

// ---- of a transaction ----

void ScheduleAudit::on_begin() {
  ticks_.clear();
  made_.clear();
  begun_.clear();
  paused_before_.clear();
}

void ScheduleAudit::on_write(const engine::Record& record) {
  std::visit([this](const auto& its) { row(its); }, record);
}

void ScheduleAudit::row(const ScheduleRow& row) {
  changed_.insert(row.name);
  const auto* old = tables_.schedules.find(row.name);
  paused_before_.emplace(row.name, old != nullptr && old->paused);
  if (row.retired) coverage_.add(Seen::kScheduleRetired);
  if (!row.paused && row.changed_by == "the end of its pause") coverage_.add(Seen::kPauseEnded);
  const bool same = old != nullptr && old->spec.overlap == row.spec.overlap && !row.retired &&
                    !row.deleted && !old->retired;
  if (same) return;
  for (const auto& [id, run] : tables_.runs.rows()) {
    if (!of_schedule(run) || run.origin.reference != row.name) continue;
    if (!engine::terminal(run.state)) released_.insert(id);
  }
}

void ScheduleAudit::row(const TickRow& row) {
  changed_.insert(row.schedule);
  const bool fresh = tables_.ticks.find({row.schedule, row.nominal}) == nullptr;
  const auto at = ticks_.try_emplace({row.schedule, row.nominal}, Written{row, fresh}).first;
  at->second.row = row;
}

void ScheduleAudit::row(const RunRow& row) {
  if (!of_schedule(row)) return;
  const auto* old = tables_.runs.find(row.id);
  if (old == nullptr) made_.insert(row.id);
  if (row.message.starts_with("canceled for")) coverage_.add(Seen::kRunCanceledForTick);
  if (planned(row) && (old == nullptr || !planned(*old))) begun_.insert(row.id);
}

void ScheduleAudit::on_commit(base::Now now, const std::set<base::RunId>& set_aside) {
  latest_ = std::max(latest_, now.wall);
  for (auto& [key, written] : ticks_) {
    if (written.row.withdrawn) {
      coverage_.add(Seen::kTickWithdrawn);
      continue;
    }
    check_tick(written.row, now);
    check_caught_up(written, now);
  }
  for (const base::RunId id : made_) check_new_run(*tables_.runs.find(id));
  for (const base::RunId id : begun_) check_overlap(*tables_.runs.find(id), set_aside);
}

void ScheduleAudit::check_tick(const TickRow& tick, base::Now now) const {
  require(tick.evaluated_at <= latest_, "a tick was evaluated in the future", tick);
  require(tick.nominal <= tick.evaluated_at || by_hand(tick), "a tick is early", tick);
  require(!by_hand(tick) || tick.nominal - now.wall < seconds(1),
          "a run by hand is of another time", tick);
  require(!tick.until || *tick.until <= latest_, "a stretch reaches into the future", tick);
  require(!tick.until || *tick.until >= tick.nominal, "a stretch ends before it begins", tick);
  require(!tick.until || tick.outcome != TickOutcome::kRequested, "a stretch has a run", tick);
  check_made(tick);
  count_tick(tick);
}

void ScheduleAudit::check_made(const TickRow& tick) const {
  const bool runs =
      tick.outcome == TickOutcome::kRequested || tick.outcome == TickOutcome::kSuperseded;
  require(runs == bool(tick.run), "a tick has a run, or has none, against its outcome", tick);
  if (!runs) return;
  const RunRow* run = tables_.runs.find(tick.run);
  require(run != nullptr, "a tick names a run that is not there", tick);
  require(of_schedule(*run) && run->origin.reference == tick.schedule &&
              run->origin.nominal == tick.nominal,
          "a tick names the run of another", tick);
  require(tick.outcome != TickOutcome::kSuperseded || run->state == RunState::kCanceled,
          "the run of a superseded tick goes on", tick);
}

void ScheduleAudit::check_new_run(const RunRow& run) const {
  require(run.origin.nominal.has_value(), "a run of a schedule is of no time", run);
  const auto written = ticks_.find({run.origin.reference, *run.origin.nominal});
  require(written != ticks_.end() && written->second.row.run == run.id,
          "a run of a schedule and its tick are apart", run);
  const TickRow& tick = written->second.row;
  for (const auto& [id, other] : tables_.runs.rows()) {
    if (id == run.id || !(other.origin == run.origin)) continue;
    require(!tick.triggered_by.empty() && engine::terminal(other.state),
            "a time has two runs of its schedule", run);
  }
  const auto* schedule = tables_.schedules.find(tick.schedule);
  const auto before = paused_before_.find(tick.schedule);
  const bool pause =
      schedule != nullptr && schedule->paused && (before == paused_before_.end() || before->second);
  require(!pause || !tick.triggered_by.empty(), "a paused schedule makes a run", tick);
}

// What begins to run, and is not asked for by hand, begins alone.
void ScheduleAudit::check_overlap(const RunRow& run, const std::set<base::RunId>& set_aside) const {
  const auto* schedule = tables_.schedules.find(run.origin.reference);
  const auto* tick = tables_.ticks.find({run.origin.reference, *run.origin.nominal});
  const bool free = schedule == nullptr || schedule->retired || released_.contains(run.id) ||
                    schedule->spec.overlap == Overlap::kAllow || tick == nullptr ||
                    !tick->triggered_by.empty() || !planned(run);
  if (free) return;
  for (const auto& [id, other] : tables_.runs.rows()) {
    if (id == run.id || !of_schedule(other) || !planned(other)) continue;
    if (other.origin.reference != run.origin.reference || set_aside.contains(id)) continue;
    const auto* its = tables_.ticks.find({other.origin.reference, *other.origin.nominal});
    const bool beside = its != nullptr && !its->triggered_by.empty() && run.id < id;
    require(beside, "two runs of a schedule overlap", run);
  }
}

// Of times that passed while nobody looked: as many as the definition says, and the newest.
void ScheduleAudit::check_caught_up(const Written& written, base::Now now) {
  const TickRow& tick = written.row;
  const auto* schedule = tables_.schedules.find(tick.schedule);
  const bool judged = downtime_ && written.fresh && schedule != nullptr && !schedule->retired &&
                      schedule->spec.jitter_ms == 0 && tick.triggered_by.empty() &&
                      tick.evaluated_at == now.wall && tick.nominal <= whole(*downtime_) &&
                      tick.nominal > schedule->since && !by_hand(tick);
  if (!judged) return;
  const Known known = know(*schedule);
  if (!known.occurrences) return;
  if (tick.outcome == TickOutcome::kMissed) {
    coverage_.add(Seen::kTicksMissed);
    return check_missed(tick, *known.occurrences, *schedule);
  }
  if (changed_meanwhile(tick)) return;
  const Instant nominal = whole(tick.nominal);
  const bool day_off = !known.occurrences->last_until(nominal)->day_off.empty();
  require(day_off == tick.reason.starts_with("a day off"), "a day off is not told from others",
          tick);
  if (day_off) {
    return require(!known.occurrences->last_until(end_of(tick))->day_off.empty(),
                   "more than days off are skipped", tick);
  }
  coverage_.add(Seen::kTickCaughtUp);
  const module::ScheduleSpec& spec = schedule->spec;
  require(
      base::WallTime(nominal) >= *downtime_ - milliseconds(spec.catch_up_window_ms) - seconds(1),
      "a time outside the catch-up window is made up for", tick);
  const int most = spec.catch_up == CatchUp::kNone     ? 0
                   : spec.catch_up == CatchUp::kLatest ? 1
                                                       : spec.catch_up_runs;
  const int count = ++caught_up_[tick.schedule];
  require(spec.catch_up == CatchUp::kAll || count <= most, "catch-up makes up for too many", tick);
}

void ScheduleAudit::check_missed(const TickRow& tick, const calendar::Occurrences& occurrences,
                                 const ScheduleRow& schedule) const {
  const module::ScheduleSpec& spec = schedule.spec;
  for (const auto& off : spec.days_off) {
    const Instant begin = (*zones::shared_zone(spec.zone))->fires_at(*calendar::read_day(off.day));
    const auto first = occurrences.next_after(std::max(whole(tick.nominal), begin) - seconds(1));
    require(!first || first->day_off.empty() || first->at > end_of(tick), "a day off was missed",
            tick);
  }
  const base::WallTime window = *downtime_ - milliseconds(spec.catch_up_window_ms) + seconds(1);
  int needed = spec.catch_up == CatchUp::kNone     ? 0
               : spec.catch_up == CatchUp::kLatest ? 1
                                                   : spec.catch_up_runs;
  if (spec.catch_up == CatchUp::kAll) needed = 1'000'000;
  auto made_up = occurrences.last_due_until(whole(*downtime_));
  for (; needed > 0 && made_up && base::WallTime(made_up->at) >= window; --needed) {
    if (base::WallTime(made_up->at) < tick.nominal || made_up->at <= schedule.since) return;
    require(made_up->at > end_of(tick), "catch-up leaves out what it should make up for", tick);
    made_up = occurrences.last_due_until(made_up->at - seconds(1));
  }
}

void ScheduleAudit::count_tick(const TickRow& tick) const {
  const bool triggered = !tick.triggered_by.empty();
  if (triggered) coverage_.add(by_hand(tick) ? Seen::kTriggered : Seen::kTriggeredForPast);
  switch (tick.outcome) {
    case TickOutcome::kRequested:
      return coverage_.add(Seen::kTickRequested);
    case TickOutcome::kSuperseded:
      return coverage_.add(Seen::kTickSuperseded);
    case TickOutcome::kFailed:
      return coverage_.add(Seen::kTickFailed);
    case TickOutcome::kMissed:
      return;
    case TickOutcome::kSkipped:
      if (tick.reason.starts_with("a day off")) coverage_.add(Seen::kDayOff);
      if (tick.reason.starts_with("run ")) coverage_.add(Seen::kTickSkippedForOverlap);
      if (tick.reason.starts_with("paused")) coverage_.add(Seen::kTicksOfPause);
  }
}

// ---- of the scheduler ----

void ScheduleAudit::died() {
  known_.clear();
  last_.reset();
}

void ScheduleAudit::restored(base::Now now, Duration at) {
  died();
  last_ = now;
  note_ahead(now.wall);
  end_downtime(now.wall, at);
}

// Those that have no run are taken back.
void ScheduleAudit::note_ahead(base::WallTime now) {
  for (const auto& [key, tick] : tables_.ticks.rows()) {
    if (tick.nominal > now && tick.run) ahead_.insert({tick.schedule, tick.nominal});
  }
}

void ScheduleAudit::end_downtime(base::WallTime now, Duration at) {
  downtime_ = now;
  disturbed_ = at;
  caught_up_.clear();
}

void ScheduleAudit::observe(base::Now now, Duration at) {
  const auto last = std::exchange(last_, now);
  latest_ = std::max(latest_, now.wall);
  if (!last) return;
  if (now.wall < last->wall) {
    disturbed_ = at;
    if (downtime_) downtime_ = std::min(*downtime_, now.wall);
    known_.clear();  // what was in time by that clock is now ahead of it
    note_ahead(now.wall);
    return;
  }
  const Duration ahead = (now.wall - last->wall) - (now.boot - last->boot);
  if (ahead > kStepMin) end_downtime(now.wall, at);
}

ScheduleAudit::Known ScheduleAudit::know(const ScheduleRow& row) const {
  Known known{row, {}, {}};
  const auto zone = zones::shared_zone(row.spec.zone);
  if (!zone.ok()) return known;
  std::vector<calendar::Cron> crons;
  for (const std::string& text : row.spec.crons) crons.push_back(*calendar::read_cron(text));
  calendar::Occurrences::Limits limits;
  if (!row.spec.start.empty()) limits.start = *calendar::read_time(row.spec.start, **zone);
  if (!row.spec.end.empty()) limits.end = *calendar::read_time(row.spec.end, **zone);
  calendar::DaysOff days;
  for (const auto& off : row.spec.days_off)
    days.emplace(*calendar::read_day(off.day), off.calendar);
  known.occurrences.emplace(std::move(crons), *zone, limits, std::move(days));
  const auto first = known.occurrences->next_after(whole(row.since));
  if (first) known.next = first->at;
  return known;
}

const TickRow* ScheduleAudit::tick_before(const std::string& schedule, base::WallTime t) const {
  const auto& ticks = tables_.ticks.rows();
  for (auto at = ticks.upper_bound({schedule, t}); at != ticks.begin();) {
    --at;
    if (at->second.schedule != schedule) return nullptr;
    if (!by_hand(at->second)) return &at->second;
  }
  return nullptr;
}

const TickRow* ScheduleAudit::tick_in_turn(const std::string& schedule, base::WallTime t) const {
  const TickRow* tick = tick_before(schedule, t);
  while (tick != nullptr && ahead_.contains({schedule, tick->nominal})) {
    tick = tick_before(schedule, tick->nominal - Duration(1));
  }
  return tick;
}

// To the first time without an outcome.
void ScheduleAudit::advance(Known& known) const {
  while (known.next) {
    const TickRow* tick = tick_before(known.row.name, *known.next);
    if (tick == nullptr || end_of(*tick) < *known.next) return;
    const auto next = known.occurrences->next_after(end_of(*tick));
    known.next = next ? std::optional(next->at) : std::nullopt;
  }
}

void ScheduleAudit::require_covered(Known& known, Instant until, const char* when) const {
  advance(known);
  expect_that(!known.next || *known.next > until, [&] {
    return "a time of " + known.row.name + " has no outcome " + when + ": " +
           time_text(*known.next);
  });
}

// No stretch overlaps another, or a single time.
void ScheduleAudit::check_apart(const std::string& schedule) const {
  const auto& ticks = tables_.ticks.rows();
  const TickRow* before = nullptr;
  for (auto at = ticks.lower_bound({schedule, base::WallTime::min()});
       at != ticks.end() && at->second.schedule == schedule; ++at) {
    if (by_hand(at->second)) continue;
    require(before == nullptr || end_of(*before) < whole(at->second.nominal),
            "a time has two outcomes", at->second);
    before = &at->second;
  }
}

void ScheduleAudit::check(base::Now now, Duration at) {
  const bool quiet = at - disturbed_ > kLateMax;
  for (const std::string& name : std::exchange(changed_, {})) {
    check_apart(name);
    const auto* row = tables_.schedules.find(name);
    const auto known = known_.find(name);
    if (known == known_.end()) continue;
    const ScheduleRow& old = known->second.row;
    const bool ends = row == nullptr || row->since != old.since || row->retired != old.retired;
    if (ends && !old.retired && old.since <= now.wall) {
      const base::WallTime end = row == nullptr ? now.wall : row->changed_at;
      require_covered(known->second, whole(end), "when it changed");
    }
    const bool same = row != nullptr && !ends && row->paused == old.paused && row->spec == old.spec;
    if (!same) known_.erase(known);
  }
  for (const auto& [name, row] : tables_.schedules.rows()) {
    if (row.retired || row.since > now.wall) continue;
    const auto [known, fresh] = known_.try_emplace(name);
    if (fresh) known->second = know(row);
    check_one(known->second, now, quiet);
  }
}

void ScheduleAudit::check_one(Known& known, base::Now now, bool quiet) const {
  advance(known);
  if (!known.next) return;
  const TickRow* newest = tick_in_turn(known.row.name, now.wall);
  const bool gap = newest != nullptr && newest->nominal > *known.next;
  expect_that(!gap || known.row.paused, [&] {
    return "a time was left out: " + time_text(*known.next) + ", before " +
           engine::record_text(*newest) + "; " + engine::record_text(known.row);
  });
  const base::WallTime due =
      base::WallTime(*known.next) + milliseconds(known.row.spec.jitter_ms) + kLateMax;
  expect_that(!quiet || known.row.paused || now.wall <= due, [&] {
    return "a tick does not come: " + time_text(*known.next) + ", at " + time_text(now.wall) +
           "; " + engine::record_text(known.row);
  });
}

void ScheduleAudit::at_the_end(const std::set<base::RunId>& set_aside) const {
  for (const auto& [name, row] : tables_.schedules.rows()) check_apart(name);
  for (const auto& [key, tick] : tables_.ticks.rows()) {
    if (!set_aside.contains(tick.run)) check_made(tick);
  }
}

}  // namespace weir::simulation
