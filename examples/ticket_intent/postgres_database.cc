// PostgreSQL by libpq. The connection lives from one run to the next, a day, in which servers and
// firewalls end it: a transaction that begins on a lost one connects again, once.
// One connection, one thread at a time.
#include <chrono>
#include <string>
#include <type_traits>

#include <libpq-fe.h>

#include "database.h"
#include <weir/values.h>

namespace ticket_intent {
namespace {

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, ClearResult>;

constexpr Oid kBytea = 17;  // as PostgreSQL's catalog numbers it, in every version
constexpr int kBinary = 1;

// Parameters in the arrays that libpq takes.
struct Arguments {
  std::vector<std::string> texts;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;

  explicit Arguments(std::initializer_list<SqlValue> given) {
    texts.reserve(given.size());  // values point into it
    for (const SqlValue& value : given) std::visit([this](const auto& held) { add(held); }, value);
  }
  void add(std::monostate) { add(nullptr, 0, 0); }
  void add(std::int64_t number) { add(std::to_string(number)); }
  void add(const std::string& text) {
    texts.push_back(text);
    add(texts.back().c_str(), text.size(), 0);
  }
  void add(const Blob& blob) { add(blob.bytes.data(), blob.bytes.size(), kBinary); }
  void add(const char* value, std::size_t length, int format) {
    values.push_back(value);
    lengths.push_back(static_cast<int>(length));
    formats.push_back(format);
  }
};

class PostgresDatabase : public Database {
 public:
  explicit PostgresDatabase(const std::string& conninfo) {
    // What stands in the DSN overrides what stands before it.
    const char* const keywords[] = {"connect_timeout", "application_name", "dbname", nullptr};
    const char* const values[] = {"10", "ticket_intent", conninfo.c_str(), nullptr};
    connection_.reset(PQconnectdbParams(keywords, values, 1));
    require_connection();
    quiet();
  }

  Dialect dialect() const override { return Dialect::kPostgres; }

  void begin(Access access) override {
    const char* const sql =
        access == Access::kRead ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN";
    Answer answer(PQexec(connection_.get(), sql));
    if (PQstatus(connection_.get()) == CONNECTION_BAD) {
      PQreset(connection_.get());
      require_connection();
      quiet();
      answer.reset(PQexec(connection_.get(), sql));
    }
    require(answer, sql);
  }
  void commit() override { query("COMMIT", {}); }
  void rollback() noexcept override {
    // A connection that was lost has rolled back.
    const Answer answer(PQexec(connection_.get(), "ROLLBACK"));
  }

  std::vector<SqlRow> query(const char* sql, std::initializer_list<SqlValue> parameters) override {
    const Arguments given(parameters);
    const Answer answer(PQexecParams(connection_.get(), sql, static_cast<int>(given.values.size()),
                                     nullptr, given.values.data(), given.lengths.data(),
                                     given.formats.data(), 0));
    require(answer, sql);
    std::vector<SqlRow> rows;
    for (int i = 0; i < PQntuples(answer.get()); ++i) rows.push_back(row(answer.get(), i));
    return rows;
  }

 private:
  // That a table is there already is no news.
  void quiet() { query("SET client_min_messages = warning", {}); }

  void require_connection() const {
    if (PQstatus(connection_.get()) == CONNECTION_OK) return;
    throw weir::Failure(std::string("cannot connect: ") + PQerrorMessage(connection_.get()), false);
  }

  void require(const Answer& answer, const char* sql) const {
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return;
    const char* const state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
    // 42: no such table or column, no right to it.
    const bool hopeless = state != nullptr && std::string_view(state).starts_with("42");
    throw weir::Failure(std::string(sql) + ": " + PQerrorMessage(connection_.get()), hopeless);
  }

  static SqlRow row(const PGresult* answer, int at) {
    SqlRow made;
    for (int i = 0; i < PQnfields(answer); ++i) {
      if (PQgetisnull(answer, at, i) != 0) {
        made.emplace_back();
      } else if (PQftype(answer, i) == kBytea) {
        made.emplace_back(bytes(PQgetvalue(answer, at, i)));
      } else {
        made.emplace_back(std::string(PQgetvalue(answer, at, i)));
      }
    }
    return made;
  }

  static std::string bytes(const char* text) {
    std::size_t size = 0;
    const std::unique_ptr<unsigned char, void (*)(void*)> unescaped(
        PQunescapeBytea(reinterpret_cast<const unsigned char*>(text), &size), PQfreemem);
    if (!unescaped) throw weir::Failure("no memory for a value", false);
    return {reinterpret_cast<const char*>(unescaped.get()), size};
  }

  std::unique_ptr<PGconn, FinishConnection> connection_;
};

}  // namespace

std::unique_ptr<Database> open_postgres(const std::string& conninfo) {
  return std::make_unique<PostgresDatabase>(conninfo);
}

}  // namespace ticket_intent
