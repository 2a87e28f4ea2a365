// What a freshness policy is made of once it is declared: the seam between weir::MaxAge and
// weir::FreshBy, which fill these records, and the SDK's runtime, which makes the manifest of them.
// Not for users. Values; built on the thread that defines the pipeline.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace weir::impl {

struct FreshnessRecord {
  std::string asset;
  bool by_deadlines = false;          // else at most so old
  std::chrono::milliseconds fail{0};  // of an age
  std::optional<std::chrono::milliseconds> warn;
  std::string cron;  // of deadlines
  std::string zone = "UTC";
  std::chrono::milliseconds lower_bound{0};
  std::chrono::milliseconds warn_margin{0};
  std::optional<std::chrono::milliseconds> required_after;
  bool observe_only = false;
  std::chrono::milliseconds expected{0};
};

}  // namespace weir::impl
