// Stored rows as canonical text: every column, one line a row, equal texts for equal rows. For
// comparing stores with each other and for the dumps of the simulator; people read the engine's own
// format instead. Pure functions.
#pragma once

#include <string>

#include "engine/records.h"
#include "engine/store.h"

namespace weir::engine {

// "tasks run_id="0123456789abc" task=4 name="…" …": every value as JSON.
std::string record_text(const Record& record);

// INTERNAL (WEIR-E0405): what a store answers to a row that would overwrite history, because its
// table is written once or because the row that is there has ended.
base::Status overwrite_refused(const Record& record);

// All rows of the snapshot in its order, then its counters. Quarantined rows are listed last.
std::string snapshot_text(const Snapshot& snapshot);

}  // namespace weir::engine
