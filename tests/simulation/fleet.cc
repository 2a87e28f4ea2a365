// Simulated workers: sessions and the network. See fleet.h; what attempts do is in executors.cc.
// What was planned for one life of a worker is void in the next, and a frozen one does it later. On
// the simulation's one thread; the scheduler is reached through its door only.
#include "tests/simulation/fleet.h"

#include <utility>

namespace weir::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

Fleet::Fleet(const Profile& profile, Rng& rng, Agenda& agenda, Coverage& coverage,
             SchedulerDoor& door)
    : profile_(profile), rng_(rng), agenda_(agenda), coverage_(coverage), door_(door) {
  for (std::size_t i = 0; i < profile.workers.size(); ++i) {
    Worker worker;
    worker.info.id = worker.info.name = "w" + std::to_string(i + 1);
    worker.info.slots = profile.workers[i].slots;
    worker.info.prefetch = profile.workers[i].prefetch;
    workers_.push_back(std::move(worker));
  }
}

void Fleet::start() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    plan(i, rng_.between(Duration(0), Duration(seconds(5))), [this](Worker& w) { connect(w); });
  }
}

std::string Fleet::worker_of(base::SessionId session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? "?" : workers_[found->second.worker].info.id;
}

Duration Fleet::latency() {
  return rng_.chance(0.02) ? rng_.between(Duration(milliseconds(50)), Duration(seconds(2)))
                           : rng_.between(Duration(microseconds(100)), Duration(milliseconds(10)));
}

std::vector<engine::AttemptKey> Fleet::held_by(const Worker& worker) {
  std::vector<engine::AttemptKey> keys;
  for (const auto& [key, attempt] : worker.held) keys.push_back(key);
  return keys;
}

void Fleet::plan(std::size_t worker, Duration delay, std::function<void(Worker&)> action) {
  agenda_.in(delay, [this, worker, life = workers_[worker].life, action = std::move(action)] {
    awake(worker, life, action);
  });
}

void Fleet::awake(std::size_t worker, std::uint64_t life,
                  const std::function<void(Worker&)>& action) {
  Worker& its = workers_[worker];
  if (its.life != life || !its.alive) return;
  if (its.frozen_until <= agenda_.now()) return action(its);
  agenda_.at(its.frozen_until, [this, worker, life, action] { awake(worker, life, action); });
}

void Fleet::connect(Worker& worker) {
  if (worker.session) return;
  const std::size_t index = index_of(worker);
  if (!door_.reachable()) {
    return plan(index, rng_.between(Duration(milliseconds(100)), Duration(seconds(3))),
                [this](Worker& w) { connect(w); });
  }
  worker.session = base::SessionId{++last_session_};
  sessions_[worker.session] = {index, true, agenda_.now(), agenda_.now()};
  worker.draining = false;  // until the scheduler says otherwise
  say(worker, engine::ConnectWorker{worker.session, worker.info, held_by(worker)});
  for (auto& [key, attempt] : worker.held) {
    if (attempt.state == State::kReported) report(worker, attempt);
  }
  beat(worker, worker.session);
}

// The session that the beat belongs to: a reconnected worker beats in its new one.
void Fleet::beat(Worker& worker, base::SessionId session) {
  plan(index_of(worker), profile_.options.heartbeat, [this, session](Worker& w) {
    if (w.session != session) return;
    say(w, engine::Heartbeat{session, held_by(w), w.leaving});
    // A report may have been lost on its way.
    for (auto& [key, attempt] : w.held) {
      if (attempt.state == State::kReported) report(w, attempt);
    }
    beat(w, session);
  });
}

void Fleet::say(Worker& worker, ports::CommandBody body) {
  if (!worker.session) return;
  Session& session = sessions_[worker.session];
  const bool hello = std::holds_alternative<engine::ConnectWorker>(body);
  if (!calm_ && !hello && rng_.chance(profile_.rates.session_dropped)) {
    return drop(worker.session);
  }
  if (!calm_ && !hello && rng_.chance(profile_.rates.lost)) {
    return coverage_.add(Seen::kMessageLost);
  }
  const int copies = !calm_ && !hello && rng_.chance(profile_.rates.duplicated) ? 2 : 1;
  if (copies == 2) coverage_.add(Seen::kMessageDuplicated);
  for (int i = 0; i < copies; ++i) {
    session.to_scheduler = std::max(session.to_scheduler, agenda_.now() + latency());
    agenda_.at(session.to_scheduler, [this, id = worker.session, body] {
      if (sessions_[id].up) door_.deliver(body);
    });
  }
}

void Fleet::on_send(const engine::Send& message) {
  const auto found = sessions_.find(message.session);
  if (found == sessions_.end() || !found->second.up) return;
  Session& session = found->second;
  if (!calm_ && rng_.chance(profile_.rates.session_dropped)) return drop(message.session);
  if (!calm_ && rng_.chance(profile_.rates.lost)) return coverage_.add(Seen::kMessageLost);
  const int copies = !calm_ && rng_.chance(profile_.rates.duplicated) ? 2 : 1;
  if (copies == 2) coverage_.add(Seen::kMessageDuplicated);
  for (int i = 0; i < copies; ++i) {
    session.to_worker = std::max(session.to_worker, agenda_.now() + latency());
    const std::size_t worker = session.worker;
    agenda_.at(session.to_worker, [this, worker, message, life = workers_[worker].life] {
      awake(worker, life, [this, message](Worker& w) {
        const auto its = sessions_.find(message.session);
        if (its != sessions_.end() && its->second.up) hear(w, message.session, message);
      });
    });
  }
}

// What is under way is lost; each side notices in its own time, the scheduler perhaps never.
void Fleet::drop(base::SessionId id) {
  Session& session = sessions_[id];
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
  plan(session.worker, rng_.between(Duration(0), Duration(seconds(8))), [this, id](Worker& w) {
    if (w.session == id) lose_session(w);
  });
}

void Fleet::lose_session(Worker& worker) {
  worker.session = {};
  // Now and then it is away for longer than its lease.
  const bool long_away = !calm_ && rng_.chance(0.25);
  const Duration wait = long_away ? rng_.between(Duration(seconds(25)), Duration(seconds(60)))
                                  : rng_.between(Duration(0), Duration(seconds(4)));
  plan(index_of(worker), wait, [this](Worker& w) { connect(w); });
}

void Fleet::on_sessions_closed() {
  for (auto& [id, session] : sessions_) {
    if (!session.up) continue;
    session.up = false;
    plan(session.worker, rng_.between(Duration(0), Duration(seconds(3))),
         [this, closed = id](Worker& w) {
           if (w.session == closed) lose_session(w);
         });
  }
}

void Fleet::kill(std::size_t index) {
  Worker& worker = workers_[index];
  if (calm_ || !worker.alive) return;
  coverage_.add(Seen::kWorkerDied);
  if (worker.session) drop(worker.session);
  worker.session = {};
  worker.held.clear();
  worker.draining = worker.leaving = false;
  worker.alive = false;
  ++worker.life;
  agenda_.in(rng_.between(Duration(seconds(1)), Duration(seconds(50))), [this, index] {
    workers_[index].alive = true;
    connect(workers_[index]);
  });
}

void Fleet::freeze(std::size_t index) {
  if (calm_) return;
  coverage_.add(Seen::kWorkerFroze);
  workers_[index].frozen_until =
      agenda_.now() + rng_.between(Duration(seconds(5)), 2 * profile_.options.lease);
}

void Fleet::leave(std::size_t index) {
  Worker& worker = workers_[index];
  if (calm_ || !worker.alive || worker.leaving) return;
  coverage_.add(Seen::kWorkerLeft);
  worker.leaving = true;
  say(worker, engine::Heartbeat{worker.session, held_by(worker), true});
  give_back(worker, "the worker stops");
  plan(index, seconds(60), [this, index](Worker&) { kill(index); });
}

void Fleet::end_faults() {
  calm_ = true;
  for (Worker& worker : workers_) worker.leaving = false;
}

void Fleet::hear(Worker& worker, base::SessionId session, const engine::Send& sent) {
  if (worker.session != session) return;
  const auto& message = sent.message;
  if (const auto* its = std::get_if<engine::Assign>(&message)) {
    assign(worker, *its);
  } else if (const auto* halt = std::get_if<engine::Stop>(&message)) {
    stop(worker, *halt);
  } else if (const auto* ack = std::get_if<engine::Acknowledge>(&message)) {
    worker.held.erase(ack->key);
    launch_next(worker);
  } else if (const auto* need = std::get_if<engine::NeedArtifacts>(&message)) {
    upload(worker, *need);
  } else if (const auto* revoke = std::get_if<engine::Revoke>(&message)) {
    release(worker, revoke->key, "revoked");
  } else if (const auto* drain = std::get_if<engine::SetDraining>(&message)) {
    set_draining(worker, drain->draining);
  } else if (std::holds_alternative<engine::CloseSession>(message)) {
    sessions_[session].up = false;
    lose_session(worker);
  }
}

}  // namespace weir::simulation
