// The sweep: see retention.h. It goes through runs, events, alerts and ticks in the order of their
// keys and remembers where it stands; a run that goes loses its own row first, in the same
// transaction a note of it is made, and what else there is of it follows by that note, also after a
// restart. On the thread of the write connection; opens and commits nothing.
#include "scheduler/store/retention/retention.h"

#include <algorithm>
#include <utility>

#include "engine/records.h"
#include "engine/runs/durations.h"
#include "scheduler/store/row_codec.h"

namespace weir::store {

using base::Result;
using base::Status;
using base::WallTime;

namespace {

constexpr auto kClockStepMin = std::chrono::minutes(1);
constexpr int kScheduleCost = 50;  // of the thousand ticks of one that are counted, in rows

// Times of a clock that was ahead are passed over: what came after them is not young for that.
constexpr bool young(WallTime at, WallTime from, WallTime now) { return at >= from && at <= now; }

}  // namespace

enum class Retention::Query : std::size_t {
  kLeftOver,
  kNote,
  kForgetNote,
  kNextRun,
  kRetried,
  kTasks,
  kMadeWhatIsKept,
  kDeleteRun,
  kDeleteCounts,
  kDeleteTasks,
  kDeleteAttempts,
  kDeleteChecks,
  kEventsEnd,
  kYoungEvent,
  kPrunedTo,
  kDeleteEvents,
  kAlertsEnd,
  kYoungAlert,
  kDeleteAlerts,
  kNextSchedule,
  kOldestTick,
  kTickByRank,
  kNewestOfCron,
  kDeleteTicks,
  kCount,
};

namespace {

// Of the tasks from ?2 to before ?3: whether one made a version that is kept with its run, because
// it is current, or one of those whose making tells how long the next will take.
std::string made_what_is_kept() {
  const std::string count = std::to_string(engine::Durations::kKept);
  return "SELECT 1 FROM (SELECT CASE WHEN json_valid(outputs) THEN outputs ELSE '[]' END AS "
         "versions FROM tasks WHERE run_id=?1 AND task>=?2 AND task<?3), json_each(versions) AS "
         "output CROSS JOIN materializations AS made ON made.id=output.value ->> 2 "
         "WHERE made.run_id=?1 AND (EXISTS (SELECT 1 FROM asset_partitions AS part WHERE "
         "part.asset=made.asset AND part.partition=made.partition AND "
         "part.materialization=made.id) OR (made.partition='' AND " +
         count +
         ">(SELECT count(*) FROM (SELECT 1 FROM materializations AS newer WHERE "
         "newer.asset=made.asset AND newer.partition='' AND newer.id>made.id LIMIT " +
         count + ")))) LIMIT 1";
}

constexpr const char* kOldEvents =
    "seq>?1 AND seq<=?2 AND at<?3 AND seq<(SELECT max(seq) FROM events) AND (run_id IS NULL OR "
    "NOT EXISTS (SELECT 1 FROM runs WHERE runs.run_id=events.run_id))";

}  // namespace

std::string Retention::sql_of(Query query) {
  switch (query) {
    case Query::kLeftOver:
      return "SELECT run_id FROM expired_runs LIMIT 1";
    case Query::kNote:
      return "INSERT OR IGNORE INTO expired_runs(run_id) VALUES(?)";
    case Query::kForgetNote:
      return "DELETE FROM expired_runs WHERE run_id=?";
    case Query::kNextRun:
      return "SELECT run_id, state IN (" + terminal_words<engine::RunState>() +
             "), created_at, coalesce(finished_at, created_at), "
             "run_id=(SELECT max(run_id) FROM runs) FROM runs WHERE run_id>? ORDER BY run_id LIMIT "
             "1";
    case Query::kRetried:
      return "SELECT 1 FROM runs WHERE origin='retry' AND origin_reference=? LIMIT 1";
    case Query::kTasks:
      return "SELECT count(*), max(task) FROM (SELECT task FROM tasks WHERE run_id=? AND task>=? "
             "ORDER BY task LIMIT ?)";
    case Query::kMadeWhatIsKept:
      return made_what_is_kept();
    case Query::kDeleteRun:
      return "DELETE FROM runs WHERE run_id=?";
    case Query::kDeleteCounts:
      return "DELETE FROM run_counts WHERE run_id=?";
    case Query::kDeleteTasks:
      return "DELETE FROM tasks WHERE run_id=?1 AND task IN "
             "(SELECT task FROM tasks WHERE run_id=?1 ORDER BY task LIMIT ?2)";
    case Query::kDeleteAttempts:
      return "DELETE FROM attempts WHERE run_id=?1 AND (task, epoch) IN "
             "(SELECT task, epoch FROM attempts WHERE run_id=?1 ORDER BY task, epoch LIMIT ?2)";
    case Query::kDeleteChecks:
      return "DELETE FROM checks WHERE run_id=?1 AND (task, epoch, asset, name) IN (SELECT task, "
             "epoch, asset, name FROM checks WHERE run_id=?1 ORDER BY task, epoch, asset, name "
             "LIMIT ?2)";
    case Query::kEventsEnd:
      return "SELECT max(seq) FROM (SELECT seq FROM events WHERE seq>? ORDER BY seq LIMIT ?)";
    case Query::kYoungEvent:
      return "SELECT 1 FROM events WHERE seq>? AND seq<=? AND at BETWEEN ? AND ? LIMIT 1";
    case Query::kPrunedTo:
      return "INSERT INTO meta(key, value) SELECT 'events_pruned_to', max(seq) FROM events WHERE " +
             std::string(kOldEvents) +
             " HAVING max(seq) IS NOT NULL ON CONFLICT(key) DO UPDATE SET "
             "value=max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))";
    case Query::kDeleteEvents:
      return "DELETE FROM events WHERE " + std::string(kOldEvents);
    case Query::kAlertsEnd:
      return "SELECT max(id) FROM (SELECT id FROM alerts WHERE id>? ORDER BY id LIMIT ?)";
    case Query::kYoungAlert:
      return "SELECT 1 FROM alerts WHERE id>? AND id<=? AND since BETWEEN ? AND ? LIMIT 1";
    case Query::kDeleteAlerts:
      return "DELETE FROM alerts WHERE id>?1 AND id<=?2 AND last<?3 AND state<>'firing' AND "
             "delivery<>'pending'";
    case Query::kNextSchedule:
      return "SELECT schedule FROM ticks WHERE schedule>? ORDER BY schedule LIMIT 1";
    case Query::kOldestTick:
      return "SELECT min(nominal) FROM ticks WHERE schedule=?";
    case Query::kTickByRank:
      return "SELECT nominal FROM ticks WHERE schedule=? ORDER BY nominal DESC LIMIT 1 OFFSET ?";
    case Query::kNewestOfCron:
      return "SELECT nominal FROM ticks WHERE schedule=? AND nominal % 1000000=0 "
             "ORDER BY nominal DESC LIMIT 1";
    case Query::kDeleteTicks:
      return "DELETE FROM ticks WHERE schedule=?1 AND nominal IN (SELECT nominal FROM ticks WHERE "
             "schedule=?1 AND nominal<?2 AND coalesce(until, nominal)<?3 ORDER BY nominal LIMIT "
             "?4)";
    case Query::kCount:
      break;
  }
  return "";
}

Result<Retention> Retention::prepare(Connection& connection, RetentionOptions options) {
  Retention made;
  made.options_ = options;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Query::kCount); ++i) {
    Result<Statement> prepared = connection.prepare(sql_of(static_cast<Query>(i)));
    if (!prepared.ok()) return prepared.status();
    made.statements_.push_back(std::move(prepared).value());
  }
  return made;
}

// ---- small ----

template <class... Args>
Result<std::optional<std::int64_t>> Retention::number(Query query, const Args&... args) {
  Statement& statement = at(query);
  statement.query(args...);
  Result<bool> row = statement.next();
  if (!row.ok()) return row.status();
  std::optional<std::int64_t> found;
  if (*row && !statement.is_null(0)) found = statement.int64(0);
  statement.reset();
  return found;
}

template <class... Args>
Result<std::optional<std::string>> Retention::text(Query query, const Args&... args) {
  Statement& statement = at(query);
  statement.query(args...);
  Result<bool> row = statement.next();
  if (!row.ok()) return row.status();
  std::optional<std::string> found;
  if (*row) found = std::string(statement.text(0));
  statement.reset();
  return found;
}

// How many rows it deleted; they count against what the round may do.
template <class... Args>
Result<int> Retention::erase(Query query, const Args&... args) {
  Status status = at(query).run(args...);
  if (!status.ok()) return status;
  const int rows = at(query).changes();
  budget_ -= rows;
  return rows;
}

// ---- the sweep ----

bool Retention::wanted(base::Now now) {
  const bool set = last_ && std::chrono::abs((now.wall - last_->wall) - (now.boot - last_->boot)) >
                                kClockStepMin;
  if (!last_ || set) trusted_from_ = now.boot + kClockTrustedAfter;
  last_ = now;
  if (now.boot < trusted_from_) return false;
  return phase_ != Phase::kRest || now.boot >= next_sweep_;
}

void Retention::start_over() {
  phase_ = Phase::kRest;
  next_sweep_ = {};
  expired_.clear();
}

Result<bool> Retention::round(base::Now now) {
  last_round_ = {};
  budget_ = kRetentionRowsMax;
  if (phase_ == Phase::kRest) {
    phase_ = Phase::kLeftOver;
    run_.clear();
    task_ = 0;
    seq_ = 0;
    alert_ = 0;
    schedule_.clear();
  }
  while (budget_ > 0 && phase_ != Phase::kRest) {
    Result<bool> over = step(now);
    if (!over.ok()) return over.status();
    if (*over) phase_ = static_cast<Phase>(static_cast<int>(phase_) + 1);
  }
  if (phase_ != Phase::kRest) return true;
  next_sweep_ = now.boot + kSweepEvery;
  return false;
}

Result<bool> Retention::step(base::Now now) {
  switch (phase_) {
    case Phase::kLeftOver:
      return clear_left_over();
    case Phase::kRuns:
      return look_at_runs(now);
    case Phase::kEvents:
      return look_at_events(now);
    case Phase::kAlerts:
      return look_at_alerts(now);
    case Phase::kTicks:
      return look_at_ticks(now);
    case Phase::kRest:
      break;
  }
  return true;
}

// ---- runs ----

// Of runs whose row went before a restart.
Result<bool> Retention::clear_left_over() {
  Result<std::optional<std::string>> run = text(Query::kLeftOver);
  if (!run.ok()) return run.status();
  if (!*run) return true;
  Result<bool> cleared = clear(**run);
  if (!cleared.ok()) return cleared.status();
  return false;
}

Result<bool> Retention::look_at_runs(base::Now now) {
  if (!expired_.empty()) {
    Result<bool> cleared = clear(expired_);
    if (!cleared.ok()) return cleared.status();
    if (*cleared) expired_.clear();
    return false;
  }
  const WallTime from = now.wall - options_.runs;
  Statement& next = at(Query::kNextRun);
  next.query(run_);
  Result<bool> found = next.next();
  if (!found.ok()) return found.status();
  if (!*found) return true;
  const std::string run(next.text(0));
  const bool ended = next.int64(1) != 0;
  const WallTime created{base::Duration(next.int64(2))};
  const WallTime finished{base::Duration(next.int64(3))};
  const bool newest = next.int64(4) != 0;
  next.reset();
  --budget_;
  // Ids go on from the newest one.
  if (newest || young(created, from, now.wall)) return true;
  if (ended && finished < from && created <= now.wall) {
    Result<bool> judged = judge(run);
    if (!judged.ok()) return judged.status();
    if (!*judged) return false;  // the rest of it in the next round
  }
  run_ = run;
  return false;
}

// Looks at what the run made, as far as the round allows; true when it is decided.
Result<bool> Retention::judge(const std::string& run) {
  Result<std::optional<std::int64_t>> kept = number(Query::kRetried, run);
  if (!kept.ok()) return kept.status();
  const int limit = std::max(budget_, 1);
  Statement& tasks = at(Query::kTasks);
  tasks.query(run, task_, limit);
  Result<bool> counted = tasks.next();
  if (!counted.ok()) return counted.status();
  const auto count = static_cast<int>(tasks.int64(0));
  const std::int64_t end = tasks.int64(1) + 1;
  tasks.reset();
  budget_ -= count;
  if (!*kept && count > 0) {
    kept = number(Query::kMadeWhatIsKept, run, task_, end);
    if (!kept.ok()) return kept.status();
  }
  const bool undecided = !*kept && count == limit;
  task_ = undecided ? end : 0;
  if (undecided) return false;
  if (*kept) return true;
  Status status = expire(run);
  if (!status.ok()) return status;
  return true;
}

Status Retention::expire(const std::string& run) {
  Status status = at(Query::kNote).run(run);
  if (!status.ok()) return status;
  for (const Query query : {Query::kDeleteRun, Query::kDeleteCounts}) {
    Result<int> rows = erase(query, run);
    if (!rows.ok()) return rows.status();
  }
  expired_ = run;
  ++last_round_.runs;
  return {};
}

// True when nothing of the run is left.
Result<bool> Retention::clear(const std::string& run) {
  for (const Query query : {Query::kDeleteAttempts, Query::kDeleteChecks, Query::kDeleteTasks}) {
    if (budget_ <= 0) return false;
    const int asked = budget_;
    Result<int> rows = erase(query, run, asked);
    if (!rows.ok()) return rows.status();
    if (*rows >= asked) return false;
  }
  Result<int> rows = erase(Query::kForgetNote, run);
  if (!rows.ok()) return rows.status();
  return true;
}

// ---- events ----

// Those of runs go when their run has gone. The newest stays: numbers go on from it.
Result<bool> Retention::look_at_events(base::Now now) {
  const WallTime from = now.wall - options_.runs;
  Result<std::optional<std::int64_t>> end = number(Query::kEventsEnd, seq_, budget_);
  if (!end.ok()) return end.status();
  if (!*end) return true;
  Result<std::optional<std::int64_t>> young =
      number(Query::kYoungEvent, seq_, **end, from, now.wall);
  if (!young.ok()) return young.status();
  Status status = at(Query::kPrunedTo).run(seq_, **end, from);
  if (!status.ok()) return status;
  Result<int> rows = erase(Query::kDeleteEvents, seq_, **end, from);
  if (!rows.ok()) return rows.status();
  last_round_.events += *rows;
  seq_ = **end;
  budget_ = 0;
  return young->has_value();
}

// ---- alerts ----

// As long as events. Those that fire, and whose message is under way, stay: the engine holds them.
Result<bool> Retention::look_at_alerts(base::Now now) {
  const WallTime from = now.wall - options_.runs;
  Result<std::optional<std::int64_t>> end = number(Query::kAlertsEnd, alert_, budget_);
  if (!end.ok()) return end.status();
  if (!*end) return true;
  Result<std::optional<std::int64_t>> young =
      number(Query::kYoungAlert, alert_, **end, from, now.wall);
  if (!young.ok()) return young.status();
  Result<int> rows = erase(Query::kDeleteAlerts, alert_, **end, from);
  if (!rows.ok()) return rows.status();
  alert_ = **end;
  budget_ = 0;
  return young->has_value();
}

// ---- ticks ----

// Ticks of the schedule before that time are not kept; none: it has no old ones.
Result<std::optional<WallTime>> Retention::ticks_before(base::Now now) {
  const std::int64_t from = (now.wall - options_.ticks).time_since_epoch().count();
  Result<std::optional<std::int64_t>> oldest = number(Query::kOldestTick, schedule_);
  if (!oldest.ok()) return oldest.status();
  if (!*oldest || **oldest >= from) return std::optional<WallTime>();
  budget_ -= kScheduleCost;
  Result<std::optional<std::int64_t>> ranked =
      number(Query::kTickByRank, schedule_, kTicksKeptMin - 1);
  if (!ranked.ok()) return ranked.status();
  if (!*ranked) return std::optional<WallTime>();
  // It says up to where the schedule has come.
  Result<std::optional<std::int64_t>> newest = number(Query::kNewestOfCron, schedule_);
  if (!newest.ok()) return newest.status();
  const std::int64_t before = std::min({from, **ranked, newest->value_or(from)});
  return std::optional<WallTime>(base::Duration(before));
}

Result<bool> Retention::look_at_ticks(base::Now now) {
  Result<std::optional<std::string>> next = text(Query::kNextSchedule, schedule_);
  if (!next.ok()) return next.status();
  if (!*next) return true;
  const std::string before = std::exchange(schedule_, **next);
  --budget_;
  Result<std::optional<WallTime>> limit = ticks_before(now);
  if (!limit.ok()) return limit.status();
  if (!*limit || budget_ <= 0) return false;
  const int asked = budget_;
  Result<int> rows =
      erase(Query::kDeleteTicks, schedule_, **limit, now.wall - options_.ticks, asked);
  if (!rows.ok()) return rows.status();
  last_round_.ticks += *rows;
  if (*rows >= asked) schedule_ = before;  // there may be more
  return false;
}

}  // namespace weir::store
