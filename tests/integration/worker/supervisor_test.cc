// A pool over the real supervisor, with an executor that misbehaves in every way: each gets its
// outcome class, the logs are exact, nothing survives and nothing else is disturbed. Real processes
// and real time, but no fixed waits: every wait is for an event.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "tests/integration/worker/supervisor_fixture.h"
#include "worker/core/log_cap.h"

namespace weir::worker {
namespace {

using namespace std::chrono_literals;
using SupervisorTest = SupervisorFixture;

base::Json detail_of(const AttemptEnded& ended) {
  auto json = base::Json::parse(ended.finished.detail());
  return json.ok() ? *json : base::Json();
}

TEST_F(SupervisorTest, SuccessCarriesTheResult) {
  configure(1);
  const auto ended = run(define("good"), "ok");
  const v1::Finished& finished = ended.finished;
  EXPECT_EQ(finished.outcome(), v1::OUTCOME_SUCCEEDED);
  ASSERT_EQ(finished.outputs_size(), 1);
  EXPECT_EQ(finished.outputs(0).asset(), "asset");
  EXPECT_EQ(finished.outputs(0).value().inline_bytes(), "value");
  EXPECT_GT(finished.started_at_us(), 0);
  EXPECT_GE(finished.finished_at_us(), finished.started_at_us());
  EXPECT_EQ(ended.logs.size(), 0u) << "nothing was written";
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/spool"));
}

TEST_F(SupervisorTest, FailureIsTheAuthorsAndKeepsTheExecutorWarm) {
  configure(1);
  const auto module = define("good");
  const auto ended = run(module, "fail");
  EXPECT_EQ(ended.finished.outcome(), v1::OUTCOME_FAILED);
  EXPECT_EQ(ended.finished.message(), "the author's words");
  EXPECT_EQ(survivors().size(), 1u);
  const auto executor = survivors();
  EXPECT_EQ(run(module, "ok").finished.outcome(), v1::OUTCOME_SUCCEEDED);
  EXPECT_EQ(survivors(), executor) << "the same process took it";
}

TEST_F(SupervisorTest, CrashCarriesSignalAndLastWords) {
  configure(1);
  const auto ended = run(define("good"), "segv");
  EXPECT_EQ(ended.finished.outcome(), v1::OUTCOME_CRASHED);
  EXPECT_EQ(detail_of(ended)["signal"].as_string(), "SIGSEGV");
  EXPECT_NE(detail_of(ended)["stderr"].as_string().find("about to crash\n"), std::string::npos);
  EXPECT_NE(ended.finished.message().find("SIGSEGV"), std::string::npos);
}

TEST_F(SupervisorTest, ExitIsACrashWithItsCode) {
  configure(1);
  const auto ended = run(define("good"), "exit3");
  EXPECT_EQ(ended.finished.outcome(), v1::OUTCOME_CRASHED);
  EXPECT_EQ(detail_of(ended)["exit_code"].as_int(), 3);
}

TEST_F(SupervisorTest, TimeoutKillsEvenOneThatIgnoresTheRequest) {
  configure(1);
  const auto module = define("good");
  for (const char* verb : {"hang", "spin", "ignore_term"}) {
    const auto ended = run(module, verb, 100);
    EXPECT_EQ(ended.finished.outcome(), v1::OUTCOME_TIMED_OUT) << verb;
    EXPECT_EQ(survivors(), std::vector<int>{}) << verb;
  }
}

TEST_F(SupervisorTest, StopIsCanceledWithItsReason) {
  configure(1);
  const auto module = define("good");
  const auto running = launch(module, "hang");
  const auto waiting = launch(module, "ok");
  ASSERT_TRUE(pump(5s, [&] { return started_.contains(running); }));
  pool_->halt(waiting, "not wanted");
  EXPECT_EQ(ended(waiting).finished.outcome(), v1::OUTCOME_CANCELED);
  pool_->halt(running, "asked for");
  const auto end = ended(running);
  EXPECT_EQ(end.finished.outcome(), v1::OUTCOME_CANCELED);
  EXPECT_EQ(end.finished.message(), "asked for");
  EXPECT_EQ(survivors(), std::vector<int>{});
}

TEST_F(SupervisorTest, StrayFamilyDiesWithTheAttempt) {
  configure(1);
  const auto module = define("good");
  for (const char* verb : {"grandchild", "anonymous_grandchild", "child"}) {
    EXPECT_EQ(run(module, verb).finished.outcome(), v1::OUTCOME_SUCCEEDED) << verb;
    EXPECT_EQ(survivors().size(), 1u) << verb << ": only the warm executor";
  }
  EXPECT_EQ(run(module, "crash_with_grandchild").finished.outcome(), v1::OUTCOME_CRASHED);
  EXPECT_EQ(survivors(), std::vector<int>{});
  EXPECT_EQ(run(module, "hang_with_family", 100).finished.outcome(), v1::OUTCOME_TIMED_OUT);
  EXPECT_EQ(survivors(), std::vector<int>{});
}

TEST_F(SupervisorTest, HelpersOfResourcesLiveAsLongAsTheirExecutor) {
  constexpr std::size_t kFamily = 4;  // the executor and what start_helpers leaves
  configure(1);
  const auto module = define("good");
  for (const char* end : {"segv", "hang"}) {
    ASSERT_EQ(run(module, "start_helpers").finished.outcome(), v1::OUTCOME_SUCCEEDED);
    const auto family = survivors();
    ASSERT_EQ(family.size(), kFamily);
    for (const char* verb : {"ok", "fail", "child", "grandchild", "anonymous_grandchild"}) {
      ended(launch(module, verb));
      EXPECT_EQ(survivors(), family) << verb << ": the helpers live, what it started does not";
    }
    run(module, end, 100);
    EXPECT_EQ(survivors(), std::vector<int>{}) << end;
  }
  run(module, "start_helpers");
  ASSERT_EQ(survivors().size(), kFamily);
  stop_supervisor();
  EXPECT_EQ(survivors(), std::vector<int>{});
}

TEST_F(SupervisorTest, HelpersAreLeftAloneByOtherExecutors) {
  configure(2);
  const auto module = define("good");
  const auto first = launch(module, "hang");
  ASSERT_TRUE(pump(5s, [&] { return started_.contains(first); }));
  run(module, "start_helpers");  // beside the one that hangs
  const auto family = survivors();
  ASSERT_EQ(family.size(), 5u);
  pool_->halt(first, "asked for");
  EXPECT_EQ(ended(first).finished.outcome(), v1::OUTCOME_CANCELED);
  auto left = survivors();
  EXPECT_EQ(left.size(), 4u) << "the executor that hung is gone, and nothing else";
  EXPECT_TRUE(std::includes(family.begin(), family.end(), left.begin(), left.end()));
}

TEST_F(SupervisorTest, EndOfTheAgentEndsEverything) {
  configure(3);
  const auto module = define("good");
  const auto family = launch(module, "hang_with_family");
  const auto spin = launch(module, "spin");
  launch(module, "grandchild");
  ASSERT_TRUE(pump(5s, [&] { return started_.contains(family) && started_.contains(spin); }));
  stop_supervisor();
  EXPECT_EQ(survivors(), std::vector<int>{});
  EXPECT_TRUE(std::filesystem::is_empty(directory_ + "/scratch"));
}

TEST_F(SupervisorTest, LogsAreExactAndBelongToTheirAttempt) {
  configure(1);
  const auto module = define("good");
  const auto partial = launch(module, "partial");
  const auto end = ended(partial);
  EXPECT_EQ(log_of(partial, "stdout"), "no newline");
  EXPECT_EQ(log_of(partial, "stderr"), "an error\n");
  EXPECT_EQ(log_of(partial, "log"), "{\"text\":\"structured\"}\n");
  EXPECT_EQ(end.logs.size(), 3u);
  std::vector<base::AttemptKey> keys;
  for (int i = 0; i < 200; ++i) keys.push_back(launch(module, i % 3 == 0 ? "ok" : "task_name"));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ended(keys[i]);
    const std::string expected =
        i % 3 == 0 ? "" : "output of task " + std::to_string(keys[i].task) + "\n";
    ASSERT_EQ(log_of(keys[i], "stdout"), expected);
  }
}

TEST_F(SupervisorTest, FloodIsCappedWithHeadAndTailAndDisturbsNobody) {
  configure(2);
  const auto module = define("good");
  const auto flood = launch(module, "flood");
  int others = 0;
  while (!ended_.contains(flood)) {
    ASSERT_EQ(run(module, "ok").finished.outcome(), v1::OUTCOME_SUCCEEDED);
    ++others;
  }
  EXPECT_GT(others, 10);
  EXPECT_EQ(ended_[flood].finished.outcome(), v1::OUTCOME_SUCCEEDED);
  const std::string log = log_of(flood, "stdout");
  EXPECT_EQ(log.size(), std::size_t(ended_[flood].logs.at(0).bytes));
  EXPECT_GT(log.size(), std::size_t(kLogHeadBytes));
  EXPECT_LT(log.size(), std::size_t(kLogHeadBytes + kLogTailBytes + 200));
  EXPECT_NE(log.find("bytes dropped here"), std::string::npos);
  EXPECT_EQ(log.substr(log.size() - 19), "the very last line\n");
}

TEST_F(SupervisorTest, WhatIsNeverReadyIsALoadErrorThatSaysSo) {
  configure(1, [](ExecutorPoolOptions& options) { options.limits.ready_max = 300ms; });
  const auto ended = run(define("never_ready"), "ok");
  EXPECT_EQ(ended.finished.outcome(), v1::OUTCOME_LOAD_ERROR);
  EXPECT_EQ(ended.finished.started_at_us(), 0) << "it was never handed over";
  EXPECT_NE(ended.finished.message().find("not ready within 300 ms"), std::string::npos);
}

TEST_F(SupervisorTest, WhatIsNoModuleIsALoadErrorThatSaysWhy) {
  configure(1);
  const auto words = [&](const char* name) {
    const auto ended = run(define(name), "ok");
    EXPECT_EQ(ended.finished.outcome(), v1::OUTCOME_LOAD_ERROR) << name;
    EXPECT_EQ(ended.finished.started_at_us(), 0) << name << ": it was never handed over";
    return ended.finished.message() + ended.finished.detail();
  };
  EXPECT_NE(words("exit_early").find("exited with code 7"), std::string::npos);
  EXPECT_NE(words("no_library").find("libdoes_not_exist.so.4"), std::string::npos);
  EXPECT_NE(words("missing").find("No such file"), std::string::npos);
  EXPECT_NE(words("other_manifest").find("declares something else"), std::string::npos);
}

TEST_F(SupervisorTest, RubbishOnTheSocketEndsTheExecutor) {
  configure(1);
  const auto module = define("good");
  for (const char* verb : {"rubbish", "huge_frame", "close_socket"}) {
    const auto ended = run(module, verb);
    EXPECT_EQ(ended.finished.outcome(), v1::OUTCOME_CRASHED) << verb;
    EXPECT_NE(ended.finished.message().find("WEIR-E0306"), std::string::npos) << verb;
    EXPECT_EQ(survivors(), std::vector<int>{}) << verb;
  }
  EXPECT_EQ(run(module, "odd_outcome").finished.outcome(), v1::OUTCOME_CRASHED);
  EXPECT_EQ(run(define("rubbish_first"), "ok").finished.outcome(), v1::OUTCOME_LOAD_ERROR);
  EXPECT_TRUE(supervisor_lives());
}

TEST_F(SupervisorTest, ExecutorThatDiesBetweenAttemptsChargesNobody) {
  configure(1);
  const auto module = define("good");
  for (int i = 0; i < 30; ++i) {
    launch(module, "exit_after");
    launch(module, "ok");
  }
  for (int task = 0; task < 60; ++task) {
    EXPECT_EQ(ended({{42}, task, 1}).finished.outcome(), v1::OUTCOME_SUCCEEDED) << task;
  }
}

TEST_F(SupervisorTest, ResultTooManyEndsTheExecutorNotTheAttempt) {
  configure(1);
  const auto module = define("good");
  EXPECT_EQ(run(module, "two_results").finished.outcome(), v1::OUTCOME_SUCCEEDED);
  EXPECT_EQ(run(module, "ok").finished.outcome(), v1::OUTCOME_SUCCEEDED);
}

TEST_F(SupervisorTest, MemoryOverTheLimitIsOom) {
  configure(1, [](ExecutorPoolOptions& options) { options.limits.memory_max = 300 << 20; });
  const auto ended = run(define("good"), "eat_memory");
  EXPECT_EQ(ended.finished.outcome(), v1::OUTCOME_OOM);
  EXPECT_GT(detail_of(ended)["memory_peak_bytes"].as_int(), 300 << 20);
}

TEST_F(SupervisorTest, KillFromOutsideIsACrash) {
  configure(1);
  const auto key = launch(define("good"), "hang");
  ASSERT_TRUE(pump(5s, [&] { return started_.contains(key); }));
  ASSERT_EQ(survivors().size(), 1u);
  ::kill(survivors()[0], SIGKILL);
  const auto end = ended(key);
  EXPECT_EQ(end.finished.outcome(), v1::OUTCOME_CRASHED);
  EXPECT_EQ(detail_of(end)["signal"].as_string(), "SIGKILL");
}

TEST_F(SupervisorTest, LeaseThatEndsKillsSideEffectsOnly) {
  configure(2);
  const auto module = define("good");
  const auto effects = launch(module, "hang", 0, true);
  const auto other = launch(module, "hang", 0, false);
  ASSERT_TRUE(pump(5s, [&] { return started_.size() == 2; }));
  pool_->set_lease(read_clock().boot + 100ms, read_clock().boot + 600s);
  EXPECT_EQ(ended(effects).finished.outcome(), v1::OUTCOME_LEASE_LOST);
  EXPECT_FALSE(ended_.contains(other));
}

TEST_F(SupervisorTest, SideEffectsEndAlsoWhenTheAgentHangs) {
  configure(2);
  const auto module = define("good");
  const auto effects = launch(module, "hang_with_family", 0, true);
  const auto other = launch(module, "hang", 0, false);
  ASSERT_TRUE(pump(10s, [&] { return started_.size() == 2 && survivors().size() > 2; }));
  pool_->set_lease(read_clock().boot + 500ms, read_clock().boot + 600s);
  pool_->set_lease(read_clock().boot + 50ms, read_clock().boot + 600s);
  // From here on nobody calls the pool.
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (survivors().size() > 1 && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_EQ(survivors().size(), 1u) << "the one without side effects runs on";
  EXPECT_EQ(ended(effects).finished.outcome(), v1::OUTCOME_LEASE_LOST);
  EXPECT_FALSE(ended_.contains(other));
}

TEST_F(SupervisorTest, AResultBeforeTheFenceCounts) {
  configure(1);
  const auto effects = launch(define("good"), "sleep", 0, true);
  ASSERT_TRUE(pump(5s, [&] { return started_.contains(effects); }));
  pool_->set_lease(read_clock().boot + 1s, read_clock().boot + 600s);
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!survivors().empty() && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_EQ(survivors(), std::vector<int>{}) << "nobody took the fence away";
  EXPECT_EQ(ended(effects).finished.outcome(), v1::OUTCOME_SUCCEEDED);
}

TEST_F(SupervisorTest, AFenceIsOfOneAttempt) {
  configure(1);
  const auto module = define("good");
  run(module, "ok");  // starts the executor, which takes its time
  pool_->set_lease(read_clock().boot + 500ms, read_clock().boot + 600s);
  const auto effects = launch(module, "ok", 0, true);
  EXPECT_EQ(ended(effects).finished.outcome(), v1::OUTCOME_SUCCEEDED);
  const auto next = launch(module, "sleep_long", 0, false);
  EXPECT_EQ(ended(next).finished.outcome(), v1::OUTCOME_SUCCEEDED) << "in the same executor";
}

TEST_F(SupervisorTest, ExecutorsThatCannotBeHandedOverAreLoadErrors) {
  configure(1);
  const auto module = define("good");
  // To look at an object of a type for the first time, UBSan needs descriptors: a signal goes out
  // before there are none.
  const auto first = launch(module, "hang");
  ASSERT_TRUE(pump(5s, [&] { return started_.contains(first); }));
  pool_->halt(first, "enough");
  ended(first);
  // As many descriptors as there are now, and one or two more: not all three of an executor's.
  for (const int more : {0, 1, 2}) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const Fd lowest(::dup(0));
    rlimit narrow = before;
    narrow.rlim_cur = rlim_t(lowest.get()) + 1 + rlim_t(more);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &narrow), 0);
    const auto end = ended(launch(module, "ok"));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(end.finished.outcome(), v1::OUTCOME_LOAD_ERROR);
    EXPECT_NE(end.finished.message().find("too many open files; give it fewer --slots"),
              std::string::npos)
        << end.finished.message();
    EXPECT_FALSE(end.suspect_module) << "the module is not to blame";
  }
  EXPECT_EQ(run(module, "ok").finished.outcome(), v1::OUTCOME_SUCCEEDED);
}

TEST_F(SupervisorTest, NothingWaitsForASupervisorThatDoesNotAnswer) {
  configure(1);
  const auto module = define("good");
  ::kill(supervisor_pid_, SIGSTOP);
  const auto key = launch(module, "ok");
  pool_->set_lease(read_clock().boot + 600s, read_clock().boot + 600s);
  EXPECT_TRUE(receive_once(0));
  EXPECT_FALSE(ended_.contains(key));
  ::kill(supervisor_pid_, SIGCONT);
  EXPECT_EQ(ended(key).finished.outcome(), v1::OUTCOME_SUCCEEDED);
}

TEST_F(SupervisorTest, DrainGivesBackWhatWaits) {
  configure(1);
  const auto module = define("good");
  const auto running = launch(module, "sleep");
  const auto waiting = launch(module, "ok");
  pool_->drain(true);
  EXPECT_EQ(ended(running).finished.outcome(), v1::OUTCOME_SUCCEEDED);
  EXPECT_TRUE(released_.contains(waiting));
  EXPECT_FALSE(ended_.contains(waiting));
}

TEST_F(SupervisorTest, EnvironmentIsCleanAndScratchIsRemoved) {
  configure(1);
  const auto module = define("good");
  const auto environment = launch(module, "environment");
  ended(environment);
  const std::string lines = log_of(environment, "stdout");
  EXPECT_NE(lines.find("PATH="), std::string::npos);
  EXPECT_NE(lines.find("WEIR_TEST_MARK="), std::string::npos);
  EXPECT_EQ(lines.find("WEIR_TOKEN="), std::string::npos) << "executors must not see the token";
  EXPECT_EQ(lines.find("LD_LIBRARY_PATH="), std::string::npos);
  const auto scratch = launch(module, "scratch");
  ended(scratch);
  const std::string path = log_of(scratch, "stdout");
  EXPECT_EQ(path.substr(0, directory_.size()), directory_);
  // Nobody waits for the removal, but it comes.
  EXPECT_TRUE(pump(5s, [&] { return !std::filesystem::exists(path); }));
}

// A process that a stage forked and that came back from it, for example, while the stage goes on.
TEST_F(SupervisorTest, TheResultOfAnotherAttemptIsNobodys) {
  configure(1);
  const auto module = define("good");
  const AttemptEnded ended = run(module, "stale_result");
  EXPECT_EQ(ended.finished.outcome(), v1::OUTCOME_CRASHED);
  EXPECT_NE(ended.finished.message().find("the result of another attempt"), std::string::npos)
      << ended.finished.message();
  EXPECT_EQ(run(module, "ok").finished.outcome(), v1::OUTCOME_SUCCEEDED);
}

TEST_F(SupervisorTest, StartIsToldOnlyOfAttemptsThatLast) {
  configure(1, [](ExecutorPoolOptions& options) { options.limits.started_after = 1h; });
  const auto module = define("good");
  const auto quick = launch(module, "sleep");
  ended(quick);
  EXPECT_FALSE(started_.contains(quick));
  configure(1, [](ExecutorPoolOptions& options) { options.limits.started_after = 1ms; });
  const auto slow = launch(module, "sleep");
  ended(slow);
  EXPECT_EQ(started_[slow], 1);
}

// As root: stages of another user.
class ConfinedTest : public SupervisorFixture {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    stage_user_ = "nobody";
    SupervisorFixture::SetUp();
    std::filesystem::permissions(directory_, std::filesystem::perms(0755));
    std::filesystem::create_directory(directory_ + "/scratch");
    configure(1, [](ExecutorPoolOptions& options) {
      options.stage_user = find_stage_user("nobody").value();
    });
  }
  void TearDown() override {
    if (supervisor_pid_ != 0) SupervisorFixture::TearDown();
  }
  // A line of /proc/PID/status of the one executor.
  std::string status_of_executor(const std::string& name) {
    const std::vector<int> pids = survivors();
    EXPECT_EQ(pids.size(), 1u);
    std::ifstream file("/proc/" + std::to_string(pids.empty() ? 0 : pids[0]) + "/status");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with(name + ":")) return line.substr(name.size() + 2);
    }
    return "";
  }
};

TEST_F(ConfinedTest, StagesRunAsAnotherUserWithNoWayBack) {
  const StageUser user = find_stage_user(stage_user_).value();
  const auto module = define("good");
  const auto key = launch(module, "environment");
  EXPECT_EQ(ended(key).finished.outcome(), v1::OUTCOME_SUCCEEDED) << ended(key).finished.message();
  const std::string uid = std::to_string(user.uid);
  const std::string gid = std::to_string(user.gid);
  EXPECT_EQ(status_of_executor("Uid"), uid + "\t" + uid + "\t" + uid + "\t" + uid);
  EXPECT_EQ(status_of_executor("Gid"), gid + "\t" + gid + "\t" + gid + "\t" + gid);
  EXPECT_EQ(status_of_executor("NoNewPrivs"), "1");
  for (const char* set : {"CapPrm", "CapEff", "CapAmb"}) {
    EXPECT_EQ(status_of_executor(set), "0000000000000000") << set;
  }
  const std::string environment = log_of(key, "stdout");
  EXPECT_NE(environment.find("USER=nobody\n"), std::string::npos) << environment;
  EXPECT_EQ(environment.find("HOME=/root\n"), std::string::npos) << environment;
}

TEST_F(ConfinedTest, AUserThatCannotBeBecomeIsRefused) {
  EXPECT_EQ(find_stage_user("root").status().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(find_stage_user("no such user").status().code(), base::Code::kInvalidArgument);
  const std::string hidden = directory_ + "/hidden";
  std::filesystem::create_directory(hidden);
  std::filesystem::permissions(hidden, std::filesystem::perms(0700));
  const StageUser user = find_stage_user(stage_user_).value();
  EXPECT_EQ(check_reachable(hidden, user).code(), base::Code::kFailedPrecondition);
  EXPECT_TRUE(let_enter(hidden, user).ok());
  EXPECT_TRUE(check_reachable(hidden, user).ok());
  // What is beside the way is closed.
  std::filesystem::create_directory(hidden + "/kept");
  std::ofstream(hidden + "/token") << "secret";
  std::filesystem::permissions(hidden + "/kept", std::filesystem::perms(0755));
  std::filesystem::permissions(hidden + "/token", std::filesystem::perms(0644));
  EXPECT_TRUE(let_enter(hidden, user, "kept").ok());
  const auto mode = [](const std::string& path) {
    return static_cast<int>(std::filesystem::status(path).permissions());
  };
  EXPECT_EQ(mode(hidden), 0710);
  EXPECT_EQ(mode(hidden + "/kept"), 0755);
  EXPECT_EQ(mode(hidden + "/token"), 0600);
}

// How many of them a second is for the benchmark.
TEST_F(SupervisorTest, AThousandAttemptsShareTheExecutorsOfTheirSlots) {
  constexpr int kAttempts = 1'000;
  constexpr std::size_t kSlots = 2;
  configure(kSlots);
  const auto module = define("good");
  run(module, "ok");
  const std::vector<int> first = survivors();
  ASSERT_EQ(first.size(), 1u);
  for (int i = 0; i < kAttempts; ++i) launch(module, "ok");
  ASSERT_TRUE(pump(120s, [&] { return ended_.size() == kAttempts + 1; }));
  for (const auto& [key, end] : ended_) {
    EXPECT_EQ(end.finished.outcome(), v1::OUTCOME_SUCCEEDED) << end.finished.message();
  }
  const std::vector<int> last = survivors();
  EXPECT_LE(last.size(), kSlots);
  EXPECT_NE(std::find(last.begin(), last.end(), first[0]), last.end()) << "it was started anew";
}

}  // namespace
}  // namespace weir::worker
