// Reads of schedules, their ticks, freshness policies and alerts: the part of SqliteReader behind
// lists of them and behind names that people give. See sqlite_reader.h. Safe from any thread; each
// call borrows one connection for a short query or two and must not hold it longer.
#include <array>
#include <limits>
#include <optional>
#include <vector>

#include "base/errors.h"
#include "base/names.h"
#include "scheduler/ports/page_token.h"
#include "scheduler/store/query.h"
#include "scheduler/store/sqlite_reader.h"

namespace weir::store {

using base::Code;
using base::Result;
using base::Status;
using engine::AlertRow;
using engine::AlertRuleRow;
using engine::FreshnessRow;
using engine::ScheduleRow;
using engine::TickRow;
using ports::Page;
using ports::PageRequest;

namespace {

// "pipeline/name" by "name" too.
constexpr const char* kShortName = "substr(name, -length(?1)-1)='/'||?1";

std::string name_token(const Statement& row) { return std::string(row.text(0)); }
std::string id_token(const Statement& row) { return std::to_string(row.int64(0)); }

// The first column of all rows.
Result<std::vector<std::string>> texts(ReaderPool::Lease& lease, const char* sql) {
  Result<Statement*> prepared = lease.statement(sql);
  if (!prepared.ok()) return prepared.status();
  (*prepared)->query();
  std::vector<std::string> texts;
  while (true) {
    Result<bool> more = (*prepared)->next();
    if (!more.ok()) return more.status();
    if (!*more) return texts;
    texts.emplace_back((*prepared)->text(0));
  }
}

// All names, in full and behind each slash, as people may have meant them.
Result<std::vector<std::string>> names_to_suggest(ReaderPool::Lease& lease) {
  return texts(
      lease,
      "SELECT name FROM schedules WHERE retired=0 UNION ALL SELECT substr(name, instr(name, "
      "'/') + 1) FROM schedules WHERE retired=0");
}

Status unknown_schedule(ReaderPool::Lease& lease, const std::string& name) {
  const auto names = names_to_suggest(lease);
  if (!names.ok()) return names.status();
  return {Code::kNotFound, base::kErrUnknownSchedule,
          "no schedule is named '" + name + "'." + base::did_you_mean(name, *names) +
              " `weir schedules list` shows them."};
}

Status no_policy(ReaderPool::Lease& lease, const std::string& asset) {
  const auto names = texts(lease, "SELECT asset FROM freshness");
  if (!names.ok()) return names.status();
  return {Code::kNotFound, base::kErrFreshness,
          "there is no freshness policy on '" + asset + "'." + base::did_you_mean(asset, *names) +
              " `weir freshness list` shows them."};
}

}  // namespace

Result<Page<ScheduleRow>> SqliteReader::list_schedules(const ports::ScheduleFilter& filter,
                                                       const PageRequest& page) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  Conditions conditions;
  conditions.add("name > ?", {page.after});
  if (!filter.pipeline.empty()) {
    // '0' is the character after '/'.
    conditions.add("name > ? AND name < ?", {filter.pipeline + "/", filter.pipeline + "0"});
  }
  if (!filter.job.empty()) {
    conditions.add("(job = ? OR substr(job, -length(?)-1) = '/'||?)",
                   {filter.job, filter.job, filter.job});
  }
  if (filter.paused) conditions.add(*filter.paused ? "paused <> 0" : "paused = 0");
  if (!filter.retired) conditions.add("retired = 0");
  return fetch_page_where<ScheduleRow>(*lease, conditions, "ORDER BY name", page_size(page),
                                       name_token);
}

Result<ScheduleRow> SqliteReader::get_schedule(const std::string& name) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const Status missing(Code::kNotFound, base::kErrUnknownSchedule, "");
  Result<ScheduleRow> exact =
      fetch_one<ScheduleRow>(*lease, select_rows<ScheduleRow>("WHERE name=?"), missing, name);
  if (exact.ok() || exact.status().code() != Code::kNotFound) return exact;
  const std::string sql = select_rows<ScheduleRow>("WHERE " + std::string(kShortName) +
                                                   " ORDER BY retired, name LIMIT 2");
  Result<std::vector<ScheduleRow>> rows = fetch_all<ScheduleRow>(*lease, sql, name);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return unknown_schedule(*lease, name);
  if (rows->size() > 1 && rows->front().retired == rows->back().retired) {
    return Status(Code::kInvalidArgument, base::kErrAmbiguous,
                  "'" + name + "' means several schedules, among them " + rows->front().name +
                      " and " + rows->back().name + "; give the full name");
  }
  return std::move(rows->front());
}

Result<Page<TickRow>> SqliteReader::list_ticks(const std::string& schedule,
                                               const ports::TickFilter& filter,
                                               const PageRequest& page) {
  std::array<std::int64_t, 1> before{std::numeric_limits<std::int64_t>::max()};
  if (!page.after.empty() && !ports::parse_page_token(page.after, before)) {
    return ports::bad_page_token(page.after);
  }
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  Conditions conditions;
  conditions.add("schedule = ?", {schedule});
  conditions.add("nominal < ?", {base::WallTime(base::Duration(before[0]))});
  if (filter.since) conditions.add("COALESCE(until, nominal) >= ?", {*filter.since});
  if (filter.outcome) {
    conditions.add("outcome = ?", {std::string(base::word_of(*filter.outcome))});
  }
  const auto token = [](const Statement& row) { return std::string(row.text(1)); };
  return fetch_page_where<TickRow>(*lease, conditions, "ORDER BY nominal DESC", page_size(page),
                                   token);
}

Result<Page<FreshnessRow>> SqliteReader::list_freshness(const ports::FreshnessFilter& filter,
                                                        const PageRequest& page) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  Conditions conditions;
  conditions.add("asset > ?", {page.after});
  if (filter.state) conditions.add("state = ?", {std::string(base::word_of(*filter.state))});
  if (!filter.pipeline.empty()) {
    conditions.add("EXISTS (SELECT 1 FROM assets WHERE assets.name = asset AND pipeline = ?)",
                   {filter.pipeline});
  }
  return fetch_page_where<FreshnessRow>(*lease, conditions, "ORDER BY asset", page_size(page),
                                        name_token);
}

Result<FreshnessRow> SqliteReader::get_freshness(const std::string& asset) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const Status missing(Code::kNotFound, base::kErrFreshness, "");
  Result<FreshnessRow> row =
      fetch_one<FreshnessRow>(*lease, select_rows<FreshnessRow>("WHERE asset=?"), missing, asset);
  if (row.ok() || row.status().code() != Code::kNotFound) return row;
  return no_policy(*lease, asset);
}

Result<Page<AlertRuleRow>> SqliteReader::list_alert_rules(const PageRequest& page) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  Conditions conditions;
  conditions.add("name > ?", {page.after});
  return fetch_page_where<AlertRuleRow>(*lease, conditions, "ORDER BY name", page_size(page),
                                        name_token);
}

Result<AlertRuleRow> SqliteReader::get_alert_rule(const std::string& name) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const Status missing(Code::kNotFound, base::kErrUnknownAlert, "");
  Result<AlertRuleRow> row =
      fetch_one<AlertRuleRow>(*lease, select_rows<AlertRuleRow>("WHERE name=?"), missing, name);
  if (row.ok() || row.status().code() != Code::kNotFound) return row;
  const auto names = texts(*lease, "SELECT name FROM alert_rules");
  if (!names.ok()) return names.status();
  return Status(Code::kNotFound, base::kErrUnknownAlert,
                "no alert rule is named '" + name + "'." + base::did_you_mean(name, *names) +
                    " `weir alerts rules` shows them.");
}

// Places in lists of alerts and silences are their numbers.
Result<Page<engine::SilenceRow>> SqliteReader::list_silences(const PageRequest& page) {
  std::array<std::int64_t, 1> after{0};
  if (!page.after.empty() && !ports::parse_page_token(page.after, after)) {
    return ports::bad_page_token(page.after);
  }
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  Conditions conditions;
  // A number as all conditions have it: bound as microseconds.
  conditions.add("id > ?", {base::WallTime(base::Duration(after[0]))});
  return fetch_page_where<engine::SilenceRow>(*lease, conditions, "ORDER BY id", page_size(page),
                                              id_token);
}

Result<Page<AlertRow>> SqliteReader::list_alerts(const ports::AlertFilter& filter,
                                                 const PageRequest& page) {
  std::array<std::int64_t, 1> before{std::numeric_limits<std::int64_t>::max()};
  if (!page.after.empty() && !ports::parse_page_token(page.after, before)) {
    return ports::bad_page_token(page.after);
  }
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  Conditions conditions;
  // A number as all conditions have it: bound as microseconds.
  conditions.add("id < ?", {base::WallTime(base::Duration(before[0]))});
  if (!filter.rule.empty()) conditions.add("rule = ?", {filter.rule});
  if (filter.firing) conditions.add("state = 'firing' AND (state='firing' OR delivery='pending')");
  if (filter.undelivered) conditions.add("delivery = 'undelivered'");
  if (filter.since) conditions.add("last >= ?", {*filter.since});
  return fetch_page_where<AlertRow>(*lease, conditions, "ORDER BY id DESC", page_size(page),
                                    id_token);
}

Result<AlertRow> SqliteReader::get_alert(std::int64_t id) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const Status missing(Code::kNotFound, base::kErrUnknownAlert,
                       "there is no alert " + std::to_string(id));
  return fetch_one<AlertRow>(*lease, select_rows<AlertRow>("WHERE id=?"), missing, id);
}

Result<std::int64_t> SqliteReader::count_undelivered(base::WallTime since) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  Result<Statement*> prepared = lease->statement(
      "SELECT count(*) FROM alerts INDEXED BY alerts_undelivered "
      "WHERE delivery='undelivered' AND last>=?");
  if (!prepared.ok()) return prepared.status();
  (*prepared)->query(since);
  const Result<bool> found = (*prepared)->next();
  if (!found.ok()) return found.status();
  const std::int64_t count = (*prepared)->int64(0);
  (*prepared)->reset();
  return count;
}

}  // namespace weir::store
