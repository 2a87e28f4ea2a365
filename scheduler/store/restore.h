// Reads what the engine is rebuilt from: definitions, current versions, live runs. Never history,
// so that a restart does not grow with it. Rows that cannot be decoded are set aside with a word
// why.
#pragma once

#include <string>

#include "engine/store.h"
#include "scheduler/store/sqlite.h"

namespace weir::store {

// A live run with an undecodable task, or with a module that is gone, is quarantined as a whole: a
// part of it would break the engine's invariants. Its rows stay in the tables as they are.
base::Result<engine::Snapshot> read_snapshot(Connection& connection);

// Of a query for the runs that are not over. SQLite refuses it where the index cannot serve it.
std::string live_runs_condition();

}  // namespace weir::store
