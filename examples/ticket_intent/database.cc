// Which database a DSN names.
// Pure but for the connection that it opens.
// It must not print the DSN: a password may stand in it.
#include "database.h"

namespace ticket_intent {
namespace {

// "word=…" is how libpq's connection strings begin.
bool begins_with_keyword(std::string_view dsn) {
  const std::size_t end = dsn.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
  return end != 0 && end != dsn.npos && dsn[end] == '=';
}

}  // namespace

std::unique_ptr<Database> open_database(std::string_view dsn, Access access) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (dsn.starts_with("postgresql://") || dsn.starts_with("postgres://") ||
      begins_with_keyword(dsn)) {
    return open_postgres(std::string(dsn));
  }
  if (dsn.starts_with(kSqlite)) dsn.remove_prefix(kSqlite.size());
  return open_sqlite(std::string(dsn), access);
}

}  // namespace ticket_intent
