// Requests are taken one at a time, in order, and deaths are told as they are reaped. Whether an
// executor is alive is known here only, so signals by number go out from here only: a pid that was
// reaped may be somebody else's.
#include "worker/supervisor/supervisor.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/base/check.h"
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
    ::poll(waits, 2, -1);
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
    case v1::SupervisorRequest::REQUEST_NOT_SET:
      return;
  }
}

void Supervisor::spawn(const v1::SpawnExecutor& request) {
  const auto spawned = spawn_executor({request.executable(), request.directory(),
                                       request.core_dumps(), std::to_string(request.executor())});
  v1::SupervisorResponse response;
  v1::ExecutorSpawned& answer = *response.mutable_spawned();
  if (!spawned.ok()) {
    answer.set_code(int(spawned.status().code()));
    answer.set_error(spawned.status().error());
    answer.set_message(spawned.status().message());
    return send(response);
  }
  TreeRoot& root = executors_[request.executor()];
  root.tag = request.executor();
  root.pid = spawned->pid;
  answer.set_pid(spawned->pid);
  send(response,
       {spawned->socket.get(), spawned->standard_output.get(), spawned->standard_error.get()});
}

void Supervisor::signal(const v1::SignalExecutor& request) {
  const auto found = executors_.find(request.executor());
  if (found == executors_.end() || found->second.dead) return;
  const pid_t pid = found->second.pid;
  // The child may not have made its session yet: then there is no such group.
  const bool group = ::kill(-pid, request.signal()) == 0;
  if (!group || request.signal() == SIGKILL) ::kill(pid, request.signal());
}

void Supervisor::add_helpers(const v1::AddHelpers& request) {
  const auto found = executors_.find(request.executor());
  if (found == executors_.end()) return;
  for (const v1::HelperProcess& helper : request.helpers()) {
    found->second.helpers.push_back({pid_t(helper.pid()), helper.born_ticks()});
  }
}

void Supervisor::end_strays(const v1::EndStrays& request) {
  std::map<ExecutorId, TreeRoot> known;
  for (const v1::ExecutorActivity& activity : request.activities()) {
    auto node = executors_.extract(activity.executor());
    if (!node) continue;
    node.mapped().busy_since = activity.busy_since_ticks();
    known.insert(std::move(node));
  }
  executors_ = std::move(known);  // the others are forgotten
  std::vector<TreeRoot> roots;
  for (const auto& [id, root] : executors_) roots.push_back(root);
  v1::SupervisorResponse response;
  v1::StraysEnded& answer = *response.mutable_strays_ended();
  const auto found = executors_.find(request.executor());
  if (found != executors_.end()) {
    answer.set_alive(signal_strays(
        found->second, roots, request.with_helpers() ? Strays::kAll : Strays::kOfAttempt, SIGKILL));
  }
  send(response);
}

// Blocks while the agent does not read; it reads whenever it is not waiting for us.
void Supervisor::send(const v1::SupervisorResponse& response, const std::vector<int>& descriptors) {
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
    agent_gone_ = true;
    return;
  }
}

void Supervisor::reap() {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return;
    for (auto& [id, root] : executors_) {
      if (root.pid != info.si_pid || root.dead) continue;
      root.dead = true;
      v1::SupervisorResponse response;
      v1::ExecutorDied& died = *response.mutable_died();
      died.set_executor(id);
      died.set_code(info.si_code);
      died.set_status(info.si_status);
      send(response);
      break;
    }
  }
}

void Supervisor::shut_down() {
  const base::BootTime until = read_clock().boot + kShutdownMax;
  for (;;) {
    kill_all_descendants();
    for (;;) {
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0) return;  // no child is left
      if (info.si_pid == 0) break;
    }
    if (read_clock().boot >= until) {
      std::fprintf(stderr, "weir supervisor: some processes of stages do not die; leaving them\n");
      return;
    }
    const timespec pause{0, 2'000'000};
    const sigset_t mask = only_sigchld();
    ::sigtimedwait(&mask, nullptr, &pause);
  }
}

}  // namespace weir::worker
