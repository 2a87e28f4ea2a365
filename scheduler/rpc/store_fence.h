// The store's generation as a fence: an epoch counts within one generation only, so what a worker
// says of attempts that were leased before a backup was restored must not meet the attempt that has
// the same number now. Functions of messages; the engine never sees a generation.
#pragma once

#include <cstdint>

#include "weir/worker/v1/worker.pb.h"

namespace weir::rpc {

// Tells the worker whose attempt the message is of.
void stamp_generation(std::uint64_t generation, worker::v1::SchedulerMessage* message);

// Leaves out what another generation leased: the worker hears in Welcome that it is over.
void drop_foreign(std::uint64_t generation,
                  google::protobuf::RepeatedPtrField<worker::v1::AttemptId>* held);

void drop_foreign(std::uint64_t generation,
                  google::protobuf::RepeatedPtrField<worker::v1::AttemptProgress>* progress);

// The attempt that the message reports of when another generation leased it, else null.
const worker::v1::AttemptId* foreign_attempt(std::uint64_t generation,
                                             const worker::v1::WorkerMessage& message);

}  // namespace weir::rpc
