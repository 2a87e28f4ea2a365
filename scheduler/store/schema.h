// The tables and how they came to be: numbered migrations, applied in order, each in one
// transaction with the change of PRAGMA user_version. A database of a newer schema is refused,
// never touched.
#pragma once

#include <span>

#include "base/status.h"
#include "scheduler/store/sqlite.h"

namespace weir::store {

struct Migration {
  int version = 0;  // from 1, without gaps
  const char* sql = nullptr;
};

// All migrations of this program.
std::span<const Migration> migrations();

// Brings the database up to the last of `steps`. FAILED_PRECONDITION (WEIR-E0404) when it is beyond
// that already; after any other failure the database is as it was before the step that failed.
base::Status migrate(Connection& connection, std::span<const Migration> steps);

}  // namespace weir::store
