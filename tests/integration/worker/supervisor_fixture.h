// An executor pool over a real supervisor, used as the agent uses it. Tells which processes that it
// led to are still there, by a mark in their environment. One thread; every test has its own
// supervisor and directory.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/sha256.h"
#include "worker/executors/executor_pool.h"

namespace weir::worker {

inline constexpr int kLookMs = 20;  // how long one wait for events may be

class SupervisorFixture : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Configures the pool; `edit` may change the options first.
  void configure(int slots, void (*edit)(ExecutorPoolOptions&) = nullptr);
  // Defines the fake executor under a name that decides how it behaves before it is ready.
  base::Digest define(const std::string& name,
                      const std::string& manifest = "{\"pipeline\":\"fake\"}");
  // Launches an attempt that does `verb`; returns its key.
  base::AttemptKey launch(const base::Digest& module, const std::string& verb,
                          std::int64_t timeout_ms = 0, bool side_effects = false);

  // The end of that attempt, within the time; a failed test and an empty one otherwise.
  AttemptEnded ended(const base::AttemptKey& key, int seconds = 20);
  // Launches, waits, and gives the report.
  AttemptEnded run(const base::Digest& module, const std::string& verb,
                   std::int64_t timeout_ms = 0);
  // Reads events for a while or until `done`, which may also become true by itself.
  template <class Done>
  bool pump(std::chrono::milliseconds limit, Done done);
  bool receive_once(int wait_ms);

  std::string log_of(const base::AttemptKey& key, const std::string& stream);
  // Processes that carry this test's mark, apart from the test and the supervisor.
  std::vector<int> survivors();
  bool supervisor_lives();
  // Ends the pool, and the supervisor with it.
  void stop_supervisor();

  std::string stage_user_;  // set before SetUp() by fixtures that confine stages
  std::string directory_;
  std::map<base::AttemptKey, Launch> launches_;
  std::optional<ExecutorPool> pool_;
  std::map<base::AttemptKey, AttemptEnded> ended_;
  std::map<base::AttemptKey, int> started_;
  std::map<base::AttemptKey, std::string> released_;
  int log_notices_ = 0;
  int next_task_ = 0;
  int supervisor_pid_ = 0;
};

template <class Done>
bool SupervisorFixture::pump(std::chrono::milliseconds limit, Done done) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !receive_once(std::min(int(left.count()), kLookMs))) return done();
  }
  return true;
}

}  // namespace weir::worker
