// Writes the engine's records: one cached statement per table. Belongs to the write connection and
// its thread, and must not outlive the connection. Every row is written whole; what a row means is
// not its business.
#pragma once

#include <array>

#include "engine/records.h"
#include "scheduler/store/sqlite.h"

namespace weir::store {

class RowWriter {
 public:
  static base::Result<RowWriter> prepare(Connection& connection);

  // Inserts the row or replaces the one of the same key; an outbox row that was delivered is
  // deleted.
  base::Status write(const engine::Record& record);

 private:
  base::Status put(const engine::ModuleRow& row);
  base::Status put(const engine::AssetRow& row);
  base::Status put(const engine::RunRow& row);
  base::Status put(const engine::TaskRow& row);
  base::Status put(const engine::AttemptRow& row);
  base::Status put(const engine::MaterializationRow& row);
  base::Status put(const engine::CheckRow& row);
  base::Status put(const engine::ArtifactRow& row);
  base::Status put(const engine::CursorRow& row);
  base::Status put(const engine::EventRow& row);
  base::Status put(const engine::WorkerRow& row);
  base::Status put(const engine::ReplyRow& row);
  base::Status put(const engine::OutboxRow& row);

  Statement modules_, assets_, runs_, tasks_, attempts_, materializations_, checks_, artifacts_;
  Statement cursors_, events_, workers_, workers_delete_, replies_, outbox_, outbox_delete_;
};

}  // namespace weir::store
