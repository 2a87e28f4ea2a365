// The worker's side of the executor protocol, for one attempt: a socket pair, frames, one child.
// What the stage prints goes to stderr, because stdout is for the outcome.
// Blocking; main thread.
#include "cli/replay/executor.h"

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <vector>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/json.h"
#include "module/manifest.h"

extern char** environ;

namespace weir::cli {
namespace {

namespace wire = weir::worker::v1;
using base::Code;
using base::Result;
using base::Status;

constexpr int kChildFd = 3;
constexpr std::size_t kHeaderBytes = 4;

Status broken(const std::string& what) {
  return Status(Code::kInternal, base::kErrExecutorProtocol, "the module's executor " + what);
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  bool send(std::string_view data) {
    while (!data.empty()) {
      const ssize_t count = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      data.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // Exactly `size` bytes; fewer at the end of the stream.
  std::string receive(std::size_t size) {
    std::string data(size, '\0');
    std::size_t got = 0;
    while (got < size) {
      const ssize_t count = ::recv(fd_, data.data() + got, size - got, 0);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      got += static_cast<std::size_t>(count);
    }
    data.resize(got);
    return data;
  }

 private:
  int fd_;
};

std::string framed(const google::protobuf::MessageLite& message) {
  const std::string body = message.SerializeAsString();
  const auto size = static_cast<std::uint32_t>(body.size());
  std::string frame;
  for (int shift = 0; shift < 32; shift += 8) frame += static_cast<char>(size >> shift & 0xff);
  return frame + body;
}

// The next message; nothing at the end of the stream.
Result<std::optional<wire::ExecutorResponse>> read_response(Socket& socket) {
  const std::string header = socket.receive(kHeaderBytes);
  if (header.size() < kHeaderBytes) return std::optional<wire::ExecutorResponse>();
  std::size_t size = 0;
  for (std::size_t i = kHeaderBytes; i > 0; --i) {
    size = size << 8 | static_cast<unsigned char>(header[i - 1]);
  }
  if (size > kFrameBytesMax) return broken("sent a message over the limit");
  const std::string body = socket.receive(size);
  if (body.size() < size) return std::optional<wire::ExecutorResponse>();
  wire::ExecutorResponse response;
  if (!response.ParseFromString(body)) return broken("sent a malformed message");
  return std::optional(std::move(response));
}

Result<pid_t> spawn(const ExecutorCall& call, int child_fd) {
  std::vector<std::string> words;
  if (call.gdb) words = {"gdb", "-q", "--args"};
  words.push_back(call.program);
  words.emplace_back("executor");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<char*> environment;
  std::string variable = "WEIR_EXECUTOR_FD=" + std::to_string(kChildFd);
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  environment.push_back(variable.data());
  environment.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_fd, kChildFd);
  if (!call.gdb) {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGINT);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int error =
      ::posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error == 0) return pid;
  return Status(Code::kFailedPrecondition, base::kErrNotExecutable,
                std::string("cannot start '") + argv[0] + "': " +
                    std::generic_category().message(error) + (call.gdb ? "; --gdb needs gdb" : ""));
}

// The index of the task's stage in the manifest that the executor derived.
Result<int> find_stage(const wire::ExecutorReady& ready, const std::string& task) {
  const Result<base::Json> json = base::Json::parse(ready.manifest_json());
  if (!json.ok()) return broken("sent a manifest that is no JSON: " + json.status().message());
  const Result<module::Manifest> manifest = module::manifest_from_json(*json);
  if (!manifest.ok()) return manifest.status();
  for (std::size_t i = 0; i < manifest->stages.size(); ++i) {
    if (manifest->stages[i].name == task) return static_cast<int>(i);
  }
  return Status(Code::kNotFound, base::kErrUnknownTask,
                "the module's pipeline " + manifest->pipeline + " has no stage '" + task +
                    "' any more; replay without --here to use the attempt's own module");
}

Status talk(Socket& socket, ExecutorCall& call, ExecutorEnd& end) {
  for (;;) {
    Result<std::optional<wire::ExecutorResponse>> response = read_response(socket);
    if (!response.ok()) return response.status();
    if (!response->has_value()) return {};
    wire::ExecutorResponse& message = **response;
    switch (message.response_case()) {
      case wire::ExecutorResponse::kReady: {
        const Result<int> stage = find_stage(message.ready(), call.task);
        if (!stage.ok()) return stage.status();
        call.run.set_stage(*stage);
        wire::ExecutorRequest request;
        *request.mutable_run() = call.run;
        if (!socket.send(framed(request))) return {};
        break;
      }
      case wire::ExecutorResponse::kLog:
        if (call.log) call.log(message.log().line());
        break;
      case wire::ExecutorResponse::kResult:
        end.has_result = true;
        end.result = std::move(*message.mutable_result());
        return {};
      default:
        break;  // progress, and what newer modules may say
    }
  }
}

}  // namespace

Result<ExecutorEnd> run_executor(ExecutorCall call) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return broken("has no socket: " + std::generic_category().message(errno));
  }
  // Away from the number that the child will know it by, where a dup2 onto itself would keep it
  // close-on-exec.
  const int child_fd = ::fcntl(ends[1], F_DUPFD_CLOEXEC, kChildFd + 1);
  ::close(ends[1]);
  Socket socket(ends[0]);
  Socket child(child_fd);
  // Ctrl-C is for the stage and for gdb; this process ends when they have.
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &ignore, &before);
  const Result<pid_t> pid = spawn(call, child_fd);
  child.close();
  ExecutorEnd end;
  Status status = pid.status();
  if (pid.ok()) {
    status = talk(socket, call, end);
    socket.close();  // the executor ends when its socket does
    int wait_status = 0;
    while (::waitpid(*pid, &wait_status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(wait_status)) end.signal = WTERMSIG(wait_status);
    if (WIFEXITED(wait_status)) end.exit_code = WEXITSTATUS(wait_status);
  }
  ::sigaction(SIGINT, &before, nullptr);
  if (!status.ok()) return status;
  return end;
}

}  // namespace weir::cli
