// What a seed is about: which pipelines, how many workers, how often things go wrong. Rates are
// probabilities; every seed draws its own, so that some worlds are calm and some are hell. Values
// only, fixed for the whole simulation once drawn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "module/manifest.h"
#include "tests/simulation/rng.h"

namespace weir::simulation {

struct Rates {
  // Outcomes of attempts; the rest succeed.
  double failed = 0, crashed = 0, timed_out = 0, load_error = 0, check_failed = 0;
  double skipped = 0, unchanged = 0, wrong_type = 0;
  // The network, a message: a stream loses nothing but with its session.
  double session_dropped = 0;
  // The store, an operation.
  double begin_failed = 0, write_failed = 0, commit_failed_before = 0, commit_failed_after = 0;
  double reply_lost = 0;
  double uploaded_late = 0;  // a large value is reported before it was uploaded
};

struct WorkerPlan {
  std::int32_t slots = 1;
  std::int32_t prefetch = 0;
};

struct Profile {
  engine::Options options;
  Rates rates;
  std::vector<WorkerPlan> workers;
  bool short_attempts = false;  // milliseconds rather than seconds
  int crashes = 0;              // of the scheduler
  int power_cuts_at_start = 0;  // soon after a crash
  int damages = 0;              // rows of a live run that a restart cannot read
  int wall_steps = 0;           // of the scheduler's wall clock
  bool far_steps = false;       // by up to a year
  int full_disks = 0;           // times in which nothing new is admitted
  int worker_faults = 0;        // deaths and freezes
  int runs = 0;
  int cancels = 0;
  int drains = 0;
  int registrations = 0;    // after the first
  bool notices = false;     // an alert rule tells of every run's end
  base::Duration length{};  // of the part with faults
  base::WallTime wall_start{std::chrono::hours(24 * 365 * 54)};
  bool schedules = false;     // see schedule_world.h
  int schedule_requests = 0;  // of people
  std::string zone = "UTC";   // whose clock changes soon after the start
  bool freshness = false;     // see freshness_world.h
  int freshness_requests = 0;
};

Profile make_profile(Rng& rng, std::uint64_t seed);

// Pipelines p0 and p1 in their `variant`-th version; p1 reads from p0.
std::vector<module::Manifest> make_pipelines(std::uint64_t seed, int variant);

}  // namespace weir::simulation
