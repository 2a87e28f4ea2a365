// The statements, a set for each dialect: SQLite has no type for times and keeps microseconds since
// 1970, PostgreSQL has timestamptz. Bodies are bytes in both, for not all of them are text.
// One thread at a time.
#include "ticket_table.h"

#include <charconv>
#include <string>

#include <weir/values.h>

namespace ticket_intent {
namespace {

struct Statements {
  const char* create;
  const char* index;
  const char* now;
  const char* page;
  const char* last;
  const char* insert;
  const char* set_intent;
};

constexpr char kIndex[] =
    "CREATE INDEX IF NOT EXISTS tickets_by_update ON tickets (updated_at, id)";

constexpr Statements kSqlite = {
    "CREATE TABLE IF NOT EXISTS tickets (id INTEGER PRIMARY KEY, created_at INTEGER NOT NULL,"
    " updated_at INTEGER NOT NULL, channel TEXT NOT NULL, subject TEXT NOT NULL,"
    " body BLOB NOT NULL, intent TEXT)",
    kIndex,
    "SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000000",
    "SELECT id, created_at, updated_at, channel, subject, body, intent FROM tickets"
    " WHERE (updated_at, id) > ($1, $2) ORDER BY updated_at, id LIMIT $3",
    "SELECT id, updated_at FROM tickets ORDER BY id DESC LIMIT 1",
    "INSERT INTO tickets VALUES ($1, $2, $3, $4, $5, $6, $7)",
    "UPDATE tickets SET intent = $2, updated_at = $3 WHERE id = $1",
};

#define TIME_OF(parameter) "'epoch'::timestamptz + " parameter "::bigint * interval '1 microsecond'"
#define MICROSECONDS_OF(time) "(extract(epoch FROM " time ") * 1000000)::bigint"
constexpr Statements kPostgres = {
    "CREATE TABLE IF NOT EXISTS tickets (id bigint PRIMARY KEY, created_at timestamptz NOT NULL,"
    " updated_at timestamptz NOT NULL, channel text NOT NULL, subject text NOT NULL,"
    " body bytea NOT NULL, intent text)",
    kIndex,
    "SELECT " MICROSECONDS_OF("now()"),
    "SELECT id, " MICROSECONDS_OF("created_at") ", " MICROSECONDS_OF("updated_at") ","
    " channel, subject, body, intent FROM tickets"
    " WHERE (updated_at, id) > (" TIME_OF("$1") ", $2::bigint)"
    " ORDER BY updated_at, id LIMIT $3::bigint",
    "SELECT id, " MICROSECONDS_OF("updated_at") " FROM tickets ORDER BY id DESC LIMIT 1",
    "INSERT INTO tickets VALUES ($1::bigint, " TIME_OF("$2") ", " TIME_OF("$3") ","
    " $4::text, $5::text, $6::bytea, $7::text)",
    "UPDATE tickets SET intent = $2::text, updated_at = " TIME_OF("$3") " WHERE id = $1::bigint",
};
#undef TIME_OF
#undef MICROSECONDS_OF

const Statements& statements(const Database& database) {
  return database.dialect() == Dialect::kSqlite ? kSqlite : kPostgres;
}

std::int64_t microseconds(Time time) { return time.time_since_epoch().count(); }

const std::string& text(const SqlRow& row, std::size_t column) {
  if (!row.at(column)) {
    throw weir::permanent("column " + std::to_string(column + 1) + " of a ticket is null");
  }
  return *row[column];
}

std::int64_t number(const SqlRow& row, std::size_t column) {
  const std::string& digits = text(row, column);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    throw weir::permanent("'" + digits + "' in column " + std::to_string(column + 1) +
                          " of a ticket is no number");
  }
  return value;
}

Time time(const SqlRow& row, std::size_t column) {
  return Time(std::chrono::microseconds(number(row, column)));
}

}  // namespace

void create_tickets(Database& database) {
  database.query(statements(database).create);
  database.query(statements(database).index);
}

void insert_ticket(Database& database, const Ticket& ticket) {
  database.query(
      statements(database).insert,
      {ticket.id, microseconds(ticket.created_at), microseconds(ticket.updated_at), ticket.channel,
       ticket.subject, Blob{ticket.body}, ticket.intent ? SqlValue(*ticket.intent) : SqlValue()});
}

void set_intent(Database& database, std::int64_t id, const std::string& intent, Time updated_at) {
  database.query(statements(database).set_intent, {id, intent, microseconds(updated_at)});
}

std::vector<Ticket> tickets_after(Database& database, const Position& after, std::size_t rows_max) {
  const auto rows = database.query(
      statements(database).page,
      {microseconds(after.updated_at), after.id, static_cast<std::int64_t>(rows_max)});
  std::vector<Ticket> tickets;
  tickets.reserve(rows.size());
  for (const SqlRow& row : rows) {
    tickets.push_back({number(row, 0), time(row, 1), time(row, 2), text(row, 3), text(row, 4),
                       text(row, 5), row.at(6)});
  }
  return tickets;
}

Time database_time(Database& database) {
  return time(database.query(statements(database).now).at(0), 0);
}

std::optional<Position> last_ticket(Database& database) {
  const auto rows = database.query(statements(database).last);
  if (rows.empty()) return std::nullopt;
  return Position{time(rows[0], 1), number(rows[0], 0)};
}

}  // namespace ticket_intent
