// Stored rows as canonical text: every field, one line a row, equal texts for equal rows. For
// comparing stores with each other and for the dumps of the simulator; people read the engine's own
// format instead. Pure functions.
#pragma once

#include <string>

#include "engine/records.h"
#include "engine/store.h"

namespace weir::engine {

// "task 0123456789abc 4 name=… state=…"; strings are quoted as JSON, absent values are "-".
std::string record_text(const Record& record);

// All rows of the snapshot in its order, then its counters. Quarantined rows are listed last.
std::string snapshot_text(const Snapshot& snapshot);

}  // namespace weir::engine
