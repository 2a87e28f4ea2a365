// posix_spawn of our own program, and the parent's half of the conversation with it. The parent
// must not have threads yet. The socket is the only thing that both share; what it does not
// take waits here.
#include "worker/executors/supervisor_handle.h"

#include <algorithm>
#include <array>
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

namespace weir::worker {
namespace {

// Before a message is tried again for which there was no memory.
constexpr std::chrono::milliseconds kMemoryPause{10};

base::Status cannot_start(const std::string& why) {
  return base::Status(base::Code::kInternal, base::kErrInternal,
                      "cannot start the supervisor: " + why);
}

std::vector<std::string> child_environment(const std::string& stage_user) {
  std::vector<std::string> lines;
  const std::string fd = std::string(kSupervisorFdVariable) + "=";
  const std::string user = std::string(kStageUserVariable) + "=";
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line(*entry);
    if (!line.starts_with(fd) && !line.starts_with(user)) lines.emplace_back(line);
  }
  lines.push_back(fd + std::to_string(kSupervisorFd));
  if (!stage_user.empty()) lines.push_back(user + stage_user);
  return lines;
}

}  // namespace

base::Result<SupervisorHandle> start_supervisor(const std::string& stage_user,
                                                const std::string& program) {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    return cannot_start("socketpair: " + errno_text(errno));
  }
  Fd our_end(sockets[0]);
  const Fd child_end(sockets[1]);
  std::vector<std::string> lines = child_environment(stage_user);
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
  std::swap(unsent_, other.unsent_);
  std::swap(no_memory_, other.no_memory_);
  std::swap(tried_at_, other.tried_at_);
  std::swap(unanswered_, other.unanswered_);
  std::swap(heard_at_, other.heard_at_);
  std::swap(last_request_, other.last_request_);
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

void SupervisorHandle::spawn(std::uint32_t executor, const SpawnRequest& request) {
  v1::SupervisorRequest message;
  v1::SpawnExecutor& spawn = *message.mutable_spawn();
  spawn.set_executor(executor);
  spawn.set_executable(request.executable);
  spawn.set_directory(request.directory);
  spawn.set_core_dumps(request.core_dumps);
  send(message, true);
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

std::uint64_t SupervisorHandle::end_strays(std::uint32_t executor, Strays which,
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
  end.set_request(++last_request_);
  send(message, true);
  return last_request_;
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

void SupervisorHandle::hold_lock(Fd lock) {
  v1::SupervisorRequest message;
  message.mutable_hold_lock();
  send(message, false, std::move(lock));
}

int SupervisorHandle::wait_ms() const {
  if (gone_ || !waits_for_it()) return -1;
  const Clock::time_point until =
      no_memory_ ? tried_at_ + kMemoryPause : heard_at_ + kSupervisorAnswerMax;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  return int(std::max<std::int64_t>(left.count(), 0));
}

std::vector<SupervisorEvent> SupervisorHandle::take_events() {
  std::vector<SupervisorEvent> events;
  flush();
  while (auto event = receive()) events.push_back(std::move(*event));
  if (events.empty() && waits_for_it() && Clock::now() >= heard_at_ + kSupervisorAnswerMax) {
    gone_ = true;
  }
  return events;
}

void SupervisorHandle::send(const v1::SupervisorRequest& request, bool is_question, Fd descriptor) {
  if (gone_) return;
  std::string bytes = request.SerializeAsString();
  CHECK_MSG(bytes.size() <= kSupervisorMessageMax, "a request to the supervisor over its limit");
  if (!waits_for_it()) heard_at_ = Clock::now();
  unanswered_ += is_question ? 1 : 0;
  unsent_.push_back({std::move(bytes), std::move(descriptor)});
  flush();
}

void SupervisorHandle::flush() {
  no_memory_ = false;
  while (!gone_ && !unsent_.empty() && send_front()) unsent_.pop_front();
}

// False when it cannot be sent now.
bool SupervisorHandle::send_front() {
  Unsent& front = unsent_.front();
  iovec part{front.bytes.data(), front.bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (front.descriptor) {
    const int fd = front.descriptor.get();
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  ssize_t n = 0;
  do {
    n = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return true;
  no_memory_ = errno == ENOBUFS || errno == ENOMEM;
  tried_at_ = Clock::now();
  gone_ = !no_memory_ && errno != EAGAIN;
  return false;
}

// Nothing when nothing has come, or the supervisor is gone.
std::optional<SupervisorEvent> SupervisorHandle::receive() {
  if (gone_) return std::nullopt;
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
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
  if (n <= 0) {
    gone_ = true;
    return std::nullopt;
  }
  Spawned spawned;
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
    spawned.socket = std::move(descriptors[0]);
    spawned.standard_output = std::move(descriptors[1]);
    spawned.standard_error = std::move(descriptors[2]);
  }
  v1::SupervisorResponse response;
  CHECK_MSG(response.ParseFromArray(buffer.data(), int(n)),
            "the supervisor sent what is no response");
  heard_at_ = Clock::now();
  return event_of(response, std::move(spawned));
}

SupervisorEvent SupervisorHandle::event_of(const v1::SupervisorResponse& response,
                                           Spawned spawned) {
  if (response.has_died()) {
    const v1::ExecutorDied& died = response.died();
    return ExecutorDeath{died.executor(), died.code(), died.status(), died.fenced()};
  }
  --unanswered_;
  if (response.has_strays_ended()) {
    const v1::StraysEnded& ended = response.strays_ended();
    return StraysEnded{ended.executor(), ended.request(), ended.alive()};
  }
  const v1::ExecutorSpawned& answer = response.spawned();
  const std::uint32_t executor = answer.executor();
  if (answer.code() != 0) {
    return ExecutorStarted{executor, base::Status::parse(base::Code(answer.code()), answer.why())};
  }
  if (!spawned.socket || !spawned.standard_output || !spawned.standard_error) {
    signal(executor, SIGKILL);
    return ExecutorStarted{
        executor,
        cannot_start_executor("its descriptors were not handed over: too many open files")};
  }
  spawned.pid = answer.pid();
  return ExecutorStarted{executor, std::move(spawned)};
}

}  // namespace weir::worker
