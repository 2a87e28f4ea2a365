// The schema. Made to be read by people with the sqlite3 shell: enums are words, run ids are the
// thirteen characters that every other place shows (they sort by time, and joining on them costs
// little more than on integers), times are microseconds since 1970 UTC, lists are JSON text.
// Digests are BLOBs of 32 bytes: lower(hex(digest)) is their text.
#include "scheduler/store/schema.h"

#include <array>
#include <string>

#include "base/errors.h"

namespace weir::store {

using base::Status;

namespace {

// Tables that grow with history are keyed so that a run's rows lie together and appends go to the
// end of the tree.
constexpr const char* kFirst = R"sql(
CREATE TABLE meta (          -- store_generation, created_at, probe, events_pruned_to
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE modules (
  digest        BLOB PRIMARY KEY,
  pipeline      TEXT NOT NULL,
  active        INTEGER NOT NULL,  -- 1: the pipeline's current module
  registered_at INTEGER NOT NULL,
  files         TEXT NOT NULL,     -- JSON: [[path, digest, size, executable], ...]
  manifest      TEXT NOT NULL      -- JSON, last because it is large
) STRICT;

CREATE TABLE assets (
  name            TEXT PRIMARY KEY,
  pipeline        TEXT NOT NULL,
  type            TEXT NOT NULL,
  retired         INTEGER NOT NULL,
  materialization INTEGER NOT NULL  -- the current version, 0: none
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  run_id      TEXT PRIMARY KEY,
  state       TEXT NOT NULL,
  job         TEXT NOT NULL,
  selection   TEXT NOT NULL,
  params      TEXT NOT NULL,     -- JSON object
  reason      TEXT NOT NULL,
  message     TEXT NOT NULL,
  priority    INTEGER NOT NULL,
  parent      TEXT,              -- the run that this one retries
  modules     TEXT NOT NULL,     -- JSON: [digest, ...]
  pins        TEXT NOT NULL,     -- JSON: [[asset, materialization, digest, size, kind, type], ...]
  task_count  INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  started_at  INTEGER,
  finished_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_job ON runs(job, run_id);
CREATE INDEX runs_by_state ON runs(state, run_id);

CREATE TABLE tasks (
  run_id              TEXT NOT NULL,
  task                INTEGER NOT NULL,  -- index in the run
  name                TEXT NOT NULL,
  module              INTEGER NOT NULL,
  stage               INTEGER NOT NULL,
  state               TEXT NOT NULL,
  epoch               INTEGER NOT NULL,  -- of the latest lease
  attempts_used       INTEGER NOT NULL,
  infrastructure_used INTEGER NOT NULL,
  executor_deaths     INTEGER NOT NULL,
  reason              TEXT NOT NULL,
  not_before          INTEGER,
  ready_at            INTEGER,
  started_at          INTEGER,
  finished_at         INTEGER,
  outputs             TEXT NOT NULL,     -- JSON: [[asset, unchanged, materialization,
                                         -- digest, size, kind, type], ...]
  PRIMARY KEY (run_id, task)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  run_id      TEXT NOT NULL,
  task        INTEGER NOT NULL,
  epoch       INTEGER NOT NULL,
  worker      TEXT NOT NULL,
  outcome     TEXT NOT NULL,     -- 'none' while it is live
  message     TEXT NOT NULL,
  detail      TEXT NOT NULL,     -- JSON object
  metadata    TEXT NOT NULL,     -- JSON object
  leased_at   INTEGER NOT NULL,
  started_at  INTEGER,
  finished_at INTEGER,
  PRIMARY KEY (run_id, task, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE materializations (
  id           INTEGER PRIMARY KEY,  -- commit order
  asset        TEXT NOT NULL,
  run_id       TEXT NOT NULL,
  task         INTEGER NOT NULL,
  epoch        INTEGER NOT NULL,
  digest       BLOB NOT NULL,        -- the data version
  size         INTEGER NOT NULL,
  kind         TEXT NOT NULL,
  type         TEXT NOT NULL,
  metadata     TEXT NOT NULL,        -- JSON object
  code_version TEXT NOT NULL,
  module       BLOB NOT NULL,
  inputs       TEXT NOT NULL,        -- JSON as in runs.pins
  at           INTEGER NOT NULL
) STRICT;
CREATE INDEX materializations_by_asset ON materializations(asset);

CREATE TABLE checks (
  run_id   TEXT NOT NULL,
  task     INTEGER NOT NULL,
  epoch    INTEGER NOT NULL,
  asset    TEXT NOT NULL,
  name     TEXT NOT NULL,
  severity TEXT NOT NULL,
  passed   INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  metadata TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (run_id, task, epoch, asset, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
  digest BLOB PRIMARY KEY,
  size   INTEGER NOT NULL,
  kind   TEXT NOT NULL,
  bytes  BLOB              -- NULL: a file under DATA/artifacts
) STRICT;                  -- with a rowid, because its rows may be large

CREATE TABLE cursors (
  stage   TEXT PRIMARY KEY,  -- 'pipeline:task'
  version INTEGER NOT NULL,
  value   BLOB NOT NULL      -- digest of an artifact
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  seq     INTEGER PRIMARY KEY,  -- commit order, gapless
  run_id  TEXT,
  run_seq INTEGER NOT NULL,     -- within the run, gapless
  at      INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  subject TEXT NOT NULL,
  task    INTEGER NOT NULL,
  epoch   INTEGER NOT NULL,
  state   TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_run ON events(run_id) WHERE run_id IS NOT NULL;

CREATE TABLE workers (
  id        TEXT PRIMARY KEY,
  name      TEXT NOT NULL,
  slots     INTEGER NOT NULL,
  draining  INTEGER NOT NULL,
  info      TEXT NOT NULL,  -- JSON
  last_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE replies (
  key          TEXT PRIMARY KEY,  -- idempotency key
  request_hash BLOB NOT NULL,
  code         INTEGER NOT NULL,  -- gRPC's number
  error        INTEGER NOT NULL,
  message      TEXT NOT NULL,
  payload      TEXT NOT NULL,
  at           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX replies_by_age ON replies(at);

CREATE TABLE outbox (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number is never given twice
  kind    TEXT NOT NULL,
  payload TEXT NOT NULL,
  at      INTEGER NOT NULL
) STRICT;
)sql";

// What `weir explain ASSET` tells of runs that are gone from memory. A column of a small table: to
// look it up among the tasks would take an index over all of history.
constexpr const char* kSecond = R"sql(
ALTER TABLE assets ADD COLUMN settled_by TEXT;  -- the newest run that is done with it
ALTER TABLE assets ADD COLUMN missed TEXT NOT NULL DEFAULT '';  -- why it made no version
)sql";

// The age of ready tasks, so that the order among them outlives a restart.
constexpr const char* kThird = R"sql(
ALTER TABLE tasks ADD COLUMN ready_order INTEGER NOT NULL DEFAULT 0;
)sql";

// What a restart reads of the runs, which are few among all there ever were. A state that is no
// known word is in it, too, so that such a run is found without a look at the others.
constexpr const char* kFourth = R"sql(
CREATE INDEX live_runs ON runs(run_id) WHERE state NOT IN ('succeeded', 'failed', 'canceled');
)sql";

// Tasks have rows from their first change on, until then the run's plan says what they are; how
// many are in which state is written, not counted.
constexpr const char* kFifth = R"sql(
ALTER TABLE runs ADD COLUMN first_order INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN plan TEXT NOT NULL DEFAULT '';  -- module:stage+count, ! ready at once
CREATE TABLE run_counts (
  run_id          TEXT PRIMARY KEY,
  waiting         INTEGER NOT NULL,
  ready           INTEGER NOT NULL,
  assigned        INTEGER NOT NULL,
  running         INTEGER NOT NULL,
  up_for_retry    INTEGER NOT NULL,
  succeeded       INTEGER NOT NULL,
  failed          INTEGER NOT NULL,
  skipped         INTEGER NOT NULL,
  upstream_failed INTEGER NOT NULL,
  canceled        INTEGER NOT NULL,
  cached          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO run_counts
  SELECT run_id, SUM(state='waiting'), SUM(state='ready'), SUM(state='assigned'),
         SUM(state='running'), SUM(state='up_for_retry'), SUM(state='succeeded'),
         SUM(state='failed'), SUM(state='skipped'), SUM(state='upstream_failed'),
         SUM(state='canceled'), SUM(state='cached')
  FROM tasks GROUP BY run_id;
)sql";

// A run knows why it is there, and may wait as a row until it is planned.
constexpr const char* kSixth = R"sql(
ALTER TABLE runs DROP COLUMN parent;  -- it is the origin_reference of a retry
ALTER TABLE runs ADD COLUMN origin TEXT NOT NULL DEFAULT 'manual';
ALTER TABLE runs ADD COLUMN origin_reference TEXT NOT NULL DEFAULT '';  -- schedule, asset, run, ...
ALTER TABLE runs ADD COLUMN nominal_at INTEGER;  -- the time that the run is for
ALTER TABLE runs ADD COLUMN partition TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN queued_for TEXT NOT NULL DEFAULT 'none';  -- while it is not planned
ALTER TABLE runs ADD COLUMN start_at INTEGER;    -- not before
)sql";

// What a worker has is data; it says it anew when it connects.
constexpr const char* kSeventh = R"sql(
ALTER TABLE workers DROP COLUMN info;
ALTER TABLE workers ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';     -- JSON: [[name, value], ...]
ALTER TABLE workers ADD COLUMN resources TEXT NOT NULL DEFAULT '[]';  -- JSON: [[name, amount], ...]
ALTER TABLE workers ADD COLUMN architecture TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN glibc TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN weir_version TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN limits TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN data_dir TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN host_id TEXT NOT NULL DEFAULT '';
)sql";

// An attempt is a lease's; what a task has used of a budget is counted apart.
constexpr const char* kEighth = R"sql(
ALTER TABLE tasks RENAME COLUMN attempts_used TO author_budget_used;
ALTER TABLE tasks RENAME COLUMN infrastructure_used TO infrastructure_budget_used;
)sql";

// What there is of an asset, and how far a stage has come, is kept by partition: the empty one is
// the whole. Versions that were read are named with theirs.
constexpr const char* kNinth = R"sql(
CREATE TABLE asset_partitions (
  asset           TEXT NOT NULL,
  partition       TEXT NOT NULL,
  materialization INTEGER NOT NULL,  -- the current version, 0: none
  settled_by      TEXT,              -- the newest run that is done with it
  missed          TEXT NOT NULL,     -- why it made no version
  PRIMARY KEY (asset, partition)
) STRICT, WITHOUT ROWID;
INSERT INTO asset_partitions
  SELECT name, '', materialization, settled_by, missed FROM assets
  WHERE materialization <> 0 OR settled_by IS NOT NULL;
ALTER TABLE assets DROP COLUMN materialization;
ALTER TABLE assets DROP COLUMN settled_by;
ALTER TABLE assets DROP COLUMN missed;

ALTER TABLE cursors RENAME TO cursors_of_stages;
CREATE TABLE cursors (
  stage     TEXT NOT NULL,     -- 'pipeline:task'
  partition TEXT NOT NULL,
  version   INTEGER NOT NULL,
  value     BLOB NOT NULL,     -- digest of an artifact
  PRIMARY KEY (stage, partition)
) STRICT, WITHOUT ROWID;
INSERT INTO cursors SELECT stage, '', version, value FROM cursors_of_stages;
DROP TABLE cursors_of_stages;

ALTER TABLE materializations RENAME TO materializations_of_assets;
DROP INDEX materializations_by_asset;
CREATE TABLE materializations (
  id           INTEGER PRIMARY KEY,  -- commit order
  asset        TEXT NOT NULL,
  partition    TEXT NOT NULL,
  run_id       TEXT NOT NULL,
  task         INTEGER NOT NULL,
  epoch        INTEGER NOT NULL,
  digest       BLOB NOT NULL,        -- the data version
  size         INTEGER NOT NULL,
  kind         TEXT NOT NULL,
  type         TEXT NOT NULL,
  metadata     TEXT NOT NULL,        -- JSON object
  code_version TEXT NOT NULL,
  module       BLOB NOT NULL,
  inputs       TEXT NOT NULL,        -- JSON: [[asset, partition, materialization, digest, size,
                                     -- kind, type], ...], as in runs.pins
  at           INTEGER NOT NULL
) STRICT;
INSERT INTO materializations
  SELECT id, asset, '', run_id, task, epoch, digest, size, kind, type, metadata, code_version,
         module, inputs, at
  FROM materializations_of_assets;
DROP TABLE materializations_of_assets;
CREATE INDEX materializations_by_partition ON materializations(asset, partition);
UPDATE materializations SET inputs = (
    SELECT json_group_array(json_array(version ->> 0, '', version ->> 1, version ->> 2,
                                       version ->> 3, version ->> 4, version ->> 5))
    FROM (SELECT value AS version FROM json_each(inputs) ORDER BY key))
  WHERE inputs <> '[]' AND json_valid(inputs);
UPDATE runs SET pins = (
    SELECT json_group_array(json_array(version ->> 0, '', version ->> 1, version ->> 2,
                                       version ->> 3, version ->> 4, version ->> 5))
    FROM (SELECT value AS version FROM json_each(pins) ORDER BY key))
  WHERE pins <> '[]' AND json_valid(pins);

ALTER TABLE tasks ADD COLUMN partition TEXT NOT NULL DEFAULT '';
ALTER TABLE checks ADD COLUMN partition TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN partition TEXT NOT NULL DEFAULT '';
)sql";

// How far a running stage is; the last word of one that has ended.
constexpr const char* kTenth = R"sql(
ALTER TABLE attempts ADD COLUMN progress_millionths INTEGER NOT NULL DEFAULT -1;  -- -1: not known
ALTER TABLE attempts ADD COLUMN progress_message TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN progress_at INTEGER;  -- NULL: it said nothing
)sql";

// Schedules and what became of their times. A schedule's runs are found through an index that runs
// of no schedule are not in.
constexpr const char* kEleventh = R"sql(
CREATE TABLE schedules (
  name               TEXT PRIMARY KEY,  -- 'pipeline/name'
  declared           INTEGER NOT NULL,  -- 1: by the pipeline's module, 0: made by command
  retired            INTEGER NOT NULL,  -- 1: its module no longer declares it
  job                TEXT NOT NULL,     -- 'pipeline/job'
  crons              TEXT NOT NULL,     -- JSON: [expression, ...]
  zone               TEXT NOT NULL,     -- IANA name
  params             TEXT NOT NULL,     -- JSON object
  days_off           TEXT NOT NULL,     -- JSON: [[day, calendar], ...]
  start_at           TEXT NOT NULL,     -- as it was written, by the zone's clock; '': none
  end_at             TEXT NOT NULL,
  jitter_ms          INTEGER NOT NULL,
  catch_up           TEXT NOT NULL,
  catch_up_runs      INTEGER NOT NULL,
  catch_up_window_ms INTEGER NOT NULL,
  overlap            TEXT NOT NULL,
  since              INTEGER NOT NULL,  -- nominal times up to then are not its own
  paused             INTEGER NOT NULL,
  paused_until       INTEGER,           -- NULL: until somebody resumes it
  paused_at          INTEGER,
  paused_by          TEXT NOT NULL,
  pause_reason       TEXT NOT NULL,
  changed_at         INTEGER NOT NULL,
  changed_by         TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ticks (
  schedule     TEXT NOT NULL,
  nominal      INTEGER NOT NULL,
  until        INTEGER,           -- of a stretch: its last nominal time
  outcome      TEXT NOT NULL,
  run_id       TEXT,
  evaluated_at INTEGER NOT NULL,
  reason       TEXT NOT NULL,
  triggered_by TEXT NOT NULL,     -- '': its time had come
  PRIMARY KEY (schedule, nominal)
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_by_schedule ON runs(origin_reference, run_id) WHERE origin='schedule';
)sql";

// Freshness policies, and when what the outside makes was last heard of.
constexpr const char* kTwelfth = R"sql(
CREATE TABLE freshness (
  asset             TEXT PRIMARY KEY,
  kind              TEXT NOT NULL,
  fail_ms           INTEGER NOT NULL,  -- of 'max_age': from this age on it fails
  warn_ms           INTEGER NOT NULL,  -- of 'max_age': from this age on it warns; 0: never
  cron              TEXT NOT NULL,     -- of 'by': its deadlines
  zone              TEXT NOT NULL,     -- IANA name
  lower_bound_ms    INTEGER NOT NULL,  -- of 'by': so long before a deadline counts for it
  warn_margin_ms    INTEGER NOT NULL,  -- of 'by': so long before one that is not met; 0: never
  required_after_ms INTEGER NOT NULL,  -- never made, it fails so long after `since`; -1: never
  action            TEXT NOT NULL,
  expected_ms       INTEGER NOT NULL,  -- of a refresh, until it was measured; 0: not known
  since             INTEGER NOT NULL,  -- when the policy began
  state             TEXT NOT NULL,
  state_since       INTEGER NOT NULL,
  paused            INTEGER NOT NULL,
  paused_by         TEXT NOT NULL,
  pause_reason      TEXT NOT NULL,
  failures          INTEGER NOT NULL,  -- of refreshes, since the last success
  retry_at          INTEGER            -- NULL: nothing is waited for
) STRICT, WITHOUT ROWID;

ALTER TABLE asset_partitions ADD COLUMN verified_at INTEGER;  -- NULL: no version was found as good
ALTER TABLE asset_partitions ADD COLUMN observed TEXT NOT NULL DEFAULT '';  -- by its source
)sql";

// Times that have their run while earlier ones have no outcome yet: a clock was ahead.
constexpr const char* kThirteenth = R"sql(
ALTER TABLE schedules ADD COLUMN recorded_until INTEGER;  -- NULL: as far as there are ticks
)sql";

// What goes when it is old: a run by its row first, what else there is of it by the note. Runs that
// others retry stay with them.
constexpr const char* kFourteenth = R"sql(
CREATE TABLE expired_runs (
  run_id TEXT PRIMARY KEY   -- its row is gone, others of it may still be there
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_parent ON runs(origin_reference) WHERE origin='retry';
)sql";

// What a version was made from, to be compared: of those that are there nobody knows. Policies that
// people set, and when a policy's next run is to begin.
constexpr const char* kFifteenth = R"sql(
ALTER TABLE materializations ADD COLUMN basis BLOB;
ALTER TABLE materializations ADD COLUMN params BLOB;
ALTER TABLE freshness ADD COLUMN set_by TEXT NOT NULL DEFAULT '';  -- empty: its module declares it
ALTER TABLE freshness ADD COLUMN refresh_at INTEGER;               -- NULL: nothing is planned
)sql";

// A schedule gives members of its parameters the time that a run is for.
constexpr const char* kSixteenth = R"sql(
ALTER TABLE schedules RENAME TO schedules_before;
CREATE TABLE schedules (
  name               TEXT PRIMARY KEY,  -- 'pipeline/name'
  declared           INTEGER NOT NULL,  -- 1: by the pipeline's module, 0: made by command
  retired            INTEGER NOT NULL,  -- 1: its module no longer declares it
  job                TEXT NOT NULL,     -- 'pipeline/job'
  crons              TEXT NOT NULL,     -- JSON: [expression, ...]
  zone               TEXT NOT NULL,     -- IANA name
  params             TEXT NOT NULL,     -- JSON object
  time_params        TEXT NOT NULL,     -- JSON: [NAME.MEMBER, ...], which take the nominal time
  days_off           TEXT NOT NULL,     -- JSON: [[day, calendar], ...]
  start_at           TEXT NOT NULL,     -- as it was written, by the zone's clock; '': none
  end_at             TEXT NOT NULL,
  jitter_ms          INTEGER NOT NULL,
  catch_up           TEXT NOT NULL,
  catch_up_runs      INTEGER NOT NULL,
  catch_up_window_ms INTEGER NOT NULL,
  overlap            TEXT NOT NULL,
  since              INTEGER NOT NULL,  -- nominal times up to then are not its own
  paused             INTEGER NOT NULL,
  paused_until       INTEGER,           -- NULL: until somebody resumes it
  paused_at          INTEGER,
  paused_by          TEXT NOT NULL,
  pause_reason       TEXT NOT NULL,
  changed_at         INTEGER NOT NULL,
  changed_by         TEXT NOT NULL,
  recorded_until     INTEGER            -- NULL: as far as there are ticks
) STRICT, WITHOUT ROWID;
INSERT INTO schedules
  SELECT name, declared, retired, job, crons, zone, params, '[]', days_off, start_at,
         end_at, jitter_ms, catch_up, catch_up_runs, catch_up_window_ms, overlap, since,
         paused, paused_until, paused_at, paused_by, pause_reason, changed_at,
         changed_by, recorded_until
  FROM schedules_before;
DROP TABLE schedules_before;
)sql";

// Alerts: rules, what they have found, silences.
constexpr const char* kSeventeenth = R"sql(
CREATE TABLE alert_rules (
  name       TEXT PRIMARY KEY,
  event      TEXT NOT NULL,
  selection  TEXT NOT NULL,     -- JSON: [pattern, ...]; []: all
  threshold  INTEGER NOT NULL,  -- failed attempts, or milliseconds
  webhook    TEXT NOT NULL,     -- an address, or
  channel    TEXT NOT NULL,     -- a name in the operator's configuration, or neither
  secret     TEXT NOT NULL,     -- a reference: 'file:PATH' or 'env:NAME'
  changed_at INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  pipeline   TEXT NOT NULL      -- whose module declares it; '': it was made by command
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
  id          INTEGER PRIMARY KEY,  -- the number of the event that began it
  rule        TEXT NOT NULL,
  event       TEXT NOT NULL,
  subject     TEXT NOT NULL,
  state       TEXT NOT NULL,
  since       INTEGER NOT NULL,
  last        INTEGER NOT NULL,
  resolved_at INTEGER,
  count       INTEGER NOT NULL,
  text        TEXT NOT NULL,
  next        TEXT NOT NULL,        -- the command to type
  run_id      TEXT,
  delivery    TEXT NOT NULL,        -- of the newest message
  message     INTEGER NOT NULL,     -- its number in the outbox
  told        INTEGER NOT NULL,     -- 1: a message says that it fires
  failure     TEXT NOT NULL
) STRICT;
CREATE INDEX alerts_live ON alerts(id) WHERE state='firing' OR delivery='pending';
CREATE INDEX alerts_undelivered ON alerts(last) WHERE delivery='undelivered';
CREATE INDEX alerts_by_rule ON alerts(rule, id);

CREATE TABLE silences (
  id      INTEGER PRIMARY KEY,  -- the number of the event that began it
  rule    TEXT NOT NULL,        -- patterns
  subject TEXT NOT NULL,
  until   INTEGER,              -- NULL: until somebody ends it
  reason  TEXT NOT NULL,
  since   INTEGER NOT NULL,
  by      TEXT NOT NULL
) STRICT;
)sql";

// A rule may be of runs that take longer than they usually do.
constexpr const char* kEighteenth = R"sql(
ALTER TABLE alert_rules ADD COLUMN over_usual INTEGER NOT NULL DEFAULT 0;  -- 1: than the p95
)sql";

// A schedule says whose module declares it: names of pipelines may begin with each other's.
constexpr const char* kNineteenth = R"sql(
ALTER TABLE schedules ADD COLUMN pipeline TEXT NOT NULL DEFAULT '';  -- '': it was made by command
UPDATE schedules SET pipeline = coalesce(
  (SELECT modules.pipeline FROM modules
   WHERE substr(schedules.name, 1, length(modules.pipeline) + 1) = modules.pipeline || '/'
   ORDER BY active DESC, length(modules.pipeline) DESC LIMIT 1),
  substr(name, 1, instr(name, '/') - 1))
  WHERE declared = 1;
ALTER TABLE schedules DROP COLUMN declared;
)sql";

// Rules that are paused, as schedules are.
constexpr const char* kTwentieth = R"sql(
ALTER TABLE alert_rules ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert_rules ADD COLUMN paused_at INTEGER;
ALTER TABLE alert_rules ADD COLUMN paused_by TEXT NOT NULL DEFAULT '';
ALTER TABLE alert_rules ADD COLUMN pause_reason TEXT NOT NULL DEFAULT '';
)sql";

constexpr std::array<Migration, 20> kMigrations{
    {{1, kFirst},      {2, kSecond},       {3, kThird},       {4, kFourth},      {5, kFifth},
     {6, kSixth},      {7, kSeventh},      {8, kEighth},      {9, kNinth},       {10, kTenth},
     {11, kEleventh},  {12, kTwelfth},     {13, kThirteenth}, {14, kFourteenth}, {15, kFifteenth},
     {16, kSixteenth}, {17, kSeventeenth}, {18, kEighteenth}, {19, kNineteenth}, {20, kTwentieth}}};

Status apply(Connection& connection, const Migration& step) {
  Status status = connection.exec("BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  status = connection.exec(step.sql);
  if (status.ok()) {
    status = connection.exec(("PRAGMA user_version=" + std::to_string(step.version)).c_str());
  }
  if (status.ok()) status = connection.exec("COMMIT");
  if (!status.ok() && connection.in_transaction()) {
    // The first failure is the one to tell; a rollback that fails too leaves nothing committed.
    const Status rolled_back = connection.exec("ROLLBACK");
    if (!rolled_back.ok())
      return {status.code(), status.error(),
              status.message() + "; then the rollback failed: " + rolled_back.message()};
  }
  return status;
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

Status migrate(Connection& connection, std::span<const Migration> steps) {
  base::Result<std::int64_t> found = connection.int64("PRAGMA user_version");
  if (!found.ok()) return found.status();
  const int newest = steps.empty() ? 0 : steps.back().version;
  if (*found > newest) {
    return {base::Code::kFailedPrecondition, base::kErrNewerSchema,
            "the database has schema version " + std::to_string(*found) + ", this program knows " +
                std::to_string(newest) +
                "; run the newer weir that wrote it, or restore a backup from before"};
  }
  for (const Migration& step : steps) {
    if (step.version <= *found) continue;
    if (Status status = apply(connection, step); !status.ok()) {
      return {status.code(), status.error(),
              "migration to schema version " + std::to_string(step.version) +
                  " failed: " + status.message()};
    }
  }
  return {};
}

}  // namespace weir::store
