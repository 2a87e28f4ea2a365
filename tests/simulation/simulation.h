// One seed, from its profile to the verdict: a time with faults, then a calm one in which
// everything must come to an end. Virtual time only, on one thread, so that a seed plays the same
// story every time; a broken promise ends the process.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "tests/simulation/clients.h"
#include "tests/simulation/fleet.h"
#include "tests/simulation/scheduler_host.h"

namespace weir::simulation {

class Simulation final : private Outside, private SchedulerDoor {
 public:
  Simulation(std::uint64_t seed, bool trace);

  // Ends the process when anything is broken.
  Coverage run();

 private:
  void on_send(const engine::Send& message) override { fleet_.on_send(message); }
  void on_reply(const engine::Reply& reply) override { clients_.on_reply(reply); }
  void on_outbox(const engine::OutboxRow& row) override;
  void on_sessions_closed() override { fleet_.on_sessions_closed(); }
  std::string worker_of(base::SessionId session) const override {
    return fleet_.worker_of(session);
  }

  void deliver(ports::CommandBody body) override;
  bool reachable() const override { return host_.up(); }
  void uploaded(const base::Digest& digest) override { host_.blobs().add(digest); }
  void begin_upload(const base::Digest& digest) override { host_.blobs().begin(digest); }
  bool end_upload(const base::Digest& digest) override {
    return host_.up() && host_.blobs().sync(digest);
  }
  base::WallTime wall() const override { return host_.now().wall; }
  const module::StageSpec& stage_of(const engine::Assign& assign) const override;

  void learn(const engine::ModuleUpload& upload);
  void plan_faults();
  void check_cancels();
  void crash_after_cancel();
  bool all_ended() const;
  void count_ends();
  [[noreturn]] void fail_stuck();

  Rng rng_;
  const Profile profile_;
  Coverage coverage_;
  Agenda agenda_;
  SchedulerHost host_;
  Fleet fleet_;
  Clients clients_;
  std::map<base::Digest, std::shared_ptr<const module::Manifest>> manifests_;
  std::map<base::RunId, Duration> canceling_;  // since when
};

}  // namespace weir::simulation
