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
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/secrets.h"
#include "weir/worker/v1/supervisor.pb.h"
#include "worker/supervisor/protocol.h"
#include "worker/supervisor/spawn.h"

namespace weir::worker {
namespace {

sigset_t only_sigchld() {
  sigset_t mask;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGCHLD);
  return mask;
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

Supervisor::Supervisor(Fd agent, Fd secrets, std::optional<StageUser> user)
    : agent_(std::move(agent)), secrets_(std::move(secrets)), user_(std::move(user)) {
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
    const short writes = outgoing_.empty() ? 0 : POLLOUT;
    pollfd waits[2] = {{agent_.get(), short(POLLIN | writes), 0}, {signals_.get(), POLLIN, 0}};
    ::poll(waits, 2, wait_ms());
    if ((waits[1].revents & POLLIN) != 0) {
      signalfd_siginfo info[8];
      while (::read(signals_.get(), info, sizeof info) > 0) {
      }
      reap();
    }
    // What lifts or moves a fence is heard before that is enforced.
    for (int i = 0; i < kRequestsPerTurn && read_agent(); ++i) {
    }
    enforce_fences();
    flush();
  }
  shut_down();
}

int Supervisor::wait_ms() const {
  // Boot time goes on while the machine sleeps, and the time of poll() does not.
  constexpr base::Duration kLookMax = std::chrono::seconds(1);
  base::BootTime first = base::BootTime::max();
  for (const auto& [id, child] : executors_) first = std::min(first, child.fence);
  if (first == base::BootTime::max()) return -1;
  const base::Duration left = std::max(first - read_clock().boot, base::Duration::zero());
  return int((std::min(left, kLookMax).count() + 999) / 1000);
}

void Supervisor::enforce_fences() {
  const base::BootTime now = read_clock().boot;
  for (auto& [id, child] : executors_) {
    if (child.fence <= now) enforce_fence(child, now);
  }
}

// What forks while it is looked for is found the next time.
void Supervisor::enforce_fence(Child& child, base::BootTime now) {
  if (!child.fenced) child.fenced = now;
  if (!child.root.dead) ::kill(child.root.pid, SIGKILL);
  const int alive = signal_strays(child.root, roots(), Strays::kAll, SIGKILL);
  const bool again = (alive > 0 || !child.root.dead) && now < *child.fenced + kFenceMax;
  child.fence = again ? now + kFenceAgain : base::BootTime::max();
}

std::vector<TreeRoot> Supervisor::roots() const {
  std::vector<TreeRoot> all;
  for (const auto& [id, child] : executors_) all.push_back(child.root);
  return all;
}

bool Supervisor::read_agent() {
  std::array<char, kSupervisorMessageMax> buffer;
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t n = ::recvmsg(agent_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0 && errno == EINTR) return true;
  if (n < 0 && errno == EAGAIN) return false;
  if (n <= 0) {
    agent_gone_ = true;
    return false;
  }
  Fd descriptor;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    descriptor = Fd(fd);
  }
  v1::SupervisorRequest request;
  CHECK_MSG(request.ParseFromArray(buffer.data(), int(n)), "the agent sent what is no request");
  handle(request, std::move(descriptor));
  return true;
}

void Supervisor::handle(const v1::SupervisorRequest& request, Fd descriptor) {
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
    case v1::SupervisorRequest::kHoldLock:
      lock_ = std::move(descriptor);
      return;
    case v1::SupervisorRequest::REQUEST_NOT_SET:
      return;
  }
}

void Supervisor::spawn(const v1::SpawnExecutor& request) {
  auto spawned = spawn_executor({request.executable(), request.directory(), request.core_dumps(),
                                 std::to_string(request.executor()), secrets_.get(),
                                 user_ ? &*user_ : nullptr});
  v1::SupervisorResponse response;
  v1::ExecutorSpawned& answer = *response.mutable_spawned();
  answer.set_executor(request.executor());
  if (!spawned.ok()) {
    answer.set_code(int(spawned.status().code()));
    answer.set_why(spawned.status().text());
    return send(response);
  }
  TreeRoot& root = executors_[request.executor()].root;
  root.tag = request.executor();
  root.pid = spawned->pid;
  answer.set_pid(spawned->pid);
  std::vector<Fd> descriptors;
  descriptors.push_back(std::move(spawned->socket));
  descriptors.push_back(std::move(spawned->standard_output));
  descriptors.push_back(std::move(spawned->standard_error));
  send(response, std::move(descriptors));
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
  for (const v1::ExecutorProcess& helper : request.helpers()) {
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
  answer.set_executor(request.executor());
  answer.set_request(request.request());
  const auto found = executors_.find(request.executor());
  if (found != executors_.end()) {
    answer.set_alive(signal_strays(found->second.root, roots(),
                                   request.with_helpers() ? Strays::kAll : Strays::kOfAttempt,
                                   SIGKILL));
  }
  send(response);
}

void Supervisor::send(const v1::SupervisorResponse& response, std::vector<Fd> descriptors) {
  outgoing_.push_back({response.SerializeAsString(), std::move(descriptors)});
  flush();
}

void Supervisor::flush() {
  while (!outgoing_.empty() && !agent_gone_ && send_front()) outgoing_.pop_front();
}

// False when it cannot be sent now.
bool Supervisor::send_front() {
  Outgoing& front = outgoing_.front();
  iovec part{front.bytes.data(), front.bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kSpawnedDescriptors * sizeof(int))] = {};
  if (!front.descriptors.empty()) {
    std::array<int, kSpawnedDescriptors> numbers{};
    CHECK(front.descriptors.size() == numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = front.descriptors[i].get();
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof numbers);
    std::memcpy(CMSG_DATA(header), numbers.data(), sizeof numbers);
  }
  if (::sendmsg(agent_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return true;
  switch (errno) {
    case EINTR:
    case EAGAIN:
      return false;
    case ENOBUFS:
    case ENOMEM:
    case ETOOMANYREFS:
      // An executor that cannot be handed over is announced without descriptors: the agent ends it.
      front.descriptors.clear();
      return false;
    default:
      agent_gone_ = true;
      return false;
  }
}

void Supervisor::reap() {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return;
    for (auto& [id, child] : executors_) {
      if (child.root.pid != info.si_pid || child.root.dead) continue;
      child.root.dead = true;
      v1::SupervisorResponse response;
      v1::ExecutorDied& died = *response.mutable_died();
      died.set_executor(id);
      died.set_code(info.si_code);
      died.set_status(info.si_status);
      died.set_fenced(child.fenced.has_value());
      send(response);
      break;
    }
  }
}

// Goes on as long as anything lives: until then the lock keeps the next worker of the directory
// from starting the same attempts again.
void Supervisor::shut_down() {
  const base::BootTime until = read_clock().boot + kShutdownMax;
  bool complained = false;
  while (!all_dead()) {
    if (!complained && read_clock().boot >= until) {
      complained = true;
      std::fprintf(stderr, "weir supervisor: some processes of stages do not die; waiting\n");
    }
    kill_all_descendants();
    const timespec pause{0, 2'000'000};
    const sigset_t mask = only_sigchld();
    ::sigtimedwait(&mask, nullptr, &pause);
  }
  std::error_code ignored;  // what cannot be removed is removed by the next start
  if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
}

int supervisor_main(int, char**) {
  const char* text = ::getenv(kSupervisorFdVariable);
  const int fd = text == nullptr ? -1 : ::atoi(text);
  if (fd < 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    std::fprintf(stderr,
                 "weir supervisor: this is started by weir up and weir worker, not by hand\n");
    return 2;
  }
  ::unsetenv(kSupervisorFdVariable);
  const auto secrets = base::seal_secrets();
  if (!secrets.ok()) {
    std::fprintf(stderr, "weir supervisor: %s\n", secrets.status().text().c_str());
    return 1;
  }
  base::erase_secrets();
  std::optional<StageUser> user;
  if (const char* const name = ::getenv(kStageUserVariable); name != nullptr) {
    auto found = find_stage_user(name);
    if (!found.ok()) {
      std::fprintf(stderr, "weir supervisor: %s\n", found.status().text().c_str());
      return 1;
    }
    user = std::move(found).value();
    ::unsetenv(kStageUserVariable);
  }
  Supervisor supervisor{Fd(fd), Fd(*secrets), std::move(user)};
  supervisor.run();
  return 0;
}

}  // namespace weir::worker
