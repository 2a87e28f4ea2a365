// What simulated people ask of schedules: see clients.h. They know names and clocks and little
// more, so that some of it is refused. On the simulation's one thread; what they ask for is drawn
// from its generator.
#include "tests/simulation/clients.h"
#include "tests/simulation/schedules/schedule_world.h"

namespace weir::simulation {

using std::chrono::seconds;

std::string Clients::any_schedule() {
  const std::string number = std::to_string(rng_.below(2));
  const std::int64_t which = rng_.below(5);
  if (which < 2) return "p0/c" + number;
  return which < 4 ? "p0/d" + number : "p1/e" + number;
}

void Clients::ask_for_schedules() {
  const std::int64_t what = rng_.below(10);
  if (what < 2) return put_schedule(true);
  if (what == 2) return put_schedule(false);
  if (what == 3) {
    engine::DeleteSchedule command;
    command.name = any_schedule();
    command.by = "ops";
    return submit(make("delete-schedule", std::move(command)));
  }
  if (what < 6) return pause_schedules(true);
  if (what == 6) return pause_schedules(false);
  trigger_schedule();
}

void Clients::put_schedule(bool create) {
  engine::PutSchedule command;
  command.spec = make_schedule(rng_, profile_);
  command.spec.name = create ? "p0/c" + std::to_string(rng_.below(2)) : any_schedule();
  // The job may be one that the next version of the pipeline lacks.
  command.spec.job = rng_.chance(0.3) ? "p0/of_0" : "p0/one";
  command.create = create;
  command.by = "ops";
  command.zones = zones_of({command.spec});
  submit(make("put-schedule", std::move(command)));
}

void Clients::pause_schedules(bool pause) {
  engine::PauseSchedules command;
  command.pause = pause;
  if (rng_.chance(0.7)) command.names.push_back(any_schedule());
  if (pause && rng_.chance(0.5)) {
    command.until = now_().wall + rng_.between(Duration(seconds(1)), Duration(seconds(60)));
  }
  command.by = "ops";
  submit(make("pause-schedules", std::move(command)));
}

void Clients::trigger_schedule() {
  engine::TriggerSchedule command;
  command.name = any_schedule();
  command.by = "ops";
  if (rng_.chance(0.6)) {
    // Many crons have such times.
    const auto past = rng_.between(Duration(0), Duration(seconds(150)));
    const auto at = std::chrono::floor<seconds>(now_().wall - past);
    command.nominal =
        base::WallTime(at - at.time_since_epoch() % seconds(rng_.chance(0.5) ? 10 : 30));
  }
  submit(make("trigger", std::move(command)));
}

}  // namespace weir::simulation
