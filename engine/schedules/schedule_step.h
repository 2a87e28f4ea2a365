// What the parts of the engine call of schedules, and these of each other, while a step is in
// progress; see engine/step.h. A schedule is found by its full name in the state. Part of Engine's
// step: one owner, no I/O.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/step.h"

namespace weir::engine {

// ---- schedule.cc ----
Schedule& made_schedule(State& state, const std::string& name);  // when there is none
// As a row has it; its zone is looked for among those of the state.
void define_schedule(State& state, Schedule& schedule, module::ScheduleSpec spec);
module::ScheduleSpec spec_of(const Schedule& schedule);
void forget_schedule(State& state, const std::string& name);
void pause(Schedule& schedule, SchedulePause pause);
ScheduleRow schedule_row(const Schedule& schedule);
// Its definition and what people have said of it. `changed_by`: of the one before, if it is alike.
void restore_schedule(State& state, Schedule& schedule, const ScheduleRow& row,
                      std::shared_ptr<const std::string>& changed_by);

// ---- schedules.cc ----
void put_schedule(Step& step, const PutSchedule& command);
void delete_schedule(Step& step, const DeleteSchedule& command);
void pause_schedules(Step& step, const PauseSchedules& command);
void resume_schedule(Step& step, Schedule& schedule, const std::string& by);
std::string pause_text(const Schedule& schedule);  // "paused by ops: the source is down"
// By its full name, or by one that no other has. NOT_FOUND with the nearest.
base::Result<Schedule*> find_schedule(State& state, const std::string& name);

// Ticks under the names of schedules that are to be new, of times that are still to come.
std::vector<Reads::Ticks> ticks_of_new(const State& state, const PutSchedule& command,
                                       WallTime now);
std::vector<Reads::Ticks> ticks_of_new(const State& state, const RegisterModules& command,
                                       WallTime now);

// Makes the schedule be as `spec` says, from now on. The zone is among those of the state.
void renew_schedule(State& state, Schedule& schedule, module::ScheduleSpec spec, base::Now now);
// A schedule that is new under its name takes over the live runs of one that was deleted.
void adopt_runs(State& state, Schedule& schedule);
// Takes it away: what waits for its runs waits no more.
void drop_schedule(State& state, const std::string& name);

// ---- declared.cc ----
// Whether it can fire, and what else can be judged without its job.
base::Status check_schedule(const module::ScheduleSpec& spec,
                            const std::vector<module::ParamSpec>& params, const Zones& known,
                            const Zones& given);
// Whether what a module declares can be: zones, times, and that nobody else made one of that name.
base::Status check_schedules(const State& state, const Manifest& manifest, const Zones& zones);
void declare_schedules(Step& step, const Manifest& manifest, const Digest& module);
// "schedule NAME" for each that the manifest adds, changes or takes away.
void add_schedule_changes(const State& state, const Manifest& manifest, ModuleChange& change);

// ---- ticks.cc ----
void observe_clock(Step& step);
// At the end of a step: what the next one is to read first has a deadline at once.
void arm_reads(State& state, base::Now now);
void fire_tick(Step& step, const std::string& name);
// Looks for the next nominal time and sets its deadline.
void arm_tick(State& state, Schedule& schedule);
// Records the nominal times from where the schedule has come to up to `last` as one stretch, if
// there are any, and goes on from there.
void settle_stretch(Step& step, Schedule& schedule, calendar::Instant last, TickOutcome outcome,
                    const std::string& reason);
void write_tick(Step& step, TickRow row);
// Has the row tell what a restart could not see from the ticks. Whether it changed.
bool mark_ahead(Schedule& schedule);
// The same, and writes the row if it changed.
void keep_mark(Step& step, Schedule& schedule);
// Of one that is new under its name, and of the ticks that were read of an earlier one: times that
// are still to come keep their runs, all else that was recorded of them is taken back.
void take_over_ticks(Step& step, Schedule& schedule);
void rebase_schedules(Step& step);
std::vector<Reads::Ticks> ticks_ahead(const State& state, WallTime now);

// ---- overlap.cc ----
// Makes a run for the tick, or says in it why there is none.
void request_run(Step& step, Schedule& schedule, TickRow& tick);
void schedule_run_ended(Step& step, const RunFinished& end);
void release_waiting(State& state, Schedule& schedule);  // all of them: nothing holds them any more
void enforce_overlap(Step& step, const std::string& name);
// Where one may wait: the newest takes the place of the others.
void supersede_waiting(State& state, Schedule& schedule, WallTime now);
void end_withdrawn(Step& step);
std::vector<RunId> next_withdrawals(const State& state);

// ---- time_params.cc ----
// Gives the members that the schedule names the time that the run is for. `zone` may be null.
base::Status give_time(const Catalog& catalog, const module::ScheduleSpec& spec,
                       const calendar::Zone* zone, WallTime nominal,
                       std::map<std::string, std::string>& params);

// ---- trigger.cc ----
void trigger_schedule(Step& step, const TriggerSchedule& command);
std::vector<Reads::Ticks> ticks_to_trigger(State& state, const TriggerSchedule& command,
                                           WallTime now);

// ---- restore_schedules.cc ----
void restore_schedules(State& state, const Snapshot& snapshot, base::Now now);

// ---- schedule_invariants.cc ----
void check_schedules(const State& state);

// ---- explain_schedule.cc ----
// "pipeline/nightly", or of one of its times: "nightly@2026-11-28T02:00:00Z". Whether it is one.
bool explain_schedule(const Step& step, const std::string& reference, Explanation& out);
std::vector<Reads::Ticks> ticks_to_explain(State& state, const std::string& reference);

}  // namespace weir::engine
