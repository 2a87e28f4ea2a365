// Schedules that modules declare: checked before a registration is accepted, taken over when it is.
// One that is no longer declared is retired, so that its pause and its history are there when it
// comes back. Part of Engine's step.
#include <algorithm>
#include <set>
#include <utility>

#include "base/errors.h"
#include "engine/schedules/occurrences.h"
#include "engine/schedules/schedule_step.h"
#include "module/schedule_check.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Status;
using std::chrono::seconds;

std::string full_name(const Manifest& manifest, const std::string& name) {
  return manifest.pipeline + "/" + name;
}

// As its row keeps it.
module::ScheduleSpec spec_of_row(const Manifest& manifest, module::ScheduleSpec spec) {
  spec.job = full_name(manifest, spec.job);
  spec.name.clear();
  spec.paused = false;
  return spec;
}

// By the module of another pipeline: names of pipelines may begin with each other's.
bool declared_elsewhere(const State& state, const std::string& pipeline, const std::string& name) {
  for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    const auto active = state.active.find(name.substr(0, slash));
    if (active == state.active.end() || active->first == pipeline) continue;
    const auto& schedules = state.modules.at(active->second)->manifest->schedules;
    const std::string rest = name.substr(slash + 1);
    const bool there = std::any_of(schedules.begin(), schedules.end(),
                                   [&](const auto& spec) { return spec.name == rest; });
    if (there) return true;
  }
  return false;
}

// Of those that the pipeline's module declared; `name` is the full one.
bool is_of(const State& state, const Schedule& schedule, const std::string& pipeline) {
  const std::string& name = schedule.row.name;
  return schedule.row.declared && !schedule.row.retired && name.starts_with(pipeline + "/") &&
         !declared_elsewhere(state, pipeline, name);
}

Status check_owner(const State& state, const std::string& pipeline, const std::string& name) {
  if (declared_elsewhere(state, pipeline, name)) {
    return {Code::kAlreadyExists, base::kErrDuplicateName,
            "schedule '" + name + "' is declared by the module of another pipeline; rename it"};
  }
  const auto found = state.schedules.find(name);
  if (found == state.schedules.end() || found->second.row.declared) return {};
  return {Code::kAlreadyExists, base::kErrDuplicateName,
          "schedule '" + name +
              "' was made by command"
              "; give the module's another name, or delete that one: weir schedules delete " +
              name};
}

void declare(Step& step, const Manifest& manifest, const module::ScheduleSpec& spec,
             const std::string& by) {
  const std::string name = full_name(manifest, spec.name);
  const auto [at, fresh] = step.state.schedules.try_emplace(name);
  Schedule& schedule = at->second;
  module::ScheduleSpec kept = spec_of_row(manifest, spec);
  if (!fresh && !schedule.row.retired && schedule.row.spec == kept) return;
  if (fresh) {
    schedule.row.name = name;
    schedule.row.declared = true;
    adopt_runs(step.state, schedule);
    schedule.row.paused = spec.paused;
    if (spec.paused) {
      schedule.row.paused_at = step.now.wall;
      schedule.row.paused_by = "its declaration";
    }
  } else if (!schedule.row.retired) {
    settle_stretch(step, schedule, std::chrono::floor<seconds>(step.now.wall),
                   TickOutcome::kSkipped, "the schedule was edited before it was due");
  }
  const bool edited = !fresh && !schedule.row.retired;
  schedule.row.retired = false;
  schedule.row.spec = std::move(kept);
  schedule.row.changed_at = step.now.wall;
  schedule.row.changed_by = by;
  renew_schedule(step.state, schedule, step.now);
  if (fresh) take_over_ticks(step, schedule);
  write(step, schedule.row);
  emit(step, ScheduleChanged{name, edited ? "edited" : "created", by, ""});
}

void retire(Step& step, Schedule& schedule, const std::string& by) {
  settle_stretch(step, schedule, std::chrono::floor<seconds>(step.now.wall), TickOutcome::kSkipped,
                 "its module no longer declares the schedule");
  schedule.row.retired = true;
  schedule.row.changed_at = step.now.wall;
  schedule.row.changed_by = by;
  schedule.due.reset();
  mark_ahead(schedule);
  release_waiting(step.state, schedule);
  write(step, schedule.row);
  emit(step, ScheduleChanged{schedule.row.name, "retired", by, "its module no longer declares it"});
}

}  // namespace

Status check_schedule(const module::ScheduleSpec& spec,
                      const std::vector<module::ParamSpec>& params, const Zones& known,
                      const Zones& given) {
  Status status = module::joined(module::schedule_problems(spec, params));
  if (!status.ok()) return status;
  auto zone = known.find(spec.zone);
  if (zone == known.end() && (zone = given.find(spec.zone)) == given.end()) {
    return {
        Code::kFailedPrecondition, base::kErrTimeZone,
        "schedule '" + spec.name + "': the tables of time zone '" + spec.zone + "' were not given"};
  }
  return occurrences_of(spec, zone->second).status();
}

Status check_schedules(const State& state, const Manifest& manifest, const Zones& zones) {
  for (const module::ScheduleSpec& spec : manifest.schedules) {
    const std::string name = full_name(manifest, spec.name);
    if (Status status = check_owner(state, manifest.pipeline, name); !status.ok()) return status;
    Status status = check_schedule(spec, manifest.params, state.zones, zones);
    if (!status.ok()) return status;
  }
  return {};
}

std::vector<Reads::Ticks> ticks_of_new(const State& state, const RegisterModules& command,
                                       WallTime now) {
  std::vector<Reads::Ticks> wanted;
  if (command.dry_run) return wanted;
  for (const ModuleUpload& module : command.modules) {
    for (const module::ScheduleSpec& spec : module.manifest->schedules) {
      std::string name = full_name(*module.manifest, spec.name);
      if (state.schedules.contains(name)) continue;
      wanted.push_back({std::move(name), now + Duration(1), WallTime::max()});
    }
  }
  return wanted;
}

void declare_schedules(Step& step, const Manifest& manifest, const Digest& module) {
  const std::string by = "module " + module.hex().substr(0, 12);
  std::set<std::string> kept;
  for (const module::ScheduleSpec& spec : manifest.schedules) {
    kept.insert(full_name(manifest, spec.name));
    declare(step, manifest, spec, by);
  }
  for (auto& [name, schedule] : step.state.schedules) {
    if (!kept.contains(name) && is_of(step.state, schedule, manifest.pipeline)) {
      retire(step, schedule, by);
    }
  }
}

void add_schedule_changes(const State& state, const Manifest& manifest, ModuleChange& change) {
  std::set<std::string> kept;
  for (const module::ScheduleSpec& spec : manifest.schedules) {
    const std::string name = full_name(manifest, spec.name);
    kept.insert(name);
    const auto found = state.schedules.find(name);
    if (found == state.schedules.end() || found->second.row.retired) {
      change.added.push_back("schedule " + spec.name);
    } else if (found->second.row.spec != spec_of_row(manifest, spec)) {
      change.changed.push_back("schedule " + spec.name);
    }
  }
  for (const auto& [name, schedule] : state.schedules) {
    if (!kept.contains(name) && is_of(state, schedule, manifest.pipeline)) {
      change.removed.push_back("schedule " + name.substr(manifest.pipeline.size() + 1));
    }
  }
}

}  // namespace weir::engine
