// Requests are taken one at a time, in order, and deaths are told as they are reaped. Whether an
// executor is alive is known here only, so signals by number go out from here only: a pid that was
// reaped may be somebody else's.
#include "worker/supervisor/supervisor.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/base/check.h"
#include "sdk/base/errors.h"
#include "weir/worker/v1/supervisor.pb.h"
#include "worker/supervisor/handle.h"
#include "worker/supervisor/spawn.h"

namespace weir::worker {
namespace {

sigset_t only_sigchld() {
  sigset_t mask;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGCHLD);
  return mask;
}

base::Status cannot_spawn(const std::string& call, int error) {
  return base::Status(base::Code::kResourceExhausted, base::kErrLoad,
                      "cannot start an executor: " + call + ": " + errno_text(error));
}

// Reaps; whether no child is left.
bool all_dead() {
  siginfo_t info{};
  while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0) {
    if (info.si_pid == 0) return false;
    info = {};
  }
  return true;
}

}  // namespace

Supervisor::Supervisor(Fd agent) : agent_(std::move(agent)) {
  CHECK(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
  // The agent decides when to drain: what a terminal or a service manager sends to the group is not
  // for us.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  const sigset_t mask = only_sigchld();
  CHECK(::sigprocmask(SIG_BLOCK, &mask, nullptr) == 0);
  signals_ = Fd(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
  CHECK(signals_);
}

void Supervisor::run() {
  while (!agent_gone_) {
    pollfd waits[2] = {{agent_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    ::poll(waits, 2, wait_ms());
    enforce_fences();
    if ((waits[1].revents & POLLIN) != 0) {
      signalfd_siginfo info[8];
      while (::read(signals_.get(), info, sizeof info) > 0) {
      }
      reap();
    }
    if (waits[0].revents != 0) read_agent();
  }
  shut_down();
}

int Supervisor::wait_ms() const {
  base::BootTime first = base::BootTime::max();
  for (const auto& [id, child] : executors_) first = std::min(first, child.fence);
  if (first == base::BootTime::max()) return -1;
  const base::Duration left = std::max(first - read_clock().boot, base::Duration::zero());
  return int(std::min<std::int64_t>((left.count() + 999) / 1000, 60'000));
}

void Supervisor::enforce_fences() {
  const base::BootTime now = read_clock().boot;
  for (auto& [id, child] : executors_) {
    if (child.fence > now) continue;
    child.fence = base::BootTime::max();
    child.fenced = true;
    signal_strays(child.root, roots(), Strays::kAll, SIGKILL);
    if (!child.root.dead) ::kill(child.root.pid, SIGKILL);
  }
}

std::vector<TreeRoot> Supervisor::roots() const {
  std::vector<TreeRoot> all;
  for (const auto& [id, child] : executors_) all.push_back(child.root);
  return all;
}

void Supervisor::read_agent() {
  std::array<char, kSupervisorMessageMax> buffer;
  const ssize_t n = ::recv(agent_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    agent_gone_ = true;
    return;
  }
  v1::SupervisorRequest request;
  CHECK_MSG(request.ParseFromArray(buffer.data(), int(n)), "the agent sent what is no request");
  switch (request.request_case()) {
    case v1::SupervisorRequest::kSpawn:
      return spawn(request.spawn());
    case v1::SupervisorRequest::kSignal:
      return signal(request.signal());
    case v1::SupervisorRequest::kAddHelpers:
      return add_helpers(request.add_helpers());
    case v1::SupervisorRequest::kEndStrays:
      return end_strays(request.end_strays());
    case v1::SupervisorRequest::kFence:
      return fence(request.fence());
    case v1::SupervisorRequest::kOwnScratch:
      scratch_ = request.own_scratch().directory();
      return;
    case v1::SupervisorRequest::REQUEST_NOT_SET:
      return;
  }
}

void Supervisor::spawn(const v1::SpawnExecutor& request) {
  const auto spawned = spawn_executor({request.executable(), request.directory(),
                                       request.core_dumps(), std::to_string(request.executor())});
  v1::SupervisorResponse response;
  v1::ExecutorSpawned& answer = *response.mutable_spawned();
  if (spawned.ok()) {
    answer.set_pid(spawned->pid);
    const std::vector<int> descriptors{spawned->socket.get(), spawned->standard_output.get(),
                                       spawned->standard_error.get()};
    if (send(response, descriptors)) {
      TreeRoot& root = executors_[request.executor()].root;
      root.tag = request.executor();
      root.pid = spawned->pid;
      return;
    }
  }
  const int error = errno;
  if (spawned.ok()) ::kill(spawned->pid, SIGKILL);  // it is nobody's; reaped as any child
  const base::Status status = spawned.ok() ? cannot_spawn("sendmsg", error) : spawned.status();
  answer.Clear();
  answer.set_code(int(status.code()));
  answer.set_error(status.error());
  answer.set_message(status.message());
  if (!send(response)) agent_gone_ = true;
}

void Supervisor::signal(const v1::SignalExecutor& request) {
  const auto found = executors_.find(request.executor());
  if (found == executors_.end() || found->second.root.dead) return;
  const pid_t pid = found->second.root.pid;
  // The child may not have made its session yet: then there is no such group.
  const bool group = ::kill(-pid, request.signal()) == 0;
  if (!group || request.signal() == SIGKILL) ::kill(pid, request.signal());
}

void Supervisor::add_helpers(const v1::AddHelpers& request) {
  const auto found = executors_.find(request.executor());
  if (found == executors_.end()) return;
  for (const v1::HelperProcess& helper : request.helpers()) {
    found->second.root.helpers.push_back({pid_t(helper.pid()), helper.born_ticks()});
  }
}

void Supervisor::fence(const v1::FenceExecutor& request) {
  const auto found = executors_.find(request.executor());
  if (found == executors_.end()) return;
  const base::BootTime at{base::Duration(request.kill_at_us())};
  found->second.fence = request.kill_at_us() == 0 ? base::BootTime::max() : at;
}

void Supervisor::end_strays(const v1::EndStrays& request) {
  std::map<ExecutorId, Child> known;
  for (const v1::ExecutorActivity& activity : request.activities()) {
    auto node = executors_.extract(activity.executor());
    if (!node) continue;
    node.mapped().root.busy_since = activity.busy_since_ticks();
    known.insert(std::move(node));
  }
  executors_ = std::move(known);  // the others are forgotten
  v1::SupervisorResponse response;
  v1::StraysEnded& answer = *response.mutable_strays_ended();
  const auto found = executors_.find(request.executor());
  if (found != executors_.end()) {
    answer.set_alive(signal_strays(found->second.root, roots(),
                                   request.with_helpers() ? Strays::kAll : Strays::kOfAttempt,
                                   SIGKILL));
  }
  if (!send(response)) agent_gone_ = true;
}

// Waits while the agent does not read: it reads also while it waits to send.
bool Supervisor::send(const v1::SupervisorResponse& response, const std::vector<int>& descriptors) {
  std::string bytes = response.SerializeAsString();
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kSpawnedDescriptors * sizeof(int))] = {};
  if (!descriptors.empty()) {
    CHECK(descriptors.size() == kSpawnedDescriptors);
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(kSpawnedDescriptors * sizeof(int));
    std::memcpy(CMSG_DATA(header), descriptors.data(), kSpawnedDescriptors * sizeof(int));
  }
  while (::sendmsg(agent_.get(), &message, MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    if (errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS) return false;
    agent_gone_ = true;
    return true;
  }
  return true;
}

void Supervisor::reap() {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return;
    for (auto& [id, child] : executors_) {
      if (child.root.pid != info.si_pid || child.root.dead) continue;
      child.root.dead = true;
      child.fence = base::BootTime::max();
      v1::SupervisorResponse response;
      v1::ExecutorDied& died = *response.mutable_died();
      died.set_executor(id);
      died.set_code(info.si_code);
      died.set_status(info.si_status);
      died.set_fenced(child.fenced);
      if (!send(response)) agent_gone_ = true;
      break;
    }
  }
}

void Supervisor::shut_down() {
  const base::BootTime until = read_clock().boot + kShutdownMax;
  while (!all_dead()) {
    if (read_clock().boot >= until) {
      std::fprintf(stderr, "weir supervisor: some processes of stages do not die; leaving them\n");
      break;
    }
    kill_all_descendants();
    const timespec pause{0, 2'000'000};
    const sigset_t mask = only_sigchld();
    ::sigtimedwait(&mask, nullptr, &pause);
  }
  std::error_code ignored;  // what cannot be removed is removed by the next start
  if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
}

}  // namespace weir::worker
