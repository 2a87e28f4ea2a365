// The machine that the scheduler runs on: see scheduler_host.h. Faults come through the hooks of
// the store in memory; a crash drops the Turn wherever it is and starts another from the tables
// later. After every batch the engine is compared with what the tables restore. One thread, virtual
// time.
#include "tests/simulation/scheduler_host.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/errors.h"
#include "engine/text/format.h"
#include "scheduler/zones/zones.h"
#include "tests/simulation/failure.h"
#include "tests/simulation/schedules/schedule_world.h"

namespace weir::simulation {
namespace {

using base::Code;
using base::Status;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t kBatchMax = 16;
constexpr Duration kBootAtFirst = std::chrono::hours(100);
constexpr Duration kLeaseSlack = seconds(1);  // of a deadline that is met by the next batch

Status injected() { return {Code::kUnavailable, base::kErrStore, "injected fault"}; }

}  // namespace

base::Result<std::unique_ptr<ports::BlobWriter>> Blobs::create(const base::Digest&,
                                                               engine::ArtifactKind, std::int64_t) {
  return Status(Code::kUnimplemented, base::kErrInternal, "the simulation adds blobs whole");
}

base::Result<std::vector<ports::BlobFile>> Blobs::files(const base::Digest&) {
  return Status(Code::kUnimplemented, base::kErrInternal, "the simulation keeps no bytes");
}

SchedulerHost::SchedulerHost(const Profile& profile, Rng& rng, Agenda& agenda, Coverage& coverage,
                             Outside& outside, bool trace)
    : profile_(profile),
      rng_(rng),
      agenda_(agenda),
      coverage_(coverage),
      outside_(outside),
      trace_(trace),
      audit_(store_.tables(), blobs_, coverage, profile.notices),
      schedules_(store_.tables(), coverage),
      alerts_(store_.tables(), coverage),
      freshness_(store_.tables(), coverage,
                 [this](const engine::RunRow& run, const std::string& asset) {
                   return audit_.will_make(run, asset);
                 }),
      promises_(store_, coverage),
      restored_(profile.options),
      power_cuts_at_start_(profile.power_cuts_at_start),
      damages_(profile.damages),
      boot_offset_(kBootAtFirst) {
  if (profile.notices) write_rules();
  store_.keep_unsynced(true);
  hook_store();
}

void SchedulerHost::write_rules() {
  bool written = store_.begin().ok();
  for (const engine::AlertRuleRow& rule : alert_rules()) {
    written = written && store_.write(rule).ok();
  }
  written = written && store_.commit(engine::Durability::kSync).ok();
  expect(written, "the store does not take rules");
}

base::Now SchedulerHost::now() const {
  return {profile_.wall_start + wall_offset_ + agenda_.now(),
          base::BootTime(boot_offset_ + agenda_.now())};
}

void SchedulerHost::step_wall(Duration by) {
  if (calm_) return;
  coverage_.add(Seen::kWallStepped);
  if (std::chrono::abs(by) > minutes(10)) coverage_.add(Seen::kFarStep);
  wall_offset_ += by;
  wall_offset_max_ = std::max(wall_offset_max_, wall_offset_);
  plan_wake();
}

void SchedulerHost::end_faults() {
  calm_ = true;
  crash_in_ = -1;  // one that was due
  crash_at_sync_ = power_cut_ = false;
  if (!profile_.far_steps) return;
  // Whatever was to start by a clock that was ahead would wait for it.
  wall_offset_ = wall_offset_max_;
  if (up()) die();
}

void SchedulerHost::fill_disk(Duration length) { disk_full_until_ = agenda_.now() + length; }

Status SchedulerHost::admission() {
  if (calm_ || agenda_.now() >= disk_full_until_) return {};
  return {Code::kResourceExhausted, base::kErrDiskFull, "the simulated disk is full"};
}

void SchedulerHost::check_admitted(const engine::Record& record) const {
  if (calm_ || agenda_.now() >= disk_full_until_) return;
  const auto* run = std::get_if<engine::RunRow>(&record);
  if (run == nullptr) return;
  const engine::RunRow* old = store_.tables().runs.find(run->id);
  // Those of schedules and policies are asked for by nobody who could be refused.
  expect(old != nullptr || run->origin.kind == engine::OriginKind::kSchedule ||
             run->origin.kind == engine::OriginKind::kFreshness,
         "a run was accepted while the disk was full");
  if (old == nullptr) coverage_.add(Seen::kQueuedForDisk);
  const bool waits = run->queued_for != engine::QueueReason::kNone || engine::terminal(run->state);
  const bool waited = old == nullptr || old->queued_for != engine::QueueReason::kNone;
  expect(waits || !waited, "a run began while the disk was full");
}

void SchedulerHost::hook_store() {
  const Rates& rates = profile_.rates;
  const auto strikes = [this](double rate) { return !calm_ && rng_.chance(rate); };
  sdk_impl::FaultHooks hooks;
  hooks.on_begin = [this, strikes, &rates]() -> Status {
    operation(Seen::kCrashWhileIdle);
    audit_.on_begin();
    schedules_.on_begin();
    alerts_.on_begin();
    freshness_.on_begin();
    if (!strikes(rates.begin_failed)) return {};
    coverage_.add(Seen::kBeginFailed);
    return injected();
  };
  hooks.on_write = [this, strikes, &rates](const engine::Record& record) -> Status {
    operation(Seen::kCrashInTransaction);
    if (strikes(rates.write_failed)) {
      coverage_.add(Seen::kWriteFailed);
      return injected();
    }
    audit_.on_write(record);
    schedules_.on_write(record);
    alerts_.on_write(record);
    freshness_.on_write(record);
    check_admitted(record);
    return {};
  };
  hooks.on_commit = [this](engine::Durability durability) { return begin_commit(durability); };
  hooks.on_sync = [this] {
    if (std::exchange(crash_at_sync_, false)) crash_in_ = 0;
    operation(Seen::kCrashBeforeSync);
    in_commit_ = true;
  };
  store_.set_hooks(std::move(hooks));
}

sdk_impl::CommitFault SchedulerHost::begin_commit(engine::Durability durability) {
  const auto strikes = [this](double rate) { return !calm_ && rng_.chance(rate); };
  operation(Seen::kCrashInTransaction);
  audit_.on_commit(store_.damaged());
  schedules_.on_commit(now(), store_.damaged());
  alerts_.on_commit();
  freshness_.on_commit(now(), store_.damaged());
  if (strikes(profile_.rates.commit_failed_before)) {
    coverage_.add(Seen::kCommitFailedBefore);
    return sdk_impl::CommitFault::kFailedBefore;
  }
  const bool sync = durability == engine::Durability::kSync;
  coverage_.add(sync ? Seen::kCommits : Seen::kLazyCommits);
  in_commit_ = !sync;
  if (!strikes(profile_.rates.commit_failed_after)) return sdk_impl::CommitFault::kNone;
  coverage_.add(Seen::kCommitFailedAfter);
  return sdk_impl::CommitFault::kFailedAfter;
}

// Every place where a process can die counts down to the crash that is due.
void SchedulerHost::operation(Seen where) {
  if (crash_in_ < 0 || crash_in_-- > 0) return;
  coverage_.add(in_commit_ ? Seen::kCrashAfterCommit : where);
  throw Crash{};
}

void SchedulerHost::start() { restart(); }

void SchedulerHost::restart() {
  turn_ = std::make_unique<loop::Turn>(
      profile_.options, store_,
      loop::TurnPorts{*this,
                      [this](const engine::Reply& answer) { reply(answer); },
                      [this](const engine::OutboxRow& row) {
                        operation(Seen::kCrashAfterCommit);
                        outside_.on_outbox(row);
                        return true;
                      },
                      &blobs_,
                      [this] { return admission(); },
                      {},
                      {},
                      zones::shared_zone});
  ++life_;
  loaded_at_ = agenda_.now();
  planned_ = false;
  trace("scheduler starts");
  promises_.check();
  try {
    const Status status = turn_->start(now());
    expect(status.ok(), "the scheduler does not start: " + status.text());
    if (!turn_->open()) coverage_.add(Seen::kStartedClosed);
    if (!turn_->quarantined().empty()) coverage_.add(Seen::kQuarantined);
    schedules_.restored(now(), agenda_.now());
    count_restored();
    if (turn_->open()) promises_.follow();
    check_restored();
  } catch (const Crash&) {
    return die();
  }
  plan_wake();
  // Before anything of its own has been synced.
  if (calm_ || life_ == 1 || power_cuts_at_start_ == 0) return;
  --power_cuts_at_start_;
  agenda_.in(rng_.between(Duration(0), Duration(seconds(1))), [this, life = life_] {
    if (life != life_ || !up() || calm_) return;
    power_cut_ = true;
    die();
  });
}

void SchedulerHost::count_restored() {
  coverage_.add(Seen::kRestoredQueued, std::ssize(turn_->engine().state().queue.runs()));
  for (const auto& [name, schedule] : turn_->engine().state().schedules) {
    if (!schedule.waiting.empty()) coverage_.add(Seen::kRestoredOverlap);
  }
  for (const auto& [id, run] : turn_->engine().state().runs) {
    if (run.row.state == engine::RunState::kCanceling) coverage_.add(Seen::kRestoredCanceling);
    for (const auto& task : run.tasks) {
      if (std::holds_alternative<engine::UpForRetry>(task.phase)) {
        coverage_.add(Seen::kRestoredRetry);
      } else if (const auto* leased = std::get_if<engine::Leased>(&task.phase)) {
        coverage_.add(leased->attempt->started_at ? Seen::kRestoredRunning : Seen::kRestoredLeased);
      } else if (const auto* ready = std::get_if<engine::Ready>(&task.phase)) {
        coverage_.add(ready->adoptable ? Seen::kRestoredAdoptable : Seen::kRestoredReady);
      }
    }
  }
}

void SchedulerHost::post(ports::CommandBody body) {
  if (!up()) return;
  inbox_.push_back(std::move(body));
  if (!planned_) plan_work(rng_.between(Duration(microseconds(100)), Duration(milliseconds(5))));
}

void SchedulerHost::plan_work(Duration delay) {
  planned_ = true;
  agenda_.in(delay, [this, life = life_] {
    if (life == life_ && up()) work();
  });
}

// Something is due without a command.
void SchedulerHost::plan_wake() {
  if (!up() || planned_) return;
  if (!inbox_.empty()) return plan_work(rng_.between(Duration(0), Duration(milliseconds(2))));
  std::optional<base::BootTime> due;
  const auto sooner = [&](const std::optional<base::BootTime>& at) {
    if (at && (!due || *at < *due)) due = at;
  };
  sooner(turn_->lazy_deadline());
  sooner(turn_->reopen_deadline());
  std::optional<Duration> wait;
  if (due) wait = std::max(Duration(0), *due - now().boot);
  const auto engine_wait =
      turn_->open() ? turn_->engine().next_deadlines().wait(now()) : std::optional<Duration>();
  if (engine_wait && (!wait || *engine_wait < *wait)) wait = engine_wait;
  if (!wait) return;
  // Only the latest plan to wake counts.
  agenda_.in(*wait, [this, life = life_, wake = ++wake_] {
    if (life == life_ && up() && !planned_ && wake == wake_) work();
  });
}

void SchedulerHost::work() {
  planned_ = false;
  in_commit_ = false;
  try {
    run_batch();
    ++steps_;
    check_step();
  } catch (const Crash&) {
    return die();
  }
  plan_wake();
}

// As the loop does it: what has arrived, then the deadlines.
void SchedulerHost::run_batch() {
  const base::Now taken = now();
  if (turn_->open()) schedules_.observe(taken, agenda_.now());
  std::vector<engine::Command> batch;
  const std::int64_t limit = rng_.between(1, kBatchMax);
  while (!inbox_.empty() && std::ssize(batch) < limit) {
    batch.push_back({taken, rng_.next(), std::move(inbox_.front())});
    inbox_.pop_front();
  }
  if (const auto at = turn_->reopen_deadline(); at && *at <= taken.boot) {
    turn_->reopen(taken);
    schedules_.restored(taken, agenda_.now());
  }
  if (turn_->open()) {
    if (turn_->engine().next_deadlines().passed(taken)) {
      batch.push_back({taken, rng_.next(), engine::FireTimers{}});
    }
    const auto lazy = turn_->lazy_deadline();
    if (batch.empty() && lazy && *lazy <= taken.boot) turn_->flush_lazy(taken);
  }
  for (const auto& command : batch) trace(engine::to_text(command));
  const std::int64_t refused = turn_->stats().refused;
  turn_->run(batch, taken);
  if (!turn_->open()) return;
  if (turn_->disk_full()) coverage_.add(Seen::kAdmissionRefused, turn_->stats().refused - refused);
  promises_.follow();  // people read at any time
  if (std::exchange(reloaded_, false)) promises_.check();
}

void SchedulerHost::check_step() {
  if (!turn_->open()) return;
  turn_->engine().check_invariants();
  schedules_.check(now(), agenda_.now());
  freshness_.check(now(), agenda_.now());
  for (const auto& [id, worker] : turn_->engine().state().workers) {
    const auto room = worker.row.slots + worker.prefetch;
    expect_that(!worker.session || std::ssize(worker.leases) <= room, [&, name = id] {
      return "worker " + name + " was given more than it has room for";
    });
    if (std::ssize(worker.leases) > worker.row.slots) coverage_.add(Seen::kLeasedAhead);
    expect_that(worker.leases.empty() || now().boot <= worker.lease_until + kLeaseSlack,
                [&, name = id] { return "the leases of worker " + name + " outlive their term"; });
  }
  if (!turn_->engine().state().parked.empty()) coverage_.add(Seen::kParked);
  for (const auto& [id, run] : turn_->engine().state().runs) {
    if (run.row.state == engine::RunState::kCanceling) check_stops(run);
  }
  if (!turn_->lazy_deadline()) check_restored();
}

// G7: whoever does not stop in time is fenced, also after a restart.
void SchedulerHost::check_stops(const engine::Run& run) const {
  for (const auto& task : run.tasks) {
    const auto* leased = std::get_if<engine::Leased>(&task.phase);
    expect_that(leased == nullptr || leased->stop_deadline.has_value(), [&] {
      return "an attempt of a canceled run is given no time to end in: " + run.row.id.text();
    });
  }
}

void SchedulerHost::check_restored() {
  if (!up() || !turn_->open()) return;
  if (turn_->lazy_deadline()) turn_->flush_lazy(now());
  const auto snapshot = store_.restore();
  expect(snapshot.ok(), "the store does not restore");
  restored_.restore(*snapshot, now());
  restored_.check_invariants();
  const std::string live = turn_->engine().durable_text(), stored = restored_.durable_text();
  if (live == stored) return check_same_schedules();
  fail("the tables restore another state.\nlive:\n" + live + "restored:\n" + stored);
}

// A restart must find each schedule as far as it has come, with the runs that it waits for. The
// engine that is restored here has no zones: what fires is the live one's to say.
void SchedulerHost::check_same_schedules() const {
  const engine::State& live = turn_->engine().state();
  if (live.rebase) return;  // it is being found out
  const auto next = [](const engine::Schedule& of, const engine::Schedule& by) {
    const auto found = by.occurrences()->next_after(of.until);
    return found ? std::optional(found->at) : std::nullopt;
  };
  for (const auto& [full_name, its] : live.schedules) {
    const std::string& name = full_name;
    const engine::Schedule& schedule = its;
    const engine::Schedule& stored = restored_.state().schedules.at(name);
    const auto runs_of = [](const engine::Schedule& of) {
      std::set<base::RunId> runs(of.live.begin(), of.live.end());
      runs.insert(of.waiting.begin(), of.waiting.end());
      return runs;
    };
    auto runs = runs_of(schedule), stored_runs = runs_of(stored);
    for (const auto& [id, why] : live.withdrawn) runs.erase(id), stored_runs.erase(id);
    for (const auto& [id, why] : restored_.state().withdrawn) runs.erase(id), stored_runs.erase(id);
    expect_that(runs == stored_runs,
                [&] { return "a restart finds other runs of schedule " + name; });
    if (!schedule.fires() || restored_.state().rebase) continue;
    expect_that(schedule.ahead == stored.ahead,
                [&] { return "a restart finds other times of schedule " + name + " ahead"; });
    expect_that(next(schedule, schedule) == next(stored, schedule), [&] {
      return "a restart finds schedule " + name + " at " + time_text(stored.until) +
             " and not at " + time_text(schedule.until);
    });
  }
}

void SchedulerHost::crash_soon(bool power_cut) {
  if (calm_ || crash_in_ >= 0 || crash_at_sync_) return;
  power_cut_ = power_cut;
  // Power does not wait for something to be done.
  if (power_cut && up() && rng_.chance(0.5)) {
    coverage_.add(Seen::kCrashWhileIdle);
    return die();
  }
  if (rng_.chance(0.3)) {
    crash_at_sync_ = true;
  } else {
    crash_in_ = int(rng_.between(0, 40));
  }
  // Nothing may be happening: then it dies while idle.
  agenda_.in(seconds(5), [this, life = life_] {
    if (life != life_ || (crash_in_ < 0 && !crash_at_sync_) || !up()) return;
    coverage_.add(Seen::kCrashWhileIdle);
    die();
  });
}

void SchedulerHost::die() {
  trace(power_cut_ ? "power cut" : "scheduler dies");
  crash_in_ = -1;
  crash_at_sync_ = false;
  in_commit_ = false;
  ++life_;
  turn_.reset();
  schedules_.died();
  freshness_.died();
  inbox_.clear();
  store_.crash();
  if (std::exchange(power_cut_, false)) lose_power();
  blobs_.lose_unsynced();
  if (damages_ > 0) damage_a_run();
  outside_.on_sessions_closed();
  agenda_.in(rng_.between(Duration(milliseconds(200)), Duration(seconds(45))),
             [this] { restart(); });
}

void SchedulerHost::lose_power() {
  coverage_.add(Seen::kPowerCut);
  const auto unsynced = std::int64_t(store_.unsynced());
  const std::int64_t survivors = rng_.between(0, unsynced);
  if (survivors < unsynced) coverage_.add(Seen::kPowerCutLostCommits);
  if (survivors > 0) coverage_.add(Seen::kPowerCutSparedCommits);
  store_.power_cut(std::size_t(survivors));
  if (blobs_.lose_unsynced() > 0) coverage_.add(Seen::kPowerCutLostBlobs);
  boot_offset_ = Duration(seconds(20)) - agenda_.now();
}

void SchedulerHost::damage_a_run() {
  std::vector<base::RunId> live;
  for (const auto& [id, run] : store_.tables().runs.rows()) {
    if (!engine::terminal(run.state) && !set_aside(id)) live.push_back(id);
  }
  if (live.empty()) return;
  --damages_;
  store_.damage(rng_.pick(live));
}

void SchedulerHost::send(const engine::Send& message) {
  operation(Seen::kCrashAfterCommit);
  trace("  -> " + outside_.worker_of(message.session) + " " +
        engine::to_text(engine::Effects{{}, {}, {message}, {}}));
  promises_.sent(message, outside_.worker_of(message.session));
  outside_.on_send(message);
}

void SchedulerHost::reply(const engine::Reply& answer) {
  operation(Seen::kCrashAfterCommit);
  outside_.on_reply(answer);
}

void SchedulerHost::batch_committed(std::int64_t) {
  operation(Seen::kCrashAfterCommit);
  promises_.follow();
}

void SchedulerHost::close_all_sessions(const Status& reason) {
  trace("closes all sessions: " + reason.text());
  loaded_at_ = agenda_.now();
  reloaded_ = true;
  freshness_.died();
  schedules_.restored(now(), agenda_.now());
  outside_.on_sessions_closed();
}

void SchedulerHost::trace(const std::string& text) const {
  if (!trace_) return;
  std::printf("%10.3f %s\n", double(agenda_.now().count()) / 1e6, text.c_str());
}

}  // namespace weir::simulation
