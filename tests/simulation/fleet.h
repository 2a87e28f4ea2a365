// The simulated workers together, and the network between them and the scheduler: streams that keep
// their order and break, with the flow of real sessions before them, machines that die, freeze and
// are shut down. Also the judge of side
// effects, of which a task may have one attempt at a time, whatever happens. Virtual time only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/effects.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/door.h"
#include "tests/simulation/profile.h"
#include "tests/simulation/rng.h"
#include "tests/simulation/sent_messages.h"
#include "tests/simulation/worker_node.h"

namespace weir::simulation {

class Fleet final : private Surroundings {
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
  struct Session {
    WorkerNode* worker = nullptr;
    bool up = true;
    Duration to_scheduler{}, to_worker{};  // when the latest message arrives
    SentFlow flow;
    bool closing = false;  // once all is sent
  };

  void say(WorkerNode& worker, ports::CommandBody body) override;
  void plan(WorkerNode& worker, Duration delay, std::function<void()> action) override;
  void begin_side_effects(const engine::AttemptKey& key) override;
  void end_side_effects(const engine::AttemptKey& key) override;
  void give_up(WorkerNode& worker) override;

  void awake(WorkerNode& worker, std::uint64_t life, const std::function<void()>& action);
  void connect(WorkerNode& worker);
  void lose_session(WorkerNode& worker);
  void drop(base::SessionId session);
  void restart(WorkerNode& worker);
  void arrive(base::SessionId session, const ports::CommandBody& body, Duration sent_at);
  // In order, after what is under way; void when the session is down by then.
  void to_worker(base::SessionId session, std::function<void(WorkerNode&)> action);
  // Sends what is ready unless a frame is under way.
  void pump(base::SessionId session);
  void load_inputs(base::SessionId session, std::shared_ptr<SentFlow::Item> item, Duration delay);
  void cut_off(base::SessionId session);
  SentFlow::Instant instant() const { return SentFlow::Instant(agenda_.now()); }
  Duration latency();

  const Profile& profile_;
  Rng& rng_;
  Agenda& agenda_;
  Coverage& coverage_;
  SchedulerDoor& door_;
  std::vector<std::unique_ptr<WorkerNode>> workers_;
  std::map<base::SessionId, Session> sessions_;
  std::map<std::pair<base::RunId, std::int32_t>, engine::AttemptKey> side_effects_;  // under way
  std::uint64_t last_session_ = 0;
  bool calm_ = false;
};

}  // namespace weir::simulation
