// The agent's side of the supervisor's socket, and a look into /proc for processes that
// should be gone. One thread. Waiting always has a limit, and a limit that passes fails the
// test.
#include "tests/integration/worker/supervisor_fixture.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/supervisor/supervisor.h"

namespace weir::worker {
namespace {

std::string whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

}  // namespace

void SupervisorFixture::SetUp() {
  char name[] = "/tmp/weir-supervisor-test-XXXXXX";
  directory_ = ::mkdtemp(name);
  ::setenv("WEIR_TEST_MARK", directory_.c_str(), 1);
  ::setenv("WEIR_TOKEN", "secret", 1);
  ::setenv("LD_LIBRARY_PATH", "/nowhere", 1);
  auto handle = start_supervisor(WEIR_TEST_SUPERVISOR);
  ::unsetenv("LD_LIBRARY_PATH");
  ASSERT_TRUE(handle.ok()) << handle.status().text();
  handle_ = std::move(handle).value();
  supervisor_pid_ = handle_.pid;
  socket_ = FrameSocket(std::move(handle_.socket));
}

void SupervisorFixture::TearDown() {
  stop_supervisor();
  EXPECT_EQ(survivors(), std::vector<int>{}) << "processes outlived the supervisor";
  std::filesystem::remove_all(directory_);
}

void SupervisorFixture::stop_supervisor() {
  socket_.close();
  if (supervisor_pid_ == 0) return;
  int status = 0;
  ASSERT_EQ(::waitpid(supervisor_pid_, &status, 0), supervisor_pid_);
  supervisor_pid_ = 0;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}

bool SupervisorFixture::supervisor_lives() {
  return ::waitpid(supervisor_pid_, nullptr, WNOHANG) == 0;
}

void SupervisorFixture::send(const v1::SupervisorRequest& request) {
  socket_.queue(request);
  while (socket_.flush() && socket_.wants_write()) {
    pollfd wait{socket_.fd(), POLLOUT, 0};
    ::poll(&wait, 1, 1000);
  }
}

void SupervisorFixture::configure(int slots, void (*edit)(v1::Configure&)) {
  v1::SupervisorRequest request;
  v1::Configure& configure = *request.add_commands()->mutable_configure();
  configure.set_slots(slots);
  configure.set_spool_dir(directory_ + "/spool");
  configure.set_scratch_dir(directory_ + "/scratch");
  configure.set_artifact_dir(directory_ + "/artifacts");
  configure.set_cancel_grace_ms(500);
  if (edit != nullptr) edit(configure);
  send(request);
}

base::Digest SupervisorFixture::define(const std::string& name, const std::string& manifest) {
  const std::string path = directory_ + "/" + name;
  if (name != "missing") std::filesystem::create_symlink(WEIR_TEST_EXECUTOR, path);
  const base::Digest digest = base::sha256(name);
  v1::SupervisorRequest request;
  v1::DefineModule& module = *request.add_commands()->mutable_define_module();
  module.set_module(std::string(digest.raw()));
  module.set_executable(path);
  module.set_manifest_json(manifest);
  send(request);
  return digest;
}

base::AttemptKey SupervisorFixture::launch(const base::Digest& module, const std::string& verb,
                                           std::int64_t timeout_ms, bool side_effects) {
  const base::AttemptKey key{{42}, next_task_++, 1};
  v1::SupervisorRequest request;
  v1::Launch& launch = *request.add_commands()->mutable_launch();
  launch.set_side_effects(side_effects);
  v1::Assign& assign = *launch.mutable_assign();
  set_key(key, assign.mutable_attempt());
  assign.set_module(std::string(module.raw()));
  assign.set_params(verb);
  assign.set_task("task " + std::to_string(key.task));
  assign.set_timeout_ms(timeout_ms);
  send(request);
  return key;
}

void SupervisorFixture::halt(const base::AttemptKey& key, const std::string& reason) {
  v1::SupervisorRequest request;
  v1::Halt& halt = *request.add_commands()->mutable_halt();
  set_key(key, halt.mutable_attempt());
  halt.set_reason(reason);
  send(request);
}

bool SupervisorFixture::receive_once(int wait_ms) {
  pollfd wait{socket_.fd(), POLLIN, 0};
  if (::poll(&wait, 1, wait_ms) <= 0) return true;
  if (!socket_.receive()) return false;
  while (const auto frame = socket_.next()) {
    v1::SupervisorResponse response;
    if (!response.ParseFromArray(frame->data(), int(frame->size()))) return false;
    for (const v1::SupervisorEvent& event : response.events()) {
      if (event.has_ended()) {
        const auto key = key_of(event.ended().finished().attempt());
        EXPECT_TRUE(ended_.emplace(key, event.ended()).second) << "reported twice";
      }
      if (event.has_started()) ++started_[key_of(event.started().attempt())];
      if (event.has_released())
        released_[key_of(event.released().attempt())] = event.released().reason();
      if (event.has_logs_grew()) ++log_notices_;
    }
  }
  return true;
}

v1::AttemptEnded SupervisorFixture::ended(const base::AttemptKey& key, int seconds) {
  const bool came = pump(std::chrono::seconds(seconds), [&] { return ended_.contains(key); });
  EXPECT_TRUE(came) << "task " << key.task << " did not end";
  return ended_[key];
}

v1::AttemptEnded SupervisorFixture::run(const base::Digest& module, const std::string& verb,
                                        std::int64_t timeout_ms) {
  return ended(launch(module, verb, timeout_ms));
}

std::string SupervisorFixture::log_of(const base::AttemptKey& key, const std::string& stream) {
  return whole(directory_ + "/spool/" + key.run.text() + "/" + std::to_string(key.task) + "/" +
               std::to_string(key.epoch) + "." + stream);
}

std::vector<int> SupervisorFixture::survivors() {
  // Executors that wait for work are no survivors while the supervisor lives; callers look after it
  // ended, or at processes other than these.
  std::vector<int> found;
  DIR* proc = ::opendir("/proc");
  while (const dirent* entry = ::readdir(proc)) {
    const int pid = ::atoi(entry->d_name);
    if (pid <= 0 || pid == ::getpid() || pid == supervisor_pid_) continue;
    const std::string base = std::string("/proc/") + entry->d_name;
    const std::string environment = whole(base + "/environ");
    const std::string command = whole(base + "/cmdline");
    const bool marked = environment.find("WEIR_TEST_MARK=" + directory_) != std::string::npos;
    const bool sleeper = command.substr(0, 6) == std::string("sleep\0", 6) &&
                         command.find("1000") != std::string::npos;
    if (marked || sleeper) found.push_back(pid);
  }
  ::closedir(proc);
  return found;
}

}  // namespace weir::worker
