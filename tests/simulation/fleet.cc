// The network between the scheduler and its workers, and what happens to machines: see fleet.h.
// What was planned for one life of a worker is void in the next, and a frozen one does it later. On
// the simulation's one thread; the scheduler is reached through its door only.
#include "tests/simulation/fleet.h"

#include <algorithm>
#include <utility>

#include "engine/text/format.h"
#include "tests/simulation/failure.h"

namespace weir::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kPlenty = 1'000'000;
constexpr std::size_t kInputBytes = 1000;  // that an assignment waits for

// Small enough that the worlds of the simulation meet them.
rpc::FlowLimits flow_limits(bool tight) {
  return {.frame_bytes_max = 500,
          .messages_max = tight ? 2 : kPlenty,
          .bytes_max = kPlenty,
          .messages_hard_max = tight ? 4 : kPlenty,
          .bytes_hard_max = kPlenty,
          .stall_max = seconds(10)};
}

}  // namespace

Fleet::Fleet(const Profile& profile, Rng& rng, Agenda& agenda, Coverage& coverage,
             SchedulerDoor& door)
    : profile_(profile), rng_(rng), agenda_(agenda), coverage_(coverage), door_(door) {
  for (std::size_t i = 0; i < profile.workers.size(); ++i) {
    Surroundings& around = *this;
    workers_.push_back(std::make_unique<WorkerNode>("w" + std::to_string(i + 1), profile.workers[i],
                                                    profile, rng, agenda, coverage, door, around));
  }
}

void Fleet::start() {
  for (const auto& worker : workers_) {
    plan(*worker, rng_.between(Duration(0), Duration(seconds(5))),
         [this, &its = *worker] { connect(its); });
  }
}

std::string Fleet::worker_of(base::SessionId session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? "?" : found->second.worker->info().id;
}

Duration Fleet::latency() {
  return rng_.chance(0.02) ? rng_.between(Duration(milliseconds(50)), Duration(seconds(2)))
                           : rng_.between(Duration(microseconds(100)), Duration(milliseconds(10)));
}

void Fleet::plan(WorkerNode& worker, Duration delay, std::function<void()> action) {
  agenda_.in(delay, [this, &worker, life = worker.life(), action = std::move(action)] {
    awake(worker, life, action);
  });
}

void Fleet::awake(WorkerNode& worker, std::uint64_t life, const std::function<void()>& action) {
  if (worker.life() != life || !worker.alive()) return;
  if (worker.frozen_until() <= agenda_.now()) return action();
  agenda_.at(worker.frozen_until(), [this, &worker, life, action] { awake(worker, life, action); });
}

// ---- sessions ----

void Fleet::connect(WorkerNode& worker) {
  if (worker.session()) return;
  if (!door_.reachable()) {
    return plan(worker, rng_.between(Duration(milliseconds(100)), Duration(seconds(3))),
                [this, &worker] { connect(worker); });
  }
  const base::SessionId id{++last_session_};
  const bool tight = !calm_ && rng_.chance(0.3);
  sessions_.emplace(
      id, Session{&worker, true, agenda_.now(), agenda_.now(), SentFlow(flow_limits(tight))});
  worker.connected(id);
}

void Fleet::say(WorkerNode& worker, ports::CommandBody body) {
  const base::SessionId id = worker.session();
  if (!id) return;
  Session& session = sessions_.at(id);
  const bool hello = std::holds_alternative<engine::ConnectWorker>(body);
  if (!calm_ && !hello && rng_.chance(profile_.rates.session_dropped)) return drop(id);
  session.to_scheduler = std::max(session.to_scheduler, agenda_.now() + latency());
  agenda_.at(session.to_scheduler, [this, id, body = std::move(body), sent_at = agenda_.now()] {
    arrive(id, body, sent_at);
  });
}

void Fleet::arrive(base::SessionId id, const ports::CommandBody& body, Duration sent_at) {
  if (!sessions_.at(id).up || !door_.reachable()) return;
  door_.deliver(body);
  if (!std::holds_alternative<engine::Heartbeat>(body)) return;
  // The session answers by itself: the beat is in the inbox. Also one that the engine has given up
  // while the stream still stands: it need not know yet.
  sessions_.at(id).flow.answer_heartbeat(sent_at.count());
  pump(id);
}

void Fleet::to_worker(base::SessionId id, std::function<void(WorkerNode&)> action) {
  Session& session = sessions_.at(id);
  session.to_worker = std::max(session.to_worker, agenda_.now() + latency());
  WorkerNode& worker = *session.worker;
  agenda_.at(session.to_worker,
             [this, id, &worker, life = worker.life(), action = std::move(action)] {
               awake(worker, life, [this, id, &worker, action] {
                 if (sessions_.at(id).up && worker.session() == id) action(worker);
               });
             });
}

void Fleet::on_send(const engine::Send& message) {
  const base::SessionId id = message.session;
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || !found->second.up || found->second.closing) return;
  if (!calm_ && rng_.chance(profile_.rates.session_dropped)) return drop(id);
  Session& session = found->second;
  if (std::holds_alternative<engine::CloseSession>(message.message)) {
    session.closing = true;
    return pump(id);
  }
  // Its inputs are mostly in the cache.
  const bool loads =
      std::holds_alternative<engine::Assign>(message.message) && rng_.chance(calm_ ? 0.02 : 0.4);
  const auto item = session.flow.add(engine::Send(message), loads ? kInputBytes : 0);
  if (session.flow.overfull(instant())) return cut_off(id);
  if (loads) {
    const Duration most = rng_.chance(0.3) ? Duration(seconds(6)) : Duration(milliseconds(20));
    load_inputs(id, item, rng_.between(Duration(microseconds(50)), most));
  }
  pump(id);
}

void Fleet::load_inputs(base::SessionId id, std::shared_ptr<SentFlow::Item> item, Duration delay) {
  agenda_.in(delay, [this, id, item = std::move(item)] {
    if (!sessions_.at(id).up) return;
    if (item->withdrawn) coverage_.add(Seen::kAssignmentWithdrawn);
    sessions_.at(id).flow.filled(*item);
    pump(id);
  });
}

void Fleet::pump(base::SessionId id) {
  Session& session = sessions_.at(id);
  if (!session.up) return;
  auto frame = session.flow.next_frame(instant());
  if (!frame) {
    if (!session.closing || session.flow.writing() || !session.flow.empty()) return;
    return to_worker(id, [this, id](WorkerNode& worker) {
      sessions_.at(id).up = false;
      lose_session(worker);
    });
  }
  // The next one waits until this one is taken: the windows of the stream are as good as empty when
  // the worker does not read.
  const Duration takes = rng_.between(Duration(microseconds(20)), Duration(milliseconds(5)));
  const Duration reads = std::max(agenda_.now(), session.worker->frozen_until());
  agenda_.at(reads + takes, [this, id] {
    if (!sessions_.at(id).up) return;
    sessions_.at(id).flow.written(instant());
    pump(id);
  });
  to_worker(id, [frame = std::move(*frame)](WorkerNode& worker) {
    if (frame.heard) worker.heard(Duration(*frame.heard));
    for (const engine::Send& message : frame.messages) worker.hear(message);
  });
}

// It does not read what it is sent.
void Fleet::cut_off(base::SessionId id) {
  coverage_.add(Seen::kCutOff);
  Session& session = sessions_.at(id);
  session.up = false;
  agenda_.in(Duration(0), [this, id] {
    door_.deliver(engine::DisconnectWorker{id, "it does not read what it is sent"});
  });
  WorkerNode& worker = *session.worker;
  plan(worker, rng_.between(Duration(0), Duration(seconds(3))), [this, id, &worker] {
    if (worker.session() == id) lose_session(worker);
  });
}

// What is under way is lost; each side notices in its own time, the scheduler perhaps never.
void Fleet::drop(base::SessionId id) {
  Session& session = sessions_.at(id);
  if (!session.up) return;
  session.up = false;
  coverage_.add(Seen::kSessionDropped);
  if (rng_.chance(0.7)) {
    agenda_.in(rng_.between(Duration(0), Duration(seconds(5))), [this, id] {
      door_.deliver(engine::DisconnectWorker{id, "the connection broke"});
    });
  } else {
    coverage_.add(Seen::kHalfOpenSession);
  }
  WorkerNode& worker = *session.worker;
  plan(worker, rng_.between(Duration(0), Duration(seconds(8))), [this, id, &worker] {
    if (worker.session() == id) lose_session(worker);
  });
}

void Fleet::give_up(WorkerNode& worker) {
  const base::SessionId id = worker.session();
  sessions_.at(id).up = false;
  agenda_.in(latency(), [this, id] {
    door_.deliver(engine::DisconnectWorker{id, "the worker connects anew"});
  });
  lose_session(worker);
}

void Fleet::lose_session(WorkerNode& worker) {
  worker.disconnected();
  // Now and then it is away for longer than its lease.
  const bool long_away = !calm_ && rng_.chance(0.25);
  const Duration wait = long_away ? rng_.between(Duration(seconds(25)), Duration(seconds(60)))
                                  : rng_.between(Duration(0), Duration(seconds(4)));
  plan(worker, wait, [this, &worker] { connect(worker); });
}

void Fleet::on_sessions_closed() {
  for (auto& [id, session] : sessions_) {
    if (!session.up) continue;
    session.up = false;
    WorkerNode& worker = *session.worker;
    plan(worker, rng_.between(Duration(0), Duration(seconds(3))), [this, closed = id, &worker] {
      if (worker.session() == closed) lose_session(worker);
    });
  }
}

// ---- side effects ----

void Fleet::begin_side_effects(const engine::AttemptKey& key) {
  coverage_.add(Seen::kSideEffects);
  const auto [other, alone] = side_effects_.emplace(std::pair(key.run, key.task), key);
  expect_that(alone, [&, runs = other->second] {
    return "side effects overlap: " + engine::to_text(key) + " begins while " +
           engine::to_text(runs) + " runs";
  });
}

void Fleet::end_side_effects(const engine::AttemptKey& key) {
  side_effects_.erase(std::pair(key.run, key.task));
}

// ---- machines ----

void Fleet::kill(std::size_t index) {
  WorkerNode& worker = *workers_[index];
  if (calm_ || !worker.alive()) return;
  coverage_.add(Seen::kWorkerDied);
  restart(worker);
}

void Fleet::restart(WorkerNode& worker) {
  if (worker.session()) drop(worker.session());
  worker.die();
  agenda_.in(rng_.between(Duration(seconds(1)), Duration(seconds(50))), [this, &worker] {
    worker.start();
    connect(worker);
  });
}

void Fleet::freeze(std::size_t index) {
  if (calm_) return;
  coverage_.add(Seen::kWorkerFroze);
  workers_[index]->freeze(rng_.between(Duration(seconds(5)), 2 * profile_.options.lease));
}

void Fleet::leave(std::size_t index) {
  WorkerNode& worker = *workers_[index];
  if (calm_ || !worker.alive() || worker.leaving()) return;
  coverage_.add(Seen::kWorkerLeft);
  worker.begin_leaving();
  plan(worker, seconds(60), [this, &worker] {
    worker.end_leaving();
    restart(worker);
  });
}

void Fleet::end_faults() {
  calm_ = true;
  for (const auto& worker : workers_) worker->end_faults();
}

}  // namespace weir::simulation
