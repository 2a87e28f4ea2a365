// The statements of a table: INSERT alone where rows are written once, else an upsert, which leaves
// a sealed row as it is. An upsert and not a REPLACE, because that would delete and forget what it
// overwrites. On the write connection's thread, inside a transaction that the caller has opened;
// begins and commits none itself.
#include "scheduler/store/row_writer.h"

#include <string>

#include "engine/text/record_text.h"
#include "scheduler/store/row_codec.h"

namespace weir::store {

using base::Result;
using base::Status;

namespace {

void append_item(std::string& list, std::string_view between, std::string_view item) {
  if (!list.empty()) list += between;
  list += item;
}

template <class Row>
std::string key_condition() {
  std::string text;
  const Row row{};
  engine::visit_columns(row, [&](std::string_view name, engine::Role role, const auto&) {
    if (role == engine::Role::kKey) append_item(text, " AND ", std::string(name) + "=?");
  });
  return text;
}

// "state='waiting' OR state='ready' …", of the states that are not terminal. No list after IN:
// SQLite makes a table of that at every write, which doubles what a write costs.
template <base::Worded State>
std::string still_live(const std::string& column) {
  std::string text;
  for (std::size_t index = 0; index < base::kWords<State>.size(); ++index) {
    if (terminal(static_cast<State>(index))) continue;
    append_item(text, " OR ", column + "='" + std::string(base::kWords<State>[index]) + "'");
  }
  return text;
}

// "INSERT INTO table(columns) VALUES(?,?,…)", and where rows may change
// " ON CONFLICT(key) DO UPDATE SET column=excluded.column,… WHERE state='waiting' OR …".
template <class Row>
std::string put_sql() {
  std::string values, keys, sets, unless;
  const Row row{};
  engine::visit_columns(row, [&](std::string_view column, engine::Role role, const auto& value) {
    const std::string name(column);
    append_item(values, ",", "?");
    if (role == engine::Role::kKey) {
      append_item(keys, ",", name);
    } else {
      append_item(sets, ",", name + "=excluded." + name);
    }
    if constexpr (requires { terminal(value); }) {
      if (role == engine::Role::kSealing) {
        unless = " WHERE " + still_live<std::remove_cvref_t<decltype(value)>>(name);
      }
    }
  });
  std::string sql = "INSERT INTO " + std::string(Row::kTable.name) + "(" + column_names<Row>() +
                    ") VALUES(" + values + ")";
  if (Row::kTable.writes == engine::Writes::kOnce) return sql;
  return sql + " ON CONFLICT(" + keys + ") DO UPDATE SET " + sets + unless;
}

}  // namespace

template <class Row>
Result<RowWriter::Statements> RowWriter::prepare_table(Connection& connection) {
  Statements out;
  Result<Statement> put = connection.prepare(put_sql<Row>());
  if (!put.ok()) return put.status();
  out.put = std::move(put).value();
  if constexpr (engine::Erasable<Row>) {
    Result<Statement> erase = connection.prepare("DELETE FROM " + std::string(Row::kTable.name) +
                                                 " WHERE " + key_condition<Row>());
    if (!erase.ok()) return erase.status();
    out.erase = std::move(erase).value();
  }
  return out;
}

Result<RowWriter> RowWriter::prepare(Connection& connection) {
  RowWriter writer;
  Status status;
  const auto one = [&]<std::size_t kAt>(std::integral_constant<std::size_t, kAt>) {
    if (!status.ok()) return;
    auto prepared = prepare_table<std::variant_alternative_t<kAt, engine::Record>>(connection);
    status = prepared.status();
    if (status.ok()) writer.tables_[kAt] = std::move(prepared).value();
  };
  [&]<std::size_t... kAt>(std::index_sequence<kAt...>) {
    (one(std::integral_constant<std::size_t, kAt>{}), ...);
  }
  (std::make_index_sequence<std::variant_size_v<engine::Record>>{});
  if (!status.ok()) return status;
  return writer;
}

Status RowWriter::write(const engine::Record& record) {
  return std::visit([&](const auto& row) { return put(tables_[record.index()], row, record); },
                    record);
}

template <class Row>
Status RowWriter::put(Statements& statements, const Row& row, const engine::Record& record) {
  if constexpr (engine::Erasable<Row>) {
    if (row.*Row::erased()) {
      RowBinder binder(statements.erase);
      engine::visit_columns(row, [&](std::string_view name, engine::Role role, const auto& value) {
        if (role == engine::Role::kKey) binder(name, role, value);
      });
      return statements.erase.execute();
    }
  }
  RowBinder binder(statements.put);
  engine::visit_columns(row, binder);
  const Status status = statements.put.execute();
  const bool refused = Row::kTable.writes == engine::Writes::kOnce
                           ? status.code() == base::Code::kAlreadyExists
                           : status.ok() && statements.put.changes() == 0;
  if (refused) return engine::overwrite_refused(record);
  return status;
}

}  // namespace weir::store
