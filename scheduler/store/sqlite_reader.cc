// Reads for the API: see sqlite_reader.h. What belongs to runs and events stands here,
// tasks in reader_tasks.cc, assets, modules and the rest in reader_definitions.cc. Safe from any
// thread: each call borrows one connection for one short read. Page tokens come from outside and
// are checked, never trusted.
#include "scheduler/store/sqlite_reader.h"

#include <array>
#include <cctype>

#include <sqlite3.h>

#include "base/errors.h"
#include "scheduler/ports/page_token.h"
#include "scheduler/store/query.h"

namespace weir::store {

using base::Code;
using base::Result;
using base::RunId;
using base::Status;
using ports::bad_page_token;
using ports::Page;
using ports::PageRequest;
using ports::parse_page_token;

namespace {

constexpr int kStepsBetweenLooks = 10'000;  // of SQLite's virtual machine: well under a millisecond

// Makes what a connection executes fail soon after a stop is requested.
class StopWatch {
 public:
  StopWatch(sqlite3* connection, const std::stop_token& stop) : connection_(connection) {
    const auto look = [](void* token) {
      return static_cast<const std::stop_token*>(token)->stop_requested() ? 1 : 0;
    };
    sqlite3_progress_handler(connection, kStepsBetweenLooks, look,
                             const_cast<std::stop_token*>(&stop));
  }
  ~StopWatch() { sqlite3_progress_handler(connection_, 0, nullptr, nullptr); }
  StopWatch(const StopWatch&) = delete;
  StopWatch& operator=(const StopWatch&) = delete;

 private:
  sqlite3* connection_;
};

constexpr const char* kNewestEvent = "SELECT COALESCE(MAX(seq), 0) FROM events";
constexpr const char* kPrunedTo =
    "SELECT CAST(value AS INTEGER) FROM meta WHERE key='events_pruned_to'";
constexpr std::size_t kRunIdCharacters = 13;

// The smallest run id text of that time, a day early: ids are made a moment before their row's
// created_at.
std::string first_id_since(engine::WallTime since) {
  return RunId::make(since - std::chrono::hours(24), 0).text();
}

Conditions conditions_of(const ports::RunFilter& filter, const PageRequest& page) {
  Conditions conditions;
  conditions.add("run_id < ?", {page.after.empty() ? "~" : page.after});  // '~' is after every id
  if (!filter.job.empty()) conditions.add("job = ?", {filter.job});
  if (filter.state) {
    conditions.add("state = ?", {std::string(engine::run_state_name(*filter.state))});
  }
  if (filter.origin) {
    // The word as it is: a partial index serves no placeholder.
    conditions.add("origin = '" + std::string(base::word_of(*filter.origin)) + "'");
  }
  if (!filter.reference.empty()) conditions.add("origin_reference = ?", {filter.reference});
  if (filter.since) {
    conditions.add("run_id >= ?", {first_id_since(*filter.since)});
    conditions.add("created_at >= ?", {*filter.since});
  }
  return conditions;
}

}  // namespace

Status SqliteReader::unknown_run(std::string_view reference) const {
  return {Code::kNotFound, base::kErrUnknownRun,
          "there is no run '" + std::string(reference) +
              "'; `weir runs list` shows them, and those that have ended are kept for " +
              ports::kept_words(kept_.runs)};
}

Result<std::unique_ptr<SqliteReader>> SqliteReader::open(const std::string& path, int connections,
                                                         RetentionOptions kept) {
  Result<std::unique_ptr<ReaderPool>> pool = ReaderPool::open(path, connections);
  if (!pool.ok()) return pool.status();
  return std::make_unique<SqliteReader>(Private{}, std::move(pool).value(), kept);
}

Result<Page<ports::RunWithCounts>> SqliteReader::list_runs(const ports::RunFilter& filter,
                                                           const PageRequest& page) {
  if (!page.after.empty() && !RunId::parse(page.after)) return bad_page_token(page.after);
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  // A plan may have a megabyte, and a page five thousand of them.
  static const std::string kColumns = column_list<engine::RunRow>("plan");
  const auto token = [](const Statement& row) { return std::string(row.text(0)); };
  Result<Page<engine::RunRow>> runs =
      fetch_page_where<engine::RunRow>(*lease, conditions_of(filter, page), "ORDER BY run_id DESC",
                                       page_size(page), token, kColumns);
  if (!runs.ok()) return runs.status();
  Page<ports::RunWithCounts> out;
  out.next = runs->next;
  for (engine::RunRow& run : runs->rows) {
    Result<std::vector<std::int32_t>> counts = task_counts(*lease, run.id);
    if (!counts.ok()) return counts.status();
    out.rows.push_back({std::move(run), std::move(counts).value()});
  }
  return out;
}

Result<ports::RunWithCounts> SqliteReader::get_run(RunId run) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const std::string id = run.text();
  Result<engine::RunRow> row = fetch_one<engine::RunRow>(
      *lease, select_rows<engine::RunRow>("WHERE run_id=?"), unknown_run(id), id);
  if (!row.ok()) return row.status();
  Result<std::vector<std::int32_t>> counts = task_counts(*lease, row->id);
  if (!counts.ok()) return counts.status();
  return ports::RunWithCounts{std::move(row).value(), std::move(counts).value()};
}

Result<RunId> SqliteReader::newest_run(ReaderPool::Lease& lease, std::string_view condition,
                                       std::string_view reference) {
  const std::string sql =
      select_rows<engine::RunRow>("" + std::string(condition) + " ORDER BY run_id DESC LIMIT 1");
  Result<engine::RunRow> row = fetch_one<engine::RunRow>(lease, sql, unknown_run(reference));
  if (!row.ok()) return row.status();
  return row->id;
}

Result<RunId> SqliteReader::resolve_run(std::string_view reference) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  if (reference == "@last") return newest_run(*lease, "", reference);
  if (reference == "@last-failed") {
    return newest_run(*lease, "WHERE state='failed'", reference);
  }
  if (reference.empty() || reference.size() > kRunIdCharacters) return unknown_run(reference);
  std::string prefix;
  if (const auto whole = RunId::parse(reference)) {
    prefix = whole->text();
  } else {
    for (const char c : reference) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0) return unknown_run(reference);
      prefix += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  const std::string end = prefix + "~";
  Result<std::vector<engine::RunRow>> rows = fetch_all<engine::RunRow>(
      *lease, select_rows<engine::RunRow>("WHERE run_id >= ? AND run_id < ? LIMIT 2"), prefix, end);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return unknown_run(reference);
  if (rows->size() > 1) {
    return Status(Code::kInvalidArgument, base::kErrAmbiguous,
                  "'" + std::string(reference) + "' is the start of several runs, among them " +
                      (*rows)[0].id.text() + " and " + (*rows)[1].id.text() +
                      "; give more characters");
  }
  return rows->front().id;
}

Result<Page<engine::AttemptRow>> SqliteReader::list_attempts(RunId run,
                                                             std::optional<std::int32_t> task,
                                                             const PageRequest& page) {
  std::array<std::int64_t, 2> after{-1, -1};  // task and epoch
  if (!page.after.empty() && !parse_page_token(page.after, after)) {
    return bad_page_token(page.after);
  }
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const std::string range = task ? "task = ?4" : "?4 IS NULL";
  const std::string sql =
      select_rows<engine::AttemptRow>("WHERE run_id=?1 AND (task, epoch) > (?2, ?3) AND " + range +
                                      " ORDER BY task, epoch LIMIT ?5");
  const auto token = [](const Statement& row) {
    return std::string(row.text(1)) + "." + std::string(row.text(2));
  };
  const std::string id = run.text();
  if (task) {
    return fetch_page<engine::AttemptRow>(*lease, sql, page_size(page), token, id, after[0],
                                          after[1], *task);
  }
  return fetch_page<engine::AttemptRow>(*lease, sql, page_size(page), token, id, after[0], after[1],
                                        nullptr);
}

Result<std::vector<engine::CheckRow>> SqliteReader::list_checks(const engine::AttemptKey& attempt) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const std::string id = attempt.run.text();
  return fetch_all<engine::CheckRow>(
      *lease,
      select_rows<engine::CheckRow>("WHERE run_id=? AND task=? AND epoch=? ORDER BY asset, name"),
      id, attempt.task, attempt.epoch);
}

Result<std::vector<engine::EventRow>> SqliteReader::list_events(std::int64_t since,
                                                                std::optional<RunId> run,
                                                                int limit) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  if (since > 0) {
    Result<std::int64_t> newest = lease->connection().int64(kNewestEvent);
    if (!newest.ok()) return newest.status();
    if (since > *newest) {
      return Status(Code::kOutOfRange, base::kErrUsage,
                    "event " + std::to_string(since) + " is not in this log, which ends at " +
                        std::to_string(*newest) +
                        ": it was restored from a backup, or the number is another scheduler's; "
                        "read the current state and go on from its as_of_seq");
    }
    // A run that is there has all of its events.
    Result<std::int64_t> pruned = run ? 0 : lease->connection().int64(kPrunedTo);
    if (!pruned.ok()) return pruned.status();
    if (*pruned > since) {
      return Status(Code::kOutOfRange, base::kErrUsage,
                    "events up to " + std::to_string(*pruned) +
                        " have been pruned (they are kept "
                        "for " +
                        ports::kept_words(kept_.runs) +
                        "); read the current state and go on from "
                        "its as_of_seq");
    }
  }
  const int rows = std::clamp(limit, 1, ports::kPageSizeMax);
  if (!run) {
    return fetch_all<engine::EventRow>(
        *lease, select_rows<engine::EventRow>("WHERE seq > ? ORDER BY seq LIMIT ?"), since, rows);
  }
  const std::string id = run->text();
  return fetch_all<engine::EventRow>(
      *lease, select_rows<engine::EventRow>("WHERE run_id=? AND seq > ? ORDER BY seq LIMIT ?"), id,
      since, rows);
}

Result<std::int64_t> SqliteReader::last_seq() {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  return lease->connection().int64(kNewestEvent);
}

Status SqliteReader::quick_check(const std::stop_token& stop) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const StopWatch watch(lease->connection().handle(), stop);
  Result<Statement*> prepared = lease->statement("PRAGMA quick_check(1)");
  if (!prepared.ok()) return prepared.status();
  (*prepared)->query();
  Result<bool> row = (*prepared)->next();
  if (stop.stop_requested()) return {Code::kCanceled, 0, "the check was given up"};
  if (!row.ok()) return row.status();
  const std::string answer = *row ? std::string((*prepared)->text(0)) : std::string("no answer");
  if (answer == "ok") return {};
  return {Code::kDataLoss, base::kErrStore,
          "the database is damaged: " + answer + "; restore it from a backup"};
}

}  // namespace weir::store
