// What a weir::Pipeline is made of once the types are checked and erased: the seam between the
// typed headers, which fill these records, and the SDK's runtime, which reads them. Not for users.
// Records are built on one thread before weir::main() runs and are read-only afterwards; `call`,
// `run` and `make` are called from any executor thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../values.h"
#include "alert_record.h"
#include "freshness_record.h"
#include "manifest_kinds.h"
#include "schedule_record.h"

namespace weir {

class Context;  // context.h
class Start;    // context.h

namespace impl {

// An argument of a stage: its value if there is one, else why not.
struct Slot {
  State state = State::kMissing;
  // The T of an asset or parameter, a ScheduledTime, the R of a resource, the Cursor<C> of a
  // cursor. The latter two were created non-const and are passed on as such; values are shared and
  // must not be changed.
  std::shared_ptr<const void> value;
  std::string reason;   // why it is absent
  std::string version;  // data version: the digest in hexadecimal; empty for all but assets
};

// ---- values as bytes

enum class ValueKind { kBytes, kFile, kTree, kExternal };

// A value on its way out. kBytes and kExternal use `bytes`, kFile and kTree use `path`: what stands
// there is copied.
struct Encoded {
  std::string bytes;
  std::filesystem::path path;
};

// A value on its way in, with the members that its kind uses. A path stays valid for as long as the
// process lives.
struct Stored {
  std::string_view bytes;
  std::filesystem::path path;
};

// How values of one C++ type travel. One object per type, with static storage: its address
// identifies the type.
struct ValueCodec {
  std::string schema;  // the schema's text; fingerprint(schema) is the type in manifests
  ValueKind kind = ValueKind::kBytes;
  // Deterministic: equal values give equal bytes. The bytes carry the writer's schema. Throws when
  // the value cannot be encoded; the attempt then fails.
  Encoded (*encode)(const void* value) = nullptr;
  // Resolves the writer's schema against this one. Throws with what does not fit.
  std::shared_ptr<const void> (*decode)(const Stored& stored) = nullptr;
};

// Hexadecimal of the first 16 bytes of the SHA-256 of the text.
std::string fingerprint(std::string_view schema);

// ---- what a stage declares ----------------------------------------------------------------

// Makes a Cursor<C> at a position (null: at the beginning), and reads where it was advanced to
// (null: it was not).
struct CursorRecord {
  const ValueCodec* codec = nullptr;  // of C
  std::shared_ptr<void> (*make)(std::shared_ptr<const void> at) = nullptr;
  std::shared_ptr<const void> (*next)(const void* cursor) = nullptr;
};

struct DependencyRecord {
  DependencyKind kind = DependencyKind::kAsset;
  std::string name;                      // empty for kSelfPrevious, kCursor and kScheduledTime
  const ValueCodec* codec = nullptr;     // of an asset's or parameter's value
  const CursorRecord* cursor = nullptr;  // of kCursor only
  int rule = 0;                          // index into StageRecord::rules
  bool optional = false;                 // the argument is weir::Input<T>
};

struct CheckRecord {
  std::string asset;
  std::string name;
  Severity severity = Severity::kError;
  std::vector<DependencyRecord> dependencies;  // further arguments: parameters and resources only
  // `arguments` has the entries of `dependencies`. Throwing counts as not passed, with the text as
  // the reason.
  std::function<Verdict(const Slot& value, std::span<const Slot> arguments)> run;
};

struct OutputRecord {
  std::string asset;
  const ValueCodec* codec = nullptr;
};

// `arguments` has one entry per StageRecord::dependencies, in that order; those of kAfter are empty
// and last.
struct Invocation {
  Context& context;
  std::span<const Slot> arguments;
};

struct Produced {
  enum class Kind { kValues, kSkipped, kUnchanged };
  Kind kind = Kind::kValues;
  std::vector<std::shared_ptr<const void>> values;  // one per output when kValues
  std::string reason;                               // of kSkipped
};

struct StageRecord {
  std::string name;                   // the first asset, or the task's own name
  std::vector<OutputRecord> outputs;  // empty for a task
  std::vector<DependencyRecord> dependencies;
  std::vector<Rule> rules{Rule::kAllSuccess};
  int max_attempts = 1;
  std::chrono::milliseconds retry_delay{0};
  std::chrono::milliseconds timeout{0};  // 0: none
  int priority = 0;
  bool side_effects = false;
  std::string code_version;  // as the author declared it; empty: the module's
  std::vector<CheckRecord> checks;
  std::string owner;
  std::string group;
  std::string note;
  std::function<Produced(const Invocation&)> call;
};

struct ParamRecord {
  std::string name;
  const ValueCodec* codec = nullptr;
  std::shared_ptr<const void> defaults;
  std::string (*to_json)(const void* value) = nullptr;
  // A copy of `defaults` with the members that the JSON object names replaced. Throws on an unknown
  // member or on a value of another type, with the member's path.
  std::shared_ptr<const void> (*from_json)(const void* defaults, std::string_view json) = nullptr;
};

struct ResourceRecord {
  std::string name;
  std::function<std::shared_ptr<void>(const Start&)> make;  // once per executor, when first needed
};

struct ExternalRecord {
  std::string asset;
  const ValueCodec* codec = nullptr;
};

struct JobRecord {
  std::string name;
  std::string selection;
  int priority = 0;
};

struct PipelineRecord {
  std::string name;
  std::vector<StageRecord> stages;
  std::vector<ExternalRecord> externals;
  std::vector<ParamRecord> params;
  std::vector<ResourceRecord> resources;
  std::vector<JobRecord> jobs;
  std::vector<ScheduleRecord> schedules;
  std::vector<FreshnessRecord> freshness;
  std::vector<AlertRecord> alerts;
};

// weir::main() behind the types: the verbs run, describe, graph, register, replay, executor,
// version, help. Returns the exit code: 0 success, 1 the run failed, 2 usage or an invalid
// definition. Runs on the calling thread.
int run_main(const PipelineRecord& pipeline, int argc, char** argv);

}  // namespace impl
}  // namespace weir
