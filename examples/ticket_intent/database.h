// A connection to SQLite or PostgreSQL: statements with parameters $1, $2, … and rows as text.
// Used by one thread at a time.
// It must not know the table: ticket_table.h does.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ticket_intent {

// Bytes that no database may read as text.
struct Blob {
  std::string bytes;
};
using SqlValue = std::variant<std::monostate, std::int64_t, std::string, Blob>;
using SqlRow = std::vector<std::optional<std::string>>;  // numbers in decimal, bytes as they are

enum class Dialect { kSqlite, kPostgres };
enum class Access { kRead, kWrite };

// What fails throws weir::Failure: permanent where another attempt cannot help (no such table, no
// such database), else worth one.
class Database {
 public:
  virtual ~Database() = default;
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  virtual Dialect dialect() const = 0;
  // From here to commit() or rollback() everything that is read is of one moment. Connects again
  // when the connection was lost since the last transaction.
  virtual void begin(Access access) = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;
  virtual std::vector<SqlRow> query(const char* sql,
                                    std::initializer_list<SqlValue> parameters = {}) = 0;
};

// Ends with the scope: in a rollback unless commit() was called.
class Transaction {
 public:
  Transaction(Database& database, Access access) : database_(database) { database_.begin(access); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (!committed_) database_.rollback();
  }
  void commit() {
    database_.commit();
    committed_ = true;
  }

 private:
  Database& database_;
  bool committed_ = false;
};

// `dsn` is what libpq takes ("postgresql://host/name", "host=… dbname=…"), or the path of an SQLite
// file, with or without "sqlite:" before it. The file is created for kWrite only.
std::unique_ptr<Database> open_database(std::string_view dsn, Access access);

// Each for its own kind; open_database() chooses.
std::unique_ptr<Database> open_sqlite(const std::string& path, Access access);
std::unique_ptr<Database> open_postgres(const std::string& conninfo);

}  // namespace ticket_intent
