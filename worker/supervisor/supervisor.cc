// The loop: wait, read, decide, act, send. Every wait has a deadline from the
// dispatcher or from a sweep; one batch of events makes one frame to the
// agent.
#include "worker/supervisor/supervisor.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/base/check.h"

namespace weir::worker {
namespace {

// Tags of epoll: an executor's id above two bits that say which of its descriptors.
constexpr std::uint64_t kAgentTag = 0;
constexpr std::uint64_t kSignalTag = 1;
constexpr std::uint64_t kSocket = 0;
constexpr std::uint64_t kStdoutPipe = 1;
constexpr std::uint64_t kStderrPipe = 2;
constexpr int kEventsMax = 64;

constexpr Duration kWaitMax = std::chrono::seconds(60);

template <class T>
T or_default(T value, T otherwise) {
  return value > T{} ? value : otherwise;
}

Duration ms(std::int64_t value) { return std::chrono::milliseconds(value); }

}  // namespace

AttemptKey key_of(const v1::AttemptId& id) { return {{id.run()}, id.task(), id.epoch()}; }

void set_key(const AttemptKey& key, v1::AttemptId* id) {
  id->set_run(key.run.value);
  id->set_task(key.task);
  id->set_epoch(key.epoch);
}

std::string limits_achieved() { return "rlimits, resident memory sampled twice a second"; }

Supervisor::Supervisor(Fd agent)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), agent_(std::move(agent)), dispatcher_({}) {
  CHECK(epoll_);
  CHECK(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
  // The agent decides when to drain: what a terminal or a service manager sends to the group is not
  // for us.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  sigset_t mask;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGCHLD);
  CHECK(::sigprocmask(SIG_BLOCK, &mask, nullptr) == 0);
  signals_ = Fd(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
  CHECK(signals_);
  watch(agent_.fd(), kAgentTag);
  watch(signals_.get(), kSignalTag);
}

void Supervisor::watch(int fd, std::uint64_t tag, bool write, bool change) {
  epoll_event event{};
  event.events = EPOLLIN | (write ? std::uint32_t(EPOLLOUT) : 0u);
  event.data.u64 = tag;
  CHECK(::epoll_ctl(epoll_.get(), change ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0);
}

void Supervisor::run() {
  while (!agent_gone_) {
    wait();
    dispatcher_.advance(now_, actions_);
    perform();
    periodic();
    flush_agent();
    remove_scratch();
  }
  shut_down();
}

int Supervisor::wait_ms() const {
  BootTime until = now_.boot + kWaitMax;
  if (const auto next = dispatcher_.next_deadline()) until = std::min(until, *next);
  if (sweeping_ > 0) until = std::min(until, now_.boot + kSweepEvery);
  if (notice_at_) until = std::min(until, *notice_at_);
  if (hold_until_) until = std::min(until, *hold_until_);
  if (ran_since_sample_) until = std::min(until, sample_at_);
  const Duration left = std::max(until - read_clock().boot, Duration::zero());
  return int((left.count() + 999) / 1000);
}

void Supervisor::wait() {
  epoll_event events[kEventsMax];
  const int n = ::epoll_wait(epoll_.get(), events, kEventsMax, wait_ms());
  now_ = read_clock();
  for (int i = 0; i < n; ++i) handle(events[i].data.u64, events[i].events);
}

void Supervisor::handle(std::uint64_t tag, std::uint32_t events) {
  if (tag == kAgentTag) {
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_agent();
    return;
  }
  if (tag == kSignalTag) {
    signalfd_siginfo info[8];
    while (::read(signals_.get(), info, sizeof info) > 0) {
    }
    reap();
    return;
  }
  Executor* executor = find(ExecutorId(tag >> 2));
  if (executor == nullptr) return;
  switch (tag & 3) {
    case kSocket:
      if ((events & EPOLLOUT) != 0) send_run(*executor);
      read_executor(*executor);
      return;
    case kStdoutPipe:
      executor->drain_pipe(0, kPipeReadBytes);
      break;
    case kStderrPipe:
      executor->drain_pipe(1, kPipeReadBytes);
      break;
  }
  if (executor->log_grew && !notice_at_) notice_at_ = now_.boot + kLogNoticeEvery;
}

void Supervisor::read_agent() {
  const bool open = agent_.receive();
  while (const auto frame = agent_.next()) {
    v1::SupervisorRequest request;
    CHECK_MSG(request.ParseFromArray(frame->data(), int(frame->size())),
              "the agent sent what is no request");
    for (v1::SupervisorCommand& one : *request.mutable_commands()) command(one);
  }
  if (!open || agent_.broken()) agent_gone_ = true;
}

void Supervisor::command(v1::SupervisorCommand& command) {
  switch (command.command_case()) {
    case v1::SupervisorCommand::kConfigure:
      configure(command.configure());
      break;
    case v1::SupervisorCommand::kDefineModule: {
      v1::DefineModule& define = *command.mutable_define_module();
      const auto digest = Digest::from_bytes(define.module());
      CHECK(digest.has_value());
      modules_[*digest] = {std::move(*define.mutable_executable()),
                           std::move(*define.mutable_manifest_json()), ""};
      break;
    }
    case v1::SupervisorCommand::kLaunch:
      launch(*command.mutable_launch());
      break;
    case v1::SupervisorCommand::kHalt:
      dispatcher_.stop(key_of(command.halt().attempt()), command.halt().reason(), now_, actions_);
      break;
    case v1::SupervisorCommand::kWithdraw:
      dispatcher_.withdraw(key_of(command.withdraw().attempt()), actions_);
      break;
    case v1::SupervisorCommand::kDrain:
      dispatcher_.drain(command.drain().draining(), now_, actions_);
      break;
    case v1::SupervisorCommand::kLeaseHorizon:
      dispatcher_.set_lease(BootTime(Duration(command.lease_horizon().side_effects_until_us())),
                            BootTime(Duration(command.lease_horizon().others_until_us())));
      break;
    case v1::SupervisorCommand::COMMAND_NOT_SET:
      break;
  }
  perform();
}

void Supervisor::configure(const v1::Configure& from) {
  const DispatcherLimits defaults;
  limits_.slots = or_default(from.slots(), 1);
  limits_.executors_max = or_default(from.executors_max(), limits_.slots + 4);
  limits_.tasks_per_executor = or_default(from.tasks_per_executor(), defaults.tasks_per_executor);
  limits_.memory_max = from.memory_max_bytes();
  limits_.grace = or_default(ms(from.cancel_grace_ms()), defaults.grace);
  limits_.ready_max = or_default(ms(from.ready_timeout_ms()), defaults.ready_max);
  limits_.idle_max = or_default(ms(from.idle_ms()), defaults.idle_max);
  spool_dir_ = from.spool_dir();
  artifact_dir_ = from.artifact_dir();
  log_limits_.head = or_default(from.log_head_bytes(), kLogHeadBytes);
  log_limits_.tail = or_default(from.log_tail_bytes(), kLogTailBytes);
  core_dumps_ = from.core_dumps();
  if (!configured_) {
    // What is there is of a process that is dead: the agent holds the lock of the data directory.
    scratch_dir_ = from.scratch_dir();
    std::error_code ignored;  // what cannot be removed only takes room
    std::filesystem::remove_all(scratch_dir_, ignored);
    std::filesystem::create_directories(scratch_dir_, ignored);
    configured_ = true;
  }
  v1::Configured* answer = outgoing_.add_events()->mutable_configured();
  answer->set_limits(limits_achieved());
  answer->set_pid(::getpid());
  dispatcher_.set_limits(limits_, now_, actions_);
}

void Supervisor::launch(v1::Launch& launch) {
  const v1::Assign& assign = launch.assign();
  const auto module = Digest::from_bytes(assign.module());
  CHECK_MSG(module.has_value() && modules_.contains(*module),
            "a launch names a module that was not defined");
  AttemptSpec spec{key_of(assign.attempt()), *module, ms(assign.timeout_ms()),
                   launch.side_effects()};
  auto owned = std::make_unique<v1::Launch>();
  owned->Swap(&launch);
  if (dispatcher_.knows(spec.key)) return;
  launches_.insert_or_assign(spec.key, std::move(owned));
  dispatcher_.launch(spec, now_, actions_);
}

bool Supervisor::hold_reports() {
  const bool hold = dispatcher_.queued() > 0 && outgoing_.events_size() < kReportsHeldMax &&
                    (!hold_until_ || now_.boot < *hold_until_);
  if (!hold) {
    hold_until_.reset();
  } else if (!hold_until_) {
    hold_until_ = now_.boot + kReportHoldMax;
  }
  return hold;
}

void Supervisor::flush_agent() {
  if (outgoing_.events_size() > 0 && !hold_reports()) {
    agent_.queue(outgoing_);
    outgoing_.Clear();
    outgoing_bytes_ = 0;
  }
  if (agent_gone_) return;
  if (!agent_.flush()) {
    agent_gone_ = true;
    return;
  }
  if (agent_.wants_write() != agent_write_watched_) {
    agent_write_watched_ = agent_.wants_write();
    watch(agent_.fd(), kAgentTag, agent_write_watched_, true);
  }
}

void Supervisor::periodic() {
  if (sweeping_ > 0) sweep();
  if (notice_at_ && now_.boot >= *notice_at_) tell_log_growth();
  if (ran_since_sample_ && now_.boot >= sample_at_) sample_memory();
  perform();
}

void Supervisor::tell_log_growth() {
  notice_at_.reset();
  for (auto& [id, executor] : executors_) {
    if (!executor->log_grew || !executor->spool) continue;
    executor->log_grew = false;
    v1::LogsGrew* grew = outgoing_.add_events()->mutable_logs_grew();
    *grew->mutable_attempt() = executor->launch->assign().attempt();
    for (const LogKind kind : kLogKinds) {
      if (executor->spool->size(kind) == 0) continue;
      v1::LogSize* size = grew->add_logs();
      size->set_stream(v1::LogStream(int(kind) + 1));
      size->set_size(executor->spool->size(kind));
    }
  }
}

// Only while something runs: an idle worker does not wake up for this.
void Supervisor::sample_memory() {
  ran_since_sample_ = dispatcher_.occupied() > 0;
  sample_at_ = now_.boot + kMemorySampleEvery;
  for (auto& [id, executor] : executors_) {
    if (executor->dead) continue;
    const std::int64_t bytes = resident_bytes(executor->pid);
    executor->memory_peak = std::max(executor->memory_peak, bytes);
    if (bytes > 0) dispatcher_.sampled_memory(id, bytes, now_, actions_);
  }
}

// Nobody is left to report to: everything below this process dies with it.
void Supervisor::shut_down() {
  const BootTime until = read_clock().boot + kShutdownMax;
  for (;;) {
    kill_all_descendants();
    for (;;) {
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0) {  // no child is left
        std::error_code ignored;  // scratch that cannot be removed now is removed by the next start
        if (!scratch_dir_.empty()) std::filesystem::remove_all(scratch_dir_, ignored);
        return;
      }
      if (info.si_pid == 0) break;
    }
    if (read_clock().boot >= until) {
      std::fprintf(stderr, "weir supervisor: some processes of stages do not die; leaving them\n");
      return;
    }
    timespec pause{0, 2'000'000};
    sigset_t mask;
    ::sigemptyset(&mask);
    ::sigaddset(&mask, SIGCHLD);
    ::sigtimedwait(&mask, nullptr, &pause);
  }
}

}  // namespace weir::worker
