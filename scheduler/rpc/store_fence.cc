// Which attempt a message is of, for both directions of a session: see store_fence.h. A message
// that is of no attempt passes as it is; an id without a generation is of no store. Any thread,
// nothing is kept.
#include "scheduler/rpc/store_fence.h"

#include <algorithm>

namespace weir::rpc {

namespace wire = worker::v1;

void stamp_generation(std::uint64_t generation, wire::SchedulerMessage* message) {
  switch (message->message_case()) {
    case wire::SchedulerMessage::kAssign:
      return message->mutable_assign()->mutable_attempt()->set_store_generation(generation);
    case wire::SchedulerMessage::kStop:
      return message->mutable_stop()->mutable_attempt()->set_store_generation(generation);
    case wire::SchedulerMessage::kAcknowledge:
      return message->mutable_acknowledge()->mutable_attempt()->set_store_generation(generation);
    case wire::SchedulerMessage::kNeedArtifacts:
      return message->mutable_need_artifacts()->mutable_attempt()->set_store_generation(generation);
    case wire::SchedulerMessage::kRevoke:
      return message->mutable_revoke()->mutable_attempt()->set_store_generation(generation);
    case wire::SchedulerMessage::kWelcome:
    case wire::SchedulerMessage::kSetDraining:
    case wire::SchedulerMessage::kHeard:
    case wire::SchedulerMessage::MESSAGE_NOT_SET:
      return;
  }
}

void drop_foreign(std::uint64_t generation,
                  google::protobuf::RepeatedPtrField<wire::AttemptId>* held) {
  held->erase(std::remove_if(
                  held->begin(), held->end(),
                  [&](const wire::AttemptId& id) { return id.store_generation() != generation; }),
              held->end());
}

void drop_foreign(std::uint64_t generation,
                  google::protobuf::RepeatedPtrField<wire::AttemptProgress>* progress) {
  progress->erase(std::remove_if(progress->begin(), progress->end(),
                                 [&](const wire::AttemptProgress& one) {
                                   return one.attempt().store_generation() != generation;
                                 }),
                  progress->end());
}

const wire::AttemptId* foreign_attempt(std::uint64_t generation,
                                       const wire::WorkerMessage& message) {
  const wire::AttemptId* attempt = nullptr;
  if (message.has_started()) attempt = &message.started().attempt();
  if (message.has_finished()) attempt = &message.finished().attempt();
  if (message.has_released()) attempt = &message.released().attempt();
  return attempt != nullptr && attempt->store_generation() != generation ? attempt : nullptr;
}

}  // namespace weir::rpc
