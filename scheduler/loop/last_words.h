// Which of the rows that wait to be written need not be, because a later one of the same batch says
// it all: rows are whole states, and a task that is leased, begun and ended between two commits has
// one that counts. Pure, on any thread; what is history, or sealed, is never left out.
#pragma once

#include <span>
#include <vector>

#include "engine/records.h"

namespace weir::loop {

// True at the index of each row that is to be left out. Those of runs' counts, tasks and attempts
// are looked at: others hardly ever change twice in a batch.
std::vector<bool> superseded(std::span<const engine::Record> rows);

}  // namespace weir::loop
