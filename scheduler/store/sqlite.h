// A thin owner of SQLite handles: connections, prepared statements, errors as Status. Knows nothing
// of Weir's tables. Every object belongs to one thread at a time. sqlite3.h stays out of the
// headers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/sha256.h"
#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace weir::store {

// Bytes to be stored as a BLOB, or NULL when there are none; not owned.
struct Blob {
  const std::string* bytes = nullptr;
};

// How a SQLite result code is told to people: SQLITE_FULL is RESOURCE_EXHAUSTED (WEIR-E0401), a
// damaged file is DATA_LOSS, a key that is there already ALREADY_EXISTS, everything else
// UNAVAILABLE. An I/O error of an fsync aborts the process: what the kernel has dropped after a
// failed sync cannot be told from what it kept.
base::Status sqlite_status(sqlite3* db, int code, std::string_view doing);

// A prepared statement. run() and query() bind their arguments in order, from 1; arguments need to
// live only for the call (run) or until the next use of the statement (query).
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3* db, sqlite3_stmt* handle) : db_(db), handle_(handle) {}
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;

  // Executes to the end, ignoring rows, and resets.
  template <class... Args>
  base::Status run(const Args&... args) {
    int index = 1;
    (bind(index++, args), ...);
    return execute();
  }
  // Starts a query; fetch rows with next().
  template <class... Args>
  void query(const Args&... args) {
    reset();
    int index = 1;
    (bind(index++, args), ...);
  }
  // True when there is a row. After false or an error the statement is reset.
  base::Result<bool> next();
  void reset();

  // The parts of run(), for a caller that binds one by one, from 1.
  void bind(int index, std::int64_t value);
  void bind(int index, int value) { bind(index, std::int64_t{value}); }
  void bind(int index, bool value) { bind(index, std::int64_t{value}); }
  void bind(int index, std::string_view text);
  void bind(int index, const std::string& text) { bind(index, std::string_view(text)); }
  void bind(int index, const char* text) { bind(index, std::string_view(text)); }
  void bind(int index, const base::Digest& digest);
  void bind(int index, base::WallTime at);
  void bind(int index, const std::optional<base::WallTime>& at);
  void bind(int index, const Blob& blob);
  void bind(int index, std::nullptr_t);
  base::Status execute();
  // Rows that the last execution of a statement on this connection inserted, changed or deleted.
  int changes() const;

  // Columns of the current row, from 0. Text and blobs stay valid until next().
  bool is_null(int column) const;
  std::int64_t int64(int column) const;
  std::string_view text(int column) const;
  std::string_view blob(int column) const;

 private:
  sqlite3* db_ = nullptr;
  sqlite3_stmt* handle_ = nullptr;
};

enum class OpenMode { kCreate, kReadOnly };

class Connection {
 public:
  Connection() = default;
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;

  // kReadOnly connections never checkpoint, not even on close, and never map the file into memory.
  static base::Result<Connection> open(const std::string& path, OpenMode mode);

  // One or several statements without arguments and without rows.
  base::Status exec(const char* sql);
  base::Result<Statement> prepare(std::string_view sql);
  // The single integer of a query such as "PRAGMA user_version"; 0 when there is no row.
  base::Result<std::int64_t> int64(std::string_view sql);

  bool in_transaction() const;
  sqlite3* handle() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace weir::store
