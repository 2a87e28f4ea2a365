// See virtual_worker.h. What a stage would give cannot be known: every output is a new version, no
// check fails, no cursor moves. A task that takes longer than its time limit is stopped there, as a
// worker would stop it. One thread.
#include "dryrun/virtual_worker.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace weir::dryrun {
namespace {

using engine::AttemptFinished;
using engine::OutcomeClass;

bool names(const std::string& given, const std::string& pipeline, const std::string& task) {
  return given == task ||
         (given.size() == pipeline.size() + 1 + task.size() && given == pipeline + "/" + task);
}

const std::string& pipeline_of(const engine::Run& run, const engine::Task& task) {
  return run.modules[std::size_t(task.module)]->manifest->pipeline;
}

Duration median(const engine::Durations& durations) {
  std::vector<std::int64_t> sorted = durations.ms;
  const auto middle = sorted.begin() + std::ptrdiff_t(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return std::chrono::milliseconds(*middle);
}

}  // namespace

std::optional<Duration> VirtualWorker::given(const std::string& pipeline,
                                             const std::string& task) const {
  if (options_.durations.empty()) return std::nullopt;
  if (const auto one = options_.durations.find(pipeline + "/" + task);
      one != options_.durations.end()) {
    return one->second;
  }
  const auto one = options_.durations.find(task);
  return one == options_.durations.end() ? std::nullopt : std::optional(one->second);
}

Duration VirtualWorker::duration_of(const engine::Run& run, const engine::Task& task) {
  if (hurried_.contains(run.row.id)) return Duration::zero();
  if (const auto duration = given(pipeline_of(run, task), task.spec->name)) return *duration;
  for (const auto& output : task.spec->outputs) {
    const auto known = known_.find(output.asset);
    if (known != known_.end()) return known->second;
    const auto past = world_.history.find(output.asset);
    if (past == world_.history.end() || past->second.ms.empty()) continue;
    return known_[output.asset] = median(past->second);
  }
  guessed_.insert(task.spec->name);
  return kGuess;
}

bool VirtualWorker::fails(const engine::Run& run, const engine::Task& task, WallTime began) {
  bool failing = false;
  for (std::size_t i = 0; i < options_.failures.size(); ++i) {
    const Failure& failure = options_.failures[i];
    if (!names(failure.task, pipeline_of(run, task), task.spec->name)) continue;
    if (began < failure.from) continue;
    if (failure.until) {
      failing = failing || began < *failure.until;
      continue;
    }
    if (!claimed_[i]) claimed_[i] = run.row.id;
    failing = failing || claimed_[i] == run.row.id;
  }
  return failing;
}

void VirtualWorker::succeed(const engine::Task& task, AttemptFinished& report) {
  static const auto kNoBytes = std::make_shared<const std::string>();
  for (const auto& output : task.spec->outputs) {
    engine::OutputValue value;
    value.asset = output.asset;
    value.value.type = output.type;
    ++versions_;
    std::memcpy(value.value.digest.bytes.data(), &versions_, sizeof versions_);
    value.bytes = kNoBytes;
    report.outputs.push_back(std::move(value));
  }
}

void VirtualWorker::take(const engine::State& state, const engine::AttemptKey& key, WallTime now,
                         std::optional<WallTime> began) {
  const engine::Run& run = state.runs.at(key.run);
  const engine::Task& task = run.tasks[std::size_t(key.task)];
  Held held;
  AttemptFinished& report = held.report;
  report.key = key;
  report.started_at = began.value_or(now);
  Duration takes = duration_of(run, task);
  const auto limit = std::chrono::milliseconds(task.spec->timeout_ms);
  if (fails(run, task, report.started_at)) {
    report.outcome = OutcomeClass::kFailed;
    report.message = "as the simulation was told";
  } else if (limit.count() > 0 && takes > limit) {
    report.outcome = OutcomeClass::kTimedOut;
    report.message = "it takes longer than its time limit";
  } else {
    succeed(task, report);
  }
  if (limit.count() > 0) takes = std::min<Duration>(takes, limit);
  held.ends = std::max(report.started_at + takes, now);
  held.order = ++orders_;
  by_end_.emplace(held.ends, held.order, key);
  held_.insert_or_assign(key, std::move(held));
}

void VirtualWorker::stop(const engine::AttemptKey& key, WallTime now) {
  const auto found = held_.find(key);
  AttemptFinished report;
  report.key = key;
  if (found != held_.end()) {
    report.started_at = found->second.report.started_at;
    by_end_.erase({found->second.ends, found->second.order, key});
  }
  report.outcome = OutcomeClass::kCanceled;
  report.message = "stopped";
  Held held{std::move(report), now, ++orders_};
  by_end_.emplace(held.ends, held.order, key);
  held_.insert_or_assign(key, std::move(held));
}

void VirtualWorker::lose_all() {
  held_.clear();
  by_end_.clear();
}

std::optional<WallTime> VirtualWorker::next_end() const {
  if (by_end_.empty()) return std::nullopt;
  return std::get<WallTime>(*by_end_.begin());
}

std::optional<AttemptFinished> VirtualWorker::pop_ended(WallTime now) {
  const auto first = by_end_.begin();
  if (first == by_end_.end() || std::get<WallTime>(*first) > now) return std::nullopt;
  const auto held = held_.find(std::get<engine::AttemptKey>(*first));
  AttemptFinished report = std::move(held->second.report);
  report.finished_at = now;
  held_.erase(held);
  by_end_.erase(first);
  return report;
}

std::vector<engine::AttemptKey> VirtualWorker::held() const {
  std::vector<engine::AttemptKey> keys;
  for (const auto& [key, held] : held_) keys.push_back(key);
  return keys;
}

}  // namespace weir::dryrun
