// posix_spawn of our own program, the entry of the child, and the parent's half of their
// conversation. The parent must not have threads yet; the child never has any. The socket is the
// only thing that both share.
#include "worker/supervisor/handle.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/errors.h"
#include "base/secrets.h"
#include "weir/worker/v1/supervisor.pb.h"
#include "worker/supervisor/supervisor.h"

namespace weir::worker {
namespace {

constexpr int kSupervisorFd = 3;  // of the socket, in the supervisor
constexpr const char* kFdVariable = "WEIR_SUPERVISOR_FD";
constexpr int kMemoryPauseMs = 10;  // before a message is tried again for which there was no memory

base::Status cannot_start(const std::string& why) {
  return base::Status(base::Code::kInternal, base::kErrInternal,
                      "cannot start the supervisor: " + why);
}

std::vector<std::string> child_environment() {
  std::vector<std::string> lines;
  const std::string ours = std::string(kFdVariable) + "=";
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (std::string_view(*entry).substr(0, ours.size()) != ours) lines.emplace_back(*entry);
  }
  lines.push_back(ours + std::to_string(kSupervisorFd));
  return lines;
}

}  // namespace

base::Result<SupervisorHandle> start_supervisor(const std::string& program) {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    return cannot_start("socketpair: " + errno_text(errno));
  }
  Fd our_end(sockets[0]);
  const Fd child_end(sockets[1]);
  std::vector<std::string> lines = child_environment();
  std::vector<char*> environment;
  for (std::string& line : lines) environment.push_back(line.data());
  environment.push_back(nullptr);
  std::string name = "weir";
  std::string verb = "supervisor";
  char* arguments[] = {name.data(), verb.data(), nullptr};

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_end.get(), kSupervisorFd);
  posix_spawn_file_actions_addclosefrom_np(&actions, kSupervisorFd + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  int pid = 0;
  const int error =
      ::posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments, environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return cannot_start(program + ": " + errno_text(error));
  base::erase_secrets();
  return SupervisorHandle(std::move(our_end), pid);
}

SupervisorHandle& SupervisorHandle::operator=(SupervisorHandle&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(pid_, other.pid_);
  std::swap(gone_, other.gone_);
  std::swap(deaths_, other.deaths_);
  return *this;
}

void SupervisorHandle::hang_up() {
  socket_.reset();
  gone_ = true;
}

int SupervisorHandle::end() {
  hang_up();
  const int pid = std::exchange(pid_, 0);
  if (pid <= 0) return 0;
  const Fd process(int(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd ended{process.get(), POLLIN, 0};
  const int limit = int(std::chrono::milliseconds(kSupervisorEndMax).count());
  if (process && ::poll(&ended, 1, limit) == 0) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

base::Result<Spawned> SupervisorHandle::spawn(std::uint32_t executor, const SpawnRequest& request) {
  v1::SupervisorRequest message;
  v1::SpawnExecutor& spawn = *message.mutable_spawn();
  spawn.set_executor(executor);
  spawn.set_executable(request.executable);
  spawn.set_directory(request.directory);
  spawn.set_core_dumps(request.core_dumps);
  Spawned spawned;
  v1::SupervisorResponse response;
  if (!send(message) || !answered(response, &spawned)) {
    return base::Status(base::Code::kUnavailable, base::kErrInternal, "the supervisor is gone");
  }
  const v1::ExecutorSpawned& answer = response.spawned();
  if (answer.code() != 0) {
    return base::Status::parse(base::Code(answer.code()), answer.why());
  }
  if (!spawned.socket || !spawned.standard_output || !spawned.standard_error) {
    signal(executor, SIGKILL);
    return cannot_start_executor("its descriptors were not handed over: too many open files");
  }
  spawned.pid = answer.pid();
  return spawned;
}

void SupervisorHandle::signal(std::uint32_t executor, int signal) {
  v1::SupervisorRequest message;
  message.mutable_signal()->set_executor(executor);
  message.mutable_signal()->set_signal(signal);
  send(message);
}

void SupervisorHandle::add_helpers(std::uint32_t executor, const std::vector<Helper>& helpers) {
  if (helpers.empty()) return;
  v1::SupervisorRequest message;
  v1::AddHelpers& add = *message.mutable_add_helpers();
  add.set_executor(executor);
  for (const Helper& helper : helpers) {
    v1::ExecutorProcess* process = add.add_helpers();
    process->set_pid(helper.pid);
    process->set_born_ticks(helper.born);
  }
  send(message);
}

int SupervisorHandle::end_strays(std::uint32_t executor, Strays which,
                                 const std::vector<ExecutorActivity>& activities) {
  v1::SupervisorRequest message;
  v1::EndStrays& end = *message.mutable_end_strays();
  end.set_executor(executor);
  end.set_with_helpers(which == Strays::kAll);
  for (const ExecutorActivity& one : activities) {
    v1::ExecutorActivity* activity = end.add_activities();
    activity->set_executor(one.executor);
    activity->set_busy_since_ticks(one.busy_since_ticks);
  }
  v1::SupervisorResponse response;
  return send(message) && answered(response) ? response.strays_ended().alive() : 0;
}

void SupervisorHandle::fence(std::uint32_t executor, base::BootTime kill_at) {
  v1::SupervisorRequest message;
  message.mutable_fence()->set_executor(executor);
  message.mutable_fence()->set_kill_at_us(boot_us(kill_at));
  send(message);
}

void SupervisorHandle::unfence(std::uint32_t executor) {
  v1::SupervisorRequest message;
  message.mutable_fence()->set_executor(executor);
  send(message);
}

void SupervisorHandle::own_scratch(const std::string& directory) {
  v1::SupervisorRequest message;
  message.mutable_own_scratch()->set_directory(directory);
  send(message);
}

std::vector<ExecutorDeath> SupervisorHandle::take_deaths() {
  v1::SupervisorResponse response;
  while (receive(response, nullptr)) {
  }
  return std::exchange(deaths_, {});
}

// While the socket takes nothing more, deaths are read: the supervisor may be waiting for that.
bool SupervisorHandle::send(const v1::SupervisorRequest& request) {
  const std::string bytes = request.SerializeAsString();
  CHECK_MSG(bytes.size() <= kSupervisorMessageMax, "a request to the supervisor over its limit");
  const base::BootTime until = read_clock().boot + kSupervisorAnswerMax;
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  while (!gone_ && ::send(socket_.get(), bytes.data(), bytes.size(), kFlags) < 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      wait(POLLIN | POLLOUT, until);
    } else if ((errno == ENOBUFS || errno == ENOMEM) && read_clock().boot < until) {
      pollfd pause{socket_.get(), POLLIN, 0};
      ::poll(&pause, 1, kMemoryPauseMs);
    } else {
      gone_ = true;
    }
    v1::SupervisorResponse response;
    while (receive(response, nullptr)) {
    }
  }
  return !gone_;
}

// False, and it counts as gone, when nothing happens until then.
bool SupervisorHandle::wait(short events, base::BootTime until) {
  while (!gone_) {
    const base::Duration left = until - read_clock().boot;
    pollfd wait{socket_.get(), events, 0};
    if (left <= base::Duration::zero()) {
      gone_ = true;
    } else if (::poll(&wait, 1, int(left.count() / 1000) + 1) > 0) {
      return true;
    }
  }
  return false;
}

bool SupervisorHandle::answered(v1::SupervisorResponse& response, Spawned* spawned) {
  while (wait(POLLIN, read_clock().boot + kSupervisorAnswerMax)) {
    if (receive(response, spawned) && !response.has_died()) return true;
  }
  return false;
}

// False when nothing has come, or the supervisor is gone.
bool SupervisorHandle::receive(v1::SupervisorResponse& response, Spawned* spawned) {
  if (gone_) return false;
  std::array<char, kSupervisorMessageMax> buffer;
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kSpawnedDescriptors * sizeof(int))] = {};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n = 0;
  do {
    n = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  if (n <= 0) {
    gone_ = true;
    return false;
  }
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    // Fewer come when this process has no room for all of them.
    std::array<Fd, kSpawnedDescriptors> descriptors;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < std::min(count, descriptors.size()); ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      descriptors[i] = Fd(fd);
    }
    CHECK(spawned != nullptr);
    spawned->socket = std::move(descriptors[0]);
    spawned->standard_output = std::move(descriptors[1]);
    spawned->standard_error = std::move(descriptors[2]);
  }
  CHECK_MSG(response.ParseFromArray(buffer.data(), int(n)),
            "the supervisor sent what is no response");
  if (response.has_died()) {
    const v1::ExecutorDied& died = response.died();
    deaths_.push_back({died.executor(), died.code(), died.status(), died.fenced()});
  }
  return true;
}

int supervisor_main(int, char**) {
  const char* text = ::getenv(kFdVariable);
  const int fd = text == nullptr ? -1 : ::atoi(text);
  if (fd < 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    std::fprintf(stderr,
                 "weir supervisor: this is started by weir up and weir worker, not by hand\n");
    return 2;
  }
  ::unsetenv(kFdVariable);
  const auto secrets = base::seal_secrets();
  if (!secrets.ok()) {
    std::fprintf(stderr, "weir supervisor: %s\n", secrets.status().text().c_str());
    return 1;
  }
  base::erase_secrets();
  Supervisor supervisor{Fd(fd), Fd(*secrets)};
  supervisor.run();
  return 0;
}

}  // namespace weir::worker
