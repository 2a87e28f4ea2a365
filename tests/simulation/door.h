// The scheduler as simulated workers reach it: commands in, uploads, and what they know of stages.
// An interface only; implemented by the simulation and used on its one thread. What comes back
// comes through Fleet.
#pragma once

#include "base/ids.h"
#include "base/sha256.h"
#include "engine/effects.h"
#include "module/manifest.h"
#include "scheduler/ports/inbox.h"

namespace weir::simulation {

class SchedulerDoor {
 public:
  virtual ~SchedulerDoor() = default;
  virtual void deliver(ports::CommandBody body) = 0;
  virtual bool reachable() const = 0;
  virtual void uploaded(const base::Digest& digest) = 0;  // and durable
  virtual void begin_upload(const base::Digest& digest) = 0;
  // False when it was lost on the way, with the scheduler that took it.
  virtual bool end_upload(const base::Digest& digest) = 0;
  virtual base::WallTime wall() const = 0;
  // The stage that an assignment means, from what was registered.
  virtual const module::StageSpec& stage_of(const engine::Assign& assign) const = 0;
};

}  // namespace weir::simulation
