// One run of the operator's command, by posix_spawn because the process has other threads. The
// command leads a process group of its own, so that a timeout ends what it started, too. Blocks
// until the command has ended, so never on the loop's thread; leaves no zombie and no descriptor
// behind.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errors.h"
#include "scheduler/loop/command_outbox.h"

extern "C" char** environ;

namespace weir::loop {

using base::Code;
using base::Status;
using std::chrono::steady_clock;

namespace {

constexpr int kPollMilliseconds = 50;  // how soon a stop request is seen

Status failed(const std::string& what, int error) {
  return {Code::kUnavailable, base::kErrInternal,
          what + ": " + std::string(strerror(error))};  // NOLINT: only this thread uses it
}

// A pidfd becomes readable when the process ends; the process is reaped by finish().
class Child {
 public:
  ~Child() {
    if (pid_ > 0) finish(true);
    if (input_ >= 0) close(input_);
    if (pidfd_ >= 0) close(pidfd_);
  }

  Status spawn(const std::string& command);
  Status feed_and_wait(std::string_view input, steady_clock::time_point until,
                       const std::stop_token& stop);

 private:
  int finish(bool kill_it);
  void feed(std::string_view& input);
  void close_input() {
    close(input_);
    input_ = -1;
  }

  pid_t pid_ = -1;
  int pidfd_ = -1;
  int input_ = -1;
};

Status Child::spawn(const std::string& command) {
  // A socket and not a pipe: writing to a command that has gone then fails without a signal.
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return failed("socketpair", errno);
  }
  input_ = ends[0];
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 0);
  sigset_t none;
  sigemptyset(&none);
  sigset_t defaults;
  sigemptyset(&defaults);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD}) sigaddset(&defaults, number);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string shell = "sh";
  std::string option = "-c";
  std::string text = command;
  char* const arguments[] = {shell.data(), option.data(), text.data(), nullptr};
  const int error = posix_spawn(&pid_, "/bin/sh", &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  if (error != 0) {
    pid_ = -1;
    return failed("starting /bin/sh", error);
  }
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) return failed("pidfd_open", errno);
  return {};
}

void Child::feed(std::string_view& input) {
  const ssize_t sent = send(input_, input.data(), input.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent > 0) input.remove_prefix(static_cast<std::size_t>(sent));
  // A command need not read its input.
  if (input.empty() || (sent < 0 && errno != EAGAIN && errno != EINTR)) close_input();
}

int Child::finish(bool kill_it) {
  if (kill_it) kill(-pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

Status Child::feed_and_wait(std::string_view input, steady_clock::time_point until,
                            const std::stop_token& stop) {
  if (input.empty()) close_input();
  while (true) {
    if (stop.stop_requested()) {
      finish(true);
      return {Code::kCanceled, base::kErrShuttingDown, "the scheduler stops"};
    }
    if (steady_clock::now() >= until) {
      finish(true);
      return {Code::kDeadlineExceeded, base::kErrTimedOut, "the command ran too long"};
    }
    struct pollfd watched[2] = {{pidfd_, POLLIN, 0}, {input_, POLLOUT, 0}};
    if (poll(watched, 2, kPollMilliseconds) < 0 && errno != EINTR) return failed("poll", errno);
    if (input_ >= 0 && watched[1].revents != 0) feed(input);
    if ((watched[0].revents & POLLIN) != 0) break;
  }
  const int status = finish(false);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return {Code::kUnavailable, base::kErrInternal,
          WIFSIGNALED(status)
              ? "the command was killed by signal " + std::to_string(WTERMSIG(status))
              : "the command ended with status " + std::to_string(WEXITSTATUS(status))};
}

}  // namespace

Status run_command(const std::string& command, std::string_view input,
                   std::chrono::milliseconds timeout, const std::stop_token& stop) {
  Child child;
  if (Status status = child.spawn(command); !status.ok()) return status;
  return child.feed_and_wait(input, steady_clock::now() + timeout, stop);
}

}  // namespace weir::loop
