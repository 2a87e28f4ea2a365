// A program that speaks the executor protocol and does what the attempt's parameters say: succeed,
// fail, crash, hang, flood, fork. How it behaves before it is ready is decided by the name under
// which it was started.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sha256.h"
#include "weir/worker/v1/executor.pb.h"
#include "worker/core/frame.h"

namespace {

namespace v1 = weir::worker::v1;
int socket_fd = -1;

void write_all(int fd, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (n <= 0) ::_exit(90);
    at += std::size_t(n);
  }
}

v1::Assign current;
std::string unsent;      // frames that wait to be written
bool gathering = false;  // while several are to be written at once

void send(v1::ExecutorResponse response) {
  if (response.has_result()) {
    *response.mutable_result()->mutable_finished()->mutable_attempt() = current.attempt();
  }
  const std::size_t at = weir::worker::begin_frame(unsent);
  response.AppendToString(&unsent);
  weir::worker::end_frame(unsent, at);
  if (!gathering) write_all(socket_fd, std::exchange(unsent, {}));
}

void send_ready(const std::string& manifest) {
  v1::ExecutorResponse response;
  response.mutable_ready()->set_protocol_version(3);
  response.mutable_ready()->set_manifest_json(manifest);
  response.mutable_ready()->set_pid(::getpid());
  send(response);
}

void send_result(v1::Outcome outcome, const std::string& message) {
  v1::ExecutorResponse response;
  v1::Finished* result = response.mutable_result()->mutable_finished();
  result->set_outcome(outcome);
  result->set_message(message);
  if (outcome == v1::OUTCOME_SUCCEEDED) {
    result->set_success(v1::SUCCESS_KIND_VALUE);
    v1::Output* output = result->add_outputs();
    output->set_asset("asset");
    output->mutable_value()->set_digest(std::string(32, 'd'));
    output->mutable_value()->set_is_inline(true);
    output->mutable_value()->set_inline_bytes("value");
    output->mutable_value()->set_kind(v1::ARTIFACT_KIND_BYTES);
  }
  send(response);
}

void send_log(const std::string& line) {
  v1::ExecutorResponse response;
  response.mutable_log()->set_line(line);
  send(response);
}

[[noreturn]] void hang() {
  for (;;) ::pause();
}

// A process of its own session whose parent is gone.
void leave_grandchild(bool drop_environment) {
  const pid_t child = ::fork();
  if (child != 0) {
    ::waitpid(child, nullptr, 0);
    return;
  }
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  if (drop_environment)
    ::execle("/bin/sleep", "sleep", "1000", nullptr, static_cast<char**>(nullptr));
  hang();
}

// Clock ticks since boot: the 20th field after the name, of which the state is one.
void report_helper(v1::ExecutorResult& result, pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string stat((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string field;
  for (int i = 0; i < 20; ++i) fields >> field;
  v1::ExecutorProcess* helper = result.add_helpers();
  helper->set_pid(pid);
  helper->set_born_ticks(std::stoull(field));
}

// As a resource would: a child; a process that is nobody's child and carries no mark; one of a
// session of its own, which ends and leaves a child of its own, which is not reported.
void start_helpers(v1::ExecutorResult& result) {
  const pid_t child = ::fork();
  if (child == 0) hang();
  report_helper(result, child);

  int said[2];
  if (::pipe2(said, O_CLOEXEC) != 0) ::_exit(93);
  const pid_t between = ::fork();
  if (between == 0) {
    ::setsid();
    const pid_t daemon = ::fork();
    if (daemon == 0) ::execle("/bin/sleep", "sleep", "1000", nullptr, static_cast<char**>(nullptr));
    write_all(said[1], std::string(reinterpret_cast<const char*>(&daemon), sizeof daemon));
    ::_exit(0);
  }
  pid_t daemon = 0;
  if (::read(said[0], &daemon, sizeof daemon) != sizeof daemon) ::_exit(93);
  ::waitpid(between, nullptr, 0);
  report_helper(result, daemon);

  int go[2];
  if (::pipe2(go, O_CLOEXEC) != 0) ::_exit(93);
  const pid_t leader = ::fork();
  if (leader == 0) {
    ::setsid();
    if (::fork() == 0) hang();
    char none = 0;
    write_all(said[1], "x");
    if (::read(go[0], &none, 1) != 1) ::_exit(93);
    ::_exit(0);
  }
  char none = 0;
  if (::read(said[0], &none, 1) != 1) ::_exit(93);
  report_helper(result, leader);
  write_all(go[1], "x");
  ::waitpid(leader, nullptr, 0);
}

void flood(std::size_t bytes) {
  std::string line(1023, 'f');
  line += '\n';
  for (std::size_t done = 0; done < bytes; done += line.size()) write_all(1, line);
  write_all(1, "the very last line\n");
}

void send_progress(double fraction, const std::string& message) {
  v1::ExecutorResponse response;
  response.mutable_progress()->set_fraction(fraction);
  response.mutable_progress()->set_message(message);
  send(response);
}

void misbehave(const std::string& verb) {
  if (verb == "progress_and_hang" || verb == "progress_and_crash") {
    constexpr int kWords = 1000;
    for (int i = 1; i < kWords; ++i) send_progress(double(i) / kWords, "on the way");
    send_progress(1, verb == "progress_and_hang" ? "there" : std::string(30 << 20, 'x'));
    if (verb == "progress_and_hang") hang();
    ::_exit(3);
  }
  if (verb == "segv") {
    write_all(2, "about to crash\n");
    ::signal(SIGSEGV, SIG_DFL);
    ::raise(SIGSEGV);
  }
  if (verb == "exit3") ::exit(3);
  if (verb == "hang") hang();
  if (verb == "talk_and_hang") {
    write_all(1, "talking\n");
    hang();
  }
  if (verb == "ignore_term") {
    ::signal(SIGTERM, SIG_IGN);
    hang();
  }
  if (verb == "spin") {
    for (volatile bool on = true; on;) {
    }
  }
  if (verb == "rubbish") {
    write_all(socket_fd, std::string("\x05\0\0\0\xff\xff\xff\xff\xff", 9));
    hang();
  }
  if (verb == "huge_frame") {
    write_all(socket_fd, "\xff\xff\xff\xff");
    hang();
  }
  if (verb == "close_socket") {
    ::close(socket_fd);
    hang();
  }
  if (verb == "crash_with_grandchild") {
    leave_grandchild(false);
    ::signal(SIGABRT, SIG_DFL);
    ::abort();
  }
  if (verb == "hang_with_family") {
    for (int i = 0; i < 5; ++i) leave_grandchild(i % 2 == 0);
    if (::fork() == 0) hang();
    ::signal(SIGTERM, SIG_IGN);
    hang();
  }
  if (verb == "eat_memory") {
    std::vector<std::string> pieces;
    for (;;) {
      pieces.emplace_back(std::size_t{4} << 20, 'm');
      ::poll(nullptr, 0, 5);
    }
  }
}

// Reads the first input from its path and stores it, with one byte more, as a large value.
void echo_input(const v1::ExecutorRun& work) {
  std::ifstream file(work.input_paths(0), std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  bytes += '!';
  const weir::base::Digest digest = weir::base::sha256(bytes);
  const std::filesystem::path place = weir::base::blob_path(work.artifact_dir(), digest);
  std::filesystem::create_directories(place.parent_path());
  std::ofstream(place, std::ios::binary) << bytes;
  v1::ExecutorResponse response;
  v1::Finished* result = response.mutable_result()->mutable_finished();
  result->set_outcome(v1::OUTCOME_SUCCEEDED);
  result->set_success(v1::SUCCESS_KIND_VALUE);
  v1::ValueRef* value = result->add_outputs()->mutable_value();
  value->set_digest(std::string(digest.raw()));
  value->set_size(std::int64_t(bytes.size()));
  value->set_kind(v1::ARTIFACT_KIND_BYTES);
  send(response);
}

void run(const v1::ExecutorRun& work) {
  current = work.assign();
  const std::string& verb = current.params();
  misbehave(verb);
  if (verb == "fail") return send_result(v1::OUTCOME_FAILED, "the author's words");
  if (verb == "odd_outcome") return send_result(static_cast<v1::Outcome>(77), "");
  if (verb == "flood") flood(std::size_t{100} << 20);
  if (verb == "grandchild") leave_grandchild(false);
  if (verb == "anonymous_grandchild") leave_grandchild(true);
  if (verb == "child") {
    if (::fork() == 0) hang();
  }
  if (verb == "partial") {
    write_all(1, "no newline");
    write_all(2, "an error\n");
    send_log("{\"text\":\"structured\"}");
  }
  if (verb == "task_name") write_all(1, "output of " + current.task() + "\n");
  if (verb == "environment") {
    for (char** entry = environ; *entry != nullptr; ++entry)
      write_all(1, std::string(*entry) + "\n");
  }
  if (verb == "scratch") {
    ::mkdir(work.scratch_dir().c_str(), 0700);
    const int fd = ::open((work.scratch_dir() + "/file").c_str(), O_CREAT | O_WRONLY, 0600);
    write_all(fd, "x");
    write_all(1, work.scratch_dir());
  }
  if (verb == "start_helpers") {
    v1::ExecutorResponse response;
    response.mutable_result()->mutable_finished()->set_outcome(v1::OUTCOME_SUCCEEDED);
    response.mutable_result()->mutable_finished()->set_success(v1::SUCCESS_KIND_VALUE);
    start_helpers(*response.mutable_result());
    return send(response);
  }
  if (verb == "stale_result") {
    current.mutable_attempt()->set_epoch(current.attempt().epoch() - 1);
  }
  if (verb == "sleep") ::poll(nullptr, 0, 200);
  if (verb == "sleep_long") ::poll(nullptr, 0, 600);
  if (verb == "echo_input") return echo_input(work);
  if (verb == "two_results") {
    // At once: by the next attempt it would be that one's executor that misbehaves.
    gathering = true;
    send_result(v1::OUTCOME_SUCCEEDED, "");
    gathering = false;
  }
  send_result(v1::OUTCOME_SUCCEEDED, "");
  if (verb == "exit_after") ::_exit(0);
}

void before_ready(const std::string& name) {
  if (name == "never_ready") hang();
  if (name == "exit_early") ::exit(7);
  if (name == "no_library") {
    write_all(2,
              "x: error while loading shared libraries: libdoes_not_exist.so.4: cannot open shared "
              "object file: "
              "No such file or directory\n");
    ::exit(127);
  }
  if (name == "rubbish_first") write_all(socket_fd, std::string("\x03\0\0\0\xff\xff\xff", 7));
}

}  // namespace

int main(int, char** argv) {
  const char* fd = ::getenv("WEIR_EXECUTOR_FD");
  if (fd == nullptr) return 91;
  socket_fd = ::atoi(fd);
  ::fcntl(socket_fd, F_SETFD, FD_CLOEXEC);
  const std::string path = argv[0];
  const std::string name = path.substr(path.rfind('/') + 1);
  before_ready(name);
  const char* manifest = ::getenv("WEIR_FAKE_MANIFEST");
  send_ready(manifest != nullptr        ? manifest
             : name == "other_manifest" ? "{\"pipeline\":\"other\"}"
                                        : "{ \"pipeline\" : \"fake\" }");
  weir::worker::FrameReader reader;
  char buffer[64 << 10];
  for (;;) {
    while (const auto frame = reader.next()) {
      v1::ExecutorRequest request;
      if (!request.ParseFromArray(frame->data(), int(frame->size()))) return 92;
      run(request.run());
    }
    const ssize_t n = ::read(socket_fd, buffer, sizeof buffer);
    if (n <= 0) return 0;
    reader.append(std::string_view(buffer, std::size_t(n)));
  }
}
