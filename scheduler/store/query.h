// Helpers of the reader: one row, all rows, one page, each from a cached statement of the lease.
// Internal to scheduler/store; used on the thread that holds the lease. Values are always bound: no
// text of a caller may become part of the SQL.
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "scheduler/ports/reader.h"
#include "scheduler/store/reader_pool.h"
#include "scheduler/store/row_codec.h"

namespace weir::store {

inline int page_size(const ports::PageRequest& page) {
  return std::clamp(page.size, 1, ports::kPageSizeMax);
}

// The row of the query, or `missing` when there is none.
template <class Row, class... Args>
base::Result<Row> fetch_one(ReaderPool::Lease& lease, const std::string& sql,
                            const base::Status& missing, const Args&... args) {
  base::Result<Statement*> prepared = lease.statement(sql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  statement.query(args...);
  base::Result<bool> found = statement.next();
  if (!found.ok()) return found.status();
  if (!*found) return missing;
  Row row;
  if (base::Status status = decode(statement, row); !status.ok()) return status;
  return row;
}

// All rows of the query. Undecodable ones are left out: the start of the scheduler reports those of
// live runs, and fetch_one() reports the one that is asked for.
template <class Row, class... Args>
base::Result<std::vector<Row>> fetch_all(ReaderPool::Lease& lease, const std::string& sql,
                                         const Args&... args) {
  base::Result<Statement*> prepared = lease.statement(sql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  statement.query(args...);
  std::vector<Row> rows;
  while (true) {
    base::Result<bool> more = statement.next();
    if (!more.ok()) return more.status();
    if (!*more) return rows;
    Row row;
    if (decode(statement, row).ok()) rows.push_back(std::move(row));
  }
}

// The rows of a query that was begun and gives up to one more than a page has.
template <class Row, class Token>
base::Result<ports::Page<Row>> read_page(Statement& statement, int size, Token token) {
  ports::Page<Row> page;
  std::string last;
  for (int fetched = 0;; ++fetched) {
    base::Result<bool> more = statement.next();
    if (!more.ok()) return more.status();
    if (!*more) return page;
    if (fetched == size) {
      page.next = last;
      statement.reset();
      return page;
    }
    last = token(statement);
    Row row;
    if (decode(statement, row).ok()) page.rows.push_back(std::move(row));
  }
}

// One page of a query that ends in "LIMIT ?"; `token` gives a row's page token from its columns.
template <class Row, class Token, class... Args>
base::Result<ports::Page<Row>> fetch_page(ReaderPool::Lease& lease, const std::string& sql,
                                          int size, Token token, const Args&... args) {
  base::Result<Statement*> prepared = lease.statement(sql);
  if (!prepared.ok()) return prepared.status();
  (*prepared)->query(args..., size + 1);
  return read_page<Row>(**prepared, size, token);
}

// Conditions that a filter adds one by one, with the values of their placeholders.
struct Conditions {
  using Value = std::variant<std::string, base::WallTime>;

  // `condition` has a "?" for each value.
  void add(std::string_view condition, std::vector<Value> its_values = {}) {
    where.append(where.empty() ? "WHERE " : " AND ").append(condition);
    std::move(its_values.begin(), its_values.end(), std::back_inserter(values));
  }

  std::string where;
  std::vector<Value> values;
};

// The same of "WHERE conditions order LIMIT ?".
template <class Row, class Token>
base::Result<ports::Page<Row>> fetch_page_where(ReaderPool::Lease& lease,
                                                const Conditions& conditions,
                                                std::string_view order, int size, Token token,
                                                std::string_view columns = column_names<Row>()) {
  const std::string rest = conditions.where + " " + std::string(order) + " LIMIT ?";
  base::Result<Statement*> prepared = lease.statement(select_rows<Row>(rest, columns));
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  statement.query();
  int index = 1;
  for (const Conditions::Value& value : conditions.values) {
    std::visit([&](const auto& one) { statement.bind(index++, one); }, value);
  }
  statement.bind(index, size + 1);
  return read_page<Row>(statement, size, token);
}

}  // namespace weir::store
