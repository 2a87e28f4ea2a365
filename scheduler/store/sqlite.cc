// SQLite handles: see sqlite.h. Bound text and blobs are not copied (SQLITE_STATIC): callers keep
// them for the call. One thread at a time for each handle. A failed fsync is no Status: it aborts
// the process, because nothing is known of the file any more.
#include "scheduler/store/sqlite.h"

#include <sqlite3.h>

#include "base/check.h"
#include "base/errors.h"

namespace weir::store {

using base::Code;
using base::Result;
using base::Status;

namespace {

constexpr int kBusyMilliseconds = 5000;  // a reader may hold a lock for an instant while it opens

bool failed_sync(int extended) {
  return extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC;
}

}  // namespace

Status sqlite_status(sqlite3* db, int code, std::string_view doing) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return {};
  const int extended = db != nullptr ? sqlite3_extended_errcode(db) : code;
  CHECK_MSG(!failed_sync(extended), "fsync of the database failed: the disk cannot be trusted");
  std::string message = std::string(doing) + ": " +
                        (db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code)) +
                        " (SQLite error " + std::to_string(extended) + ")";
  switch (code) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
    case SQLITE_CONSTRAINT_UNIQUE:
      return {Code::kAlreadyExists, base::kErrStore, std::move(message)};
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {Code::kResourceExhausted, base::kErrDiskFull,
              message + "; free space on the data directory's file system"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::kDataLoss, base::kErrStore,
              message + "; the database is damaged: restore it from a backup"};
    default:
      return {Code::kUnavailable, base::kErrStore, std::move(message)};
  }
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_), handle_(std::exchange(other.handle_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(db_, other.db_);
  std::swap(handle_, other.handle_);
  return *this;
}

Result<bool> Statement::next() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(handle_);
    return false;
  }
  Status status = sqlite_status(db_, code, "reading");
  sqlite3_reset(handle_);
  return status;
}

Status Statement::execute() {
  int code = sqlite3_step(handle_);
  while (code == SQLITE_ROW) code = sqlite3_step(handle_);
  Status status = sqlite_status(db_, code, "writing");
  sqlite3_reset(handle_);
  return status;
}

int Statement::changes() const { return sqlite3_changes(db_); }

void Statement::reset() { sqlite3_reset(handle_); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}
std::int64_t Statement::int64(int column) const { return sqlite3_column_int64(handle_, column); }

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::string_view Statement::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

void Statement::bind(int index, std::int64_t value) { sqlite3_bind_int64(handle_, index, value); }

void Statement::bind(int index, std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";  // a null pointer would bind NULL
  sqlite3_bind_text64(handle_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind(int index, const base::Digest& digest) {
  sqlite3_bind_blob64(handle_, index, digest.bytes.data(), digest.bytes.size(), SQLITE_STATIC);
}

void Statement::bind(int index, base::WallTime at) {
  sqlite3_bind_int64(handle_, index, at.time_since_epoch().count());
}

void Statement::bind(int index, const std::optional<base::WallTime>& at) {
  if (at) {
    bind(index, *at);
  } else {
    bind(index, nullptr);
  }
}

void Statement::bind(int index, const Blob& blob) {
  if (blob.bytes == nullptr) return bind(index, nullptr);
  sqlite3_bind_blob64(handle_, index, blob.bytes->data(), blob.bytes->size(), SQLITE_STATIC);
}

void Statement::bind(int index, std::nullptr_t) { sqlite3_bind_null(handle_, index); }

Connection::~Connection() { sqlite3_close_v2(db_); }

Connection::Connection(Connection&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(db_, other.db_);
  return *this;
}

Result<Connection> Connection::open(const std::string& path, OpenMode mode) {
  Connection connection;
  const int flags =
      SQLITE_OPEN_NOMUTEX | (mode == OpenMode::kCreate ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                       : SQLITE_OPEN_READONLY);
  const int code = sqlite3_open_v2(path.c_str(), &connection.db_, flags, nullptr);
  if (code != SQLITE_OK) return sqlite_status(connection.db_, code, "opening " + path);
  sqlite3_extended_result_codes(connection.db_, 1);
  sqlite3_busy_timeout(connection.db_, kBusyMilliseconds);
  if (mode == OpenMode::kReadOnly) {
    // A second checkpointer would meet the WAL-reset bug of SQLite before 3.51.3.
    sqlite3_db_config(connection.db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  Status status = connection.exec("PRAGMA mmap_size=0; PRAGMA wal_autocheckpoint=0;");
  if (!status.ok()) return status;
  return connection;
}

Status Connection::exec(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  return sqlite_status(db_, code, "executing a statement");
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return sqlite_status(db_, code, "preparing a statement");
  return Statement(db_, handle);
}

Result<std::int64_t> Connection::int64(std::string_view sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement.ok()) return statement.status();
  Result<bool> row = statement->next();
  if (!row.ok()) return row.status();
  return *row ? statement->int64(0) : 0;
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

}  // namespace weir::store
