// How fresh an asset is to be, as its pipeline declares it: at most so old, or made anew before
// each deadline of a cron. And what is done about it. Values only; the words are stored and shown:
// they do not change.
#pragma once

#include <cstdint>
#include <string>

#include "base/words.h"

namespace weir::module {

enum class FreshnessKind {
  kMaxAge,  // never older than a span
  kBy,      // at each deadline, not older than a span before it
};
constexpr base::Words<2> words(FreshnessKind) { return {"max_age", "by"}; }

enum class FreshnessAction {
  kRefresh,  // runs are started so that it stays fresh
  kObserve,  // it is only told
};
constexpr base::Words<2> words(FreshnessAction) { return {"refresh", "observe"}; }

inline constexpr std::int64_t kFreshnessMsMin = 60'000;  // the shortest span and distance

struct FreshnessSpec {
  std::string asset;
  FreshnessKind kind = FreshnessKind::kMaxAge;
  std::int64_t fail_ms = 0;         // of kMaxAge: from this age on it fails
  std::int64_t warn_ms = 0;         // of kMaxAge: from this age on it warns; 0: never
  std::string cron;                 // of kBy: its deadlines
  std::string zone = "UTC";         // of kBy
  std::int64_t lower_bound_ms = 0;  // of kBy: so long before a deadline counts for it
  std::int64_t warn_margin_ms = 0;  // of kBy: so long before a deadline that is not met; 0: never
  // An asset that was never made fails so long after its policy began; -1: it stays unknown.
  std::int64_t required_after_ms = -1;
  FreshnessAction action = FreshnessAction::kRefresh;
  std::int64_t expected_ms = 0;  // how long a refresh takes until it was measured; 0: not known
  bool operator==(const FreshnessSpec&) const = default;
};

}  // namespace weir::module
