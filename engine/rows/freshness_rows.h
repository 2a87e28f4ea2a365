// The row of a freshness policy: what is declared, and how it stands. See engine/records.h, which
// says how rows list their columns. Values only; the words are stored and shown: they do not
// change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "base/ids.h"
#include "base/words.h"
#include "engine/rows/columns.h"
#include "module/freshness_spec.h"

namespace weir::engine {

enum class FreshnessState {
  kUnknown,  // it was never made
  kPass,
  kWarn,
  kFail,
  kNotApplicable,  // nobody makes it any more
};
constexpr base::Words<5> words(FreshnessState) {
  return {"unknown", "pass", "warn", "fail", "not_applicable"};
}

// All but the asset, which is the row's key.
template <>
struct ColumnsOf<module::FreshnessSpec> {
  static constexpr auto list() {
    using Spec = module::FreshnessSpec;
    return std::tuple(column("kind", &Spec::kind), column("fail_ms", &Spec::fail_ms),
                      column("warn_ms", &Spec::warn_ms), column("cron", &Spec::cron),
                      column("zone", &Spec::zone), column("lower_bound_ms", &Spec::lower_bound_ms),
                      column("warn_margin_ms", &Spec::warn_margin_ms),
                      column("required_after_ms", &Spec::required_after_ms),
                      column("action", &Spec::action), column("expected_ms", &Spec::expected_ms));
  }
};

struct FreshnessRow {
  std::string asset;
  module::FreshnessSpec spec;  // its asset is empty
  base::WallTime since{};      // when the policy began
  FreshnessState state = FreshnessState::kUnknown;
  base::WallTime state_since{};
  bool paused = false;  // it starts no runs; its state is told all the same
  std::string paused_by, pause_reason;
  // Of refreshes that it asked for: how many have failed since the last success, and when the next
  // one may be tried.
  std::int32_t failures = 0;
  std::optional<base::WallTime> retry_at;
  std::string set_by;  // who has set it in place of what the module declares; empty: it is declared
  std::optional<base::WallTime> refresh_at;  // when a run is to begin that makes the asset anew
  bool deleted = false;                      // a deleted row is erased

  static constexpr Table kTable{"freshness"};
  static constexpr auto erased() { return &FreshnessRow::deleted; }
  static constexpr auto columns() {
    using Row = FreshnessRow;
    return std::tuple(primary("asset", &Row::asset), nested(&Row::spec),
                      column("since", &Row::since), column("state", &Row::state),
                      column("state_since", &Row::state_since), column("paused", &Row::paused),
                      column("paused_by", &Row::paused_by),
                      column("pause_reason", &Row::pause_reason),
                      column("failures", &Row::failures), column("retry_at", &Row::retry_at),
                      column("set_by", &Row::set_by), column("refresh_at", &Row::refresh_at));
  }
};

}  // namespace weir::engine
