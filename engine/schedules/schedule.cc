// Schedules from their rows and back, and what those that are declared alike have in common: a
// definition is held once and goes with the last schedule that has it. Part of Engine's step, and
// of its restore; touches the state's schedules only.
#include "engine/schedules/schedule.h"

#include <utility>

#include "engine/schedules/occurrences.h"
#include "engine/schedules/schedule_step.h"

namespace weir::engine {
namespace {

using Held = DefinitionOrder::Held;

// `spec` without its parameters.
Held definition_of(State& state, module::ScheduleSpec spec) {
  const auto zone = state.zones.find(spec.zone);
  const auto known =
      state.schedule_definitions.find(DefinitionOrder::Key{spec, zone != state.zones.end()});
  if (known != state.schedule_definitions.end()) return *known;
  auto made = std::make_shared<ScheduleDefinition>();
  if (zone != state.zones.end()) {
    auto occurrences = occurrences_of(spec, zone->second);
    if (occurrences.ok()) {
      made->occurrences = std::make_unique<const calendar::Occurrences>(std::move(*occurrences));
    }
  }
  made->spec = std::move(spec);
  return *state.schedule_definitions.insert(std::move(made)).first;
}

// A definition that no other schedule has is dropped.
void release(State& state, Held held) {
  if (held == nullptr) return;
  const auto known = state.schedule_definitions.find(held);
  held.reset();
  if (known->use_count() == 1) state.schedule_definitions.erase(known);
}

}  // namespace

Schedule& made_schedule(State& state, const std::string& name) {
  const auto [at, fresh] = state.schedules.try_emplace(name);
  at->second.key = &at->first;
  return at->second;
}

void define_schedule(State& state, Schedule& schedule, module::ScheduleSpec spec) {
  schedule.params = std::exchange(spec.params, module::ScheduleSpec().params);
  Held before = std::exchange(schedule.definition, definition_of(state, std::move(spec)));
  release(state, std::move(before));
}

void forget_schedule(State& state, const std::string& name) {
  const auto found = state.schedules.find(name);
  Held before = std::move(found->second.definition);
  state.schedules.erase(found);
  release(state, std::move(before));
}

module::ScheduleSpec spec_of(const Schedule& schedule) {
  module::ScheduleSpec spec = schedule.definition->spec;
  spec.params = schedule.params;
  return spec;
}

void pause(Schedule& schedule, SchedulePause pause) {
  schedule.pause = std::make_unique<const SchedulePause>(std::move(pause));
}

ScheduleRow schedule_row(const Schedule& schedule) {
  ScheduleRow row;
  row.name = schedule.name();
  row.pipeline = schedule.pipeline();
  row.retired = schedule.retired;
  row.spec = spec_of(schedule);
  row.since = schedule.since;
  if (const SchedulePause* pause = schedule.pause.get()) {
    row.paused = true;
    row.paused_until = pause->until;
    row.paused_at = pause->at;
    row.paused_by = pause->by;
    row.pause_reason = pause->reason;
  }
  row.changed_at = schedule.changed_at;
  row.changed_by = *schedule.changed_by;
  row.recorded_until = schedule.recorded_until;
  return row;
}

void restore_schedule(State& state, Schedule& schedule, const ScheduleRow& row,
                      std::shared_ptr<const std::string>& changed_by) {
  define_schedule(state, schedule, row.spec);
  schedule.pipeline_bytes = std::uint32_t(row.pipeline.size());
  schedule.retired = row.retired;
  schedule.since = row.since;
  if (row.paused) {
    pause(schedule,
          {row.paused_until, row.paused_at.value_or(WallTime{}), row.paused_by, row.pause_reason});
  }
  schedule.changed_at = row.changed_at;
  if (changed_by == nullptr || *changed_by != row.changed_by) {
    changed_by = std::make_shared<const std::string>(row.changed_by);
  }
  schedule.changed_by = changed_by;
  schedule.recorded_until = row.recorded_until;
}

}  // namespace weir::engine
