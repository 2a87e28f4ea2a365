// How simulated attempts end: see outcomes.h. Every chance is drawn from the seed, in a fixed
// order; the scheduler is only told of bytes that are durable. On the simulation's one thread, in
// virtual time.
#include "tests/simulation/outcomes.h"

#include <memory>
#include <string>
#include <utility>

namespace weir::simulation {

using engine::OutcomeClass;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

Duration Outcomes::run_time(bool side_effects) {
  if (profile_.short_attempts) {
    return rng_.between(Duration(microseconds(200)), Duration(milliseconds(15)));
  }
  // Long enough to outlast a lease, were they let.
  if (side_effects && !calm_ && rng_.chance(0.3)) {
    return rng_.between(Duration(seconds(20)), Duration(seconds(90)));
  }
  return rng_.chance(0.1) ? rng_.between(Duration(seconds(10)), Duration(seconds(50)))
                          : rng_.between(Duration(milliseconds(50)), Duration(seconds(8)));
}

engine::AttemptFinished Outcomes::draw(const engine::Assign& assign) {
  const auto& stage = door_.stage_of(assign);
  const Rates& rates = profile_.rates;
  engine::AttemptFinished report;
  if (happens(rates.failed)) {
    report.outcome = OutcomeClass::kFailed;
    report.permanent = rng_.chance(0.1);
    if (rng_.chance(0.1)) report.retry_after = rng_.between(Duration(0), Duration(seconds(5)));
    coverage_.add(Seen::kAttemptFailed);
  } else if (happens(rates.crashed)) {
    report.outcome = OutcomeClass::kCrashed;
    coverage_.add(Seen::kAttemptCrashed);
  } else if (happens(rates.timed_out)) {
    report.outcome = rng_.chance(0.5) ? OutcomeClass::kTimedOut : OutcomeClass::kOom;
  } else if (happens(rates.load_error)) {
    report.outcome = OutcomeClass::kLoadError;
  } else {
    add_success(stage, assign, report);
  }
  report.message = report.outcome == OutcomeClass::kSucceeded ? report.message : "by chance";
  return report;
}

void Outcomes::add_success(const module::StageSpec& stage, const engine::Assign& assign,
                           engine::AttemptFinished& report) {
  const Rates& rates = profile_.rates;
  if (happens(rates.skipped)) {
    report.success = engine::SuccessKind::kSkipped;
    report.message = "nothing to do";
    coverage_.add(Seen::kSkippedItself);
    return;
  }
  if (happens(rates.unchanged)) {
    report.success = engine::SuccessKind::kUnchanged;
    coverage_.add(Seen::kUnchanged);
    return;
  }
  add_outputs(stage, assign, report);
  for (const auto& check : stage.checks) {
    const bool passed = calm_ || !rng_.chance(rates.check_failed);
    if (!passed) coverage_.add(Seen::kCheckFailed);
    report.checks.push_back({check.asset, check.name, check.severity, passed, "", "{}"});
  }
  for (const auto& dep : stage.dependencies) {
    if (dep.kind != module::DependencyKind::kCursor) continue;
    const auto bytes = std::make_shared<const std::string>(
        "cursor " + std::to_string(assign.cursor_version + 1) + " of " + stage.name);
    engine::OutputValue value{"", {base::sha256(*bytes), std::ssize(*bytes), {}, "cursor"}, bytes};
    report.cursor = engine::CursorAdvance{assign.cursor_version, std::move(value)};
  }
}

void Outcomes::add_outputs(const module::StageSpec& stage, const engine::Assign& assign,
                           engine::AttemptFinished& report) {
  for (const auto& output : stage.outputs) {
    const auto& key = assign.key;
    auto bytes = std::make_shared<const std::string>(output.asset + " of " + key.run.text() +
                                                     " attempt " + std::to_string(key.epoch));
    engine::OutputValue value{
        output.asset, {base::sha256(*bytes), std::ssize(*bytes), {}, output.type}, bytes};
    if (happens(profile_.rates.wrong_type)) {
      value.value.type = "another";
      coverage_.add(Seen::kWrongType);
    }
    if (rng_.chance(0.25)) {
      value.bytes = nullptr;
      value.value.kind = engine::ArtifactKind::kFile;
      if (!happens(profile_.rates.uploaded_late)) door_.uploaded(value.value.digest);
    }
    report.outputs.push_back(std::move(value));
  }
}

}  // namespace weir::simulation
