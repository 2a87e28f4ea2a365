// Stored rows as canonical text: every column, one line a row, equal texts for equal rows. For
// comparing stores with each other and for the dumps of the simulator; people read the engine's own
// format instead. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "engine/records.h"
#include "engine/store.h"
#include "engine/text/json_text.h"

namespace weir::engine {

// "tasks run_id="0123456789abc" task=4 name="…" …": every value as JSON, or those of the key only.
template <class Row>
void append_text(std::string& text, const Row& row, bool key_only = false) {
  text += Row::kTable.name;
  visit_columns(row, [&](std::string_view name, Role role, const auto& value) {
    if (key_only && role != Role::kKey) return;
    text.append(" ").append(name).append("=");
    append_json(text, value);
  });
  if constexpr (Erasable<Row>) {
    if (row.*Row::erased() && !key_only) text += " erased";
  }
}

template <class Row>
void append_line(std::string& text, const Row& row) {
  append_text(text, row);
  text += '\n';
}

// append_text() of whatever row it is.
std::string record_text(const Record& record);

// INTERNAL (WEIR-E0405): what a store answers to a row that would overwrite history, because its
// table is written once or because the row that is there has ended.
base::Status overwrite_refused(const Record& record);

// All rows of the snapshot in its order, then its counters. Quarantined rows are listed last.
std::string snapshot_text(const Snapshot& snapshot);

}  // namespace weir::engine
