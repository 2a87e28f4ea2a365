// posix_spawn of our own program, and the entry of the child. The parent must not
// have threads yet; the child never has any. The socket is the only thing that both
// share.
#include "worker/supervisor/handle.h"

#include <cstdio>
#include <string_view>
#include <vector>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/base/errors.h"
#include "worker/supervisor/supervisor.h"

namespace weir::worker {
namespace {

constexpr int kSupervisorFd = 3;  // of the socket, in the supervisor
constexpr const char* kFdVariable = "WEIR_SUPERVISOR_FD";

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
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    return cannot_start("socketpair: " + errno_text(errno));
  }
  SupervisorHandle handle{Fd(sockets[0]), 0};
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
  const int error = ::posix_spawn(&handle.pid, program.c_str(), &actions, &attributes, arguments,
                                  environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return cannot_start(program + ": " + errno_text(error));
  return handle;
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
  Supervisor supervisor{Fd(fd)};
  supervisor.run();
  return 0;
}

}  // namespace weir::worker
