// Reads of alerts, their rules and silences: the part of SqliteReader behind `weir alerts` and
// `weir doctor`. See sqlite_reader.h. Safe from any thread; each call borrows one connection for a
// short query and must not hold it longer.
#include <array>
#include <limits>

#include "base/errors.h"
#include "scheduler/ports/page_token.h"
#include "scheduler/store/query.h"
#include "scheduler/store/sqlite_reader.h"

namespace weir::store {

using base::Code;
using base::Result;
using base::Status;
using engine::AlertRow;
using ports::Page;
using ports::PageRequest;

Result<std::vector<engine::AlertRuleRow>> SqliteReader::list_alert_rules() {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  return fetch_all<engine::AlertRuleRow>(*lease,
                                         select_rows<engine::AlertRuleRow>("ORDER BY name"));
}

Result<std::vector<engine::SilenceRow>> SqliteReader::list_silences() {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  return fetch_all<engine::SilenceRow>(*lease, select_rows<engine::SilenceRow>("ORDER BY id"));
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
  const auto token = [](const Statement& row) { return std::to_string(row.int64(0)); };
  return fetch_page_where<AlertRow>(*lease, conditions, "ORDER BY id DESC", page_size(page), token);
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
