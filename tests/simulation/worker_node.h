// One simulated worker: the ledger, the dispatcher and the lease horizons of the real agent, moved
// by messages, by virtual time and by simulated executors. What the agent does around them it does
// the same way: reports are sent once, and again after a welcome. Executors are processes of their
// own: they go on while the agent is frozen, and the supervisor ends those with side effects when
// the lease is over. On the simulation's one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/effects.h"
#include "scheduler/ports/inbox.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/outcomes.h"
#include "tests/simulation/profile.h"
#include "tests/simulation/rng.h"
#include "worker/core/dispatcher.h"
#include "worker/core/lease.h"
#include "worker/core/ledger.h"

namespace weir::simulation {

class WorkerNode;

// What a worker needs of the world around it.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  // Sends in the worker's present session, if it has one.
  virtual void say(WorkerNode& worker, ports::CommandBody body) = 0;
  // Runs `action` in the worker's present life, once it is not frozen.
  virtual void plan(WorkerNode& worker, Duration delay, std::function<void()> action) = 0;
  virtual void begin_side_effects(const engine::AttemptKey& key) = 0;
  virtual void end_side_effects(const engine::AttemptKey& key) = 0;
  // Ends its session, for another one.
  virtual void give_up(WorkerNode& worker) = 0;
};

class WorkerNode {
 public:
  WorkerNode(std::string id, const WorkerPlan& plan, const Profile& profile, Rng& rng,
             Agenda& agenda, Coverage& coverage, SchedulerDoor& door, Surroundings& around);

  const engine::WorkerInfo& info() const { return info_; }
  std::vector<engine::AttemptKey> held() const { return ledger_.held(); }

  // ---- the connection ----
  base::SessionId session() const { return session_; }
  void connected(base::SessionId session);
  void disconnected() { session_ = {}, welcomed_ = false; }
  void hear(const engine::Send& message);
  // The scheduler answered the heartbeat of that time.
  void heard(Duration asked_at);

  // ---- what happens to it ----
  bool alive() const { return alive_; }
  std::uint64_t life() const { return life_; }  // counts starts
  Duration frozen_until() const { return frozen_until_; }
  bool leaving() const { return leaving_; }
  void die();
  void start();
  void freeze(Duration length) { frozen_until_ = agenda_.now() + length; }
  void begin_leaving();
  void end_leaving();
  void end_faults();

 private:
  using State = worker::AttemptState;
  struct Work {
    engine::Assign assign;
    engine::AttemptFinished report;
  };
  // An executor.
  struct Process {
    bool alive = true;
    std::optional<engine::AttemptKey> runs;
    bool side_effects = false;
    bool dies = false;        // of its attempt
    bool unkillable = false;  // for a while
  };

  base::Now now() const;
  // An event for the dispatcher, and what it asks for.
  void dispatch(const std::function<void(base::Now, worker::Actions&)>& event);
  void wake_dispatcher();
  void beat(base::SessionId session);

  void on(const engine::Assign& assign);
  void on(const engine::Stop& stop);
  void on(const engine::Acknowledge& acknowledge);
  void on(const engine::NeedArtifacts& need);
  void on(const engine::Revoke& revoke);
  void on(const engine::Welcome& welcome);
  void on(const engine::SetDraining& draining);
  void on(const engine::CloseSession&) {}
  void launch(const engine::AttemptKey& key);
  void release(const engine::AttemptKey& key, const std::string& why);
  void give_back(State state, const std::string& why);
  void report_canceled(const engine::AttemptKey& key, const std::string& why);
  void report(const engine::AttemptKey& key);
  void upload(const engine::NeedArtifacts& need);
  void end_upload(const engine::NeedArtifacts& need);

  void act(const worker::SpawnExecutor& action);
  void act(const worker::RunAttempt& action);
  void act(const worker::EndStrays& action);
  void act(const worker::BuryExecutor& action);
  void act(const worker::ForgetExecutor& action);
  void act(const worker::TerminateTree& action);
  void act(const worker::KillTree& action);
  void act(const worker::RetireExecutor& action);
  void act(const worker::ReturnAttempt&) {}
  void act(const worker::ReportStarted& action);
  void act(const worker::ReportEnded& action);
  void act(const worker::ReportReleased& action);

  // Outside of the agent: it need not be awake.
  void in_process(worker::ExecutorId id, Duration delay, std::function<void(Process&)> action);
  void attempt_ends(worker::ExecutorId id, const engine::AttemptKey& key);
  void kill_process(worker::ExecutorId id, bool fenced);
  void stop_running(Process& process);
  void contact(Duration asked_at);
  void enforce_lease(Duration side_effects_until);

  engine::WorkerInfo info_;
  const Profile& profile_;
  Rng& rng_;
  Agenda& agenda_;
  Coverage& coverage_;
  SchedulerDoor& door_;
  Surroundings& around_;
  Outcomes outcomes_;

  base::SessionId session_;
  bool welcomed_ = false;
  Duration hello_at_{}, contact_at_{}, side_effects_until_{};
  std::uint64_t life_ = 0;
  bool alive_ = true;
  bool draining_ = false;
  bool leaving_ = false;
  bool calm_ = false;
  Duration frozen_until_{};
  std::uint64_t wake_ = 0;  // counts plans to wake for a deadline of the dispatcher

  worker::Ledger<Work> ledger_;
  worker::Dispatcher dispatcher_;
  std::map<worker::ExecutorId, Process> processes_;
};

}  // namespace weir::simulation
