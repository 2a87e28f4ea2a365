// The agent's part, and a look into /proc for processes that should be gone. One thread. Waiting
// always has a limit, and a limit that passes fails the test. What a test leaves running fails it
// too.
#include "tests/integration/worker/supervisor_fixture.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <dirent.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

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
  auto handle = start_supervisor(stage_user_, WEIR_TEST_SUPERVISOR);
  ::unsetenv("LD_LIBRARY_PATH");
  ASSERT_TRUE(handle.ok()) << handle.status().text();
  supervisor_pid_ = handle->pid();
  pool_.emplace(std::move(handle).value(), -1);
}

void SupervisorFixture::TearDown() {
  stop_supervisor();
  EXPECT_EQ(survivors(), std::vector<int>{}) << "processes outlived the supervisor";
  std::filesystem::remove_all(directory_);
}

void SupervisorFixture::stop_supervisor() {
  if (supervisor_pid_ == 0) return;
  supervisor_pid_ = 0;
  const int status = pool_->end();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}

bool SupervisorFixture::supervisor_lives() {
  return ::waitpid(supervisor_pid_, nullptr, WNOHANG) == 0;
}

void SupervisorFixture::configure(int slots, void (*edit)(ExecutorPoolOptions&)) {
  ExecutorPoolOptions options;
  options.limits.slots = slots;
  options.limits.executors_max = slots + kExecutorsSpare;
  options.limits.grace = std::chrono::milliseconds(500);
  options.spool_dir = directory_ + "/spool";
  options.scratch_dir = directory_ + "/scratch";
  options.artifact_dir = directory_ + "/artifacts";
  if (edit != nullptr) edit(options);
  pool_->configure(options);
}

base::Digest SupervisorFixture::define(const std::string& name, const std::string& manifest) {
  const std::string path = directory_ + "/" + name;
  if (name != "missing") std::filesystem::create_symlink(WEIR_TEST_EXECUTOR, path);
  const base::Digest digest = base::sha256(name);
  pool_->define_module(digest, path, manifest);
  return digest;
}

base::AttemptKey SupervisorFixture::launch(const base::Digest& module, const std::string& verb,
                                           std::int64_t timeout_ms, bool side_effects) {
  const base::AttemptKey key{{42}, next_task_++, 1};
  Launch& launch = launches_[key];
  launch.side_effects = side_effects;
  v1::Assign& assign = *launch.run().mutable_assign();
  set_key(key, assign.mutable_attempt());
  assign.set_module(std::string(module.raw()));
  assign.set_params(verb);
  assign.set_task("task " + std::to_string(key.task));
  assign.set_timeout_ms(timeout_ms);
  pool_->launch(launch);
  return key;
}

bool SupervisorFixture::receive_once(int wait_ms) {
  pool_->wait(wait_ms);
  for (PoolEvent& event : pool_->take_events()) {
    if (auto* ended = std::get_if<AttemptEnded>(&event)) {
      EXPECT_TRUE(ended_.emplace(ended->key, std::move(*ended)).second) << "reported twice";
    } else if (const auto* started = std::get_if<AttemptStarted>(&event)) {
      ++started_[started->key];
    } else if (const auto* released = std::get_if<AttemptReleased>(&event)) {
      released_[released->key] = released->reason;
    } else {
      ++log_notices_;
    }
  }
  return !pool_->lost();
}

AttemptEnded SupervisorFixture::ended(const base::AttemptKey& key, int seconds) {
  const bool came = pump(std::chrono::seconds(seconds), [&] { return ended_.contains(key); });
  EXPECT_TRUE(came) << "task " << key.task << " did not end";
  return ended_[key];
}

AttemptEnded SupervisorFixture::run(const base::Digest& module, const std::string& verb,
                                    std::int64_t timeout_ms) {
  return ended(launch(module, verb, timeout_ms));
}

std::string SupervisorFixture::log_of(const base::AttemptKey& key, const std::string& stream) {
  return whole(directory_ + "/spool/0/" + key.run.text() + "/" + std::to_string(key.task) + "/" +
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
