// Events into states and counts. Each event is applied once and in order; one that tells of a state
// before the last (a start reported late) is taken as it comes.
// No thread affinity, no I/O.
#include "cli/display/run_model.h"

#include <algorithm>

#include "weir/v1/event_service.pb.h"

namespace weir::cli {
namespace {

constexpr int kEtaTasksMin = 3;

base::WallTime time_of(const google::protobuf::Timestamp& at) {
  return base::WallTime(std::chrono::seconds(at.seconds()) +
                        std::chrono::microseconds(at.nanos() / 1000));
}

bool good(const std::string& word) {
  return word == "succeeded" || word == "cached" || word == "skipped";
}

bool bad(const std::string& word) {
  return word == "failed" || word == "upstream_failed" || word == "canceled";
}

}  // namespace

void RunModel::set_word(Task& task, const std::string& word) {
  const auto count = [this](const std::string& of, int by) {
    if (of == "running") running_ += by;
    if (good(of)) done_ += by;
    if (bad(of)) failed_ += by;
  };
  count(task.word, -1);
  count(word, 1);
  task.word = word;
  task.running = word == "running";
}

std::optional<Transition> RunModel::apply(const v1::Event& event) {
  const base::WallTime at = time_of(event.at());
  if (event.kind() == v1::EVENT_KIND_RUN_STARTED) started_ = at;
  if (event.kind() == v1::EVENT_KIND_RUN_FINISHED) finished_ = true;
  if (event.task_index() < 0) return std::nullopt;
  Task& task = tasks_[event.task_index()];
  if (task.name.empty()) task.name = event.subject();
  Transition told{task.name, event.task_index(), event.epoch(), {}, event.message(), at, {}};
  const bool was_running = task.running;
  switch (event.kind()) {
    case v1::EVENT_KIND_TASK_ASSIGNED:
      task.attempt = event.epoch();
      task.started = at;  // until its own start is reported
      if (!task.running) set_word(task, "assigned");
      return std::nullopt;
    case v1::EVENT_KIND_TASK_STARTED:
      task.attempt = event.epoch();
      task.started = at;
      set_word(task, "running");
      told.word = "running";
      return told;
    case v1::EVENT_KIND_TASK_RETRY:
      set_word(task, "waiting");
      told.word = "retry";
      break;
    case v1::EVENT_KIND_TASK_FINISHED:
      set_word(task, event.state());
      told.word = event.state();
      break;
    default:
      return std::nullopt;
  }
  if ((was_running || task.attempt > 0) && task.started != base::WallTime{} && at >= task.started) {
    told.took = at - task.started;
  }
  return told;
}

std::vector<std::pair<std::int32_t, RunModel::Task>> RunModel::longest_running(
    std::size_t limit) const {
  std::vector<std::pair<std::int32_t, Task>> found;
  for (const auto& [index, task] : tasks_) {
    if (task.running) found.emplace_back(index, task);
  }
  const auto older = [](const auto& a, const auto& b) {
    return a.second.started < b.second.started;
  };
  const std::size_t count = std::min(limit, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(),
                    older);
  found.resize(count);
  return found;
}

std::optional<std::chrono::microseconds> RunModel::eta(base::WallTime now) const {
  const int ended = done_ + failed_;
  if (started_ == base::WallTime{} || ended < kEtaTasksMin || ended >= task_count_) return {};
  if (now <= started_) return {};
  const double pace = static_cast<double>((now - started_).count()) / ended;
  return std::chrono::microseconds(static_cast<std::int64_t>(pace * (task_count_ - ended)));
}

}  // namespace weir::cli
