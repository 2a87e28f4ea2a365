// Schedules as people change them: made, edited, deleted, paused and resumed, each with who did it.
// Whatever changes a schedule has it begin anew: nominal times up to now keep what they have. Those
// that a module declares are changed there (declared.cc). Part of Engine's step.
#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/names.h"
#include "engine/plan/plan.h"
#include "engine/schedules/occurrences.h"
#include "engine/schedules/schedule_step.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Result;
using base::Status;
using std::chrono::seconds;

constexpr std::int64_t kRecordsOfAPauseMax = 4;  // the row, its event, a stretch and its event

// Of its end: "tickets/nightly" is also found as "nightly".
bool ends_with_name(std::string_view full, std::string_view name) {
  return full.size() > name.size() && full.ends_with(name) &&
         full[full.size() - name.size() - 1] == '/';
}

Status check_name(const std::string& name) {
  const std::string problem = base::name_problem(name);
  if (problem.empty()) return {};
  return {Code::kInvalidArgument, base::kErrBadName, "schedule '" + name + "': " + problem};
}

Status of_module(const std::string& name) {
  return {Code::kFailedPrecondition, base::kErrUsage,
          "schedule '" + name +
              "' is declared by its pipeline's module; change it there and register the module, or "
              "pause it: weir schedules pause " +
              name};
}

Status check_new(const State& state, const std::string& name) {
  const auto found = state.schedules.find(name);
  if (found == state.schedules.end()) {
    if (std::ssize(state.schedules) < state.options.schedules_max) return {};
    return {Code::kResourceExhausted, base::kErrLimit,
            "there are " + std::to_string(state.schedules.size()) +
                " schedules, which is the limit schedules_max; delete some"};
  }
  if (found->second.retired) return {};
  return {Code::kAlreadyExists, base::kErrDuplicateName,
          "there is a schedule '" + name + "' already" +
              (!found->second.pipeline().empty()
                   ? ", declared by its pipeline's module; choose another name"
                   : "; choose another name, or change it: weir schedules edit " + name)};
}

std::string name_of_new(const std::string& pipeline, const std::string& name) {
  return name.starts_with(pipeline + "/") ? name : pipeline + "/" + name;
}

// The definition with its full names.
struct Judged {
  std::string name;
  module::ScheduleSpec spec;
};

Result<Judged> judge(const State& state, const PutSchedule& command) {
  Judged judged{command.spec.name, command.spec};
  const auto job = find_job(*state.catalog, command.spec.job);
  if (!job.ok()) return job.status();
  judged.spec.job = job->name;
  judged.spec.name.clear();
  judged.spec.paused = false;
  if (command.create) {
    judged.name = name_of_new(job->module->row.pipeline, judged.name);
    if (Status status = check_name(judged.name); !status.ok()) return status;
    if (Status status = check_new(state, judged.name); !status.ok()) return status;
  }
  const auto& params = job->module->manifest->params;
  Status status = check_schedule(command.spec, params, state.zones, command.zones);
  if (!status.ok()) return status;
  return judged;
}

void sign(const Step& step, Schedule& schedule, const std::string& by) {
  schedule.changed_at = step.now.wall;
  schedule.changed_by = std::make_shared<const std::string>(who(by));
}

void change(Step& step, Schedule& schedule, const char* what, const std::string& by,
            const std::string& reason = {}) {
  sign(step, schedule, by);
  write(step, schedule_row(schedule));
  emit(step, ScheduleChanged{schedule.name(), what, who(by), reason});
}

bool pause_one(Step& step, Schedule& schedule, const PauseSchedules& command) {
  const SchedulePause* before = schedule.pause.get();
  const bool same =
      before != nullptr && before->until == command.until && before->reason == command.reason;
  if (same) return false;
  const WallTime at = before != nullptr ? before->at : step.now.wall;
  pause(schedule, {command.until, at, who(command.by), command.reason});
  change(step, schedule, "paused", command.by, command.reason);
  arm_tick(step.state, schedule);
  return true;
}

Result<std::vector<Schedule*>> chosen(State& state, const PauseSchedules& command) {
  std::vector<Schedule*> schedules;
  for (const std::string& name : command.names) {
    auto found = find_schedule(state, name);
    if (!found.ok()) return found.status();
    if (std::find(schedules.begin(), schedules.end(), *found) == schedules.end()) {
      schedules.push_back(*found);
    }
  }
  if (command.names.empty()) {
    for (auto& [name, schedule] : state.schedules) schedules.push_back(&schedule);
  }
  std::erase_if(schedules, [](const Schedule* schedule) { return schedule->retired; });
  const auto records = std::ssize(schedules) * kRecordsOfAPauseMax;
  if (records <= state.options.request_records_max) return schedules;
  return Status(Code::kResourceExhausted, base::kErrLimit,
                "this could write " + std::to_string(records) +
                    " rows at once; the limit request_records_max is " +
                    std::to_string(state.options.request_records_max) + ": name fewer schedules");
}

}  // namespace

std::string pause_text(const Schedule& schedule) {
  const SchedulePause& pause = *schedule.pause;
  return "paused by " + pause.by + (pause.reason.empty() ? "" : ": " + pause.reason);
}

Result<Schedule*> find_schedule(State& state, const std::string& name) {
  if (const auto exact = state.schedules.find(name); exact != state.schedules.end()) {
    return &exact->second;
  }
  std::vector<Schedule*> found;
  for (auto& [full, schedule] : state.schedules) {
    if (ends_with_name(full, name)) found.push_back(&schedule);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    std::vector<std::string> known;
    for (const auto& [full, schedule] : state.schedules) {
      known.push_back(full);
      known.push_back(full.substr(full.find('/') + 1));
    }
    return Status(Code::kNotFound, base::kErrUnknownSchedule,
                  "no schedule is named '" + name + "'." + base::did_you_mean(name, known) +
                      " `weir schedules list` shows them.");
  }
  std::string names;
  for (const Schedule* schedule : found) {
    names += (names.empty() ? "" : ", ") + schedule->name();
  }
  return Status(Code::kInvalidArgument, base::kErrAmbiguous,
                "'" + name + "' names several schedules: " + names + "; write the pipeline too");
}

std::vector<Reads::Ticks> ticks_of_new(const State& state, const PutSchedule& command,
                                       WallTime now) {
  if (!command.create) return {};
  const auto job = find_job(*state.catalog, command.spec.job);
  if (!job.ok()) return {};
  std::string name = name_of_new(job->module->row.pipeline, command.spec.name);
  if (state.schedules.contains(name)) return {};
  return {{std::move(name), now + Duration(1), WallTime::max()}};
}

void renew_schedule(State& state, Schedule& schedule, module::ScheduleSpec spec, base::Now now) {
  define_schedule(state, schedule, std::move(spec));
  schedule.since = now.wall;
  // Further than now when the clock has just been set back: then it is about to be rebased.
  schedule.until = std::max(schedule.until, std::chrono::floor<seconds>(now.wall));
  mark_ahead(schedule);
  arm_tick(state, schedule);
}

void adopt_runs(State& state, Schedule& schedule) {
  const auto runs = state.runs_of_deleted.extract(schedule.name());
  if (!runs.empty()) schedule.live = std::move(runs.mapped());
}

void drop_schedule(State& state, const std::string& name) {
  const auto found = state.schedules.find(name);
  release_waiting(state, found->second);
  if (!found->second.live.empty()) {
    state.runs_of_deleted[name] = std::move(found->second.live);
  }
  forget_schedule(state, name);
}

void put_schedule(Step& step, const PutSchedule& command) {
  if (answered_before(step, command.request)) return;
  State& state = step.state;
  PutSchedule asked = command;
  if (!command.create) {
    const auto found = find_schedule(state, command.spec.name);
    if (!found.ok()) return reply(step, command.request, found.status());
    if (!(*found)->pipeline().empty())
      return reply(step, command.request, of_module((*found)->name()));
    asked.spec.name = (*found)->name();
  }
  auto judged = judge(state, asked);
  if (!judged.ok()) return reply(step, command.request, judged.status());
  state.zones.insert(command.zones.begin(), command.zones.end());
  Schedule& schedule = made_schedule(state, judged->name);
  if (!command.create) {
    settle_stretch(step, schedule, std::chrono::floor<seconds>(step.now.wall),
                   TickOutcome::kSkipped, "the schedule was edited before it was due");
  } else {  // in place of one that is retired: nothing of it stays but its ticks
    schedule.pipeline_bytes = 0;
    schedule.retired = false;
    schedule.recorded_until.reset();
    schedule.pause.reset();
    adopt_runs(state, schedule);
    if (command.spec.paused) pause(schedule, {std::nullopt, step.now.wall, who(command.by), ""});
  }
  renew_schedule(state, schedule, std::move(judged->spec), step.now);
  sign(step, schedule, command.by);
  if (command.create) take_over_ticks(step, schedule);
  change(step, schedule, command.create ? "created" : "edited", command.by);
  reply(step, command.request, {}, ChangedNames{{judged->name}});
}

void delete_schedule(Step& step, const DeleteSchedule& command) {
  if (answered_before(step, command.request)) return;
  const auto found = find_schedule(step.state, command.name);
  if (!found.ok()) return reply(step, command.request, found.status());
  Schedule& schedule = **found;
  if (!schedule.pipeline().empty() && !schedule.retired) {
    return reply(step, command.request, of_module(schedule.name()));
  }
  const std::string name = schedule.name();
  if (!schedule.retired) {
    settle_stretch(step, schedule, std::chrono::floor<seconds>(step.now.wall),
                   TickOutcome::kSkipped, "the schedule was deleted before it was due");
  }
  ScheduleRow row = schedule_row(schedule);
  row.deleted = true;
  write(step, std::move(row));
  emit(step, ScheduleChanged{name, "deleted", who(command.by), ""});
  drop_schedule(step.state, name);
  reply(step, command.request, {}, ChangedNames{{name}});
}

void pause_schedules(Step& step, const PauseSchedules& command) {
  if (answered_before(step, command.request)) return;
  if (command.until && *command.until <= step.now.wall) {
    return reply(step, command.request,
                 Status(Code::kInvalidArgument, base::kErrUsage,
                        "the pause would end at " + utc_text(*command.until) +
                            ", which is past; give a later --until"));
  }
  const auto schedules = chosen(step.state, command);
  if (!schedules.ok()) return reply(step, command.request, schedules.status());
  ChangedNames changed;
  for (Schedule* schedule : *schedules) {
    bool changes = schedule->pause != nullptr;
    if (command.pause) {
      changes = pause_one(step, *schedule, command);
    } else if (changes) {
      resume_schedule(step, *schedule, command.by);
    }
    if (changes) changed.names.push_back(schedule->name());
  }
  reply(step, command.request, {}, std::move(changed));
}

void resume_schedule(Step& step, Schedule& schedule, const std::string& by) {
  settle_stretch(step, schedule, std::chrono::floor<seconds>(step.now.wall), TickOutcome::kSkipped,
                 pause_text(schedule));
  schedule.pause.reset();
  schedule.since = step.now.wall;
  mark_ahead(schedule);
  change(step, schedule, "resumed", by);
  arm_tick(step.state, schedule);
}

}  // namespace weir::engine
