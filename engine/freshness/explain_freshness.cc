// Why a policy stands as it does, and what it does about it: the deadline, what a refresh would run
// and how long that takes, when it begins, or why it does not. Part of Engine's step, read-only: it
// adds to an answer and no row.
#include <utility>

#include "engine/explain/teller.h"
#include "engine/freshness/freshness_step.h"

namespace weir::engine {
namespace {

class FreshnessExplainer : private Teller {
 public:
  FreshnessExplainer(const Step& step, const FreshnessPolicy& policy, Explanation& out)
      : Teller(policy.row.asset, out), step_(step), policy_(policy) {}

  void explain() {
    const FreshnessRow& row = policy_.row;
    const auto last = last_of(step_.state, row.asset);
    say(ExplainKind::kFreshness, {std::string(base::word_of(row.state))}, "",
        {{"since", us_of(row.state_since)}, {"last", last ? us_of(*last) : 0}});
    if (row.spec.action == module::FreshnessAction::kObserve) {
      return say(ExplainKind::kFreshnessObserves, {}, "");
    }
    if (row.paused) return say(ExplainKind::kFreshnessPaused, {row.paused_by}, row.pause_reason);
    if (policy_.refresh) return say(ExplainKind::kFreshnessRun, {policy_.refresh.text()}, "");
    explain_next(standing_of(step_.state, policy_, step_.now.wall), last.has_value());
  }

 private:
  // The arithmetic: deadline, expected duration, margin, and what is stale.
  void explain_next(const Standing& standing, bool made) {
    if (!standing.deadline) {
      return say(ExplainKind::kFreshnessDone, {}, "", {{"never", made ? 0 : 1}});
    }
    const RefreshPlan plan = plan_refresh(step_.state, policy_, step_.now.wall);
    const WallTime start = start_of(policy_, standing, plan);
    std::string tasks;
    for (const std::string& task : plan.tasks) tasks += (tasks.empty() ? "" : ", ") + task;
    say(ExplainKind::kFreshnessNext, {plan.measured ? "measured" : "not measured often enough yet"},
        std::move(tasks),
        {{"start", us_of(start)},
         {"deadline", us_of(standing.pass_until)},
         {"expected", plan.expected_ms}});
    if (const auto tick = schedule_before(step_.state, policy_.row.asset, start)) {
      say(ExplainKind::kFreshnessScheduled, {tick->schedule}, "", {{"due", us_of(tick->due)}});
    }
    if (policy_.row.failures > 0) {
      say(ExplainKind::kFreshnessFailures, {}, "",
          {{"failures", policy_.row.failures},
           {"retry", policy_.row.retry_at ? us_of(*policy_.row.retry_at) : 0}});
    }
    if (!policy_.waits.empty()) say(ExplainKind::kFreshnessWaits, {}, policy_.waits);
  }

  const Step& step_;
  const FreshnessPolicy& policy_;
};

}  // namespace

void explain_freshness(const Step& step, const std::string& asset, Explanation& out) {
  const auto found = step.state.freshness.find(asset);
  if (found != step.state.freshness.end()) {
    FreshnessExplainer(step, found->second, out).explain();
  }
}

}  // namespace weir::engine
