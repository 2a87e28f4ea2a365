// A real worker (agent, supervisor, executors) against a scheduler that misbehaves on request:
// what is assigned is run once, reported until acknowledged, with its bytes and logs, over broken
// streams and restarts. Every test waits for its processes to be gone.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/integration/worker/fake_scheduler.h"
#include "tests/integration/worker/tunnel.h"
#include "worker/executors/attempt.h"
#include "worker/executors/executor_pool.h"

namespace weir::worker {
namespace {

using namespace std::chrono_literals;
constexpr const char* kManifest = R"({"format":1,"pipeline":"fake","stages":[{"name":"plain"},)"
                                  R"({"name":"effects","side_effects":true}]})";

class WorkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/weir-worker-test-XXXXXX";
    directory_ = ::mkdtemp(name);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    ::setenv("WEIR_FAKE_MANIFEST", kManifest, 1);
    scheduler_.start();
    module_ = scheduler_.add_module(WEIR_TEST_EXECUTOR, kManifest);
  }
  void TearDown() override {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    scheduler_.stop();
    // The supervisor of a killed worker comes to us, and so does what it leaves behind: all of it
    // must end by itself.
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    std::filesystem::remove_all(directory_);
  }
  void start_worker(int slots, const char* drain_max_ms = "10000", std::string address = "") {
    const std::string slots_text = std::to_string(slots);
    const std::string data = directory_ + "/data";
    if (address.empty()) address = scheduler_.address();
    const char* arguments[] = {"worker_host", address.c_str(), data.c_str(), slots_text.c_str(),
                               drain_max_ms,  stage_user_,     nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, words_path().c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int error = ::posix_spawn(&pid_, WEIR_TEST_WORKER, &actions, nullptr,
                                    const_cast<char**>(arguments), environ);
    posix_spawn_file_actions_destroy(&actions);
    ASSERT_EQ(error, 0);
  }
  std::string words_path() const { return directory_ + "/words"; }
  // Whether the worker says that within the time.
  bool says(const std::string& words) {
    const auto until = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < until) {
      std::ifstream file(words_path());
      const std::string all((std::istreambuf_iterator<char>(file)),
                            std::istreambuf_iterator<char>());
      if (all.find(words) != std::string::npos) return true;
    }
    return false;
  }
  // The only child of the worker.
  pid_t supervisor_pid() const {
    std::ifstream children("/proc/" + std::to_string(pid_) + "/task/" + std::to_string(pid_) +
                           "/children");
    pid_t pid = 0;
    children >> pid;
    EXPECT_GT(pid, 0);
    return pid;
  }
  void kill_worker() {
    ::kill(pid_, SIGKILL);
    exit_code();
  }
  void connected(std::size_t times = 1) {
    ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.hellos.size() >= times; }))
        << "no hello came";
  }
  v1::Finished finished(const v1::Assign& assign) {
    const AttemptKey key = key_of(assign.attempt());
    EXPECT_TRUE(scheduler_.wait([&] { return scheduler_.finished.contains(key); }))
        << "task " << key.task;
    const std::lock_guard lock(scheduler_.mutex);
    const auto& all = scheduler_.finished[key];
    return all.empty() ? v1::Finished() : all.back();
  }
  v1::Assign give(const std::string& verb, int stage = 0) {
    v1::Assign assign = scheduler_.make_assign(module_, verb);
    assign.set_stage(stage);
    scheduler_.assign(assign);
    return assign;
  }
  // An attempt with a large input, whose result is the same with a '!' behind it.
  v1::Assign give_echo(const std::string& bytes) {
    const base::Digest digest = base::sha256(bytes);
    v1::Assign assign = scheduler_.make_assign(module_, "echo_input");
    v1::Input* input = assign.add_inputs();
    input->set_present(true);
    input->mutable_value()->set_digest(std::string(digest.raw()));
    input->mutable_value()->set_size(std::int64_t(bytes.size()));
    input->mutable_value()->set_kind(v1::ARTIFACT_KIND_BYTES);
    {
      const std::lock_guard lock(scheduler_.mutex);
      scheduler_.artifacts[std::string(digest.raw())] = bytes;
    }
    scheduler_.assign(assign);
    return assign;
  }
  static std::string echo_of(const std::string& bytes) {
    return std::string(base::sha256(bytes + "!").raw());
  }
  void stop(const v1::Assign& assign) {
    scheduler_.send([&](v1::SchedulerMessage& message) {
      *message.mutable_stop()->mutable_attempt() = assign.attempt();
      message.mutable_stop()->set_reason("no longer wanted");
    });
  }
  int exit_code() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  FakeScheduler scheduler_;
  std::string directory_;
  base::Digest module_;
  const char* stage_user_ = nullptr;
  pid_t pid_ = 0;
};

TEST_F(WorkerTest, HelloTellsWhatTheMachineHas) {
  start_worker(3);
  connected();
  const std::lock_guard lock(scheduler_.mutex);
  const v1::Hello& hello = scheduler_.hellos[0];
  EXPECT_EQ(hello.protocol_version(), 1);
  EXPECT_EQ(hello.slots(), 3);
  EXPECT_EQ(hello.prefetch(), 96);
  EXPECT_EQ(hello.worker_id().substr(0, 2), "w-");
  EXPECT_FALSE(hello.platform().glibc().empty());
  const auto& libraries = hello.platform().libraries();
  EXPECT_NE(std::find(libraries.begin(), libraries.end(), "libc.so.6"), libraries.end());
}

TEST_F(WorkerTest, AssignmentsRunAndTheirLogsArrive) {
  start_worker(2);
  connected();
  const auto quick = give("ok");
  const auto wordy = give("partial");
  EXPECT_EQ(finished(quick).outcome(), v1::OUTCOME_SUCCEEDED);
  EXPECT_EQ(finished(wordy).outcome(), v1::OUTCOME_SUCCEEDED);
  const AttemptKey key = key_of(wordy.attempt());
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.complete_logs.size() == 3; }));
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_EQ((scheduler_.logs[{key, v1::LOG_STREAM_STDOUT}]), "no newline");
  EXPECT_EQ((scheduler_.logs[{key, v1::LOG_STREAM_STDERR}]), "an error\n");
}

TEST_F(WorkerTest, DuplicateOfAnAssignmentRunsOnce) {
  start_worker(2);
  connected();
  const auto assign = give("sleep");
  scheduler_.assign(assign);
  finished(assign);
  finished(give("sleep"));
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_EQ(scheduler_.finished[key_of(assign.attempt())].size(), 1u);
}

TEST_F(WorkerTest, ReportIsSentAgainUntilItIsAcknowledged) {
  {
    const std::lock_guard lock(scheduler_.mutex);
    scheduler_.acknowledge = false;
  }
  start_worker(1);
  connected();
  const auto assign = give("ok");
  const AttemptKey key = key_of(assign.attempt());
  finished(assign);
  scheduler_.cut();
  connected(2);
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.finished[key].size() == 2; }));
  {
    const std::lock_guard lock(scheduler_.mutex);
    ASSERT_EQ(scheduler_.hellos[1].held_size(), 1) << "it is held until acknowledged";
    EXPECT_EQ(key_of(scheduler_.hellos[1].held(0)), key);
    scheduler_.acknowledge = true;
  }
  scheduler_.send([&](v1::SchedulerMessage& message) {
    *message.mutable_acknowledge()->mutable_attempt() = assign.attempt();
  });
  finished(give("ok"));
  scheduler_.cut();
  connected(3);
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_EQ(scheduler_.hellos[2].held_size(), 0);
}

TEST_F(WorkerTest, AttemptRunsOnWhileTheSchedulerIsAway) {
  start_worker(1);
  connected();
  const auto assign = give("sleep");
  ASSERT_TRUE(
      scheduler_.wait([&] { return scheduler_.started.contains(key_of(assign.attempt())); }));
  scheduler_.stop();
  scheduler_.start();
  EXPECT_EQ(finished(assign).outcome(), v1::OUTCOME_SUCCEEDED);
}

// A thousand words within a moment, then silence: the newest arrives, and few others.
TEST_F(WorkerTest, TheNewestWordOnProgressIsToldAndToldAgainAfterABrokenConnection) {
  start_worker(1);
  connected();
  const v1::Assign assign = give("progress_and_hang");
  const auto there = [&] {
    return !scheduler_.progress.empty() &&
           scheduler_.progress.back().progress().message() == "there";
  };
  ASSERT_TRUE(scheduler_.wait(there));
  {
    const std::lock_guard lock(scheduler_.mutex);
    EXPECT_LE(scheduler_.progress.size(), 20u) << "two a second, and the words came at once";
    const v1::AttemptProgress& newest = scheduler_.progress.back();
    EXPECT_EQ(key_of(newest.attempt()), key_of(assign.attempt()));
    EXPECT_EQ(newest.attempt().store_generation(), 123u);
    EXPECT_EQ(newest.progress().fraction(), 1);
    scheduler_.progress.clear();
  }
  scheduler_.cut();
  connected(2);
  EXPECT_TRUE(scheduler_.wait(there)) << "a scheduler that has lost it is told again";
}

TEST_F(WorkerTest, TheLastWordOfAnExecutorThatDiesIsInItsReport) {
  start_worker(1);
  connected();
  const v1::Finished report = finished(give("progress_and_crash"));
  EXPECT_EQ(report.outcome(), v1::OUTCOME_CRASHED);
  EXPECT_EQ(report.progress().fraction(), 1);
  EXPECT_LE(report.progress().message().size(), 2 * kProgressBytesMax) << "however long it was";
}

TEST_F(WorkerTest, SideEffectsEndWhenHeartbeatsAreNotHeard) {
  start_worker(1);
  connected();
  const auto effects = give("hang", 1);
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.started.size() == 1; }));
  {
    const std::lock_guard lock(scheduler_.mutex);
    scheduler_.hear = false;
  }
  EXPECT_EQ(finished(effects).outcome(), v1::OUTCOME_LEASE_LOST);
}

TEST_F(WorkerTest, SideEffectsEndWhenNoNewsComes) {
  {
    const std::lock_guard lock(scheduler_.mutex);
    scheduler_.refuse_logs = true;  // news of the lease does not come that way
  }
  start_worker(2);
  connected();
  const auto effects = give("hang", 1);
  const auto plain = give("hang", 0);
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.started.size() == 2; }));
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.heartbeats.size() > 12; }))
      << "heartbeats over more than one lease";
  {
    const std::lock_guard lock(scheduler_.mutex);
    EXPECT_FALSE(scheduler_.finished.contains(key_of(effects.attempt())))
        << "the lease was renewed";
  }
  scheduler_.stop();
  EXPECT_FALSE(scheduler_.wait([] { return false; }, 2)) << "longer than the lease";
  scheduler_.start();
  EXPECT_EQ(finished(effects).outcome(), v1::OUTCOME_LEASE_LOST);
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_FALSE(scheduler_.finished.contains(key_of(plain.attempt())));
}

TEST_F(WorkerTest, StopIsAnsweredForKnownAndUnknown) {
  start_worker(1);
  connected();
  const auto running = give("hang");
  ASSERT_TRUE(
      scheduler_.wait([&] { return scheduler_.started.contains(key_of(running.attempt())); }));
  const auto unknown = scheduler_.make_assign(module_, "ok");
  for (const v1::Assign* assign : {&running, &unknown}) {
    stop(*assign);
    EXPECT_EQ(finished(*assign).outcome(), v1::OUTCOME_CANCELED);
    EXPECT_EQ(finished(*assign).message(), "no longer wanted");
  }
}

TEST_F(WorkerTest, LargeInputIsFetchedAndLargeOutputIsUploadedFirst) {
  start_worker(1);
  connected();
  const std::string bytes(300'000, 'i');
  const auto assign = give_echo(bytes);
  const v1::Finished report = finished(assign);
  ASSERT_EQ(report.outcome(), v1::OUTCOME_SUCCEEDED) << report.message();
  ASSERT_EQ(report.outputs_size(), 1);
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_EQ(scheduler_.artifacts[report.outputs(0).value().digest()], bytes + "!");
}

TEST_F(WorkerTest, RefusedUploadsHoldNothingUpAndSucceedInTheEnd) {
  constexpr int kRefused = 5;  // more than there are threads
  const auto bytes_of = [](int i) { return std::string(100'000 + std::size_t(i), 'r'); };
  for (int i = 0; i < kRefused; ++i) scheduler_.refused_uploads.insert(echo_of(bytes_of(i)));
  start_worker(2);
  connected();
  std::vector<v1::Assign> refused;
  for (int i = 0; i < kRefused; ++i) refused.push_back(give_echo(bytes_of(i)));
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.upload_tries.size() == kRefused; }))
      << "each is tried";
  EXPECT_EQ(finished(give_echo("another large value")).outcome(), v1::OUTCOME_SUCCEEDED);
  {
    const std::lock_guard lock(scheduler_.mutex);
    EXPECT_EQ(scheduler_.finished.size(), 1u) << "the refused ones wait";
    scheduler_.refused_uploads.clear();
  }
  for (const v1::Assign& assign : refused) {
    EXPECT_EQ(finished(assign).outcome(), v1::OUTCOME_SUCCEEDED);
  }
}

TEST_F(WorkerTest, StopOfAnAttemptWhoseUploadIsRefusedEndsItAsCanceled) {
  const std::string bytes(100'000, 'r');
  scheduler_.refused_uploads.insert(echo_of(bytes));
  start_worker(1);
  connected();
  const auto assign = give_echo(bytes);
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.upload_tries[echo_of(bytes)] > 1; }));
  stop(assign);
  const v1::Finished report = finished(assign);
  EXPECT_EQ(report.outcome(), v1::OUTCOME_CANCELED);
  EXPECT_EQ(report.message(), "no longer wanted");
  EXPECT_EQ(report.outputs_size(), 0);
  EXPECT_GT(report.started_at_us(), 0);
}

TEST_F(WorkerTest, StopAndFenceEndTheUploadThatIsUnderWay) {
  const std::string stopped(100'000, 's');
  const std::string fenced(100'000, 'f');
  scheduler_.stuck_uploads = {echo_of(stopped), echo_of(fenced)};
  start_worker(2);
  connected();
  const auto to_stop = give_echo(stopped);
  const auto to_fence = give_echo(fenced);
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.upload_tries.size() == 2; }));
  stop(to_stop);
  EXPECT_EQ(finished(to_stop).outcome(), v1::OUTCOME_CANCELED);
  EXPECT_TRUE(scheduler_.wait([&] { return scheduler_.canceled_uploads == 1; }));
  scheduler_.send([&](v1::SchedulerMessage& message) {
    *message.mutable_acknowledge()->mutable_attempt() = to_fence.attempt();
  });
  EXPECT_TRUE(scheduler_.wait([&] { return scheduler_.canceled_uploads == 2; }));
  const std::string large(100'000, 'l');
  EXPECT_EQ(finished(give_echo(large)).outcome(), v1::OUTCOME_SUCCEEDED);
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_FALSE(scheduler_.finished.contains(key_of(to_fence.attempt()))) << "nobody wants it";
  EXPECT_EQ(scheduler_.upload_tries[echo_of(stopped)], 1);
  EXPECT_EQ(scheduler_.upload_tries[echo_of(fenced)], 1);
}

TEST_F(WorkerTest, MissingInputIsALoadErrorThatNamesIt) {
  start_worker(1);
  connected();
  v1::Assign assign = scheduler_.make_assign(module_, "ok");
  v1::Input* input = assign.add_inputs();
  input->set_present(true);
  input->mutable_value()->set_digest(std::string(32, 'x'));
  scheduler_.assign(assign);
  const v1::Finished report = finished(assign);
  EXPECT_EQ(report.outcome(), v1::OUTCOME_LOAD_ERROR);
  EXPECT_TRUE(scheduler_.wait([&] {
    return scheduler_.complete_logs.contains({key_of(assign.attempt()), v1::LOG_STREAM_LOG});
  })) << "nobody need wait for a log of what never ran";
  EXPECT_NE(report.message().find("WEIR-E0407"), std::string::npos) << report.message();
}

TEST_F(WorkerTest, CorruptedModulesAreFetchedAgain) {
  {
    const std::lock_guard lock(scheduler_.mutex);
    scheduler_.corrupt_files = true;
  }
  start_worker(1);
  connected();
  EXPECT_EQ(finished(give("ok")).outcome(), v1::OUTCOME_SUCCEEDED);
  {
    const std::lock_guard lock(scheduler_.mutex);
    EXPECT_EQ(scheduler_.file_fetches, 2) << "the first came with a flipped bit";
  }
  ::kill(pid_, SIGKILL);
  exit_code();
  const std::string cached = directory_ + "/data/modules/" + module_.hex() + "/bundle/good";
  ASSERT_TRUE(std::filesystem::exists(cached));
  const std::string other = cached + ".other";
  std::filesystem::copy_file(cached, other);
  std::ofstream(other, std::ios::app | std::ios::binary) << "tampered";
  std::filesystem::rename(other, cached);
  start_worker(1);
  connected(2);
  EXPECT_EQ(finished(give("ok")).outcome(), v1::OUTCOME_SUCCEEDED);
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_EQ(scheduler_.file_fetches, 3);
  EXPECT_EQ(scheduler_.hellos[0].worker_id(), scheduler_.hellos[1].worker_id());
}

TEST_F(WorkerTest, LogsOfAKilledWorkerAreShippedByTheNext) {
  start_worker(1);
  connected();
  const auto assign = give("talk_and_hang");
  const AttemptKey key = key_of(assign.attempt());
  ASSERT_TRUE(scheduler_.wait([&] {
    return !scheduler_.logs[{key, v1::LOG_STREAM_STDOUT}].empty();
  }));
  ::kill(pid_, SIGKILL);
  exit_code();
  start_worker(1);
  connected(2);
  ASSERT_TRUE(scheduler_.wait([&] {
    return scheduler_.complete_logs.contains({key, v1::LOG_STREAM_STDOUT});
  }));
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_EQ((scheduler_.logs[{key, v1::LOG_STREAM_STDOUT}]), "talking\n");
}

// A backup is restored while logs wait to be shipped; then the number of their attempt is given
// again.
TEST_F(WorkerTest, LogsOfAFormerStoreAreNotThoseOfTheAttemptThatHasTheirNumber) {
  start_worker(1);
  connected();
  {
    const std::lock_guard lock(scheduler_.mutex);
    scheduler_.refuse_logs = true;
  }
  v1::Assign old = scheduler_.make_assign(module_, "task_name");
  old.set_task("before the restore");
  scheduler_.assign(old);
  EXPECT_EQ(finished(old).outcome(), v1::OUTCOME_SUCCEEDED);
  {
    const std::lock_guard lock(scheduler_.mutex);
    scheduler_.store_generation = 124;
    scheduler_.finished.clear();
  }
  scheduler_.cut();
  connected(2);
  v1::Assign again = old;
  again.set_task("after it");
  again.mutable_attempt()->set_store_generation(124);
  scheduler_.assign(again);
  EXPECT_EQ(finished(again).outcome(), v1::OUTCOME_SUCCEEDED);
  {
    const std::lock_guard lock(scheduler_.mutex);
    scheduler_.refuse_logs = false;
  }
  const std::pair id(key_of(again.attempt()), int(v1::LOG_STREAM_STDOUT));
  ASSERT_TRUE(scheduler_.wait(
      [&] { return scheduler_.refused_chunks > 0 && scheduler_.complete_logs.contains(id); }));
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_EQ(scheduler_.logs[id], "output of after it\n");
}

TEST_F(WorkerTest, ALeaseThatWasBegunBeforeARestartIsGivenBackAndItsLogKept) {
  start_worker(1);
  connected();
  const auto assign = give("talk_and_hang");
  const AttemptKey key = key_of(assign.attempt());
  ASSERT_TRUE(scheduler_.wait([&] {
    return !scheduler_.logs[{key, v1::LOG_STREAM_STDOUT}].empty();
  }));
  kill_worker();
  start_worker(1);
  connected(2);
  scheduler_.assign(assign);  // as a scheduler does that does not know that it was begun
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.released.contains(key); }));
  ASSERT_TRUE(scheduler_.wait([&] {
    return scheduler_.complete_logs.contains({key, v1::LOG_STREAM_STDOUT});
  }));
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_EQ((scheduler_.logs[{key, v1::LOG_STREAM_STDOUT}]), "talking\n");
  EXPECT_FALSE(scheduler_.finished.contains(key));
}

TEST_F(WorkerTest, ANewWorkerWaitsUntilWhatTheOldOneBeganIsDead) {
  start_worker(1);
  connected();
  const auto effects = give("hang", 1);
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.started.size() == 1; }));
  const pid_t supervisor = supervisor_pid();
  ::kill(supervisor, SIGSTOP);  // it kills nothing for now
  kill_worker();
  start_worker(1);
  EXPECT_TRUE(says("worker_waits"));
  {
    const std::lock_guard lock(scheduler_.mutex);
    EXPECT_EQ(scheduler_.hellos.size(), 1u) << "the old attempt still runs";
  }
  ::kill(supervisor, SIGCONT);
  connected(2);
  EXPECT_EQ(finished(give("ok", 1)).outcome(), v1::OUTCOME_SUCCEEDED);
}

TEST_F(WorkerTest, HeartbeatsGoOnWhileTheSupervisorDoesNotAnswer) {
  start_worker(1);
  connected();
  const pid_t supervisor = supervisor_pid();
  ::kill(supervisor, SIGSTOP);
  const auto assign = give("ok");
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.file_fetches == 1; }));
  std::size_t before = 0;
  {
    const std::lock_guard lock(scheduler_.mutex);
    before = scheduler_.heartbeats.size();
  }
  EXPECT_TRUE(scheduler_.wait([&] { return scheduler_.heartbeats.size() > before + 5; }));
  {
    const std::lock_guard lock(scheduler_.mutex);
    EXPECT_FALSE(scheduler_.finished.contains(key_of(assign.attempt()))) << "nobody could start it";
  }
  ::kill(supervisor, SIGCONT);
  EXPECT_EQ(finished(assign).outcome(), v1::OUTCOME_SUCCEEDED);
}

TEST_F(WorkerTest, AConnectionThatFallsSilentIsGivenUpForANewOne) {
  Tunnel tunnel(scheduler_.address());
  start_worker(1, "10000", tunnel.address());
  connected();
  const auto before = give("partial");
  EXPECT_EQ(finished(before).outcome(), v1::OUTCOME_SUCCEEDED);
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.complete_logs.size() == 3; }));
  tunnel.stall();  // neither end is told
  connected(2);
  EXPECT_TRUE(says("nothing was heard"));
  EXPECT_EQ(finished(give("partial")).outcome(), v1::OUTCOME_SUCCEEDED);
  EXPECT_TRUE(scheduler_.wait([&] { return scheduler_.complete_logs.size() == 6; }))
      << "logs have a connection of their own";
}

TEST_F(WorkerTest, RequestToStopDrains) {
  start_worker(1);
  connected();
  const auto running = give("sleep");
  ASSERT_TRUE(
      scheduler_.wait([&] { return scheduler_.started.contains(key_of(running.attempt())); }));
  const auto waiting = give("ok");
  finished(running);  // `waiting` runs now or is given back: both are fine, losing it is not
  const auto last = give("sleep");
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.started.contains(key_of(last.attempt())); }));
  const auto never = give("ok");
  ::kill(pid_, SIGTERM);
  EXPECT_EQ(exit_code(), 0);
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_EQ(scheduler_.finished[key_of(last.attempt())].size(), 1u);
  EXPECT_TRUE(scheduler_.finished.contains(key_of(waiting.attempt())));
  EXPECT_TRUE(scheduler_.released.contains(key_of(never.attempt())));
  EXPECT_TRUE(scheduler_.heartbeats.back().leaving());
}

TEST_F(WorkerTest, DrainThatTakesTooLongStopsWhatRunsAndGivesItBack) {
  start_worker(1, "300");
  connected();
  const auto running = give("ignore_term");
  ASSERT_TRUE(
      scheduler_.wait([&] { return scheduler_.started.contains(key_of(running.attempt())); }));
  ::kill(pid_, SIGTERM);
  EXPECT_EQ(exit_code(), 0);
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_TRUE(scheduler_.released.contains(key_of(running.attempt())));
}

TEST_F(WorkerTest, AModuleThatIsNotWhatWasVerifiedIsNotExecuted) {
  start_worker(1);
  connected();
  finished(give("ok"));
  EXPECT_EQ(finished(give("exit3")).outcome(), v1::OUTCOME_CRASHED);
  const std::string bundle = directory_ + "/data/modules/" + module_.hex() + "/bundle";
  const std::filesystem::path program = std::filesystem::directory_iterator(bundle)->path();
  const std::string ran = directory_ + "/ran";
  std::ofstream(directory_ + "/forged") << "#!/bin/sh\ntouch " << ran << "\n";
  std::filesystem::permissions(directory_ + "/forged", std::filesystem::perms::owner_all);
  std::filesystem::rename(directory_ + "/forged", program);
  const v1::Finished refused = finished(give("ok"));
  EXPECT_EQ(refused.outcome(), v1::OUTCOME_LOAD_ERROR);
  EXPECT_NE(refused.message().find("is not what was verified"), std::string::npos)
      << refused.message();
  // It is fetched anew, and the next attempt runs what was registered.
  EXPECT_EQ(finished(give("ok")).outcome(), v1::OUTCOME_SUCCEEDED);
  EXPECT_FALSE(std::filesystem::exists(ran)) << "the forged program was executed";
}

// As root: what it made comes through the worker's hands, and what it needs it can only read.
TEST_F(WorkerTest, StagesOfAnotherUserGetInputsAndHaveTheirValuesPublished) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  std::filesystem::permissions(directory_, std::filesystem::perms(0755));
  stage_user_ = "nobody";
  start_worker(1);
  connected();
  const v1::Finished plain = finished(give("ok"));
  EXPECT_EQ(plain.outcome(), v1::OUTCOME_SUCCEEDED) << plain.message();
  const std::string bytes(100'000, 'b');
  const v1::Finished echoed = finished(give_echo(bytes));
  EXPECT_EQ(echoed.outcome(), v1::OUTCOME_SUCCEEDED) << echoed.message();
  const std::lock_guard lock(scheduler_.mutex);
  EXPECT_EQ(scheduler_.artifacts[echo_of(bytes)], bytes + "!");
  const std::string data = directory_ + "/data";
  const auto mode = [](const std::string& path) {
    return static_cast<int>(std::filesystem::status(path).permissions());
  };
  EXPECT_EQ(mode(data), 0710);
  EXPECT_EQ(mode(data + "/spool"), 0700);
  EXPECT_EQ(mode(data + "/modules/" + module_.hex()), 0710);
  const auto program =
      std::filesystem::directory_iterator(data + "/modules/" + module_.hex() + "/bundle")->path();
  EXPECT_EQ(mode(program.string()), 0550);
  const std::string input = base::sha256(bytes).hex();
  EXPECT_EQ(mode(data + "/artifacts/sha256/" + input.substr(0, 2) + "/" + input.substr(2)), 0440);
}

TEST_F(WorkerTest, WrongTokenEndsTheWorkerWithWords) {
  {
    const std::lock_guard lock(scheduler_.mutex);
    scheduler_.token = "another";
  }
  start_worker(1);
  EXPECT_EQ(exit_code(), 1);
}

TEST_F(WorkerTest, SecondWorkerOnTheSameDirectoryIsRefused) {
  start_worker(1);
  connected();
  const pid_t first = pid_;
  start_worker(1);
  EXPECT_EQ(exit_code(), 1);
  pid_ = first;
  EXPECT_EQ(finished(give("ok")).outcome(), v1::OUTCOME_SUCCEEDED);
}

TEST_F(WorkerTest, ManyShortAttemptsEndOnceEach) {
  start_worker(2);
  connected();
  finished(give("ok"));
  constexpr int kAttempts = 1'000;
  std::vector<v1::Assign> assigns;
  for (int i = 0; i < kAttempts; ++i) assigns.push_back(scheduler_.make_assign(module_, "ok"));
  scheduler_.assign_all(assigns);
  ASSERT_TRUE(scheduler_.wait([&] { return scheduler_.finished.size() == kAttempts + 1; }, 120));
  const std::lock_guard lock(scheduler_.mutex);
  for (const auto& [key, reports] : scheduler_.finished) {
    EXPECT_EQ(reports.size(), 1u) << key.task;
    EXPECT_EQ(reports.front().outcome(), v1::OUTCOME_SUCCEEDED) << reports.front().message();
  }
}

}  // namespace
}  // namespace weir::worker
