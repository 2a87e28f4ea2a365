// Ready with the manifest, then one result per run, in order. What the stage printed is flushed
// before its result is sent, so that the worker's log of the attempt is complete when the attempt
// is. Only this process speaks: one that the stage forked has the socket too.
#include "sdk/src/executor.h"

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <mutex>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/errors.h"
#include "sdk/src/crash_handler.h"
#include "sdk/src/executor_wire.h"
#include "sdk/src/pipeline_manifest.h"
#include "sdk/src/progress_sender.h"
#include "sdk/src/secrets.h"
#include "sdk/src/stage_runner.h"

namespace weir::sdk_impl {
namespace {

int complain(const base::Status& status, int exit_code) {
  std::fprintf(stderr, "weir executor: %s\n", status.text().c_str());
  return exit_code;
}

// SIGTERM says that the attempt's result is no longer wanted; SIGKILL follows after the worker's
// grace. A stage that asks whether it is canceled is given that time, another one ends at once.
pid_t executor_pid = 0;
std::atomic<bool> stage_asks = false;
std::atomic<bool> result_unwanted = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // the handler uses them

void on_terminate(int number) {
  if (stage_asks && ::getpid() == executor_pid) {
    result_unwanted = true;
    return;
  }
  ::signal(number, SIG_DFL);
  ::raise(number);  // delivered when this returns
}

void handle_terminate() {
  executor_pid = ::getpid();
  struct sigaction action {};
  action.sa_handler = on_terminate;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &action, nullptr);
}

// The socket's writing end, shared by the attempt and the threads that it starts.
class Channel final : public AttemptSink {
 public:
  explicit Channel(int fd) : fd_(fd) {}

  base::Status send(std::string_view message) {
    const std::lock_guard lock(mutex_);
    return write_frame(fd_, message);
  }

  void log(std::string line) override {
    if (::getpid() == executor_pid) return send_or_complain(encode_log(line));
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  void progress(const impl::ProgressWord& word) override {
    if (::getpid() == executor_pid) progress_->say(word);
  }
  bool canceled() override {
    stage_asks = true;
    return result_unwanted;
  }
  base::WallTime now() override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }

  void begin_attempt() {
    progress_.emplace(
        [this](const engine::Progress& progress) { send_or_complain(encode_progress(progress)); },
        kProgressEvery);
  }
  // Its last word, and none is sent after it.
  std::optional<engine::Progress> end_progress() { return progress_->end(); }

 private:
  // A log line must not fail the stage; when the worker is gone, sending the result says so.
  void send_or_complain(const std::string& message) {
    if (const base::Status status = send(message); !status.ok()) complain(status, 0);
  }

  const int fd_;
  std::mutex mutex_;                        // one frame at a time
  std::optional<ProgressSender> progress_;  // of the attempt; last: its thread sends
};

base::Result<int> inherited_descriptor() {
  const char* const text = std::getenv(kExecutorFdVariable);
  int fd = -1;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), fd);
  if (fd < 0 || ::fcntl(fd, F_GETFD) < 0) {
    return base::Status(base::Code::kFailedPrecondition, base::kErrUsage,
                        std::string("the verb 'executor' is for workers, which pass a socket in ") +
                            kExecutorFdVariable + "; use 'run' to run the pipeline by hand");
  }
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);  // programs that a stage starts must not speak for it
  ::unsetenv(kExecutorFdVariable);
  return fd;
}

// Everything the stage printed, whichever way.
void flush_output() {
  std::fflush(nullptr);
  if (std::ostream* const out = std::cin.tie(); out != nullptr) out->flush();
  std::clog.flush();
}

}  // namespace

int run_executor(const impl::PipelineRecord& pipeline) {
  const auto fd = inherited_descriptor();
  if (!fd.ok()) return complain(fd.status(), 2);
  if (const base::Status status = hide_secrets(); !status.ok()) return complain(status, 1);
  install_crash_handler();
  handle_terminate();
  // Into a pipe it would be fully buffered, and a crash would take the last lines with it.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  Channel channel(*fd);
  StageRunner runner(pipeline);
  runner.resources().watch_helpers();
  const std::string manifest = module::manifest_to_json(manifest_of(pipeline)).dump();
  base::Status status = channel.send(encode_ready(manifest, static_cast<std::int32_t>(::getpid())));
  while (status.ok()) {
    auto frame = read_frame(*fd);
    if (!frame.ok()) return complain(frame.status(), 1);
    if (!frame->has_value()) return 0;
    const auto request = decode_request(**frame);
    if (!request.ok()) return complain(request.status(), 1);
    stage_asks = false;
    channel.begin_attempt();
    engine::AttemptFinished report = runner.run(*request, channel);
    flush_output();
    if (::getpid() != executor_pid) {
      std::fprintf(stderr,
                   "weir: a process that the stage forked returned from the stage; it ends "
                   "here, and what it returned is nobody's result\n");
      std::_Exit(1);
    }
    report.progress = channel.end_progress();
    if (result_unwanted) return 0;
    status = channel.send(encode_result(request->key, report, runner.resources().take_helpers()));
  }
  return complain(status, 1);
}

}  // namespace weir::sdk_impl
