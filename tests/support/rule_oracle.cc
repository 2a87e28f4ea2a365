// Trigger rules as sentences about lists of parents, row by row as the table of the semantics has
// them: see rule_oracle.h. Slow and plain on purpose; it must not share code or counters with
// engine/plan/trigger_rule.cc. Pure.
#include "tests/support/rule_oracle.h"

#include <algorithm>

namespace weir::test {
namespace {

using engine::Decision;
using engine::TaskState;
using module::TriggerRule;
using Parents = std::vector<TaskState>;

bool is_done(TaskState s) { return engine::terminal(s); }
bool is_success(TaskState s) { return s == TaskState::kSucceeded || s == TaskState::kCached; }
bool is_skip(TaskState s) { return s == TaskState::kSkipped; }
bool is_failed_itself(TaskState s) { return s == TaskState::kFailed; }
bool is_failure(TaskState s) {
  return s == TaskState::kFailed || s == TaskState::kUpstreamFailed || s == TaskState::kCanceled;
}
bool all(const Parents& parents, bool (*is)(TaskState)) {
  return std::all_of(parents.begin(), parents.end(), is);
}
bool any(const Parents& parents, bool (*is)(TaskState)) {
  return std::any_of(parents.begin(), parents.end(), is);
}

Decision when_done(const Parents& parents, Decision then) {
  return all(parents, is_done) ? then : Decision::kWait;
}

// What a rule that asks for a success comes to when there is none.
Decision without_success(const Parents& parents) {
  return all(parents, is_skip) ? Decision::kSkip : Decision::kUpstreamFailed;
}

}  // namespace

Decision rule_decision(TriggerRule rule, const Parents& p) {
  switch (rule) {
    case TriggerRule::kAllSuccess:
      if (any(p, is_failure)) return Decision::kUpstreamFailed;
      return when_done(p, any(p, is_skip) ? Decision::kSkip : Decision::kFire);
    case TriggerRule::kAllFailed:
      if (any(p, is_success) || any(p, is_skip)) return Decision::kSkip;
      return all(p, is_failure) ? Decision::kFire : Decision::kWait;
    case TriggerRule::kAllDone:
      return when_done(p, Decision::kFire);
    case TriggerRule::kAllDoneMinOneSuccess:
      return when_done(p, any(p, is_success) ? Decision::kFire : without_success(p));
    case TriggerRule::kAllSkipped:
      if (any(p, is_success) || any(p, is_failure)) return Decision::kSkip;
      return all(p, is_skip) ? Decision::kFire : Decision::kWait;
    case TriggerRule::kOneFailed:
      return any(p, is_failure) ? Decision::kFire : when_done(p, Decision::kSkip);
    case TriggerRule::kOneSuccess:
      return any(p, is_success) ? Decision::kFire : when_done(p, without_success(p));
    case TriggerRule::kOneDone:
      if (any(p, is_success) || any(p, is_failed_itself)) return Decision::kFire;
      return when_done(p, Decision::kSkip);
    case TriggerRule::kNoneFailed:
      if (any(p, is_failure)) return Decision::kUpstreamFailed;
      return when_done(p, Decision::kFire);
    case TriggerRule::kNoneFailedMinOneSuccess:
      if (any(p, is_failure)) return Decision::kUpstreamFailed;
      return when_done(p, any(p, is_success) ? Decision::kFire : Decision::kSkip);
    case TriggerRule::kNoneSkipped:
      if (any(p, is_skip)) return Decision::kSkip;
      return when_done(p, Decision::kFire);
    case TriggerRule::kAlways:
      return Decision::kFire;
  }
  return Decision::kWait;
}

}  // namespace weir::test
