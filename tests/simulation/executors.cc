// What simulated workers do with attempts: prepare, run, come to an end by chance, report, stop.
// The other half of Fleet; sessions and the network are in fleet.cc. On the simulation's one
// thread, in virtual time; every chance is drawn from the seed.
#include <algorithm>
#include <utility>

#include "tests/simulation/fleet.h"

namespace weir::simulation {

using engine::OutcomeClass;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

Duration Fleet::run_time() {
  if (profile_.short_attempts) {
    return rng_.between(Duration(microseconds(200)), Duration(milliseconds(15)));
  }
  return rng_.chance(0.1) ? rng_.between(Duration(seconds(10)), Duration(seconds(50)))
                          : rng_.between(Duration(milliseconds(50)), Duration(seconds(8)));
}

void Fleet::assign(Worker& worker, const engine::Assign& message) {
  const auto [held, fresh] = worker.held.try_emplace(message.key);
  if (!fresh) return;
  held->second.assign = message;
  if (worker.draining || worker.leaving) return release(worker, message.key, "draining");
  launch_next(worker);
}

// Executors take what was prepared first, as many as there are slots.
void Fleet::launch_next(Worker& worker) {
  std::int32_t running = 0;
  for (const auto& [key, attempt] : worker.held) running += attempt.state == State::kRunning;
  for (auto& [key, attempt] : worker.held) {
    if (running >= worker.info.slots) return;
    if (attempt.state != State::kPreparing) continue;
    launch(worker, attempt);
    ++running;
  }
}

void Fleet::launch(Worker& worker, Attempt& attempt) {
  attempt.state = State::kRunning;
  attempt.started_at = door_.wall();
  say(worker, engine::AttemptStarted{worker.session, attempt.assign.key, attempt.started_at});
  plan(index_of(worker), run_time(), [this, key = attempt.assign.key](Worker& w) {
    const auto held = w.held.find(key);
    if (held == w.held.end() || held->second.state != State::kRunning) return;
    if (held->second.hangs) return;
    finish(w, held->second, outcome_of(held->second));
  });
}

void Fleet::finish(Worker& worker, Attempt& attempt, engine::AttemptFinished its) {
  its.key = attempt.assign.key;
  its.started_at = attempt.started_at;
  its.finished_at = door_.wall();
  attempt.state = State::kReported;
  attempt.report = std::move(its);
  report(worker, attempt);
  launch_next(worker);
}

void Fleet::report(Worker& worker, Attempt& attempt) {
  attempt.report->session = worker.session;
  say(worker, *attempt.report);
}

void Fleet::stop(Worker& worker, const engine::Stop& message) {
  const auto held = worker.held.find(message.key);
  if (held == worker.held.end()) {
    engine::AttemptFinished unknown;
    unknown.session = worker.session;
    unknown.key = message.key;
    unknown.outcome = OutcomeClass::kCanceled;
    unknown.message = "no such attempt";
    return say(worker, std::move(unknown));
  }
  if (held->second.state == State::kReported) return;  // its report is the answer
  engine::AttemptFinished canceled;
  canceled.outcome = OutcomeClass::kCanceled;
  canceled.message = message.reason;
  if (held->second.state == State::kPreparing) return finish(worker, held->second, canceled);
  if (std::exchange(held->second.stopping, true)) return;
  // The process is given its grace; some hang in the kernel, where no signal ends them.
  held->second.hangs = rng_.chance(0.15);
  const Duration grace = held->second.hangs ? Duration(seconds(200))
                                            : rng_.between(Duration(0), Duration(seconds(10)));
  plan(index_of(worker), grace, [this, key = message.key, canceled](Worker& w) {
    const auto its = w.held.find(key);
    if (its == w.held.end() || its->second.state != State::kRunning) return;
    finish(w, its->second, canceled);
  });
}

void Fleet::release(Worker& worker, const engine::AttemptKey& key, const std::string& why) {
  const auto held = worker.held.find(key);
  if (held == worker.held.end() || held->second.state != State::kPreparing) return;
  worker.held.erase(held);
  coverage_.add(Seen::kReleased);
  say(worker, engine::AttemptReleased{worker.session, key, why});
}

void Fleet::upload(Worker& worker, const engine::NeedArtifacts& message) {
  plan(index_of(worker), rng_.between(Duration(milliseconds(10)), Duration(seconds(3))),
       [this, message](Worker& w) {
         if (!door_.reachable()) return upload(w, message);
         for (const auto& digest : message.digests) door_.begin_upload(digest);
         plan(index_of(w), rng_.between(Duration(milliseconds(1)), Duration(seconds(2))),
              [this, message](Worker& its) { end_upload(its, message); });
       });
}

void Fleet::end_upload(Worker& worker, const engine::NeedArtifacts& message) {
  bool there = true;
  for (const auto& digest : message.digests) there = door_.end_upload(digest) && there;
  if (!there) return upload(worker, message);
  const auto held = worker.held.find(message.key);
  if (held == worker.held.end() || held->second.state != State::kReported) return;
  report(worker, held->second);
}

void Fleet::set_draining(Worker& worker, bool draining) {
  worker.draining = draining;
  if (!draining) return launch_next(worker);
  coverage_.add(Seen::kDrained);
  give_back(worker, "draining");
}

void Fleet::give_back(Worker& worker, const std::string& why) {
  for (const auto& key : held_by(worker)) release(worker, key, why);
}

engine::AttemptFinished Fleet::outcome_of(const Attempt& attempt) {
  const auto& stage = door_.stage_of(attempt.assign);
  const Rates& rates = profile_.rates;
  engine::AttemptFinished report;
  const auto happens = [this](double rate) { return !calm_ && rng_.chance(rate); };
  if (happens(rates.failed)) {
    report.outcome = OutcomeClass::kFailed;
    report.permanent = rng_.chance(0.1);
    if (rng_.chance(0.1)) report.retry_after = rng_.between(Duration(0), Duration(seconds(5)));
  } else if (happens(rates.crashed)) {
    report.outcome = OutcomeClass::kCrashed;
  } else if (happens(rates.timed_out)) {
    report.outcome = rng_.chance(0.5) ? OutcomeClass::kTimedOut : OutcomeClass::kOom;
  } else if (happens(rates.load_error)) {
    report.outcome = OutcomeClass::kLoadError;
  } else {
    add_success(stage, attempt, report);
  }
  report.message = report.outcome == OutcomeClass::kSucceeded ? report.message : "by chance";
  count(report);
  return report;
}

void Fleet::add_success(const module::StageSpec& stage, const Attempt& attempt,
                        engine::AttemptFinished& report) {
  const Rates& rates = profile_.rates;
  if (!calm_ && rng_.chance(rates.skipped)) {
    report.success = engine::SuccessKind::kSkipped;
    report.message = "nothing to do";
    coverage_.add(Seen::kSkippedItself);
    return;
  }
  if (!calm_ && rng_.chance(rates.unchanged)) {
    report.success = engine::SuccessKind::kUnchanged;
    coverage_.add(Seen::kUnchanged);
    return;
  }
  add_outputs(stage, attempt, report);
  for (const auto& check : stage.checks) {
    const bool passed = calm_ || !rng_.chance(rates.check_failed);
    if (!passed) coverage_.add(Seen::kCheckFailed);
    report.checks.push_back({check.asset, check.name, check.severity, passed, "", "{}"});
  }
  for (const auto& dep : stage.dependencies) {
    if (dep.kind != module::DependencyKind::kCursor) continue;
    const auto bytes = std::make_shared<const std::string>(
        "cursor " + std::to_string(attempt.assign.cursor_version + 1) + " of " + stage.name);
    engine::OutputValue value{"", {base::sha256(*bytes), std::ssize(*bytes), {}, "cursor"}, bytes};
    report.cursor = engine::CursorAdvance{attempt.assign.cursor_version, std::move(value)};
  }
}

// Every attempt makes a value of its own, so that a mixed-up result shows.
void Fleet::add_outputs(const module::StageSpec& stage, const Attempt& attempt,
                        engine::AttemptFinished& report) {
  for (const auto& output : stage.outputs) {
    const auto& key = attempt.assign.key;
    auto bytes = std::make_shared<const std::string>(output.asset + " of " + key.run.text() +
                                                     " attempt " + std::to_string(key.epoch));
    engine::OutputValue value{
        output.asset, {base::sha256(*bytes), std::ssize(*bytes), {}, output.type}, bytes};
    if (!calm_ && rng_.chance(profile_.rates.wrong_type)) {
      value.value.type = "another";
      coverage_.add(Seen::kWrongType);
    }
    if (rng_.chance(0.25)) {
      value.bytes = nullptr;
      value.value.kind = engine::ArtifactKind::kFile;
      const bool late = !calm_ && rng_.chance(profile_.rates.uploaded_late);
      if (!late) door_.uploaded(value.value.digest);
    }
    report.outputs.push_back(std::move(value));
  }
}

void Fleet::count(const engine::AttemptFinished& report) {
  if (report.outcome == OutcomeClass::kFailed) coverage_.add(Seen::kAttemptFailed);
  if (report.outcome == OutcomeClass::kCrashed) coverage_.add(Seen::kAttemptCrashed);
}

}  // namespace weir::simulation
