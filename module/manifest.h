// The manifest: what a module declares. `./module describe` prints it as JSON, `weir register`
// uploads it, a worker derives it again on first load, the engine plans from it. One definition for
// all of them. Values only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "base/words.h"
#include "module/alert_spec.h"
#include "module/freshness_spec.h"
#include "module/schedule_spec.h"

namespace weir::module {

using base::Json;
using base::Result;
using base::Status;

inline constexpr int kManifestFormat = 3;
inline constexpr std::size_t kManifestBytesMax = 16u << 20;
inline constexpr std::size_t kStagesMax = 100'000;  // a pipeline

// Trigger rules over direct parents; semantics.md has the table.
enum class TriggerRule {
  kAllSuccess,
  kAllFailed,
  kAllDone,
  kAllDoneMinOneSuccess,
  kAllSkipped,
  kOneFailed,
  kOneSuccess,
  kOneDone,
  kNoneFailed,
  kNoneFailedMinOneSuccess,
  kNoneSkipped,
  kAlways,
};
constexpr base::Words<12> words(TriggerRule) {
  return {"all_success",  "all_failed",
          "all_done",     "all_done_min_one_success",
          "all_skipped",  "one_failed",
          "one_success",  "one_done",
          "none_failed",  "none_failed_min_one_success",
          "none_skipped", "always"};
}

// What an argument of a stage is.
enum class DependencyKind {
  kAsset,         // the value of an asset
  kAfter,         // ordering only, no value
  kLastGood,      // the current version; does not join the run
  kSelfPrevious,  // the previous version of the stage's own asset
  kParam,
  kResource,
  kCursor,
  kScheduledTime,  // the time that the run is for
};
constexpr base::Words<8> words(DependencyKind) {
  return {"asset", "after",    "last_good", "self_previous",
          "param", "resource", "cursor",    "scheduled_time"};
}

enum class CheckSeverity { kWarn, kError, kBlocking };
constexpr base::Words<3> words(CheckSeverity) { return {"warn", "error", "blocking"}; }

struct DependencySpec {
  DependencyKind kind = DependencyKind::kAsset;
  std::string name;       // of the asset, task, parameter or resource; empty for self and cursor
  std::string type;       // fingerprint of the value's schema; empty where no value is passed
  int rule = 0;           // index into StageSpec::rules: the one that decides over it
  bool optional = false;  // the argument is weir::Input<T>: it may be absent
  bool operator==(const DependencySpec&) const = default;
};

struct RetrySpec {
  int max_attempts = 1;       // paid by failed, timed_out, crashed
  std::int64_t delay_ms = 0;  // constant
};

struct CheckSpec {
  std::string asset;
  std::string name;
  CheckSeverity severity = CheckSeverity::kError;
};

struct OutputSpec {
  std::string asset;
  std::string type;    // fingerprint: hex of the first 16 bytes of SHA-256 of the schema
  std::string schema;  // the schema's text
};

struct StageSpec {
  std::string name;                 // of its task: the first asset, or the task's own name
  std::vector<OutputSpec> outputs;  // empty for a task without assets
  // In the order of the stage's parameters, ordering-only ones last.
  std::vector<DependencySpec> dependencies;
  std::vector<TriggerRule> rules{TriggerRule::kAllSuccess};
  RetrySpec retry;
  std::int64_t timeout_ms = 0;  // 0: none
  int priority = 0;             // added to the run's
  bool side_effects = false;
  std::string code_version;
  std::vector<CheckSpec> checks;
  std::string owner;
  std::string group;
  std::string note;
};

struct ParamSpec {
  std::string name;
  std::string type;
  std::string schema;
  std::string defaults;  // JSON text
};

struct ExternalSpec {  // an asset that another pipeline owns
  std::string asset;
  std::string type;
  std::string schema;
};

struct JobSpec {
  std::string name;       // without the pipeline
  std::string selection;  // parsed by the engine
  int priority = 0;
};

struct Manifest {
  int format = kManifestFormat;
  std::string pipeline;
  std::string sdk_version;
  std::string compiler;
  std::string architecture;  // "x86_64"
  std::vector<StageSpec> stages;
  std::vector<ExternalSpec> externals;
  std::vector<ParamSpec> params;
  std::vector<std::string> resources;
  std::vector<JobSpec> jobs;
  std::vector<ScheduleSpec> schedules;
  std::vector<FreshnessSpec> freshness;  // at most one an asset, of its own
  std::vector<AlertSpec> alerts;
};

Json manifest_to_json(const Manifest& manifest);

// What executors send of it: without what the scheduler alone acts on, for which an executor has
// neither a use nor the files, as those of calendars.
Manifest executed_part(Manifest manifest);
// INVALID_ARGUMENT with the path of the member that is wrong; DATA_LOSS never. An unknown member is
// ignored, a format newer than ours is FAILED_PRECONDITION.
Result<Manifest> manifest_from_json(const Json& json);

// Names, uniqueness, dangling and cyclic dependencies, limits: everything that can be judged
// without a server. INVALID_ARGUMENT with all problems, one a line.
Status validate_manifest(const Manifest& manifest);

}  // namespace weir::module
