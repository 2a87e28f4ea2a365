// What an alert rule is made of once it is declared: the seam between weir::JobAlert and
// weir::AssetAlert, which fill these records, and the SDK's runtime, which makes the manifest of
// them. Not for users. Values; built on the thread that defines the pipeline.
#pragma once

#include <cstdint>
#include <string>

namespace weir::impl {

// In the order of the manifest's.
enum class AlertOn {
  kRunFailed,
  kRunCanceled,
  kRunFinished,
  kRunSlow,
  kTaskFailed,
  kCheckFailed,
  kTickMissed,
  kWorkerLost,
  kDiskLow,
  kFreshnessWarn,
  kFreshnessFail,
};

struct AlertRecord {
  std::string name;  // empty: after what it is about and the event
  AlertOn on = AlertOn::kRunFailed;
  std::string about;           // the job, asset or task that it was given to
  std::int64_t threshold = 0;  // failed attempts, or milliseconds
  std::string webhook, channel, secret;
  bool over_usual = false;  // in place of a threshold: what runs of the job usually take
};

}  // namespace weir::impl
