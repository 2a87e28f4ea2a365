// Every rule over every multiset of up to four parents in every state, against an oracle that reads
// the table of the semantics row by row from the parents themselves instead of from counters.
#include "scheduler/engine/trigger_rule.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "scheduler/engine/records.h"
#include "scheduler/engine/step.h"

namespace weir::engine {
namespace {

using base::TriggerRule;
using Parents = std::vector<TaskState>;

constexpr TaskState kStates[] = {
    TaskState::kWaiting,        TaskState::kSucceeded, TaskState::kCached, TaskState::kFailed,
    TaskState::kUpstreamFailed, TaskState::kCanceled,  TaskState::kSkipped};

// ---- the oracle: sentences about lists ----

bool is_done(TaskState s) { return s != TaskState::kWaiting; }
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

Decision expected(TriggerRule rule, const Parents& p) {
  switch (rule) {
    case TriggerRule::kAllSuccess:
      if (any(p, is_failure)) return Decision::kUpstreamFailed;
      if (any(p, is_skip)) return Decision::kSkip;
      return all(p, is_success) ? Decision::kFire : Decision::kWait;
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

ParentCounts count(TriggerRule rule, const Parents& parents) {
  ParentCounts counts{.rule = rule, .total = std::int32_t(parents.size())};
  for (const TaskState state : parents) {
    if (is_done(state)) count_parent(counts, state);
  }
  return counts;
}

std::string describe(TriggerRule rule, const Parents& parents) {
  std::string text(base::trigger_rule_name(rule));
  for (const TaskState state : parents) text += " " + std::string(task_state_name(state));
  return text;
}

// Calls `check` with every non-decreasing list of `size` states.
template <class Check>
void for_every_multiset(std::size_t size, const Check& check, Parents parents = {},
                        std::size_t from = 0) {
  if (parents.size() == size) return check(parents);
  for (std::size_t i = from; i < std::size(kStates); ++i) {
    parents.push_back(kStates[i]);
    for_every_multiset(size, check, parents, i);
    parents.pop_back();
  }
}

TEST(TriggerRule, EveryRuleMatchesTheTableForUpToFourParents) {
  int compared = 0;
  for (int r = 0; r <= int(TriggerRule::kAlways); ++r) {
    const auto rule = TriggerRule(r);
    for (std::size_t size = 1; size <= 4; ++size) {
      for_every_multiset(size, [&](const Parents& parents) {
        ++compared;
        ASSERT_EQ(decide(count(rule, parents)), expected(rule, parents)) << describe(rule, parents);
      });
    }
  }
  EXPECT_EQ(compared, 12 * (7 + 28 + 84 + 210));
}

TEST(TriggerRule, WithoutParentsEveryRuleFires) {
  for (int r = 0; r <= int(TriggerRule::kAlways); ++r) {
    EXPECT_EQ(decide({.rule = TriggerRule(r)}), Decision::kFire) << r;
  }
}

// A decision that was taken is not taken back by a parent that ends later, except where the table
// prefers upstream_failed over skipped: a task acts on its first decision, so only firing must be
// stable.
TEST(TriggerRule, FiringIsNotTakenBackByLaterParentsOfRulesThatDoNotWait) {
  for (const auto rule : {TriggerRule::kOneFailed, TriggerRule::kOneSuccess, TriggerRule::kOneDone,
                          TriggerRule::kAlways}) {
    for_every_multiset(3, [&](const Parents& parents) {
      if (decide(count(rule, parents)) != Decision::kFire) return;
      for (std::size_t i = 0; i < parents.size(); ++i) {
        if (is_done(parents[i])) continue;
        for (const TaskState end : kStates) {
          Parents later = parents;
          later[i] = end;
          ASSERT_EQ(decide(count(rule, later)), Decision::kFire) << describe(rule, later);
        }
      }
    });
  }
}

Task task_with(const std::vector<ParentCounts>& groups) {
  Task task;
  task.groups = groups;
  return task;
}

TEST(TriggerRule, GroupsOfATaskAreJoinedByTheStrictest) {
  const auto fires = count(TriggerRule::kAllDone, {TaskState::kFailed});
  const auto waits = count(TriggerRule::kAllSuccess, {TaskState::kWaiting});
  const auto skips = count(TriggerRule::kAllSuccess, {TaskState::kSkipped});
  const auto fails = count(TriggerRule::kAllSuccess, {TaskState::kFailed});
  EXPECT_EQ(decide_task(task_with({fires, fires})), Decision::kFire);
  EXPECT_EQ(decide_task(task_with({fires, waits})), Decision::kWait);
  EXPECT_EQ(decide_task(task_with({waits, skips})), Decision::kSkip);
  EXPECT_EQ(decide_task(task_with({skips, fails})), Decision::kUpstreamFailed);
  EXPECT_EQ(decide_task(task_with({})), Decision::kFire);
}

}  // namespace
}  // namespace weir::engine
