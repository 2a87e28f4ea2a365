// Every rule over every multiset of up to four parents in every state, against an oracle that reads
// the table of the semantics row by row from the parents themselves instead of from counters. Pure
// and exhaustive: nothing is drawn by chance, and the number of cases is checked too.
#include "engine/plan/trigger_rule.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/records.h"
#include "engine/step.h"
#include "tests/support/rule_oracle.h"

namespace weir::engine {
namespace {

using module::TriggerRule;
using Parents = std::vector<TaskState>;

constexpr TaskState kStates[] = {
    TaskState::kWaiting,        TaskState::kSucceeded, TaskState::kCached, TaskState::kFailed,
    TaskState::kUpstreamFailed, TaskState::kCanceled,  TaskState::kSkipped};

bool is_done(TaskState state) { return state != TaskState::kWaiting; }

ParentCounts count(TriggerRule rule, const Parents& parents) {
  ParentCounts counts{.rule = rule, .total = std::int32_t(parents.size())};
  for (const TaskState state : parents) {
    if (is_done(state)) count_parent(counts, state);
  }
  return counts;
}

std::string describe(TriggerRule rule, const Parents& parents) {
  std::string text(base::word_of(rule));
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
        ASSERT_EQ(decide(count(rule, parents)), test::rule_decision(rule, parents))
            << describe(rule, parents);
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

// A task acts on its first decision, so it must be the same in whatever order the parents end.
TEST(TriggerRule, FirstDecisionDoesNotDependOnTheOrderOfEnds) {
  const auto first_decision = [](TriggerRule rule, const Parents& order) {
    Parents parents(order.size(), TaskState::kWaiting);
    Decision decision = decide(count(rule, parents));
    for (std::size_t i = 0; i < order.size() && decision == Decision::kWait; ++i) {
      parents[i] = order[i];
      decision = decide(count(rule, parents));
    }
    return decision;
  };
  for (int r = 0; r <= int(TriggerRule::kAlways); ++r) {
    const auto rule = TriggerRule(r);
    for_every_multiset(4, [&](const Parents& parents) {
      if (!std::all_of(parents.begin(), parents.end(), is_done)) return;
      Parents order = parents;
      std::sort(order.begin(), order.end());
      const Decision expected = first_decision(rule, order);
      while (std::next_permutation(order.begin(), order.end())) {
        ASSERT_EQ(first_decision(rule, order), expected) << describe(rule, order);
      }
    });
  }
}

// Children are looked at once, when a set of their parents decides.
TEST(TriggerRule, ADecisionIsNotTakenBackByParentsThatEndLater) {
  for (int i = 0; i <= int(TriggerRule::kAlways); ++i) {
    const auto rule = TriggerRule(i);
    for_every_multiset(3, [&](const Parents& parents) {
      const Decision taken = decide(count(rule, parents));
      if (taken == Decision::kWait) return;
      for (std::size_t i = 0; i < parents.size(); ++i) {
        if (is_done(parents[i])) continue;
        for (const TaskState end : kStates) {
          Parents later = parents;
          later[i] = end;
          ASSERT_EQ(decide(count(rule, later)), taken) << describe(rule, later);
        }
      }
    });
  }
}

Decision decide_rules(std::vector<ParentCounts> parent_sets) {
  Run run;
  run.parent_sets = std::move(parent_sets);
  std::vector<std::int32_t> all(run.parent_sets.size());
  std::iota(all.begin(), all.end(), 0);
  Task task;
  task.parent_sets = all;
  return decide_task(run, task);
}

TEST(TriggerRule, RulesOfATaskAreJoinedByTheStrictest) {
  const auto fires = count(TriggerRule::kAllDone, {TaskState::kFailed});
  const auto waits = count(TriggerRule::kAllSuccess, {TaskState::kWaiting});
  const auto skips = count(TriggerRule::kAllSuccess, {TaskState::kSkipped});
  const auto fails = count(TriggerRule::kAllSuccess, {TaskState::kFailed});
  EXPECT_EQ(decide_rules({fires, fires}), Decision::kFire);
  EXPECT_EQ(decide_rules({fires, waits}), Decision::kWait);
  EXPECT_EQ(decide_rules({waits, skips}), Decision::kWait);  // the other may yet fail
  EXPECT_EQ(decide_rules({fires, skips}), Decision::kSkip);
  EXPECT_EQ(decide_rules({skips, fails}), Decision::kUpstreamFailed);
  EXPECT_EQ(decide_rules({}), Decision::kFire);
}

}  // namespace
}  // namespace weir::engine
