// Writes the engine's records: one cached statement per table, derived from the row's list of
// columns. Belongs to the write connection and its thread, and must not outlive the connection.
// Every row is written whole; what a row means is not its business, whether it may be written is.
#pragma once

#include <array>
#include <variant>

#include "engine/records.h"
#include "scheduler/store/sqlite.h"

namespace weir::store {

class RowWriter {
 public:
  static base::Result<RowWriter> prepare(Connection& connection);

  // Inserts, replaces or erases the row, as its table and its state allow. INTERNAL (WEIR-E0405)
  // when that would overwrite history: a row of a table that is written once, or one that has
  // ended.
  base::Status write(const engine::Record& record);

 private:
  struct Statements {
    Statement put;
    Statement erase;  // of erasable rows
  };

  template <class Row>
  static base::Result<Statements> prepare_table(Connection& connection);
  template <class Row>
  base::Status put(Statements& statements, const Row& row, const engine::Record& record);

  std::array<Statements, std::variant_size_v<engine::Record>> tables_;  // by Record's alternative
};

}  // namespace weir::store
