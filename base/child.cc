// posix_spawn, a pidfd and poll; see the header. What the child's own children still hold open is
// not waited for, and its group is killed at the end. Blocking; any thread; no state besides the
// objects'.
#include "base/child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errors.h"

extern char** environ;

namespace weir::base {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStopLooked{50};  // how soon a request to stop is seen
// Of one turn: more than a pipe holds, and an end to what a program prints without one, which would
// hide its time limit.
constexpr int kReadsMax = 32;

class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  ~OwnedFd() { reset(); }
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  void reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

std::vector<char*> environment_with(const std::vector<std::string>& more) {
  std::vector<char*> out;
  const auto replaced = [&more](std::string_view entry) {
    const std::string_view name = entry.substr(0, entry.find('=') + 1);
    return std::any_of(more.begin(), more.end(),
                       [name](const std::string& one) { return one.starts_with(name); });
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!replaced(*entry)) out.push_back(*entry);
  }
  for (char* entry : pointers(more)) out.push_back(entry);  // with the null at the end
  return out;
}

// The attributes and actions of one posix_spawn.
class Spawn {
 public:
  Spawn() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~Spawn() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;

  int run(const ChildPlan& plan, pid_t& pid) {
    if (const int error = descriptors(plan); error != 0) return error;
    attributes(plan.group);
    std::vector<char*> arguments = pointers(plan.arguments);
    std::vector<char*> environment = environment_with(plan.environment);
    return ::posix_spawnp(&pid, arguments[0], &actions_, &attributes_, arguments.data(),
                          environment.data());
  }

 private:
  int descriptors(const ChildPlan& plan) {
    int last = STDERR_FILENO;
    bool stdin_named = plan.keep_stdin;
    for (const auto& [ours, theirs] : plan.descriptors) {
      last = std::max(last, theirs);
      stdin_named = stdin_named || theirs == STDIN_FILENO;
    }
    if (!stdin_named) {
      posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    for (const auto& [ours, theirs] : plan.descriptors) {
      // Away from the numbers that are given out, where a dup2 could overwrite it, or onto itself
      // would keep it close-on-exec.
      OwnedFd moved(::fcntl(ours, F_DUPFD_CLOEXEC, last + 1));
      if (moved.get() < 0) return errno;
      posix_spawn_file_actions_adddup2(&actions_, moved.get(), theirs);
      moved_.push_back(std::move(moved));
    }
    return 0;
  }

  void attributes(ChildPlan::Group group) {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    for (const int fixed : {SIGKILL, SIGSTOP}) sigdelset(&all, fixed);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setpgroup(&attributes_, 0);
    int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    if (group == ChildPlan::Group::kOwn) flags |= POSIX_SPAWN_SETPGROUP;
    if (group == ChildPlan::Group::kSession) flags |= POSIX_SPAWN_SETSID;
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
  std::vector<OwnedFd> moved_;
};

Status cannot_start(const std::string& program, int error) {
  const Code code = error == ENOENT   ? Code::kNotFound
                    : error == EACCES ? Code::kPermissionDenied
                                      : Code::kUnavailable;
  return Status(code, kErrNotExecutable,
                "cannot start '" + program + "': " + std::generic_category().message(error));
}

// A pipe that the child writes to.
struct Output {
  OwnedFd read;
  OwnedFd write;

  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read = OwnedFd(ends[0]);
    write = OwnedFd(ends[1]);
    return ::fcntl(read.get(), F_SETFL, O_NONBLOCK) == 0;
  }

  // Reads what is there into `text` up to `limit`, and closes the pipe at its end.
  void drain(std::string& text, std::size_t limit, bool& overflow) {
    std::array<char, 64 << 10> buffer;
    for (int reads = 0; read.get() >= 0 && reads < kReadsMax; ++reads) {
      const ssize_t count = ::read(read.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) return read.reset();
      const std::size_t room = limit - std::min(limit, text.size());
      const auto got = static_cast<std::size_t>(count);
      if (got > room) overflow = true;
      text.append(buffer.data(), std::min(room, got));
    }
  }
};

// One run_program() under way.
class Run {
 public:
  explicit Run(const RunPlan& plan) : plan_(plan), input_(plan.input) {}

  RunResult go() {
    Result<Child> child = start();
    if (!child.ok()) {
      result_.end = RunResult::End::kNotStarted;
      result_.problem = child.status();
      return std::move(result_);
    }
    follow(*child);
    const bool ended = result_.end == RunResult::End::kExited;
    if (!ended || !plan_.keep_background) child->kill();  // whatever is left of the group
    const ChildEnd end = child->wait();
    if (result_.end == RunResult::End::kExited) {
      if (end.signal != 0) result_.end = RunResult::End::kSignaled;
      result_.code = end.signal != 0 ? end.signal : end.exit_code;
    }
    return std::move(result_);
  }

 private:
  Result<Child> start() {
    ChildPlan wanted;
    wanted.arguments = plan_.arguments;
    OwnedFd their_end;
    const bool piped = !plan_.capture || (out_.open() && err_.open());
    if (!piped || !open_input(their_end)) return cannot_start(plan_.arguments[0], errno);
    if (their_end.get() >= 0) wanted.descriptors.emplace_back(their_end.get(), STDIN_FILENO);
    if (plan_.capture) {
      wanted.descriptors.emplace_back(out_.write.get(), STDOUT_FILENO);
      wanted.descriptors.emplace_back(err_.write.get(), STDERR_FILENO);
    }
    Result<Child> child = Child::start(wanted);
    out_.write.reset();
    err_.write.reset();
    return child;
  }

  bool open_input(OwnedFd& theirs) {
    if (input_.empty()) return true;
    // A socket and not a pipe: writing to a program that has gone then fails without a signal.
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
    in_ = OwnedFd(ends[0]);
    theirs = OwnedFd(ends[1]);
    return true;
  }

  // Until the child ends, time is up, it printed too much, or a stop is requested.
  void follow(const Child& child) {
    const SteadyClock::time_point deadline = SteadyClock::now() + plan_.time;
    bool ended = false;
    while (!ended) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
      if (left.count() <= 0) return give_up(RunResult::End::kTimedOut);
      if (plan_.stop.stop_requested()) return give_up(RunResult::End::kStopped);
      std::array<pollfd, 4> waits{{{child.handle(), POLLIN, 0},
                                   {out_.read.get(), POLLIN, 0},
                                   {err_.read.get(), POLLIN, 0},
                                   {in_.get(), POLLOUT, 0}}};
      const auto time = plan_.stop.stop_possible() ? std::min(left, kStopLooked) : left;
      const int ready = ::poll(waits.data(), waits.size(), static_cast<int>(time.count()));
      if (waits[3].revents != 0) feed();
      if (!drain()) return give_up(RunResult::End::kTooMuchOutput);
      ended = ready > 0 && (waits[0].revents & POLLIN) != 0;
    }
    if (!drain()) give_up(RunResult::End::kTooMuchOutput);
  }

  void give_up(RunResult::End end) { result_.end = end; }

  void feed() {
    const ssize_t sent =
        ::send(in_.get(), input_.data(), input_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) input_.remove_prefix(static_cast<std::size_t>(sent));
    // A program need not read its input.
    if (input_.empty() || (sent < 0 && errno != EAGAIN && errno != EINTR)) in_.reset();
  }

  // False when it printed too much.
  bool drain() {
    bool overflow = false;
    bool ignored = false;
    out_.drain(result_.out, plan_.stdout_bytes, overflow);
    err_.drain(result_.err, plan_.stderr_bytes, ignored);
    return !overflow;
  }

  const RunPlan& plan_;
  std::string_view input_;  // what it has not taken yet
  OwnedFd in_;
  Output out_;
  Output err_;
  RunResult result_;
};

}  // namespace

Result<Child> Child::start(const ChildPlan& plan) {
  pid_t pid = 0;
  if (const int error = Spawn().run(plan, pid); error != 0) {
    return cannot_start(plan.arguments[0], error);
  }
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  const int error = errno;
  Child child(pid, handle, plan.group != ChildPlan::Group::kOurs);
  if (handle < 0) return cannot_start(plan.arguments[0], error);
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      handle_(std::exchange(other.handle_, -1)),
      group_(other.group_) {}

Child::~Child() {
  if (pid_ > 0) {
    kill();
    wait();
  }
  release();
}

void Child::kill() {
  if (pid_ > 0) ::kill(group_ ? -pid_ : pid_, SIGKILL);
}

ChildEnd Child::wait() {
  ChildEnd end;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  return end;
}

void Child::release() {
  pid_ = 0;
  if (handle_ >= 0) ::close(std::exchange(handle_, -1));
}

RunResult run_program(const RunPlan& plan) { return Run(plan).go(); }

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

}  // namespace weir::base
