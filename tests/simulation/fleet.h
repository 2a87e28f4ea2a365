// Simulated workers with their executors, and the network between them and the scheduler. A worker
// follows the protocol of the real agent's ledger: it holds an attempt from its assignment until
// the report is acknowledged, reports again after a reconnection, answers every Stop. Around that
// it dies, freezes and is cut off. Messages of one session keep their order. Virtual time only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/effects.h"
#include "scheduler/ports/inbox.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/profile.h"
#include "tests/simulation/rng.h"

namespace weir::simulation {

// Where the fleet's messages go.
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

class Fleet {
 public:
  Fleet(const Profile& profile, Rng& rng, Agenda& agenda, Coverage& coverage, SchedulerDoor& door);

  void start();
  void on_send(const engine::Send& message);  // leaves the scheduler now
  void on_sessions_closed();
  std::string worker_of(base::SessionId session) const;

  void kill(std::size_t worker);    // and starts again with nothing
  void freeze(std::size_t worker);  // for up to twice the lease
  void leave(std::size_t worker);   // is shut down in good order, and starts again
  void end_faults();
  std::size_t size() const { return workers_.size(); }

 private:
  enum class State { kPreparing, kRunning, kReported };
  struct Attempt {
    engine::Assign assign;
    State state = State::kPreparing;
    bool stopping = false;  // was told to stop
    bool hangs = false;     // and does not
    std::optional<engine::AttemptFinished> report;
    base::WallTime started_at{};
  };
  struct Worker {
    engine::WorkerInfo info;
    base::SessionId session;
    std::map<engine::AttemptKey, Attempt> held;
    std::uint64_t life = 0;  // counts starts: plans of an earlier life are void
    bool alive = true;
    bool draining = false;
    bool leaving = false;  // is being shut down
    Duration frozen_until{};
  };
  struct Session {
    std::size_t worker = 0;
    bool up = true;
    Duration to_scheduler{}, to_worker{};  // when the latest message arrives
  };

  // Runs `action` in the worker's present life, once it is not frozen.
  void plan(std::size_t worker, Duration delay, std::function<void(Worker&)> action);
  void awake(std::size_t worker, std::uint64_t life, const std::function<void(Worker&)>& action);
  void connect(Worker& worker);
  void lose_session(Worker& worker);
  void drop(base::SessionId session);
  void beat(Worker& worker, base::SessionId session);
  void say(Worker& worker, ports::CommandBody body);
  void hear(Worker& worker, base::SessionId session, const engine::Send& message);

  void assign(Worker& worker, const engine::Assign& assign);
  void launch_next(Worker& worker);
  void launch(Worker& worker, Attempt& attempt);
  void finish(Worker& worker, Attempt& attempt, engine::AttemptFinished report);
  void report(Worker& worker, Attempt& attempt);
  void stop(Worker& worker, const engine::Stop& message);
  void release(Worker& worker, const engine::AttemptKey& key, const std::string& why);
  void upload(Worker& worker, const engine::NeedArtifacts& message);
  void end_upload(Worker& worker, const engine::NeedArtifacts& message);
  void set_draining(Worker& worker, bool draining);
  void give_back(Worker& worker, const std::string& why);
  static std::vector<engine::AttemptKey> held_by(const Worker& worker);

  engine::AttemptFinished outcome_of(const Attempt& attempt);
  void add_success(const module::StageSpec& stage, const Attempt& attempt,
                   engine::AttemptFinished& report);
  void add_outputs(const module::StageSpec& stage, const Attempt& attempt,
                   engine::AttemptFinished& report);
  void count(const engine::AttemptFinished& report);
  std::size_t index_of(const Worker& worker) const {
    return std::size_t(&worker - workers_.data());
  }
  Duration run_time();
  Duration latency();

  const Profile& profile_;
  Rng& rng_;
  Agenda& agenda_;
  Coverage& coverage_;
  SchedulerDoor& door_;
  std::vector<Worker> workers_;
  std::map<base::SessionId, Session> sessions_;
  std::uint64_t last_session_ = 0;
  bool calm_ = false;
};

}  // namespace weir::simulation
