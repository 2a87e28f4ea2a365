// The child's way from fork to exec: own session, death with the
// parent, no new privileges, limits, clean descriptors, signals and
// environment, and another user where one is named.
#include "worker/supervisor/spawn.h"

#include <algorithm>
#include <array>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/secrets.h"

namespace weir::worker {
namespace {

constexpr int kStagingFd = 64;  // descriptors are moved above this before they are put in place

struct ChildPlan {
  std::vector<std::string> environment;
  std::vector<char*> environment_pointers;
  std::vector<char*> arguments;
  std::string program;
  std::string verb = "executor";
};

[[noreturn]] void give_up(const char* what, const std::string& path) {
  const std::string line =
      "weir: " + std::string(what) + " " + path + ": " + errno_text(errno) + "\n";
  [[maybe_unused]] const ssize_t n = ::write(2, line.data(), line.size());
  ::_exit(127);
}

void limit(__rlimit_resource resource, rlim_t wanted) {
  rlimit current{};
  if (::getrlimit(resource, &current) != 0) return;
  current.rlim_cur = std::min(wanted, current.rlim_max);
  ::setrlimit(resource, &current);
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Executors go first when the machine runs out of memory. Raising the score needs no privilege.
void prefer_as_oom_victim() {
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  const std::string score = std::to_string(kExecutorOomScore);
  [[maybe_unused]] const ssize_t n = ::write(file, score.data(), score.size());
  ::close(file);
}

void place_descriptors(int socket, int out, int err, int secrets) {
  std::array<int, 5> wanted{::open("/dev/null", O_RDONLY), out, err, socket, secrets};
  const int count = secrets < 0 ? kSecretsFd : kSecretsFd + 1;
  for (int i = 0; i < count; ++i) wanted[i] = ::fcntl(wanted[i], F_DUPFD, kStagingFd);
  for (int target = 0; target < count; ++target) {
    if (wanted[target] < 0 || ::dup2(wanted[target], target) < 0) ::_exit(126);
  }
  static_assert(kExecutorFd == 3 && kSecretsFd == 4);
  ::close_range(count, ~0U, 0);
}

[[noreturn]] void run_child(const SpawnRequest& request, ChildPlan& plan, pid_t parent, int socket,
                            int out, int err) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(125);  // the supervisor died before the line above
  place_descriptors(socket, out, err, request.secrets);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  limit(RLIMIT_CORE, request.core_dumps ? RLIM_INFINITY : 0);
  limit(RLIMIT_NOFILE, kExecutorFilesMax);
  prefer_as_oom_victim();
  reset_signals();
  if (request.user != nullptr) {
    const char* const failed = become(*request.user);
    if (failed != nullptr) give_up(failed, "the user of stages, " + request.user->name);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a change of user takes it away
    if (::getppid() != parent) ::_exit(125);
  }
  const char* const directory = request.directory.c_str();
  if (::mkdir(directory, 0700) != 0 && errno != EEXIST) give_up("cannot create", request.directory);
  if (::chdir(directory) != 0) give_up("cannot enter", request.directory);
  ::execve(plan.program.c_str(), plan.arguments.data(), plan.environment_pointers.data());
  give_up("cannot execute", plan.program);
}

ChildPlan plan_child(const SpawnRequest& request) {
  ChildPlan plan;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line(*entry);
    const std::string_view name = line.substr(0, line.find('='));
    const bool of_user = name == "HOME" || name == "USER" || name == "LOGNAME";
    if (of_user && request.user != nullptr) continue;
    if (environment_passes(name)) plan.environment.emplace_back(line);
  }
  plan.environment.push_back("WEIR_EXECUTOR_FD=" + std::to_string(kExecutorFd));
  plan.environment.push_back(std::string(base::kSecretsFdVariable) + "=" +
                             std::to_string(request.secrets < 0 ? -1 : kSecretsFd));
  plan.environment.push_back(std::string(kTagVariable) + "=" + request.tag);
  plan.environment.push_back("TMPDIR=" + request.directory);
  if (request.user != nullptr) {
    plan.environment.push_back("HOME=" + request.user->home);
    plan.environment.push_back("USER=" + request.user->name);
    plan.environment.push_back("LOGNAME=" + request.user->name);
  }
  for (std::string& line : plan.environment) plan.environment_pointers.push_back(line.data());
  plan.environment_pointers.push_back(nullptr);
  plan.program = request.executable;
  return plan;
}

base::Status refused(const char* what) {
  return cannot_start_executor(what + (": " + errno_text(errno)));
}

}  // namespace

base::Status cannot_start_executor(const std::string& why) {
  return base::Status(base::Code::kResourceExhausted, base::kErrLoad,
                      "this worker cannot start an executor: " + why +
                          "; give it fewer --slots, or a higher limit of processes and open files");
}

bool environment_passes(std::string_view name) {
  static constexpr std::string_view kPassed[] = {
      "PATH",          "HOME",         "USER",        "LOGNAME", "LANG",
      "LC_ALL",        "LC_CTYPE",     "LC_NUMERIC",  "TZ",      "ASAN_OPTIONS",
      "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"};
  if (name.substr(0, 5) == "WEIR_") {
    const bool secret = name.find("TOKEN") != name.npos || name.find("SECRET") != name.npos;
    const bool ours =
        name == kTagVariable || name == "WEIR_EXECUTOR_FD" || name == "WEIR_SUPERVISOR_FD";
    return !secret && !ours;
  }
  return std::find(std::begin(kPassed), std::end(kPassed), name) != std::end(kPassed);
}

base::Result<Spawned> spawn_executor(const SpawnRequest& request) {
  int sockets[2];
  int out[2];
  int err[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
    return refused("socketpair");
  Spawned spawned{0, Fd(sockets[0]), {}, {}};
  const Fd child_socket(sockets[1]);
  if (::pipe2(out, O_CLOEXEC) != 0) return refused("pipe");
  spawned.standard_output = Fd(out[0]);
  const Fd child_out(out[1]);
  if (::pipe2(err, O_CLOEXEC) != 0) return refused("pipe");
  spawned.standard_error = Fd(err[0]);
  const Fd child_err(err[1]);
  if (request.user != nullptr) {  // /dev/stdout is opened by the rights of the pipe
    for (const int end : {out[1], err[1]}) {
      if (::fchown(end, request.user->uid, request.user->gid) != 0) return refused("fchown");
    }
  }
  ::fcntl(out[0], F_SETFL, O_NONBLOCK);
  ::fcntl(err[0], F_SETFL, O_NONBLOCK);
  ChildPlan plan = plan_child(request);
  plan.arguments = {plan.program.data(), plan.verb.data(), nullptr};
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return refused("fork");
  if (pid == 0) {
    run_child(request, plan, parent, child_socket.get(), child_out.get(), child_err.get());
  }
  spawned.pid = pid;
  return spawned;
}

}  // namespace weir::worker
