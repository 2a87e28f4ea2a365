// The worker's side of the executor protocol, for one attempt: a socket pair, frames, one child.
// What the stage prints goes to stderr, because stdout is for the outcome.
// Blocking; main thread.
#include "cli/replay/executor.h"

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <vector>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/child.h"
#include "base/errors.h"
#include "base/json.h"
#include "module/manifest.h"

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

Result<base::Child> start_module(const ExecutorCall& call, int child_fd) {
  base::ChildPlan plan;
  if (call.gdb) plan.arguments = {"gdb", "-q", "--args"};
  plan.arguments.push_back(call.program);
  plan.arguments.emplace_back("executor");
  plan.environment = {"WEIR_EXECUTOR_FD=" + std::to_string(kChildFd)};
  plan.descriptors = {{child_fd, kChildFd}};
  if (!call.gdb) plan.descriptors.emplace_back(STDERR_FILENO, STDOUT_FILENO);
  plan.keep_stdin = call.gdb;
  plan.group = base::ChildPlan::Group::kOurs;
  Result<base::Child> child = base::Child::start(plan);
  if (child.ok()) return child;
  return Status(Code::kFailedPrecondition, base::kErrNotExecutable,
                child.status().message() + (call.gdb ? "; --gdb needs gdb" : ""));
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
        call.run.mutable_assign()->set_stage(*stage);
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
        end.finished.Swap(message.mutable_result()->mutable_finished());
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
  Socket socket(ends[0]);
  Socket theirs(ends[1]);
  // Ctrl-C is for the stage and for gdb; this process ends when they have.
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &ignore, &before);
  Result<base::Child> child = start_module(call, ends[1]);
  theirs.close();
  ExecutorEnd end;
  Status status = child.status();
  if (child.ok()) {
    status = talk(socket, call, end);
    socket.close();  // the executor ends when its socket does
    const base::ChildEnd ended = child->wait();
    end.signal = ended.signal;
    end.exit_code = ended.exit_code;
  }
  ::sigaction(SIGINT, &before, nullptr);
  if (!status.ok()) return status;
  return end;
}

}  // namespace weir::cli
