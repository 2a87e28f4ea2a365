// Schedules that modules declare: checked before a registration is accepted, taken over when it is.
// One that is no longer declared is retired, so that its pause and its history are there when it
// comes back. Part of Engine's step.
#include <optional>
#include <set>
#include <utility>
#include <vector>

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

// Of those that the pipeline's module declares.
bool is_of(const Schedule& schedule, const std::string& pipeline) {
  return schedule.pipeline() == pipeline && !schedule.retired;
}

Status check_owner(const State& state, const std::string& pipeline, const std::string& name) {
  const auto found = state.schedules.find(name);
  if (found == state.schedules.end()) return {};
  const Schedule& schedule = found->second;
  if (schedule.pipeline().empty()) {
    return {Code::kAlreadyExists, base::kErrDuplicateName,
            "schedule '" + name +
                "' was made by command"
                "; give the module's another name, or delete that one: weir schedules delete " +
                name};
  }
  if (schedule.retired || schedule.pipeline() == pipeline) return {};
  return {Code::kAlreadyExists, base::kErrDuplicateName,
          "schedule '" + name + "' is declared by the module of another pipeline; rename it"};
}

// One that is new or has changed, and how; its row is still to be written.
struct Declared {
  const Schedule* schedule = nullptr;
  const char* what = nullptr;
};

std::optional<Declared> declare(Step& step, const Manifest& manifest,
                                const module::ScheduleSpec& spec,
                                const std::shared_ptr<const std::string>& by) {
  const std::string name = full_name(manifest, spec.name);
  const bool fresh = !step.state.schedules.contains(name);
  Schedule& schedule = made_schedule(step.state, name);
  module::ScheduleSpec kept = spec_of_row(manifest, spec);
  if (!fresh && !schedule.retired && spec_of(schedule) == kept) return std::nullopt;
  schedule.pipeline_bytes = std::uint32_t(manifest.pipeline.size());
  if (fresh) {
    adopt_runs(step.state, schedule);
    if (spec.paused) pause(schedule, {std::nullopt, step.now.wall, "its declaration", ""});
  } else if (!schedule.retired) {
    settle_stretch(step, schedule, std::chrono::floor<seconds>(step.now.wall),
                   TickOutcome::kSkipped, "the schedule was edited before it was due");
  }
  const bool edited = !fresh && !schedule.retired;
  schedule.retired = false;
  schedule.changed_at = step.now.wall;
  schedule.changed_by = by;
  renew_schedule(step.state, schedule, std::move(kept), step.now);
  if (fresh) take_over_ticks(step, schedule);
  return Declared{&schedule, edited ? "edited" : "created"};
}

void retire(Step& step, Schedule& schedule, const std::shared_ptr<const std::string>& by) {
  settle_stretch(step, schedule, std::chrono::floor<seconds>(step.now.wall), TickOutcome::kSkipped,
                 "its module no longer declares the schedule");
  schedule.retired = true;
  schedule.changed_at = step.now.wall;
  schedule.changed_by = by;
  schedule.due.reset();
  mark_ahead(schedule);
  release_waiting(step.state, schedule);
  write(step, schedule_row(schedule));
  emit(step, ScheduleChanged{schedule.name(), "retired", *by, "its module no longer declares it"});
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
  const auto by = std::make_shared<const std::string>("module " + module.hex().substr(0, 12));
  // Of very many what stays is made first, so that what goes with the step leaves no holes in it.
  std::vector<Declared> declared;
  for (const module::ScheduleSpec& spec : manifest.schedules) {
    if (const auto one = declare(step, manifest, spec, by)) declared.push_back(*one);
  }
  for (const auto& [schedule, what] : declared) {
    write(step, schedule_row(*schedule));
    emit(step, ScheduleChanged{schedule->name(), what, *by, ""});
  }
  std::set<std::string> kept;
  for (const module::ScheduleSpec& spec : manifest.schedules) {
    kept.insert(full_name(manifest, spec.name));
  }
  for (auto& [name, schedule] : step.state.schedules) {
    if (!kept.contains(name) && is_of(schedule, manifest.pipeline)) {
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
    if (found == state.schedules.end() || found->second.retired) {
      change.added.push_back("schedule " + spec.name);
    } else if (spec_of(found->second) != spec_of_row(manifest, spec)) {
      change.changed.push_back("schedule " + spec.name);
    }
  }
  for (const auto& [name, schedule] : state.schedules) {
    if (!kept.contains(name) && is_of(schedule, manifest.pipeline)) {
      change.removed.push_back("schedule " + name.substr(manifest.pipeline.size() + 1));
    }
  }
}

}  // namespace weir::engine
