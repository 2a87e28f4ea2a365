// The table of trigger rules, one function each way: what fires, what cannot fire any more. Decides
// from counters alone and never looks at a task, so the cost does not depend on the number of
// parents. Pure; tests/support/rule_oracle.cc says the same in another way to check it.
#include "engine/plan/trigger_rule.h"

namespace weir::engine {
namespace {

using module::TriggerRule;

// The counts under the names that the rules use.
struct Tally {
  explicit Tally(const ParentCounts& p)
      : total(p.total),
        succeeded(p.succeeded),
        failed(p.failed + p.upstream_failed),
        failed_itself(p.failed),
        skipped(p.skipped),
        done(p.succeeded + p.failed + p.upstream_failed + p.skipped) {}
  bool all_done() const { return done == total; }
  std::int32_t total, succeeded, failed, failed_itself, skipped, done;
};

Decision all_done_min_one_success(const Tally& t) {
  if (!t.all_done()) return Decision::kWait;
  if (t.succeeded > 0 || t.total == 0) return Decision::kFire;
  return t.skipped == t.total ? Decision::kSkip : Decision::kUpstreamFailed;
}

Decision one_success(const Tally& t) {
  if (t.succeeded > 0 || t.total == 0) return Decision::kFire;
  if (!t.all_done()) return Decision::kWait;
  return t.skipped == t.total ? Decision::kSkip : Decision::kUpstreamFailed;
}

Decision none_failed(const Tally& t) {
  if (t.failed > 0) return Decision::kUpstreamFailed;
  return t.all_done() ? Decision::kFire : Decision::kWait;
}

Decision none_failed_min_one_success(const Tally& t) {
  const Decision first = none_failed(t);
  if (first != Decision::kFire) return first;
  return t.succeeded > 0 || t.total == 0 ? Decision::kFire : Decision::kSkip;
}

Decision all_success(const Tally& t) {
  if (t.failed > 0) return Decision::kUpstreamFailed;
  if (!t.all_done()) return Decision::kWait;  // a failure would outrank what was skipped
  return t.skipped > 0 ? Decision::kSkip : Decision::kFire;
}

Decision all_of(bool broken, const Tally& t) {
  if (broken) return Decision::kSkip;
  return t.all_done() ? Decision::kFire : Decision::kWait;
}

Decision any_of(bool met, const Tally& t) {
  if (met || t.total == 0) return Decision::kFire;
  return t.all_done() ? Decision::kSkip : Decision::kWait;
}

}  // namespace

Decision decide(const ParentCounts& parents) {
  const Tally t(parents);
  switch (parents.rule) {
    case TriggerRule::kAllSuccess:
      return all_success(t);
    case TriggerRule::kAllFailed:
      return all_of(t.succeeded + t.skipped > 0, t);
    case TriggerRule::kAllDone:
      return t.all_done() ? Decision::kFire : Decision::kWait;
    case TriggerRule::kAllDoneMinOneSuccess:
      return all_done_min_one_success(t);
    case TriggerRule::kAllSkipped:
      return all_of(t.succeeded + t.failed > 0, t);
    case TriggerRule::kOneFailed:
      return any_of(t.failed > 0, t);
    case TriggerRule::kOneSuccess:
      return one_success(t);
    case TriggerRule::kOneDone:
      return any_of(t.succeeded + t.failed_itself > 0, t);
    case TriggerRule::kNoneFailed:
      return none_failed(t);
    case TriggerRule::kNoneFailedMinOneSuccess:
      return none_failed_min_one_success(t);
    case TriggerRule::kNoneSkipped:
      return all_of(t.skipped > 0, t);
    case TriggerRule::kAlways:
      return Decision::kFire;
  }
  return Decision::kWait;
}

}  // namespace weir::engine
