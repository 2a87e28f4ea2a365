// Transactions, commits and housekeeping of the write connection: see sqlite_store.h. What
// restore() reads stands in restore.cc. On the loop's thread, which stands still for every sync and
// checkpoint: what one round of housekeeping deletes or frees is bounded.
#include "scheduler/store/sqlite_store.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <malloc.h>

#include <sqlite3.h>

#include "base/check.h"
#include "base/errors.h"
#include "scheduler/store/restore.h"
#include "scheduler/store/row_codec.h"
#include "scheduler/store/schema.h"

namespace weir::store {

using base::Code;
using base::Result;
using base::Status;

namespace {

// Before the first table: auto_vacuum cannot be turned on later without a rewrite of the file.
constexpr const char* kCreation =
    "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA application_id=1466263922;";
static_assert(kApplicationId == 1466263922);
// The WAL is recycled in place; only what a burst left beyond 64 MiB is cut off. The cache is a
// limit, not a size.
constexpr const char* kSettings =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864;"
    "PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=OFF;";

std::int64_t microseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               start)
      .count();
}

int remember_wal_size(void* stats, sqlite3*, const char*, int pages) {
  constexpr std::int64_t kFrameBytes = 4096 + 24;
  static_cast<StoreStats*>(stats)->wal_bytes.store(pages * kFrameBytes, std::memory_order_relaxed);
  return SQLITE_OK;
}

// Refuses files that another program made before anything is written to them.
Status check_ours(Connection& connection, const std::string& path) {
  Result<std::int64_t> id = connection.int64("PRAGMA application_id");
  if (!id.ok()) return id.status();
  Result<std::int64_t> tables = connection.int64("SELECT COUNT(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  if (*tables == 0) return connection.exec(kCreation);
  if (*id == kApplicationId) return {};
  return {Code::kDataLoss, base::kErrStore,
          path + " is a database of another program; move it away or use another data directory"};
}

}  // namespace

SqliteStore::SqliteStore(Private, std::string path, Connection connection, RetentionOptions kept)
    : path_(std::move(path)), kept_(kept), connection_(std::move(connection)) {}

SqliteStore::~SqliteStore() {
  rollback();
  sqlite3_wal_hook(connection_.handle(), nullptr, nullptr);
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path,
                                                       RetentionOptions kept) {
  Result<Connection> connection = Connection::open(path, OpenMode::kCreate);
  if (!connection.ok()) return connection.status();
  auto store = std::make_unique<SqliteStore>(Private{}, path, std::move(connection).value(), kept);
  if (Status status = store->set_up(); !status.ok()) {
    return Status(status.code(), status.error(), path + ": " + status.message());
  }
  return store;
}

Status SqliteStore::set_up() {
  if (Status status = check_ours(connection_, path_); !status.ok()) return status;
  if (Status status = connection_.exec(kSettings); !status.ok()) return status;
  if (Status status = migrate(connection_, migrations()); !status.ok()) return status;
  sqlite3_wal_hook(connection_.handle(), remember_wal_size, &stats_);
  if (Status status = read_generation(); !status.ok()) return status;
  lay_out_wal();
  return prepare_statements();
}

// A commit that makes the WAL longer syncs the file's length and blocks beside its bytes, which
// costs ext4 half as much again (0.29 against 0.23 ms for twelve pages). So the WAL is given its
// usual length once, in zeros: no frame begins with them, so recovery ends there. It is for speed
// alone: where it fails, on a full disk first of all, commits lengthen the WAL as they always did.
void SqliteStore::lay_out_wal() {
  sqlite3_file* wal = nullptr;
  if (sqlite3_file_control(connection_.handle(), nullptr, SQLITE_FCNTL_JOURNAL_POINTER, &wal) !=
          SQLITE_OK ||
      wal == nullptr || wal->pMethods == nullptr) {
    return;
  }
  sqlite3_int64 size = 0;
  if (wal->pMethods->xFileSize(wal, &size) != SQLITE_OK || size == 0) return;
  const std::string zeros(std::size_t{64} << 10, '\0');  // SQLite writes less than 128 KiB at once
  for (; size < kWalBytesReady; size += std::ssize(zeros)) {
    if (wal->pMethods->xWrite(wal, zeros.data(), int(zeros.size()), size) != SQLITE_OK) return;
  }
  wal->pMethods->xSync(wal, SQLITE_SYNC_FULL);
}

Status SqliteStore::prepare_statements() {
  Result<RowWriter> writer = RowWriter::prepare(connection_);
  if (!writer.ok()) return writer.status();
  writer_ = std::move(writer).value();
  Result<Retention> retention = Retention::prepare(connection_, kept_);
  if (!retention.ok()) return retention.status();
  retention_ = std::move(retention).value();
  const std::pair<Statement*, std::string> entries[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&rollback_, "ROLLBACK"},
      {&probe_, "INSERT OR REPLACE INTO meta(key, value) VALUES('probe', ?)"},
      {&load_reply_, select_rows<engine::ReplyRow>("WHERE key=?")},
      {&load_run_, select_rows<engine::RunRow>("WHERE run_id=?")},
      {&load_artifact_, select_rows<engine::ArtifactRow>("WHERE digest=?")},
      {&load_durations_, kSelectDurations},
      {&load_job_durations_, kSelectJobDurations},
      {&load_materialization_, select_rows<engine::MaterializationRow>("WHERE id=?")},
      {&load_ticks_, select_rows<engine::TickRow>(
                         "WHERE schedule=?1 AND nominal<=?3 AND nominal>=coalesce((SELECT nominal "
                         "FROM ticks WHERE schedule=?1 AND nominal<?2 AND nominal % 1000000 = 0 "
                         "ORDER BY nominal DESC LIMIT 1), ?2) AND (nominal>=?2 OR "
                         "nominal % 1000000 = 0) ORDER BY nominal")},
      {&prune_,
       "DELETE FROM replies WHERE key IN "
       "(SELECT key FROM replies WHERE at < ? ORDER BY at LIMIT ?)"},
  };
  for (const auto& [statement, sql] : entries) {
    Result<Statement> prepared = connection_.prepare(sql);
    if (!prepared.ok()) return prepared.status();
    *statement = std::move(prepared).value();
  }
  return {};
}

std::uint64_t fresh_generation() {
  std::random_device random;
  return (std::uint64_t{random()} << 32 | random()) | 1;
}

Status SqliteStore::read_generation() {
  const std::uint64_t fresh = fresh_generation();
  Result<Statement> insert =
      connection_.prepare("INSERT OR IGNORE INTO meta(key, value) VALUES('store_generation', ?)");
  if (!insert.ok()) return insert.status();
  if (Status status = insert->run(std::to_string(fresh)); !status.ok()) return status;
  Result<Statement> select =
      connection_.prepare("SELECT value FROM meta WHERE key='store_generation'");
  if (!select.ok()) return select.status();
  select->query();
  Result<bool> row = select->next();
  if (!row.ok()) return row.status();
  const std::string text = *row ? std::string(select->text(0)) : std::string();
  generation_ = std::strtoull(text.c_str(), nullptr, 10);
  if (generation_ == 0) {
    return {Code::kDataLoss, base::kErrStore, "meta.store_generation is '" + text + "'"};
  }
  return {};
}

Status SqliteStore::open_transaction(bool sync) {
  CHECK_MSG(!connection_.in_transaction(), "begin inside a transaction");
  if (sync != synchronous_full_) {
    Status status =
        connection_.exec(sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    if (!status.ok()) return status;
    synchronous_full_ = sync;
  }
  if (Status status = begin_.run(); !status.ok()) return status;
  if (!suspect_) return {};
  // After a failed commit an empty transaction would prove nothing: write a row.
  Status status = probe_.run(std::to_string(++probes_));
  if (!status.ok()) rollback();
  return status;
}

Status SqliteStore::begin() { return open_transaction(true); }
Status SqliteStore::begin_lazy() { return open_transaction(false); }

Result<engine::Facts> SqliteStore::load(const engine::Reads& reads) {
  CHECK_MSG(connection_.in_transaction(), "load outside a transaction");
  engine::Facts facts;
  const auto find = [](Statement& statement, const auto& key, auto& row) -> Result<bool> {
    statement.query(key);
    Result<bool> found = statement.next();
    if (!found.ok() || !*found) return found;
    Status decoded = decode(statement, row);
    statement.reset();
    if (!decoded.ok()) return decoded;
    return true;
  };
  for (const std::string& key : reads.replies) {
    engine::ReplyRow row;
    Result<bool> found = find(load_reply_, key, row);
    if (!found.ok()) return found.status();
    if (*found) facts.replies.emplace(key, std::move(row));
  }
  for (const base::RunId run : reads.runs) {
    engine::RunRow row;
    const std::string text = run.text();
    Result<bool> found = find(load_run_, text, row);
    if (!found.ok()) return found.status();
    if (*found) facts.runs.emplace(run, std::move(row));
  }
  for (const base::RunId run : reads.queued) {
    engine::RunRow row;
    const std::string text = run.text();
    Result<bool> found = find(load_run_, text, row);
    const bool damaged = !found.ok() && found.status().code() == Code::kDataLoss;
    if (!found.ok() && !damaged) return found.status();
    auto& fact = facts.queued[run];
    if (!damaged && *found) fact = std::move(row);
  }
  for (const engine::Digest& digest : reads.artifacts) {
    engine::ArtifactRow row;
    Result<bool> found = find(load_artifact_, digest, row);
    // A damaged row is as good as none: the bytes will be asked for again and replace it.
    if (!found.ok() && found.status().code() == Code::kDataLoss) continue;
    if (!found.ok()) return found.status();
    if (*found) facts.artifacts.emplace(digest, std::move(row));
  }
  for (const std::string& asset : reads.durations) {
    Status status = load_durations(load_durations_, asset, facts.durations[asset]);
    if (!status.ok()) return status;
  }
  for (const std::string& job : reads.job_durations) {
    Status status = load_durations(load_job_durations_, job, facts.job_durations[job]);
    if (!status.ok()) return status;
  }
  for (const std::int64_t id : reads.materializations) {
    engine::MaterializationRow row;
    Result<bool> found = find(load_materialization_, id, row);
    if (!found.ok() && found.status().code() == Code::kDataLoss) continue;
    if (!found.ok()) return found.status();
    if (*found) facts.materializations.emplace(id, std::move(row));
  }
  for (const engine::Reads::Ticks& wanted : reads.ticks) {
    if (Status status = load_ticks(wanted, facts.ticks[wanted.schedule]); !status.ok()) {
      return status;
    }
  }
  return facts;
}

// The newest first, and so kept the other way round.
Status SqliteStore::load_durations(Statement& statement, const std::string& name,
                                   engine::Durations& durations) {
  statement.query(name, static_cast<std::int64_t>(engine::Durations::kKept));
  while (true) {
    Result<bool> more = statement.next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    durations.ms.insert(durations.ms.begin(), statement.int64(0));
  }
  return {};
}

Status SqliteStore::load_ticks(const engine::Reads::Ticks& wanted,
                               std::vector<engine::TickRow>& ticks) {
  load_ticks_.query(wanted.schedule, wanted.from, wanted.to);
  while (true) {
    Result<bool> more = load_ticks_.next();
    if (!more.ok()) return more.status();
    if (!*more) return {};
    engine::TickRow row;
    if (decode(load_ticks_, row).ok()) ticks.push_back(std::move(row));
  }
}

Status SqliteStore::write(const engine::Record& record) {
  CHECK_MSG(connection_.in_transaction(), "write outside a transaction");
  ++rows_since_;
  Status status = writer_.write(record);
  if (!status.ok()) suspect_ = true;
  return status;
}

Status SqliteStore::commit(engine::Durability durability) {
  const bool sync = durability == engine::Durability::kSync;
  CHECK_MSG(synchronous_full_ || !sync, "a lazy transaction cannot be committed in sync");
  const auto start = std::chrono::steady_clock::now();
  Status status = connection_.in_transaction()
                      ? commit_.run()
                      : Status(Code::kUnavailable, base::kErrStore,
                               "the transaction was closed by an earlier failure");
  if (!status.ok()) {
    stats_.failed_commits.fetch_add(1, std::memory_order_relaxed);
    rollback();
    suspect_ = true;
    return status;
  }
  suspect_ = false;
  if (sync) {
    stats_.sync_commits.fetch_add(1, std::memory_order_relaxed);
    stats_.sync_us.record(microseconds_since(start));
  } else {
    stats_.lazy_commits.fetch_add(1, std::memory_order_relaxed);
  }
  return {};
}

void SqliteStore::rollback() {
  if (!connection_.in_transaction()) return;
  // A rollback can only fail when SQLite has closed the transaction by itself; either way nothing
  // is committed.
  const Status status = rollback_.run();
  CHECK_MSG(status.ok() || !connection_.in_transaction(), status.message());
}

Result<engine::Snapshot> SqliteStore::restore() {
  CHECK_MSG(!connection_.in_transaction(), "restore inside a transaction");
  rows_since_ = kBurstRows;
  return read_snapshot(connection_);
}

Status SqliteStore::housekeeping(base::Now now, bool idle) {
  if (connection_.in_transaction()) return {};
  const std::int64_t wal = stats_.wal_bytes.load(std::memory_order_relaxed);
  if (Status status = prune(now, idle); !status.ok()) return status;
  if (idle && rows_since_ >= kBurstRows) give_back_memory();
  if ((idle && wal > 0) || wal > kWalBytesMax) return checkpoint();
  return {};
}

// What a burst passed through: SQLite's pages, and of the heap what lies free between blocks that
// stay, which glibc gives back only when it is told to.
void SqliteStore::give_back_memory() {
  rows_since_ = 0;
  sqlite3_db_release_memory(connection_.handle());
  malloc_trim(0);
}

Status SqliteStore::prune(base::Now now, bool idle) {
  const base::Duration wait = !prune_again_ ? base::Duration(kPruneEvery)
                              : idle        ? base::Duration::zero()
                                            : base::Duration(kPruneAgain);
  if (pruned_at_ && now.boot - *pruned_at_ < wait) return {};
  Result<bool> more_replies = prune_replies(now.wall);
  if (!more_replies.ok()) return more_replies.status();
  Result<bool> more_history = forget_what_is_old(now);
  if (!more_history.ok()) return more_history.status();
  Result<bool> more_pages = give_back_pages(idle);
  if (!more_pages.ok()) return more_pages.status();
  pruned_at_ = now.boot;
  prune_again_ = *more_replies || *more_history || *more_pages;
  return {};
}

// Whether more than one round may delete is left.
Result<bool> SqliteStore::prune_replies(base::WallTime now) {
  const std::int64_t before = sqlite3_total_changes64(connection_.handle());
  if (Status status = open_transaction(false); !status.ok()) return status;
  Status status = prune_.run(now - kReplyAge, kRepliesPrunedMax);
  if (!status.ok()) {
    rollback();
    return status;
  }
  const std::int64_t pruned = sqlite3_total_changes64(connection_.handle()) - before;
  if (status = commit(engine::Durability::kLazy); !status.ok()) return status;
  stats_.replies_pruned.fetch_add(pruned, std::memory_order_relaxed);
  return pruned >= kRepliesPrunedMax;
}

// Whether the sweep goes on.
Result<bool> SqliteStore::forget_what_is_old(base::Now now) {
  if (!retention_.wanted(now)) return false;
  const auto start = std::chrono::steady_clock::now();
  if (Status status = open_transaction(false); !status.ok()) return status;
  Result<bool> more = retention_.round(now);
  if (!more.ok()) rollback();
  const Status status = more.ok() ? commit(engine::Durability::kLazy) : more.status();
  stats_.retention_us.record(microseconds_since(start));
  if (!status.ok()) {
    retention_.start_over();
    return status;
  }
  const Forgotten& forgotten = retention_.last_round();
  stats_.runs_forgotten.fetch_add(forgotten.runs, std::memory_order_relaxed);
  stats_.events_forgotten.fetch_add(forgotten.events, std::memory_order_relaxed);
  stats_.ticks_forgotten.fetch_add(forgotten.ticks, std::memory_order_relaxed);
  return more;
}

// Whether there are still more free pages than there should be.
Result<bool> SqliteStore::give_back_pages(bool idle) {
  const Result<std::int64_t> free = connection_.int64("PRAGMA freelist_count");
  if (!free.ok()) return free.status();
  const std::int64_t kept = idle ? 0 : kFreePagesKept;
  if (*free <= kept) return false;
  const std::int64_t pages = std::min<std::int64_t>(*free - kept, kVacuumPagesMax);
  const std::string sql = "PRAGMA incremental_vacuum(" + std::to_string(pages) + ")";
  if (Status status = connection_.exec(sql.c_str()); !status.ok()) return status;
  return *free - pages > kept;
}

Status SqliteStore::limit_pages_for_test(std::int64_t pages) {
  return connection_.exec(("PRAGMA max_page_count=" + std::to_string(pages)).c_str());
}

Status SqliteStore::checkpoint() {
  const auto start = std::chrono::steady_clock::now();
  int log_frames = 0;
  int done_frames = 0;
  const int code = sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr,
                                             SQLITE_CHECKPOINT_PASSIVE, &log_frames, &done_frames);
  stats_.checkpoint_us.record(microseconds_since(start));
  if (code != SQLITE_OK) return sqlite_status(connection_.handle(), code, "checkpoint");
  // Frames that a reader still needs stay; the WAL starts over with the first commit after the last
  // one is done.
  constexpr std::int64_t kFrameBytes = 4096 + 24;
  stats_.wal_bytes.store((log_frames - done_frames) * kFrameBytes, std::memory_order_relaxed);
  return {};
}

}  // namespace weir::store
