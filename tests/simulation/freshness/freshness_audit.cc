// Checks freshness policies: see freshness_audit.h. A refresh is judged in the transaction that
// makes it, standings after every step. One thread, that of the simulation; ends the process at the
// first broken rule.
#include "tests/simulation/freshness/freshness_audit.h"

#include <algorithm>

#include "calendar/cron_text.h"
#include "engine/freshness/standing.h"
#include "scheduler/zones/zones.h"
#include "tests/simulation/freshness/freshness_world.h"
#include "tests/simulation/require.h"
#include "tests/simulation/schedules/schedule_world.h"

namespace weir::simulation {

using engine::FreshnessRow;
using engine::FreshnessState;
using engine::OriginKind;
using engine::RunRow;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Duration kStateLateMax = seconds(2);  // of a state, when nothing keeps the scheduler

}  // namespace

// ---- of a transaction ----

void FreshnessAudit::on_begin() {
  made_.clear();
  policies_.clear();
}

void FreshnessAudit::on_write(const engine::Record& record) {
  std::visit([this](const auto& its) { row(its); }, record);
}

void FreshnessAudit::row(const RunRow& row) {
  const bool fresh = tables_.runs.find(row.id) == nullptr;
  if (fresh && row.origin.kind == OriginKind::kFreshness) made_.insert(row.id);
}

void FreshnessAudit::row(const FreshnessRow& row) {
  if (const auto* old = tables_.freshness.find(row.asset)) policies_.emplace(row.asset, *old);
  policies_.emplace(row.asset, row);
  if (row.failures > 0) coverage_.add(Seen::kRefreshFailed);
  if (row.state == FreshnessState::kWarn) coverage_.add(Seen::kFreshnessWarns);
  if (row.state == FreshnessState::kFail) coverage_.add(Seen::kFreshnessFails);
}

void FreshnessAudit::on_commit(base::Now now, const std::set<base::RunId>& set_aside) {
  for (const base::RunId id : made_) check_refresh(*tables_.runs.find(id), now, set_aside);
}

void FreshnessAudit::check_refresh(const RunRow& run, base::Now now,
                                   const std::set<base::RunId>& set_aside) const {
  coverage_.add(Seen::kRefreshRequested);
  const std::string& asset = run.origin.reference;
  const auto [first, last] = policies_.equal_range(asset);
  const auto* kept = tables_.freshness.find(asset);
  const bool may =
      (kept != nullptr && may_refresh(*kept, now)) ||
      std::any_of(first, last, [&](const auto& its) { return may_refresh(its.second, now); });
  require(may, "a policy that starts no runs now has started one", run);
  for (const auto& [id, other] : tables_.runs.rows()) {
    if (id == run.id || other.origin.kind != OriginKind::kFreshness) continue;
    const bool beside = other.state != engine::RunState::kCanceling && !set_aside.contains(id);
    expect_that(!beside || !will_make_(other, asset), [&, its = other] {
      return "two refreshes of an asset are in flight: " + engine::record_text(its) + " and " +
             engine::record_text(run);
    });
  }
}

bool FreshnessAudit::may_refresh(const FreshnessRow& policy, base::Now now) const {
  if (policy.paused || policy.spec.action != module::FreshnessAction::kRefresh) return false;
  if (policy.retry_at && *policy.retry_at > now.wall) return false;
  if (policy.asset != kReadsFeed || policy.spec.kind != module::FreshnessKind::kMaxAge) return true;
  const auto observed = last_of(kFeed);
  return !observed || now.wall - *observed < milliseconds(policy.spec.fail_ms);
}

// ---- of the scheduler ----

std::optional<base::WallTime> FreshnessAudit::last_of(const std::string& asset) const {
  const auto* partition = tables_.asset_partitions.find({asset, ""});
  if (partition == nullptr) return std::nullopt;
  std::optional<base::WallTime> last = partition->verified_at;
  if (const auto* made = tables_.materializations.find(partition->materialization)) {
    last = std::max(last.value_or(base::WallTime::min()), made->at);
  }
  return last;
}

FreshnessState FreshnessAudit::state_of(const FreshnessRow& policy, base::WallTime now) const {
  const auto* asset = tables_.assets.find(policy.asset);
  if (asset == nullptr || asset->retired) return FreshnessState::kNotApplicable;
  std::optional<calendar::Occurrences> deadlines;
  if (policy.spec.kind == module::FreshnessKind::kBy) {
    const auto zone = zones::shared_zone(policy.spec.zone);
    if (!zone.ok()) return FreshnessState::kUnknown;
    deadlines.emplace(std::vector{*calendar::read_cron(policy.spec.cron)}, *zone,
                      calendar::Occurrences::Limits{}, calendar::DaysOff{});
  }
  return engine::standing_of(policy.spec, deadlines ? &*deadlines : nullptr, policy.since,
                             last_of(policy.asset), now)
      .state;
}

void FreshnessAudit::check(base::Now now, Duration at) {
  for (const auto& [asset, policy] : tables_.freshness.rows()) {
    const FreshnessState expected = state_of(policy, now.wall);
    if (policy.state == expected) {
      differs_since_.erase(asset);
      continue;
    }
    const Duration since = differs_since_.emplace(asset, at).first->second;
    expect_that(at - since <= kStateLateMax, [&, row = policy] {
      return "an asset stands otherwise, " + std::string(base::word_of(expected)) + ": " +
             engine::record_text(row);
    });
  }
}

}  // namespace weir::simulation
