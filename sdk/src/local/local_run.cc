// impl::LocalRun: fixtures and questions around one LocalDriver. Finds out which stages are needed
// when some assets are given, because the engine's selections know nothing of fixtures. Used from
// the thread of the test only.
#include "weir/impl/local_run.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "engine/plan/selection.h"
#include "sdk/src/local/local_driver.h"

namespace weir::impl {
namespace {

using engine::TaskState;

State state_of(TaskState state) {
  switch (state) {
    case TaskState::kSucceeded:
      return State::kSucceeded;
    case TaskState::kCached:
      return State::kCached;
    case TaskState::kSkipped:
      return State::kSkipped;
    case TaskState::kFailed:
      return State::kFailed;
    case TaskState::kUpstreamFailed:
      return State::kUpstreamFailed;
    case TaskState::kCanceled:
      return State::kCanceled;
    case TaskState::kWaiting:
    case TaskState::kReady:
    case TaskState::kAssigned:
    case TaskState::kRunning:
    case TaskState::kUpForRetry:
      return State::kMissing;
  }
  return State::kMissing;
}

void require(const base::Status& status) {
  if (!status.ok()) throw permanent(status.text());
}

std::string joined(const std::set<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : " or ") + name;
  return out;
}

}  // namespace

struct LocalRun::Impl {
  explicit Impl(const PipelineRecord& record)
      : pipeline(record),
        driver(record,
               {.slots = static_cast<int>(std::max(2u, std::thread::hardware_concurrency())),
                .skip_waiting = true,
                .on_event = [this](const engine::EventRow& event) { note(event); },
                .on_log = {},
                .on_progress = {}}) {
    for (const StageRecord& stage : record.stages) {
      stages.emplace(stage.name, &stage);
      for (const OutputRecord& output : stage.outputs) stages.emplace(output.asset, &stage);
    }
    require(driver.start());
  }

  void note(const engine::EventRow& event) {
    if (event.kind == engine::EventKind::kTaskStarted) order.push_back(task_name(event));
  }

  std::string task_name(const engine::EventRow& event) const {
    const auto* row = driver.tables().tasks.find({event.run, event.task});
    return row == nullptr ? event.subject : row->name;
  }

  const StageRecord& stage_of(const std::string& name) const {
    const auto found = stages.find(name);
    if (found == stages.end()) {
      throw permanent("the pipeline '" + pipeline.name + "' has no asset or task named '" + name +
                      "'");
    }
    return *found->second;
  }

  // A stage need not run when all that it makes was given.
  bool satisfied(const StageRecord& stage) const {
    return !stage.outputs.empty() &&
           std::all_of(stage.outputs.begin(), stage.outputs.end(),
                       [&](const OutputRecord& output) { return given.contains(output.asset); });
  }

  void need(const StageRecord& stage, std::set<std::string>& needed) const {
    std::vector<const StageRecord*> open{&stage};
    while (!open.empty()) {
      const StageRecord* const next = open.back();
      open.pop_back();
      if (satisfied(*next) || !needed.insert(next->name).second) continue;
      for (const DependencyRecord& dependency : next->dependencies) {
        const bool joins =
            dependency.kind == DependencyKind::kAsset || dependency.kind == DependencyKind::kAfter;
        const auto parent = stages.find(dependency.name);
        if (!joins || given.contains(dependency.name) || parent == stages.end()) continue;
        open.push_back(parent->second);
      }
    }
  }

  // The shorter way to say it: what runs, or what does not.
  std::string selection_of(const std::set<std::string>& needed) const {
    if (needed.size() == pipeline.stages.size()) return "*";
    std::string chosen = joined(needed);
    if (chosen.size() <= engine::kSelectionBytesMax) return chosen;
    std::set<std::string> rest;
    for (const StageRecord& stage : pipeline.stages) {
      if (!needed.contains(stage.name)) rest.insert(stage.name);
    }
    return "* and not (" + joined(rest) + ")";
  }

  void run(const std::set<std::string>& needed) {
    order.clear();
    latest = {};
    if (needed.empty()) return;  // everything was given
    const auto id = driver.run(selection_of(needed), "", base::Json::Object{}, nominal);
    require(id.status());
    latest = *id;
  }

  const engine::TaskRow* task(std::string_view name) const {
    const auto stage = stages.find(name);
    if (!latest || stage == stages.end()) return nullptr;
    const auto& rows = driver.tables().tasks.rows();
    for (auto at = rows.lower_bound({latest, 0}); at != rows.end(); ++at) {
      if (at->second.run != latest) break;
      if (at->second.name == stage->second->name) return &at->second;
    }
    return nullptr;
  }

  const PipelineRecord& pipeline;
  std::map<std::string, const StageRecord*, std::less<>> stages;  // by task and by asset
  std::set<std::string, std::less<>> given;
  std::vector<std::string> order;
  std::optional<base::WallTime> nominal;
  base::RunId latest;
  sdk_impl::LocalDriver driver;  // last: its events use what stands above
};

LocalRun::LocalRun(const PipelineRecord& pipeline) : impl_(std::make_unique<Impl>(pipeline)) {}
LocalRun::~LocalRun() = default;

void LocalRun::give_asset(std::string_view asset, const ValueCodec& codec,
                          std::shared_ptr<const void> value) {
  require(impl_->driver.give_asset(asset, codec, value));
  impl_->given.insert(std::string(asset));
}

void LocalRun::give_param(std::string_view name, std::shared_ptr<const void> value) {
  impl_->driver.runner().give_param(name, std::move(value));
}

void LocalRun::give_resource(std::string_view name, std::shared_ptr<void> fake) {
  impl_->driver.runner().resources().give(name, std::move(fake));
}

void LocalRun::give_time(ScheduledTime time) { impl_->nominal = time.at(); }

void LocalRun::materialize(std::string_view name) {
  std::set<std::string> needed;
  impl_->need(impl_->stage_of(std::string(name)), needed);
  impl_->run(needed);
}

void LocalRun::all() {
  std::set<std::string> needed;
  for (const StageRecord& stage : impl_->pipeline.stages) impl_->need(stage, needed);
  impl_->run(needed);
}

State LocalRun::state(std::string_view name) const {
  if (const auto* row = impl_->task(name)) return state_of(row->state);
  return impl_->given.contains(name) ? State::kSucceeded : State::kMissing;
}

std::string LocalRun::reason(std::string_view name) const {
  const auto* row = impl_->task(name);
  return row == nullptr ? "" : row->reason;
}

int LocalRun::attempts(std::string_view task) const {
  const auto* row = impl_->task(task);
  return row == nullptr ? 0 : row->epoch;
}

std::shared_ptr<const void> LocalRun::value(std::string_view asset, const ValueCodec& codec) {
  auto value = impl_->driver.current(asset, codec);
  if (value.ok()) return std::move(value).value();
  if (value.status().code() == base::Code::kNotFound) return nullptr;
  throw permanent(value.status().text());
}

std::vector<LocalRun::Check> LocalRun::checks() const {
  std::vector<Check> out;
  for (const auto& [key, row] : impl_->driver.tables().checks.rows()) {
    if (row.attempt.run == impl_->latest)
      out.push_back({row.asset, row.name, row.passed, row.reason});
  }
  return out;
}

std::string LocalRun::metadata(std::string_view task) const {
  const auto* row = impl_->task(task);
  if (row == nullptr) return "{}";
  const auto* attempt = impl_->driver.tables().attempts.find({row->run, row->index, row->epoch});
  return attempt == nullptr || attempt->metadata.empty() ? "{}" : attempt->metadata;
}

std::vector<std::string> LocalRun::order() const { return impl_->order; }

}  // namespace weir::impl
