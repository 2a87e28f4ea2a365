// Checks freshness policies against their rows: how an asset stands is what its policy says of its
// versions and observations, at the instant at which that changes; at most one refresh of an asset
// is in flight, and none that nobody asked for, that is too early after a failure, or that cannot
// help. Knows the tables and the rule of a policy, nothing of the engine.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/records.h"
#include "sdk/src/memory_store.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/coverage.h"

namespace weir::simulation {

class FreshnessAudit {
 public:
  using WillMake = std::function<bool(const engine::RunRow&, const std::string& asset)>;

  FreshnessAudit(const sdk_impl::MemoryTables& tables, Coverage& coverage, WillMake will_make)
      : tables_(tables), coverage_(coverage), will_make_(std::move(will_make)) {}

  // ---- of a transaction ----
  void on_begin();
  void on_write(const engine::Record& record);  // before it is applied
  void on_commit(base::Now now, const std::set<base::RunId>& set_aside);

  // ---- of the scheduler ----
  void died() { differs_since_.clear(); }
  void check(base::Now now, Duration at);  // after each of its steps

 private:
  void row(const engine::RunRow& row);
  void row(const engine::FreshnessRow& row);
  template <class Row>
  void row(const Row&) {}

  void check_refresh(const engine::RunRow& run, base::Now now,
                     const std::set<base::RunId>& set_aside) const;
  bool may_refresh(const engine::FreshnessRow& policy, base::Now now) const;
  std::optional<base::WallTime> last_of(const std::string& asset) const;
  engine::FreshnessState state_of(const engine::FreshnessRow& policy, base::WallTime now) const;

  const sdk_impl::MemoryTables& tables_;
  Coverage& coverage_;
  const WillMake will_make_;
  std::map<std::string, Duration> differs_since_;  // assets whose state is not what it should be

  // Of the open transaction.
  std::set<base::RunId> made_;
  std::multimap<std::string, engine::FreshnessRow> policies_;  // as they were meanwhile
};

}  // namespace weir::simulation
