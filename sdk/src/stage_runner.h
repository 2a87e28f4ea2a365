// Runs one attempt of one stage: decodes its inputs, makes what it takes, calls it, judges the
// checks, encodes what it gave. The same for an executor and for local runs. One object per process
// and pipeline; run() may be called from many threads at once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "engine/commands.h"
#include "sdk/src/helpers.h"
#include "sdk/src/value_cache.h"
#include "sdk/src/value_io.h"
#include "weir/impl/context_host.h"

namespace weir::sdk_impl {

struct AttemptInput {
  bool present = false;
  engine::TaskState state = engine::TaskState::kSucceeded;
  std::string reason;  // why it is absent
  WireValue value;
};

struct AttemptRequest {
  base::AttemptKey key;              // comes back with the result
  std::int32_t stage = 0;            // index in the pipeline
  std::vector<AttemptInput> inputs;  // one per dependency, in the manifest's order
  std::string params;  // JSON object by parameter name: members that override defaults
  std::int64_t cursor_version = 0;
  std::optional<WireValue> cursor;
  std::optional<base::WallTime> scheduled_at;  // of a stage that takes it
  ArtifactTarget target;
  impl::AttemptInfo info;
};

// Where an attempt speaks to while it runs. Called from any thread of the stage.
class AttemptSink {
 public:
  virtual ~AttemptSink() = default;
  virtual void log(std::string line) = 0;  // see log_line()
  virtual void progress(const impl::ProgressWord& word) = 0;
  virtual bool canceled() = 0;
  virtual base::WallTime now() = 0;
};

// Resources live once per process: made when first needed, kept until the end. A maker that throws
// is asked again by the next attempt, if there is one.
class ResourceSet {
 public:
  explicit ResourceSet(const impl::PipelineRecord& pipeline);
  void give(std::string_view name, std::shared_ptr<void> resource);
  // Throws what the maker throws, and weir::Failure (permanent) when no resource has this name.
  std::shared_ptr<void> get(std::string_view name);

  // For a process that makes one resource at a time: notes which processes their makers start.
  void watch_helpers() { watches_helpers_ = true; }
  // Those since the last call.
  std::vector<Helper> take_helpers() { return std::exchange(helpers_, {}); }

 private:
  struct Entry {
    const impl::ResourceRecord* record = nullptr;
    std::mutex mutex;                // held while it is made: the others wait
    std::shared_ptr<void> resource;  // guarded by mutex
  };
  Entry& entry_of(std::string_view name);

  std::map<std::string, Entry, std::less<>> entries_;  // constant after construction
  bool watches_helpers_ = false;
  std::vector<Helper> helpers_;  // of the one thread that makes resources while they are watched
};

class StageRunner {
 public:
  // `pipeline` must outlive this.
  explicit StageRunner(const impl::PipelineRecord& pipeline);

  // The report, without session and key. Never throws; the outcome is succeeded, failed,
  // check_failed or load_error, and `detail` names the type of an exception.
  engine::AttemptFinished run(const AttemptRequest& request, AttemptSink& sink);

  // Replaces the defaults of a parameter, before the first run().
  void give_param(std::string_view name, std::shared_ptr<const void> value);
  ResourceSet& resources() { return resources_; }
  ValueCache& cache() { return cache_; }

 private:
  const impl::PipelineRecord& pipeline_;
  ValueCache cache_;
  ResourceSet resources_;
  std::map<std::string, std::shared_ptr<const void>, std::less<>> given_params_;
};

}  // namespace weir::sdk_impl
