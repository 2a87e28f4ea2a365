// An alert rule as a pipeline declares it: what of its own is looked for, and who is told. And the
// events that there are, for rules that people make too. Values only; the words are stored and
// shown: they do not change.
#pragma once

#include <cstdint>
#include <string>

#include "base/words.h"

namespace weir::module {

// What a rule looks for. New ones go to the end: the words are stored.
enum class AlertEvent {
  kRunFailed,
  kRunCanceled,
  kRunFinished,  // however it ended: a notice, which nothing resolves
  kRunSlow,      // a run goes on for longer than the limit, or than its job's usual p95
  kTaskFailed,   // so many attempts of a task in one run
  kCheckFailed,
  kTickMissed,  // or failed, or later than the limit
  kWorkerLost,
  kDiskLow,
  kFreshnessWarn,  // or worse
  kFreshnessFail,
};
constexpr base::Words<11> words(AlertEvent) {
  return {"run_failed",  "run_canceled",   "run_finished",  "run_slow",
          "task_failed", "check_failed",   "tick_missed",   "worker_lost",
          "disk_low",    "freshness_warn", "freshness_fail"};
}

struct AlertSpec {
  std::string name;  // without the pipeline
  AlertEvent event = AlertEvent::kRunFailed;
  std::string about;           // a job, an asset or a task of the pipeline: as the event has it
  std::int64_t threshold = 0;  // failed attempts, or milliseconds: as the event has it
  std::string webhook;         // an address, or
  std::string channel;         // a name in the operator's configuration, or neither
  std::string secret;       // of the webhook: "file:PATH" or "env:WEIR_SECRET_NAME", never itself
  bool over_usual = false;  // of kRunSlow: over the p95 of its job's successes, not a threshold
  bool operator==(const AlertSpec&) const = default;
};

}  // namespace weir::module
