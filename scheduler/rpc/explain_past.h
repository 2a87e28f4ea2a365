// Why a run or a task that has ended, ended as it did: from rows, on a read thread. The engine
// explains what is live; it knows nothing of the past, and need not wait for it. Both give the same
// kind of items, whose words are the engine's.
#pragma once

#include <string>

#include "engine/explain/explanation.h"
#include "scheduler/rpc/backend.h"

namespace weir::rpc {

// `reference` is RUN, RUN/TASK or RUN/TASK#ATTEMPT of a run that has ended. NOT_FOUND
// kErrUnknownTask for a task or attempt that there never was.
// Of an alert, by its number, whether it fires or not.
base::Result<engine::Explanation> explain_alert(Backend& backend, std::int64_t id);
base::Result<engine::Explanation> explain_past(Backend& backend, const engine::RunRow& run,
                                               const std::string& reference);

// NOT_FOUND for what is no run, no asset and nothing else, with the nearest name.
base::Status unknown_reference(Backend& backend, const std::string& reference);

}  // namespace weir::rpc
