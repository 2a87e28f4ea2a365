// From a reference to the values that the attempt saw. What the records of a success name is
// believed first; what they do not tell follows from the times of commits.
// Asks the scheduler; main thread.
#include "cli/replay/inputs.h"

#include <algorithm>
#include <functional>
#include <map>

#include "base/errors.h"
#include "base/json.h"
#include "cli/paging.h"
#include "cli/text/style.h"
#include "cli/values.h"
#include "sdk/client/api.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Result;
using base::Status;
using module::DependencyKind;

class Planner {
 public:
  explicit Planner(client::Api& api) : api_(api) {}

  Result<ReplayPlan> plan(const Reference& reference) {
    if (Status status = find_task(reference); !status.ok()) return status;
    if (Status status = find_attempt(reference.attempt); !status.ok()) return status;
    if (Status status = find_stage(); !status.ok()) return status;
    if (Status status = find_recorded(); !status.ok()) return status;
    for (const module::DependencySpec& dependency : plan_.stage.dependencies) {
      Result<ReplayInput> input = find_input(dependency);
      if (!input.ok()) return input.status();
      plan_.inputs.push_back(std::move(*input));
    }
    return std::move(plan_);
  }

 private:
  Status find_task(const Reference& reference) {
    if (reference.task.empty()) {
      return Status(Code::kInvalidArgument, base::kErrUsage,
                    "a replay is of one task: write " + reference.run + "/TASK");
    }
    v1::GetRunRequest get;
    get.set_run(reference.run);
    const auto run = api_.get_run(get);
    if (!run.ok()) return run.status();
    plan_.run = run->run();
    const bool nominal = plan_.run.origin().has_nominal_at();
    plan_.scheduled_at =
        to_wall(nominal ? plan_.run.origin().nominal_at() : plan_.run.created_at());
    v1::ListTasksRequest list;
    list.set_run(plan_.run.id());
    const auto tasks = read_pages(
        list, 0, [&](const auto& page) { return api_.list_tasks(page); },
        [](v1::ListTasksResponse& response) { return response.mutable_tasks(); });
    if (!tasks.ok()) return tasks.status();
    bool found = false;
    for (const v1::Task& task : tasks->tasks()) {
      tasks_by_name_[task.name()] = task;
      for (const std::string& asset : task.assets()) task_of_asset_[asset] = task.name();
      if (task.name() != reference.task) continue;
      plan_.task = task;
      found = true;
    }
    if (found) return {};
    return Status(Code::kNotFound, base::kErrUnknownTask,
                  "run " + plan_.run.id() + " has no task '" + reference.task +
                      "'; weir runs show " + plan_.run.id() + " lists them");
  }

  Status find_attempt(int wanted) {
    v1::ListAttemptsRequest request;
    request.set_run(plan_.run.id());
    request.set_task(plan_.task.name());
    const auto attempts = read_pages(
        request, 0, [&](const auto& page) { return api_.list_attempts(page); },
        [](v1::ListAttemptsResponse& response) { return response.mutable_attempts(); });
    if (!attempts.ok()) return attempts.status();
    const v1::Attempt* found = nullptr;
    for (const v1::Attempt& attempt : attempts->attempts()) {
      const bool later = found == nullptr || attempt.epoch() > found->epoch();
      if (wanted == 0 ? later : attempt.epoch() == wanted) found = &attempt;
    }
    if (found == nullptr) {
      return Status(Code::kNotFound, base::kErrUnknownTask,
                    plan_.task.name() + " of run " + plan_.run.id() +
                        (wanted == 0 ? " has not been tried yet"
                                     : " has no attempt " + std::to_string(wanted)));
    }
    plan_.attempt = found->epoch();
    leased_at_ = to_wall(found->leased_at());
    return {};
  }

  Status find_stage() {
    for (const std::string& digest : plan_.run.modules()) {
      const auto module = api_.fetch_module(digest, "");
      if (!module.ok()) return module.status();
      const Result<base::Json> json = base::Json::parse(module->manifest_json);
      if (!json.ok()) return json.status();
      Result<module::Manifest> manifest = module::manifest_from_json(*json);
      if (!manifest.ok()) return manifest.status();
      for (module::StageSpec& stage : manifest->stages) {
        if (stage.name != plan_.task.name()) continue;
        plan_.stage = std::move(stage);
        plan_.module = digest;
        return {};
      }
    }
    return Status(Code::kFailedPrecondition, base::kErrUnknownModule,
                  "no module of run " + plan_.run.id() + " has the stage " + plan_.task.name());
  }

  using Wanted = std::function<bool(const v1::Materialization&)>;

  // The newest version of an asset that is wanted; an empty one (id 0) when there is none.
  Result<v1::Materialization> find_materialization(const std::string& asset, const Wanted& wanted) {
    v1::ListMaterializationsRequest request;
    request.set_asset(asset);
    request.set_partition(plan_.task.partition());
    request.set_page_size(kPageSize);
    for (;;) {
      const auto page = api_.list_materializations(request);
      if (!page.ok()) return page.status();
      for (const v1::Materialization& version : page->materializations()) {
        if (wanted(version)) return version;
      }
      if (page->next_page_token().empty()) return v1::Materialization();
      request.set_page_token(page->next_page_token());
    }
  }

  Status find_recorded() {
    for (const module::OutputSpec& output : plan_.stage.outputs) {
      const auto version = find_materialization(
          output.asset,
          [this](const v1::Materialization& made) { return made.run_id() == plan_.run.id(); });
      if (!version.ok()) return version.status();
      if (version->id() != 0) plan_.recorded.push_back(*version);
    }
    return {};
  }

  // What the records of a success say that it read.
  std::int64_t recorded_input(const std::string& asset) const {
    for (const v1::Materialization& made : plan_.recorded) {
      if (made.epoch() != plan_.attempt) continue;
      for (const v1::InputVersion& input : made.inputs()) {
        if (input.asset() == asset) return input.materialization_id();
      }
    }
    return 0;
  }

  Result<ReplayInput> find_input(const module::DependencySpec& dependency) {
    ReplayInput input;
    input.state = "succeeded";
    switch (dependency.kind) {
      case DependencyKind::kAsset:
        input.asset = dependency.name;
        return find_asset(dependency, std::move(input));
      case DependencyKind::kLastGood:
        input.asset = dependency.name;
        return find_current(std::move(input), leased_at_, true);
      case DependencyKind::kSelfPrevious:
        input.asset = plan_.stage.outputs.empty() ? "" : plan_.stage.outputs.front().asset;
        return find_current(std::move(input), leased_at_, true);
      case DependencyKind::kAfter:
      case DependencyKind::kParam:
      case DependencyKind::kResource:
      case DependencyKind::kScheduledTime:
        return input;
      case DependencyKind::kCursor:
        return Status(Code::kUnimplemented, base::kErrUsage,
                      plan_.task.name() +
                          " takes a cursor, and past cursors are not kept: it "
                          "cannot be replayed; test it with weir/testing.h");
    }
    return input;
  }

  Result<ReplayInput> find_asset(const module::DependencySpec& dependency, ReplayInput input) {
    const auto producer = task_of_asset_.find(dependency.name);
    if (producer == task_of_asset_.end()) {
      return find_current(std::move(input), to_wall(plan_.run.created_at()), dependency.optional);
    }
    const v1::Task& task = tasks_by_name_.at(producer->second);
    input.state = enum_word(v1::TaskState_Name(task.state()), "TASK_STATE_");
    const auto made = find_materialization(
        dependency.name,
        [this](const v1::Materialization& version) { return version.run_id() == plan_.run.id(); });
    if (!made.ok()) return made.status();
    if (made->id() != 0) {
      input.present = true;
      input.version = made->version();
      return input;
    }
    if (input.state == "succeeded" || input.state == "cached") {  // "unchanged": the version stayed
      return find_current(std::move(input), to_wall(task.finished_at()), dependency.optional);
    }
    input.reason = task.reason();
    if (dependency.optional) return input;
    return Status(Code::kFailedPrecondition, base::kErrInputMissing,
                  "the input '" + dependency.name + "' has no version in this run: its task is " +
                      input.state);
  }

  // What was current at an instant, or what the records of this attempt name.
  Result<ReplayInput> find_current(ReplayInput input, base::WallTime at, bool may_be_absent) {
    const std::int64_t named = recorded_input(input.asset);
    const auto version = find_materialization(input.asset, [&](const v1::Materialization& made) {
      if (named != 0) return made.id() == named;
      return to_wall(made.at()) <= at && made.run_id() != plan_.run.id();
    });
    if (!version.ok()) return version.status();
    if (version->id() != 0) {
      input.present = true;
      input.version = version->version();
      return input;
    }
    input.state = "waiting";
    input.reason = "there was no version";
    if (may_be_absent) return input;
    return Status(Code::kFailedPrecondition, base::kErrInputMissing,
                  "the version of '" + input.asset + "' that the attempt read cannot be found");
  }

  client::Api& api_;
  ReplayPlan plan_;
  base::WallTime leased_at_{};
  std::map<std::string, v1::Task> tasks_by_name_;
  std::map<std::string, std::string> task_of_asset_;
};

}  // namespace

Result<ReplayPlan> plan_replay(client::Api& api, const Reference& reference) {
  return Planner(api).plan(reference);
}

}  // namespace weir::cli
