// An alarm for each write. The context lives as long as a write is pending, which the lock holds
// fast while an alarm that went off cancels; recursive, because canceling may complete the write,
// and with it the stream, on the same thread.
#include "scheduler/rpc/stall_guard.h"

#include <mutex>
#include <optional>

#include <grpcpp/alarm.h>

namespace weir::rpc {

struct StallGuard::State {
  State(grpc::CallbackServerContext* of, std::chrono::milliseconds at_most)
      : context(of), limit(at_most) {}

  std::recursive_mutex mutex;
  grpc::CallbackServerContext* const context;  // lives while a write is pending
  const std::chrono::milliseconds limit;
  std::int64_t write = 0;            // the pending one's number, 0: none; guarded by mutex
  std::int64_t writes = 0;           // guarded by mutex
  std::optional<grpc::Alarm> alarm;  // of the pending write; guarded by mutex
};

StallGuard::StallGuard(grpc::CallbackServerContext* context, std::chrono::milliseconds limit)
    : state_(std::make_shared<State>(context, limit)) {}

StallGuard::~StallGuard() { write_ends(); }

void StallGuard::write_begins() {
  const std::lock_guard lock(state_->mutex);
  const std::int64_t number = state_->write = ++state_->writes;
  state_->alarm.emplace();
  state_->alarm->Set(std::chrono::system_clock::now() + state_->limit,
                     [state = state_, number](bool went_off) {
                       if (!went_off) return;
                       const std::lock_guard still_pending(state->mutex);
                       if (state->write == number) state->context->TryCancel();
                     });
}

void StallGuard::write_ends() {
  const std::lock_guard lock(state_->mutex);
  state_->write = 0;
  state_->alarm.reset();
}

}  // namespace weir::rpc
