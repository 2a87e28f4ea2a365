// Runs that go on for too long: for longer than a rule's limit, or than what runs of their job
// usually take. Either is a deadline that is armed when the run starts; nothing is polled. What is
// usual is read when the first run asks, and follows each success from then on; a run is held to
// what is usual now, not to what was when it began. Part of Engine's step.
#include <algorithm>
#include <utility>

#include "engine/alerts/alert_step.h"

namespace weir::engine {
namespace {

// As the least limit that a rule may have: jobs that take no time would find noise.
constexpr std::int64_t kUsualMsMin = 1'000;

// The p95, where enough successes are known.
std::optional<std::int64_t> usual_ms(const Alerts& alerts, const std::string& job) {
  const auto known = alerts.usual.find(job);
  const bool enough = known != alerts.usual.end() && known->second.ms.size() >= Durations::kEnough;
  return enough ? known->second.p95() : std::nullopt;
}

// From when on a run is slow; none: nobody can say.
std::optional<std::int64_t> limit_ms(const Alerts& alerts, const AlertRuleRow& rule,
                                     const Run& run) {
  if (!rule.over_usual) return rule.threshold;
  const auto usual = usual_ms(alerts, run.row.job);
  if (!usual) return std::nullopt;
  return std::max(*usual + 1, kUsualMsMin);  // what takes just as long is usual, too
}

bool may_be_slow(const AlertRuleRow& rule, const Run& run) {
  if (rule.event != AlertEvent::kRunSlow || !run.row.started_at) return false;
  if (rule.over_usual && run.row.job.empty()) return false;  // runs of selections have no usual
  Finding finding;
  finding.subject = name_of_run(run.row);
  return selects(rule, finding);
}

std::string what_is_slow(const Alerts& alerts, const AlertRuleRow& rule, const Run& run) {
  std::string text =
      "run " + run.row.id.text() + " of " + name_of_run(run.row) + " goes on for longer than ";
  if (!rule.over_usual) return text + duration_words(rule.threshold);
  const Durations& usual = alerts.usual.at(run.row.job);
  return text + "its usual p95 of " + duration_words(usual.p95().value_or(0)) + ", by its last " +
         std::to_string(usual.ms.size()) + " successes";
}

bool any_over_usual(const Alerts& alerts) {
  return std::any_of(alerts.rules.begin(), alerts.rules.end(),
                     [](const auto& entry) { return entry.second.over_usual; });
}

// Live runs of the job are slow earlier than they were.
void arm_again(Step& step, const std::string& job) {
  for (const auto& [name, rule] : step.state.alerts.rules) {
    if (!rule.over_usual) continue;
    for (const auto& [id, run] : step.state.runs) {
      if (run.row.job == job) arm_slow_run(step.state, rule, run, step.now);
    }
  }
}

}  // namespace

std::string name_of_run(const RunRow& run) { return run.job.empty() ? run.selection : run.job; }

void arm_slow_run(State& state, const AlertRuleRow& rule, const Run& run, base::Now now) {
  if (!may_be_slow(rule, run)) return;
  if (rule.over_usual && !state.alerts.usual.contains(run.row.job)) {
    state.alerts.unmeasured.insert(run.row.job);
    return;
  }
  const auto ms = limit_ms(state.alerts, rule, run);
  if (!ms) return;
  const Duration limit = std::chrono::milliseconds(*ms);
  const Duration ran =
      std::clamp<Duration>(now.wall - *run.row.started_at, Duration::zero(), limit);
  state.timers.push({now.boot + (limit - ran), TimerKind::kSlowRun, rule.name, {run.row.id, 0}});
}

void arm_slow_runs(State& state, const AlertRuleRow& rule, base::Now now) {
  if (rule.event != AlertEvent::kRunSlow) return;
  for (const auto& [id, run] : state.runs) arm_slow_run(state, rule, run, now);
}

void fire_slow_run(Step& step, const std::string& name, RunId id) {
  Alerts& alerts = step.state.alerts;
  const auto rule = alerts.rules.find(name);
  const Run* run = find_run(step.state, id);
  if (rule == alerts.rules.end() || run == nullptr || !may_be_slow(rule->second, *run)) return;
  const auto limit = limit_ms(alerts, rule->second, *run);
  if (!limit) return;
  Finding finding;
  finding.event = AlertEvent::kRunSlow;
  finding.subject = name_of_run(run->row);
  finding.run = id;
  finding.measure = ms_between(*run->row.started_at, step.now.wall);
  // The rule, what is usual or the clock was changed since.
  if (finding.measure < *limit) return arm_slow_run(step.state, rule->second, *run, step.now);
  const auto known = alerts.firing.find({name, finding.subject});
  const bool told = known != alerts.firing.end() && alerts.live.at(known->second).run == id;
  if (told) return;
  finding.text = what_is_slow(alerts, rule->second, *run);
  finding.next = "weir explain " + id.text();
  fire_alert(step, rule->second, finding);
}

void measure_run(Step& step, RunId id) {
  Alerts& alerts = step.state.alerts;
  const Run* run = find_run(step.state, id);
  if (run == nullptr || !run->row.started_at || !run->row.finished_at) return;
  const auto known = alerts.usual.find(run->row.job);
  // A retry makes only what its parent had not.
  if (known == alerts.usual.end() || run->row.origin.kind == OriginKind::kRetry) return;
  const auto before = usual_ms(alerts, run->row.job);
  known->second.add(
      std::chrono::ceil<std::chrono::milliseconds>(*run->row.finished_at - *run->row.started_at)
          .count());
  const auto now = usual_ms(alerts, run->row.job);
  if (now && (!before || *now < *before)) arm_again(step, run->row.job);
}

void take_usual(Step& step) {
  Alerts& alerts = step.state.alerts;
  for (const auto& [job, durations] : step.facts.job_durations) {
    const bool wanted = alerts.unmeasured.erase(job) != 0;
    if (wanted && alerts.usual.emplace(job, durations).second) arm_again(step, job);
  }
}

void forget_usual(State& state) {
  if (any_over_usual(state.alerts)) return;
  state.alerts.usual.clear();
  state.alerts.unmeasured.clear();
}

}  // namespace weir::engine
