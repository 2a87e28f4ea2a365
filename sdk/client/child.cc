// posix_spawn, two pipes, a pidfd and poll. What the child's own children still hold open is not
// waited for, and the whole group is killed at the end.
// Blocking; any thread.
#include "sdk/client/child.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace weir::client {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) == 0) {
      read = ends[0];
      write = ends[1];
    }
  }
  ~Pipe() {
    close_write();
    if (read >= 0) ::close(read);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_write() {
    if (write >= 0) ::close(write);
    write = -1;
  }
};

// 0, or the errno of the failure.
int spawn(const std::vector<std::string>& arguments, const Pipe& out, const Pipe& err, pid_t& pid) {
  if (out.read < 0 || err.read < 0) return EMFILE;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigset_t none;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int error = ::posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

// Of one turn: more than a pipe holds, and an end to what a program prints without one, which would
// hide its time limit.
constexpr int kReadsMax = 32;

// Reads what is there into `text` up to `limit`; false at the end of the stream.
bool drain(int fd, std::string& text, std::size_t limit, bool& overflow) {
  std::array<char, 64 << 10> buffer;
  for (int reads = 0; reads < kReadsMax; ++reads) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    const std::size_t room = limit - std::min(limit, text.size());
    const auto got = static_cast<std::size_t>(count);
    if (got > room) overflow = true;
    text.append(buffer.data(), std::min(room, got));
  }
  return true;
}

// Polls until the child ends, time is up or it printed too much. True when the child ended by
// itself.
bool follow(pid_t pid, const Pipe& out, const Pipe& err, const ChildLimits& limits,
            ChildResult& result) {
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  const Clock::time_point deadline = Clock::now() + limits.time;
  std::array<pollfd, 3> waits{{{out.read, POLLIN, 0}, {err.read, POLLIN, 0}, {pidfd, POLLIN, 0}}};
  bool ended = false;
  bool ignored = false;
  while (!ended) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      result.end = ChildResult::End::kTimedOut;
      break;
    }
    const int ready = ::poll(waits.data(), waits.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) break;
    bool overflow = false;
    if (waits[0].fd >= 0 && !drain(out.read, result.out, limits.stdout_bytes, overflow)) {
      waits[0].fd = -1;
    }
    if (waits[1].fd >= 0 && !drain(err.read, result.err, limits.stderr_bytes, ignored)) {
      waits[1].fd = -1;
    }
    if (overflow) {
      result.end = ChildResult::End::kTooMuchOutput;
      break;
    }
    ended = ready > 0 && (waits[2].revents & POLLIN) != 0;
  }
  if (ended) {
    bool overflow = false;
    drain(out.read, result.out, limits.stdout_bytes, overflow);
    drain(err.read, result.err, limits.stderr_bytes, ignored);
    if (overflow) result.end = ChildResult::End::kTooMuchOutput;
  }
  if (pidfd >= 0) ::close(pidfd);
  return ended;
}

}  // namespace

ChildResult run_child(const std::vector<std::string>& arguments, const ChildLimits& limits) {
  ChildResult result;
  Pipe out;
  Pipe err;
  pid_t pid = 0;
  if (const int error = spawn(arguments, out, err, pid); error != 0) {
    result.end = ChildResult::End::kNotStarted;
    result.code = error;
    return result;
  }
  out.close_write();
  err.close_write();
  ::fcntl(out.read, F_SETFL, O_NONBLOCK);
  ::fcntl(err.read, F_SETFL, O_NONBLOCK);
  follow(pid, out, err, limits, result);
  ::kill(-pid, SIGKILL);  // whatever is left of the group
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (result.end == ChildResult::End::kExited) {
    const bool signaled = WIFSIGNALED(status);
    result.end = signaled ? ChildResult::End::kSignaled : ChildResult::End::kExited;
    result.code = signaled ? WTERMSIG(status) : WEXITSTATUS(status);
  }
  return result;
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

}  // namespace weir::client
