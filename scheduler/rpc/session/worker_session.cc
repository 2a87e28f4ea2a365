// The session's two directions. Reading: one frame at a time, each message one command; a full
// inbox ends the session, because a worker sends everything again when it reconnects, and silently
// dropping a report would not be that. Writing: one frame at a time; while one is under way,
// messages gather for the next.
#include "scheduler/rpc/session/worker_session.h"

#include <chrono>
#include <utility>

#include "base/errors.h"
#include "scheduler/rpc/convert/worker.h"
#include "scheduler/rpc/store_fence.h"

namespace weir::rpc {
namespace {

namespace wire = worker::v1;

using base::Code;
using base::Status;

Status version_mismatch(const wire::Hello& hello) {
  const bool worker_is_older = hello.protocol_version() < kProtocolVersion;
  return Status(Code::kFailedPrecondition, base::kErrProtocolVersion,
                "worker '" + hello.name() + "' speaks protocol version " +
                    std::to_string(hello.protocol_version()) + ", this scheduler version " +
                    std::to_string(kProtocolVersion) + "; upgrade the " +
                    (worker_is_older ? "worker" : "scheduler") +
                    " so that both run the same release of weir");
}

module::PlatformOffer platform_offer(const wire::Hello& hello, const engine::WorkerInfo& worker) {
  module::PlatformOffer offer;
  offer.worker = worker.name;
  offer.worker_id = worker.id;
  offer.platform.architecture = hello.platform().architecture();
  offer.platform.glibc = hello.platform().glibc();
  offer.platform.libraries.insert(hello.platform().libraries().begin(),
                                  hello.platform().libraries().end());
  return offer;
}

// Every value of an Assign whose bytes may travel with it.
template <class Visit>
void for_each_value(wire::SchedulerMessage& message, Visit visit) {
  if (!message.has_assign()) return;
  wire::Assign* assign = message.mutable_assign();
  for (wire::Input& input : *assign->mutable_inputs()) {
    if (input.has_value()) visit(*input.mutable_value());
  }
  if (assign->has_cursor()) visit(*assign->mutable_cursor());
}

bool travels_inline(const wire::ValueRef& value) {
  return value.size() <= engine::kInlineBytesMax && value.kind() != wire::ARTIFACT_KIND_TREE;
}

}  // namespace

WorkerSession::WorkerSession(Backend& backend, std::shared_ptr<SessionStream> stream)
    : backend_(backend), stream_(std::move(stream)) {
  ++backend_.sessions_open;
}

WorkerSession::~WorkerSession() {
  if (!finished_) --backend_.sessions_open;  // one that was refused
}

Status WorkerSession::room() const {
  if (backend_.sessions_open <= kSessionsMax) return {};
  return Status(Code::kResourceExhausted, base::kErrLimit,
                std::to_string(kSessionsMax) + " workers are connected, the most there can be");
}

void WorkerSession::on_frame(wire::SessionRequest& frame) {
  {
    const std::lock_guard lock(mutex_);
    if (finished_ || closing_) return;
  }
  const Status status = take_frame(frame);
  const std::lock_guard lock(mutex_);
  if (finished_ || closing_) return;
  if (!status.ok()) return end(status);
  stream_->read();
}

void WorkerSession::on_closed() {
  const std::lock_guard lock(mutex_);
  if (!closing_) end(Status());
}

void WorkerSession::on_written(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    queue_.written(std::chrono::steady_clock::now());
    if (finished_) return;
    if (!ok) {
      return end(
          closing_.value_or(Status(Code::kUnavailable, 0, "the worker's connection is gone")));
    }
  }
  pump();
}

void WorkerSession::on_canceled() {
  const std::lock_guard lock(mutex_);
  end(Status(Code::kCanceled, 0, "the connection was cut"));
}

void WorkerSession::on_hello_overdue() {
  const std::lock_guard lock(mutex_);
  if (greeted_) return;
  end(Status(Code::kDeadlineExceeded, base::kErrTimedOut, "the worker did not say hello in time"));
}

void WorkerSession::on_done() {
  std::string reason;
  {
    const std::lock_guard lock(mutex_);
    queue_.clear();
    reason = end_reason_.empty() ? "the worker left" : end_reason_;
  }
  if (id_) backend_.sessions.ended(id_, reason, backend_.inbox);
}

// ---- in ----

Status WorkerSession::take_frame(wire::SessionRequest& frame) {
  if (frame.messages_size() > static_cast<int>(kMessagesPerFrameMax)) {
    return Status(Code::kInvalidArgument, base::kErrLimit,
                  "a frame of " + std::to_string(frame.messages_size()) + " messages; at most " +
                      std::to_string(kMessagesPerFrameMax) + " are taken");
  }
  for (wire::WorkerMessage& message : *frame.mutable_messages()) {
    const Status taken = !id_ && message.has_hello() ? take_hello(*message.mutable_hello())
                                                     : take_message(std::move(message));
    if (!taken.ok()) return taken;
  }
  return {};
}

Status WorkerSession::take_hello(wire::Hello& hello) {
  if (hello.protocol_version() != kProtocolVersion) return version_mismatch(hello);
  drop_foreign(backend_.options.store_generation, hello.mutable_held());
  base::Result<engine::WorkerInfo> worker = worker_info(hello);
  if (!worker.ok()) return worker.status();
  id_ = backend_.sessions.make_id();
  worker_ = worker->name;
  same_host_ = !hello.host_id().empty() && hello.host_id() == backend_.options.host_id;
  engine::ConnectWorker command;
  command.session = id_;
  command.held = held_attempts(hello);
  module::PlatformOffer facts = platform_offer(hello, *worker);
  command.worker = std::move(worker).value();
  // In one piece, so that nobody ends the session before the engine will hear of it.
  const std::lock_guard lock(mutex_);
  if (finished_) return {};
  greeted_ = true;
  backend_.sessions.open(id_, shared_from_this(), std::move(facts));
  return backend_.inbox.post(std::move(command));
}

Status WorkerSession::take_message(wire::WorkerMessage&& message) {
  if (!id_) {
    return Status(Code::kFailedPrecondition, base::kErrProtocolVersion,
                  "the first message of a session must be hello");
  }
  if (const auto* foreign = foreign_attempt(backend_.options.store_generation, message)) {
    if (message.has_finished()) acknowledge_foreign(*foreign);
    return {};
  }
  const bool is_heartbeat = message.has_heartbeat();
  if (is_heartbeat) {
    drop_foreign(backend_.options.store_generation, message.mutable_heartbeat()->mutable_held());
  }
  if (message.has_progressed()) {
    drop_foreign(backend_.options.store_generation,
                 message.mutable_progressed()->mutable_attempts());
  }
  const std::int64_t sent_at_us = message.heartbeat().sent_at_us();
  base::Result<ports::CommandBody> command = to_command(id_, std::move(message));
  if (!command.ok()) return command.status();
  remember_values(*command);
  Status posted = backend_.inbox.post(std::move(command).value());
  if (posted.ok() && is_heartbeat) answer_heartbeat(sent_at_us);
  return posted;
}

// What is in the inbox is heard before a deadline that passed meanwhile, so this need not wait for
// the loop, and a heartbeat needs no sync of its own.
void WorkerSession::answer_heartbeat(std::int64_t sent_at_us) {
  {
    const std::lock_guard lock(mutex_);
    queue_.answer_heartbeat(sent_at_us);
  }
  pump();
}

// The engine has an attempt of that number, too, perhaps, and must not hear of this one.
void WorkerSession::acknowledge_foreign(const wire::AttemptId& attempt) {
  wire::SchedulerMessage message;
  *message.mutable_acknowledge()->mutable_attempt() = attempt;
  message.mutable_acknowledge()->set_stale(true);
  push(std::move(message), 0);
  pump();
}

void WorkerSession::remember_values(const ports::CommandBody& command) {
  const auto* finished = std::get_if<engine::AttemptFinished>(&command);
  if (finished == nullptr) return;
  InlineCache& cache = backend_.sessions.inline_cache();
  for (const engine::OutputValue& output : finished->outputs) {
    if (output.bytes) cache.put(output.value.digest, output.bytes);
  }
  if (finished->cursor && finished->cursor->value.bytes) {
    cache.put(finished->cursor->value.value.digest, finished->cursor->value.bytes);
  }
}

// ---- out ----

void WorkerSession::enqueue(const engine::Send& send) {
  if (const auto* closing = std::get_if<engine::CloseSession>(&send.message)) {
    const std::lock_guard lock(mutex_);
    if (!closing_) closing_ = closing->reason;
    return;
  }
  wire::SchedulerMessage message;
  std::size_t missing = 0;  // bytes of values that the cache does not have
  if (const auto* welcome = std::get_if<engine::Welcome>(&send.message)) {
    fill_welcome(*welcome, message.mutable_welcome());
  } else {
    to_proto(send, &message);
    stamp_generation(backend_.options.store_generation, &message);
    if (may_carry_values(message)) missing = fill_from_cache(message);
  }
  const auto item = push(std::move(message), missing);
  if (item == nullptr || missing == 0) return;
  backend_.reads.submit_ahead([self = shared_from_this(), item] { self->fill_from_store(item); });
}

// Null when the session has ended, now perhaps.
std::shared_ptr<OutgoingQueue::Item> WorkerSession::push(wire::SchedulerMessage&& message,
                                                         std::size_t missing) {
  const std::lock_guard lock(mutex_);
  if (finished_ || closing_) return nullptr;
  auto item = queue_.add(std::move(message), missing);
  if (!queue_.overfull(std::chrono::steady_clock::now())) return item;
  end(Status(Code::kResourceExhausted, base::kErrQueueFull,
             "worker '" + worker_ +
                 "' does not read what it is sent; it is cut off and may "
                 "connect again"));
  stream_->cancel();  // the write that it does not take would never end
  return nullptr;
}

void WorkerSession::flush() { pump(); }

void WorkerSession::close(const Status& reason) {
  const std::lock_guard lock(mutex_);
  end(reason);
}

void WorkerSession::fill_welcome(const engine::Welcome& welcome, wire::Welcome* out) const {
  out->set_protocol_version(kProtocolVersion);
  out->set_lease_ms(welcome.lease_ms);
  out->set_heartbeat_ms(welcome.heartbeat_ms);
  out->set_store_generation(backend_.options.store_generation);
  if (same_host_) out->set_artifact_dir(backend_.options.artifact_dir);
  out->set_cancel_grace_ms(backend_.options.cancel_grace_ms);
}

// A burst of assignments must not fill the queue with values that the worker can fetch.
bool WorkerSession::may_carry_values(const wire::SchedulerMessage& message) {
  if (!message.has_assign()) return false;
  const std::lock_guard lock(mutex_);
  return queue_.bytes() + kAssignInlineBytesMax <= kSessionInlineBytesMax;
}

std::size_t WorkerSession::fill_from_cache(wire::SchedulerMessage& message) const {
  std::size_t missing = 0;
  std::size_t budget = kAssignInlineBytesMax;
  for_each_value(message, [&](wire::ValueRef& value) {
    const auto size = static_cast<std::size_t>(value.size());
    const auto digest = engine::Digest::from_bytes(value.digest());
    if (!digest || !travels_inline(value) || size > budget) return;
    budget -= size;
    if (const InlineCache::Bytes bytes = backend_.sessions.inline_cache().find(*digest)) {
      value.set_inline_bytes(*bytes);
      value.set_is_inline(true);
    } else {
      missing += size;
    }
  });
  return missing;
}

void WorkerSession::fill_from_store(const std::shared_ptr<OutgoingQueue::Item>& item) {
  std::size_t budget = kAssignInlineBytesMax;
  for_each_value(item->message, [&](wire::ValueRef& value) {
    const auto size = static_cast<std::size_t>(value.size());
    const auto digest = engine::Digest::from_bytes(value.digest());
    if (!digest || !travels_inline(value) || size > budget) return;
    budget -= size;
    if (value.is_inline()) return;
    // A row without bytes is a file, and one that cannot be read is the worker's FetchArtifact to
    // report.
    const auto row = backend_.reader.get_artifact(*digest);
    if (!row.ok() || !row->bytes) return;
    value.set_inline_bytes(*row->bytes);
    value.set_is_inline(true);
    backend_.sessions.inline_cache().put(*digest, row->bytes);
  });
  {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    queue_.filled(*item);
  }
  pump();
}

void WorkerSession::pump() {
  std::optional<wire::SessionResponse> frame;
  {
    const std::lock_guard lock(mutex_);
    frame = next_frame();
  }
  if (frame) stream_->write(std::move(*frame));
}

std::optional<wire::SessionResponse> WorkerSession::next_frame() {
  if (finished_) return std::nullopt;
  auto frame = queue_.next_frame(std::chrono::steady_clock::now());
  if (!frame && !queue_.writing() && queue_.empty() && closing_) end(*closing_);
  return frame;
}

void WorkerSession::end(const Status& status) {
  if (finished_) return;
  if (end_reason_.empty()) end_reason_ = status.message();
  if (queue_.writing()) {  // on_written() comes back here
    queue_.clear();
    closing_ = status;
    return;
  }
  finished_ = true;
  --backend_.sessions_open;
  stream_->finish(status);
}

}  // namespace weir::rpc
