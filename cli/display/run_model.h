// What is known of a run while it is followed: the state of each task that has been heard of, and
// counts. Fed by events, in order; a value type without I/O.
// No thread affinity.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"

namespace weir::v1 {
class Event;
class Run;
}  // namespace weir::v1

namespace weir::cli {

// One thing to tell about a task.
struct Transition {
  std::string task;
  std::int32_t index = -1;
  int attempt = 0;
  std::string word;     // "running", "succeeded", "retry", …
  std::string message;  // reason, or the worker of "running"
  base::WallTime at{};
  std::optional<std::chrono::microseconds> took;  // of what has ended and was seen to start
};

class RunModel {
 public:
  struct Task {
    std::string name;
    std::string word = "waiting";
    int attempt = 0;
    base::WallTime started{};
    bool running = false;
  };

  explicit RunModel(std::int32_t task_count) : task_count_(task_count) {}

  // Nothing for events that are of no interest to a reader (assigned, materialized, …).
  std::optional<Transition> apply(const v1::Event& event);

  void set_task_count(std::int32_t count) { task_count_ = count; }
  std::int32_t task_count() const { return task_count_; }
  int running() const { return running_; }
  int done() const { return done_; }      // succeeded, cached or skipped
  int failed() const { return failed_; }  // failed, upstream_failed or canceled
  int waiting() const { return task_count_ - running_ - done_ - failed_; }
  bool finished() const { return finished_; }

  // The tasks that have been running longest, at most `limit`, by index.
  std::vector<std::pair<std::int32_t, Task>> longest_running(std::size_t limit) const;

  // Time to the end at the pace so far; none before a few tasks have ended.
  std::optional<std::chrono::microseconds> eta(base::WallTime now) const;

  base::WallTime started() const { return started_; }  // zero: not yet

 private:
  void set_word(Task& task, const std::string& word);

  std::int32_t task_count_;
  std::map<std::int32_t, Task> tasks_;
  int running_ = 0;
  int done_ = 0;
  int failed_ = 0;
  bool finished_ = false;
  base::WallTime started_{};
};

}  // namespace weir::cli
