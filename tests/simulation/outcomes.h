// How simulated attempts end, by chance: values, skips, failures, crashes, checks, cursors. Every
// attempt makes a value of its own, so that a mixed-up result shows. Draws from the seed; knows
// nothing of workers and sessions. On the simulation's one thread.
#pragma once

#include "engine/effects.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/door.h"
#include "tests/simulation/profile.h"
#include "tests/simulation/rng.h"

namespace weir::simulation {

class Outcomes {
 public:
  Outcomes(const Profile& profile, Rng& rng, Coverage& coverage, SchedulerDoor& door)
      : profile_(profile), rng_(rng), coverage_(coverage), door_(door) {}

  // From here on everything succeeds.
  void end_faults() { calm_ = true; }
  Duration run_time(bool side_effects);
  // What the executor says, or what its death means.
  engine::AttemptFinished draw(const engine::Assign& assign);

 private:
  void add_success(const module::StageSpec& stage, const engine::Assign& assign,
                   engine::AttemptFinished& report);
  void add_outputs(const module::StageSpec& stage, const engine::Assign& assign,
                   engine::AttemptFinished& report);
  bool happens(double rate) { return !calm_ && rng_.chance(rate); }

  const Profile& profile_;
  Rng& rng_;
  Coverage& coverage_;
  SchedulerDoor& door_;
  bool calm_ = false;
};

}  // namespace weir::simulation
