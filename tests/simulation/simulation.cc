// One seed: see simulation.h. Joins host, fleet and people, plans the faults, and gives the
// verdict: every run, request and notice must come to an end in the calm time, and every cancel in
// its own. One thread; it judges by the tables and never by the engine.
#include "tests/simulation/simulation.h"

#include <algorithm>

#include "engine/text/record_text.h"
#include "tests/simulation/failure.h"
#include "tests/simulation/schedules/schedule_world.h"

namespace weir::simulation {
namespace {

using engine::RunState;
using engine::TaskState;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kCalmMax = minutes(40);      // everything ends within this time without faults
constexpr std::int64_t kStepsMax = 20'000;      // no seed has that much to do
constexpr Duration kCancelSlack = seconds(10);  // of commits that fail and are tried again

}  // namespace

Simulation::Simulation(std::uint64_t seed, bool trace)
    : rng_(seed),
      profile_(make_profile(rng_, seed)),
      host_(profile_, rng_, agenda_, coverage_, *this, trace),
      fleet_(profile_, rng_, agenda_, coverage_, *this),
      clients_(
          seed, profile_, rng_, agenda_, coverage_, host_.promises(),
          [this] { return host_.now(); },
          [this](ports::CommandBody body) { host_.post(std::move(body)); },
          [this](const engine::ModuleUpload& upload) { learn(upload); }) {}

void Simulation::learn(const engine::ModuleUpload& upload) {
  manifests_[upload.digest] = upload.manifest;
  host_.audit().learn(upload.digest, upload.manifest);
}

const module::StageSpec& Simulation::stage_of(const engine::Assign& assign) const {
  return manifests_.at(assign.module)->stages.at(std::size_t(assign.stage));
}

void Simulation::deliver(ports::CommandBody body) {
  if (const auto* report = std::get_if<engine::AttemptFinished>(&body)) {
    const auto* task = host_.tables().tasks.find({report->key.run, report->key.task});
    const auto* run = host_.tables().runs.find(report->key.run);
    if (task != nullptr && task->epoch != report->key.epoch) {
      coverage_.add(Seen::kReportOfAnotherEpoch);
    }
    if (run != nullptr && run->state == RunState::kCanceling &&
        report->outcome == engine::OutcomeClass::kSucceeded) {
      coverage_.add(Seen::kSuccessWhileCanceling);
    }
  }
  host_.post(std::move(body));
}

void Simulation::on_outbox(const engine::OutboxRow& row) {
  host_.promises().delivered(row);
  host_.alerts().told(row);
  // What becomes of it is told late, or after the next start; some are refused or given up.
  if (rng_.chance(0.1)) {
    const bool last = rng_.chance(0.3);
    agenda_.in(rng_.between(Duration(milliseconds(5)), Duration(seconds(5))),
               [this, id = row.id, last] {
                 host_.post(engine::OutboxUndelivered{id, "refused", last});
               });
  }
  agenda_.in(rng_.between(Duration(milliseconds(5)), Duration(seconds(20))),
             [this, id = row.id] { host_.post(engine::OutboxDelivered{id}); });
}

void Simulation::plan_faults() {
  const auto sometime = [this] { return rng_.between(Duration(seconds(2)), profile_.length); };
  for (int i = 0; i < profile_.crashes; ++i) {
    agenda_.in(sometime(), [this] { host_.crash_soon(rng_.chance(0.3)); });
  }
  for (int i = 0; i < profile_.wall_steps; ++i) {
    agenda_.in(sometime(), [this] {
      host_.step_wall(profile_.far_steps
                          ? far_step(rng_)
                          : rng_.between(Duration(-minutes(10)), Duration(minutes(10))));
    });
  }
  for (int i = 0; i < profile_.full_disks; ++i) {
    agenda_.in(rng_.between(Duration(0), profile_.length / 2), [this] {
      host_.fill_disk(rng_.between(Duration(seconds(5)), Duration(seconds(40))));
    });
  }
  for (int i = 0; i < profile_.worker_faults; ++i) {
    agenda_.in(sometime(), [this] {
      const auto worker = std::size_t(rng_.below(std::int64_t(fleet_.size())));
      const std::int64_t what = rng_.below(5);
      if (what == 0) return fleet_.leave(worker);
      return what <= 2 ? fleet_.kill(worker) : fleet_.freeze(worker);
    });
  }
}

Coverage Simulation::run() {
  host_.start();
  fleet_.start();
  clients_.start();
  plan_faults();
  while (agenda_.step(profile_.length)) check_cancels();
  host_.end_faults();
  fleet_.end_faults();
  clients_.end_faults();
  const Duration end = agenda_.now() + kCalmMax;
  while (!all_ended() && agenda_.step(end)) check_cancels();
  if (!all_ended()) fail_stuck();
  host_.check_restored();
  host_.check_schedules_at_the_end();
  if (profile_.notices) host_.alerts().at_the_end();
  const auto set_aside = [this](base::RunId run) { return host_.set_aside(run); };
  host_.audit().at_the_end(set_aside);
  host_.promises().at_the_end(profile_.notices);
  count_ends();
  coverage_.add(Seen::kSteps, host_.steps());
  return coverage_;
}

// G7, in virtual time: from the cancel, or from when the tables were last loaded, which gives every
// lease a full term.
void Simulation::check_cancels() {
  expect(host_.steps() < kStepsMax, "the scheduler is kept busy and gets nowhere");
  for (const auto& [id, run] : host_.tables().runs.rows()) {
    if (run.state != RunState::kCanceling || host_.set_aside(id)) {
      canceling_.erase(id);
      continue;
    }
    const auto [begun, fresh] = canceling_.emplace(id, agenda_.now());
    const Duration since = begun->second;
    // What is remembered of a cancel must outlive the scheduler.
    if (fresh && profile_.crashes > 0 && rng_.chance(0.4)) crash_after_cancel();
    const Duration from = std::max(since, host_.loaded_at());
    const Duration limit = profile_.options.cancel_grace + profile_.options.lease + kCancelSlack;
    expect_that(!host_.up() || agenda_.now() - from <= limit,
                [&, run_id = id] { return "the cancel of " + run_id.text() + " does not end"; });
  }
}

void Simulation::crash_after_cancel() {
  agenda_.in(rng_.between(Duration(0), Duration(seconds(10))), [this] { host_.crash_soon(false); });
}

bool Simulation::all_ended() const {
  if (!host_.up() || clients_.waiting()) return false;
  const auto& tables = host_.tables();
  const bool runs = std::all_of(
      tables.runs.rows().begin(), tables.runs.rows().end(),
      [this](const auto& its) { return terminal(its.second.state) || host_.set_aside(its.first); });
  return runs && tables.outbox.rows().empty();
}

void Simulation::count_ends() {
  for (const auto& [key, task] : host_.tables().tasks.rows()) {
    if (task.reason.starts_with("killed its executor")) coverage_.add(Seen::kExecutorKiller);
    if (task.reason.find("lost to the infrastructure") != std::string::npos) {
      coverage_.add(Seen::kInfrastructureSpent);
    }
  }
  for (const auto& [key, attempt] : host_.tables().attempts.rows()) {
    if (attempt.message.starts_with("the cursor moved")) coverage_.add(Seen::kCursorConflict);
    if (attempt.message.ends_with("before the task ended")) {
      coverage_.add(Seen::kCanceledWhileCutOff);
    }
    if (attempt.outcome != engine::OutcomeClass::kCanceled) continue;
    const bool fenced = attempt.message.ends_with("it is fenced");
    coverage_.add(fenced ? Seen::kCancelFenced : Seen::kCanceledInTime);
  }
}

void Simulation::fail_stuck() {
  std::string text = "not everything has ended";
  if (!host_.up()) text += "; the scheduler is down";
  if (clients_.waiting()) text += "; a client waits for an answer";
  for (const auto& [id, run] : host_.tables().runs.rows()) {
    if (!terminal(run.state) && !host_.set_aside(id)) text += "\n  " + engine::record_text(run);
  }
  for (const auto& [key, task] : host_.tables().tasks.rows()) {
    const bool left = !terminal(task.state) && !host_.set_aside(task.run);
    if (left) text += "\n  " + engine::record_text(task);
  }
  for (const auto& [id, row] : host_.tables().outbox.rows()) {
    text += "\n  " + engine::record_text(row);
  }
  fail(text);
}

}  // namespace weir::simulation
