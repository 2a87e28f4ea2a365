// The loop: letters, what executors did, timers; then one frame. And the life of
// the connection, from the first hello to an orderly end. Runs on the thread of Agent::run();
// nothing in it may block for long but the wait, and the farewell when the worker ends.
#include "worker/agent/agent.h"

#include <algorithm>
#include <utility>
#include <poll.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include "base/errors.h"
#include "module/platform.h"
#include "worker/agent/agent_impl.h"
#include "worker/executors/disk_reserve.h"

#ifndef WEIR_VERSION
#define WEIR_VERSION "0.1.0"
#endif

namespace weir::worker {

using base::BootTime;
using base::Code;
using base::Duration;
using base::Status;

Agent::Agent(WorkerOptions options, SupervisorHandle supervisor)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(supervisor))) {}
Agent::~Agent() = default;
Status Agent::run(std::stop_token stop) { return impl_->run(std::move(stop)); }

Agent::Impl::Impl(WorkerOptions options, SupervisorHandle supervisor)
    : options_(std::move(options)),
      link_(options_.scheduler, options_.token, options_.token_file),
      mailbox_(std::make_shared<Mailbox>()),
      pool_(std::move(supervisor), mailbox_->fd()),
      line_(link_),
      random_(std::random_device{}()) {}

Agent::Impl::~Impl() {
  if (session_) session_->cancel();
  pool_.end();
}

// What an earlier worker of the directory began must be over before anything is begun here: its
// supervisor, which may still be killing, holds a lock until then.
Status Agent::Impl::open_data_dir(const std::stop_token& stop) {
  if (!options_.stage_user.empty()) {
    auto user = find_stage_user(options_.stage_user);
    if (!user.ok()) return user.status();
    stage_user_ = std::move(user).value();
    staged_.emplace();
  }
  auto data = DataDir::open(options_.data_dir);
  if (!data.ok()) return data.status();
  data_ = std::move(data).value();
  for (bool told = false; !stop.stop_requested(); told = true) {
    auto lock = data_->lock_executors();
    if (!lock.ok()) return lock.status();
    if (lock->has_value()) {
      pool_.hold_lock(std::move(**lock));
      break;
    }
    if (!told) {
      spdlog::warn(
          "worker_waits worker={} why=\"the attempts of an earlier worker in this directory are "
          "still being ended\"",
          data_->worker_id());
    }
    pollfd wait{mailbox_->fd(), POLLIN, 0};
    ::poll(&wait, 1, kPredecessorPollMs);
  }
  if (!stage_user_ || stop.stop_requested()) return {};
  return data_->open_to(*stage_user_, options_.outer_dir);
}

void Agent::Impl::start() {
  artifact_dir_ = data_->artifacts();
  modules_ =
      std::make_unique<ModuleCache>(link_, data_->modules(), *mailbox_, watchdog_, stage_user_);
  transfer_ = std::make_unique<ArtifactTransfer>(link_, data_->artifacts(), *mailbox_, watchdog_,
                                                 stage_user_);
  logs_ = std::make_unique<LogShipper>(link_, data_->spool());
  configure();
  spdlog::info("worker_started worker={} name={} slots={} scheduler={}", data_->worker_id(),
               options_.name, options_.slots, link_.address());
}

void Agent::Impl::configure() {
  ExecutorPoolOptions options;
  options.limits.slots = options_.slots;
  options.limits.executors_max = options_.slots + kExecutorsSpare;
  options.limits.memory_max = options_.executor_memory_max;
  if (grace_ > Duration::zero()) options.limits.grace = grace_;
  options.spool_dir = data_->spool();
  options.scratch_dir = data_->scratch();
  options.artifact_dir = artifact_dir_;
  options.stage_user = stage_user_;
  if (stage_user_) options.staging_dir = data_->staging();
  options.disk_reserve = disk_reserve(data_->path());
  options.core_dumps = options_.core_dumps;
  pool_.configure(options);
}

Status Agent::Impl::run(std::stop_token stop) {
  const std::stop_callback wake(stop, [this] { mailbox_->wake(); });
  if (Status status = open_data_dir(stop); !status.ok()) return status;
  if (stop.stop_requested()) return {};
  start();
  while (!fatal_) {
    if (stop.stop_requested() && !leaving_) begin_leaving();
    if (leaving_ && may_leave()) break;
    turn();
  }
  if (fatal_) {
    spdlog::error("worker_failed worker={} why=\"{}\"", data_->worker_id(), fatal_->text());
    return *fatal_;
  }
  leave();
  spdlog::info("worker_stopped worker={}", data_->worker_id());
  return {};
}

void Agent::Impl::turn() {
  if (session_) session_->flush();
  if (pool_.wait(wait_ms())) {
    for (const Mailbox::Letter& letter : mailbox_->take()) letter();
    take_frames();
  }
  if (pool_.lost()) {
    // Its executors died with it: a new worker process begins anew, and the scheduler learns from
    // its hello what is lost.
    fatal_ = Status(
        Code::kInternal, base::kErrInternal,
        "the supervisor of this worker ended or hangs, and its attempts end with it; nothing is "
        "lost: start the worker again, and they are run again within their retries");
    return;
  }
  for (PoolEvent& event : pool_.take_events()) {
    std::visit([this](auto& one) { on_event(one); }, event);
  }
  timers();
}

int Agent::Impl::wait_ms() const {
  BootTime until = BootTime::max();
  if (!session_) until = std::min(until, connect_at_);
  if (session_) until = std::min(until, silence_ends());
  if (welcomed_) until = std::min(until, heartbeat_at_);
  if (leaving_) until = std::min(until, read_clock().boot + kLeavingPoll);
  if (until == BootTime::max()) return -1;
  const Duration left = std::max(until - read_clock().boot, Duration::zero());
  return int(std::min<std::int64_t>((left.count() + 999) / 1000, 60'000));
}

void Agent::Impl::timers() {
  const BootTime now = read_clock().boot;
  if (!session_ && now >= connect_at_) connect();
  if (session_ && lease_may_have_ended_) give_up_connection("its lease may have ended meanwhile");
  if (session_ && now >= silence_ends()) {
    give_up_connection("nothing was heard from the scheduler for too long");
  }
  if (welcomed_ && now >= heartbeat_at_) heartbeat();
  if (leaving_ && !expelled_running_ && now >= leave_by_) {
    expelled_running_ = true;
    for (const AttemptKey& key : ledger_.in(State::kLaunched)) pool_.halt(key, "the worker stops");
  }
}

// ---- the connection ----

void Agent::Impl::connect() {
  const std::uint64_t generation = ++generation_;
  welcomed_ = false;
  hello_at_ = read_clock().boot;
  heard_at_ = hello_at_;
  lease_may_have_ended_ = false;
  Session::Handlers handlers;
  handlers.received = [this, mailbox = mailbox_,
                       generation](std::shared_ptr<v1::SessionResponse> response) {
    mailbox->post([this, generation, response] { on_session_message(generation, response); });
  };
  handlers.ended = [this, mailbox = mailbox_, generation](const Status& status) {
    mailbox->post([this, generation, status] { on_session_end(generation, status); });
  };
  session_ = options_.open_session ? open_local_session(options_.open_session, std::move(handlers))
                                   : open_grpc_session(line_.stub(), link_, std::move(handlers));
  send_hello();
}

void Agent::Impl::fill_attempts(google::protobuf::RepeatedPtrField<v1::AttemptId>* out) const {
  for (const AttemptKey& key : ledger_.held()) set_key(key, out->Add());
}

namespace {

void set_platform(module::Platform machine, v1::Platform& out) {
  out.set_architecture(std::move(machine.architecture));
  out.set_glibc(std::move(machine.glibc));
  out.mutable_libraries()->Assign(machine.libraries.begin(), machine.libraries.end());
}

}  // namespace

// For people; `doctor` looks for the user.
std::string Agent::Impl::stages_run_as() const {
  if (stage_user_) return "stages run as " + stage_user_->name;
  return ::geteuid() == 0 ? "stages run as root" : "stages run as the worker does";
}

void Agent::Impl::send_hello() {
  v1::WorkerMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_protocol_version(kWorkerProtocolVersion);
  hello.set_worker_id(data_->worker_id());
  hello.set_name(options_.name);
  hello.set_slots(options_.slots);
  hello.set_prefetch(leaving_ ? 0 : options_.prefetch);
  fill_attempts(hello.mutable_held());
  set_platform(module::this_platform(), *hello.mutable_platform());
  hello.mutable_labels()->insert(options_.labels.begin(), options_.labels.end());
  hello.mutable_resources()->insert(options_.resources.begin(), options_.resources.end());
  hello.set_weir_version(WEIR_VERSION);
  hello.set_limits(limits_achieved() + "; " + stages_run_as());
  hello.set_data_dir(data_->path());
  hello.set_host_id(module::host_id());
  queue(std::move(message));
  session_->flush();
}

void Agent::Impl::on_session_message(std::uint64_t generation,
                                     std::shared_ptr<v1::SessionResponse> frame) {
  if (generation != generation_ || !session_) return;
  heard_at_ = read_clock().boot;
  frames_.push_back(std::move(frame));
}

// What ends an attempt does not wait for assignments that came before it.
void Agent::Impl::take_frames() {
  const ReceivedFrames frames = std::exchange(frames_, {});
  visit_by_urgency(
      frames, [this](const v1::SchedulerMessage& message) { return overtakes(message); },
      [this](v1::SchedulerMessage& message) { on_message(message); });
  for (std::size_t i = 0; i < frames.size() && session_; ++i) session_->taken();
}

// A stop of an attempt that is not here yet stays behind its assignment.
bool Agent::Impl::overtakes(const v1::SchedulerMessage& message) const {
  if (message.has_stop()) return ledger_.state(key_of(message.stop().attempt())).has_value();
  if (message.has_acknowledge()) {
    return ledger_.state(key_of(message.acknowledge().attempt())).has_value();
  }
  return message.has_heard();
}

void Agent::Impl::on_session_end(std::uint64_t generation, const Status& status) {
  if (generation != generation_) return;
  take_frames();  // they came before
  session_.reset();
  logs_->set_connected(false);
  const bool was_up = std::exchange(welcomed_, false);
  const bool fenced = status.error() == base::kErrWorkerReplaced;
  const bool refused = !ever_welcomed_ && (status.code() == Code::kUnauthenticated ||
                                           status.code() == Code::kPermissionDenied ||
                                           status.code() == Code::kInvalidArgument);
  if (fenced || refused || status.error() == base::kErrProtocolVersion) {
    fatal_ = status;
    return;
  }
  const Duration delay = backoff_.next(std::uint32_t(random_()) * 2u);
  connect_at_ = read_clock().boot + delay;
  if (!leaving_ && (was_up || backoff_.first())) {
    spdlog::warn("session_ended worker={} held={} why=\"{}\"", data_->worker_id(), ledger_.size(),
                 status.text());
  }
}

// Heartbeats are answered at once: a scheduler that is not heard for a lease cannot be reached on
// this connection, whatever the machine thinks of it.
BootTime Agent::Impl::silence_ends() const {
  if (!welcomed_) return hello_at_ + kWelcomeMax;
  return heard_at_ + std::max(lease_, 2 * heartbeat_every_);
}

void Agent::Impl::give_up_connection(const std::string& why) {
  session_->cancel();
  line_.renew();
  modules_->reconnect();
  transfer_->reconnect();
  logs_->reconnect();
  on_session_end(generation_,
                 Status(Code::kUnavailable, base::kErrTimedOut, why + "; connecting anew"));
  ++generation_;  // what the old session still says is not heard
}

// The user of stages sees nothing of the scheduler's, and publishes nothing itself: what it makes
// is uploaded, what it needs is fetched.
bool Agent::Impl::shared_artifacts(const v1::Welcome& welcome) const {
  if (stage_user_) return false;
  if (welcome.artifact_dir().empty() || ::access(welcome.artifact_dir().c_str(), W_OK | X_OK) != 0)
    return false;
  const auto marker = read_file(welcome.artifact_dir() + "/store_generation", 64);
  return marker.ok() &&
         marker->substr(0, marker->find('\n')) == std::to_string(welcome.store_generation());
}

void Agent::Impl::welcome(const v1::Welcome& welcome) {
  if (welcome.protocol_version() != kWorkerProtocolVersion) {
    fatal_ = Status(Code::kFailedPrecondition, base::kErrProtocolVersion,
                    "the scheduler speaks version " + std::to_string(welcome.protocol_version()) +
                        " of the worker protocol, this worker version " +
                        std::to_string(kWorkerProtocolVersion) +
                        "; install the same release of weir on both");
    return;
  }
  welcomed_ = true;
  ever_welcomed_ = true;
  draining_ = false;
  backoff_.reset();
  lease_ = std::chrono::milliseconds(welcome.lease_ms());
  heartbeat_every_ = std::max<Duration>(std::chrono::milliseconds(welcome.heartbeat_ms()),
                                        std::chrono::milliseconds(10));
  heartbeat_at_ = read_clock().boot + heartbeat_every_;
  grace_ = std::chrono::milliseconds(welcome.cancel_grace_ms());
  shared_ = shared_artifacts(welcome);
  artifact_dir_ = shared_ ? welcome.artifact_dir() : data_->artifacts();
  configure();
  pool_.drain(leaving_);
  contact(hello_at_);
  enter_generation(welcome.store_generation());
  logs_->set_connected(true);
  for (const AttemptKey& key : ledger_.in(State::kReported)) {
    send_report(*ledger_.find(key, State::kReported));
  }
  pool_.repeat_progress();
  if (leaving_) heartbeat();
  spdlog::info("session_opened worker={} held={} shared_artifacts={}", data_->worker_id(),
               ledger_.size(), shared_);
}

void Agent::Impl::heartbeat() {
  const BootTime now = read_clock().boot;
  v1::WorkerMessage message;
  fill_attempts(message.mutable_heartbeat()->mutable_held());
  message.mutable_heartbeat()->set_leaving(leaving_);
  message.mutable_heartbeat()->set_sent_at_us(boot_us(now));
  queue(std::move(message));
  heartbeat_at_ = now + heartbeat_every_;
}

// The answer to a heartbeat.
void Agent::Impl::heard(BootTime asked_at) {
  lease_may_have_ended_ =
      lease_may_have_ended_ || lease_may_have_ended(contact_at_, lease_, read_clock().boot);
  if (!lease_may_have_ended_) contact(asked_at);
}

void Agent::Impl::contact(BootTime asked_at) {
  contact_at_ = asked_at;
  const LeaseHorizons horizons = lease_horizons(asked_at, lease_);
  pool_.set_lease(horizons.side_effects, horizons.others);
}

// ---- leaving ----

void Agent::Impl::begin_leaving() {
  leaving_ = true;
  leaving_since_ = read_clock().boot;
  leave_by_ = leaving_since_ + std::chrono::milliseconds(options_.drain_max_ms);
  spdlog::info("worker_draining worker={} running_or_waiting={}", data_->worker_id(),
               ledger_.live());
  pool_.drain(true);
  if (welcomed_) heartbeat();
  for (const AttemptKey& key : ledger_.in(State::kPreparing)) release(key, "the worker stops");
}

// Nothing runs, and what ended is acknowledged; or there is nobody who could acknowledge it and the
// time is over.
bool Agent::Impl::may_leave() const {
  if (ledger_.live() > 0) return false;
  if (ledger_.size() == ledger_.count(State::kKeptBack)) return true;
  const BootTime now = read_clock().boot;
  if (!welcomed_) return now >= leaving_since_ + kFarewellMax;
  return expelled_running_ && now >= leave_by_ + kFarewellMax;
}

void Agent::Impl::leave() {
  for (const AttemptKey& key : ledger_.in(State::kKeptBack)) release(key, "the worker stops");
  if (!session_) return;
  session_->flush();
  logs_->flush(kLogFlushMax);
  session_->finish();
  const BootTime until = read_clock().boot + kFarewellMax;
  while (session_ && read_clock().boot < until) {
    pollfd wait{mailbox_->fd(), POLLIN, 0};
    ::poll(&wait, 1, 100);
    for (const Mailbox::Letter& letter : mailbox_->take()) letter();
  }
}

}  // namespace weir::worker
