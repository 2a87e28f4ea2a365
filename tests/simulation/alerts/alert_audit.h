// Checks alerts against their rows and against what the outside was told: each run that ends is
// found by the rules that look for that, in the same commit, and is slow no more; one alert of a
// rule and a subject fires at a time; it is told once that it fires and once that it does not.
// Knows the tables and the messages, nothing of the engine.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/records.h"
#include "sdk/src/memory_store.h"
#include "tests/simulation/coverage.h"

namespace weir::simulation {

inline constexpr const char* kEveryEnd = "every_end";    // tells of every run's end
inline constexpr const char* kFailedRuns = "failed";     // of those that fail
inline constexpr const char* kUnusualRuns = "unusual";   // that take longer than they usually do
inline constexpr const char* kFailedTasks = "attempts";  // of each task whose attempts fail

// As they are in the table before the first start.
std::vector<engine::AlertRuleRow> alert_rules();

class AlertAudit {
 public:
  AlertAudit(const sdk_impl::MemoryTables& tables, Coverage& coverage)
      : tables_(tables), coverage_(coverage) {}

  // ---- of a transaction ----
  void on_begin();
  void on_write(const engine::Record& record);  // before it is applied
  void on_commit() const;                       // everything is applied

  // A message leaves.
  void told(const engine::OutboxRow& row);
  // Nothing is under way.
  void at_the_end() const;

 private:
  void check_ended_run(base::RunId run) const;
  void check_alone(const engine::AlertRow& row) const;
  void check_over(base::RunId run) const;
  bool found(const std::string& rule, base::RunId run) const;

  const sdk_impl::MemoryTables& tables_;
  Coverage& coverage_;
  // Of the open transaction.
  std::vector<engine::AlertRow> alerts_;
  std::set<base::RunId> ended_;

  std::map<std::pair<std::int64_t, std::string>, std::set<std::int64_t>> told_;  // alert, state
};

}  // namespace weir::simulation
