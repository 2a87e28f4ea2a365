// SQLite by its C interface. A writer that holds the file is waited for, then the attempt fails and
// may be made again.
// One connection, one thread at a time.
#include <chrono>
#include <string>
#include <type_traits>

#include <sqlite3.h>

#include "database.h"
#include <weir/values.h>

namespace ticket_intent {
namespace {

constexpr int kBusyTimeoutMs = 60'000;

struct CloseConnection {
  void operator()(sqlite3* connection) const { sqlite3_close(connection); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

class SqliteDatabase : public Database {
 public:
  SqliteDatabase(const std::string& path, Access access) : path_(path) {
    const int flags =
        access == Access::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
    connection_.reset(opened);  // also after an error, which it then explains
    if (code != SQLITE_OK) {
      fail(code, access == Access::kWrite
                     ? "cannot be made"
                     : "cannot be read (generate_tickets --db FILE makes such a database, "
                       "WEIR_SECRET_TICKETS_DSN names another one)");
    }
    sqlite3_busy_timeout(opened, kBusyTimeoutMs);
  }

  Dialect dialect() const override { return Dialect::kSqlite; }
  void begin(Access access) override {
    query(access == Access::kRead ? "BEGIN" : "BEGIN IMMEDIATE", {});
  }
  void commit() override { query("COMMIT", {}); }
  void rollback() noexcept override {
    if (sqlite3_get_autocommit(connection_.get()) != 0) return;  // an error has ended it already
    sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }

  std::vector<SqlRow> query(const char* sql, std::initializer_list<SqlValue> parameters) override {
    sqlite3_stmt* prepared = nullptr;
    if (const int code = sqlite3_prepare_v2(connection_.get(), sql, -1, &prepared, nullptr)) {
      fail(code, sql);
    }
    const Statement statement(prepared);
    int number = 0;
    for (const SqlValue& value : parameters) bind(prepared, ++number, value);
    std::vector<SqlRow> rows;
    int code = SQLITE_OK;
    while ((code = sqlite3_step(prepared)) == SQLITE_ROW) rows.push_back(row(prepared));
    if (code != SQLITE_DONE) fail(code, sql);
    return rows;
  }

 private:
  [[noreturn]] void fail(int code, const char* what) const {
    const std::string message = path_ + ": " + what + ": " +
                                (connection_ ? sqlite3_errmsg(connection_.get()) : "no memory");
    const int kind = code & 0xff;  // without what is said of the circumstances
    const bool hopeless = kind == SQLITE_ERROR || kind == SQLITE_NOTADB || kind == SQLITE_CANTOPEN;
    throw weir::Failure(message, hopeless);
  }

  void bind(sqlite3_stmt* statement, int number, const SqlValue& value) const {
    const std::string name = "$" + std::to_string(number);
    const int at = sqlite3_bind_parameter_index(statement, name.c_str());
    const int code = std::visit(
        [&](const auto& held) {
          using T = std::decay_t<decltype(held)>;
          if constexpr (std::is_same_v<T, std::monostate>) {
            return sqlite3_bind_null(statement, at);
          } else if constexpr (std::is_same_v<T, std::int64_t>) {
            return sqlite3_bind_int64(statement, at, held);
          } else if constexpr (std::is_same_v<T, std::string>) {
            return sqlite3_bind_text64(statement, at, held.data(), held.size(), SQLITE_TRANSIENT,
                                       SQLITE_UTF8);
          } else {
            return sqlite3_bind_blob64(statement, at, held.bytes.data(), held.bytes.size(),
                                       SQLITE_TRANSIENT);
          }
        },
        value);
    if (code != SQLITE_OK) fail(code, name.c_str());
  }

  static SqlRow row(sqlite3_stmt* statement) {
    SqlRow made;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      if (sqlite3_column_type(statement, i) == SQLITE_NULL) {
        made.emplace_back();
        continue;
      }
      // Of a number this is its decimal text. An empty blob has no address.
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, i));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
      made.emplace_back(size == 0 ? std::string() : std::string(bytes, size));
    }
    return made;
  }

  std::string path_;
  std::unique_ptr<sqlite3, CloseConnection> connection_;
};

}  // namespace

std::unique_ptr<Database> open_sqlite(const std::string& path, Access access) {
  return std::make_unique<SqliteDatabase>(path, access);
}

}  // namespace ticket_intent
