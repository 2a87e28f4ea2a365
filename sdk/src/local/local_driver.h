// The scheduler's engine, a store in memory and a worker made of threads, in one process: what
// `MODULE run` and weir/testing.h stand on. The thread that calls is the loop; stages run on
// threads of the driver's own. One object serves any number of runs, one after the other.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "engine/records.h"
#include "sdk/src/memory_store.h"
#include "sdk/src/stage_runner.h"

namespace weir::sdk_impl {

inline constexpr int kLocalSlotsMax = 256;

struct LocalOptions {
  int slots = 1;
  // Waiting for a retry passes at once, on a clock that is ahead of the real one.
  bool skip_waiting = false;
  std::function<void(const engine::EventRow&)> on_event;  // on the calling thread, after the commit
  // From the thread of the stage: a line of log_line().
  std::function<void(const std::string& task, const std::string& line)> on_log;
  // The same, and from one of the driver's own: how far the stage is, now and then.
  std::function<void(const std::string& task, const engine::Progress& progress)> on_progress;
};

class LocalDriver {
 public:
  // `pipeline` must outlive this.
  LocalDriver(const impl::PipelineRecord& pipeline, LocalOptions options);
  ~LocalDriver();

  // Validates and registers the pipeline. Call once, before everything else.
  base::Status start();

  // Makes `value` the current version of an asset of the pipeline, or of an external one.
  base::Status give_asset(std::string_view asset, const impl::ValueCodec& codec,
                          const std::shared_ptr<const void>& value);

  // Runs a selection or, when that is empty, a job; returns when the run has ended, however it
  // ended. `params` is a JSON object: by parameter name, an object of the members to override.
  // `nominal` is the time that the run is for, now when none is given. Fails when the engine
  // refuses the request.
  base::Result<base::RunId> run(const std::string& selection, const std::string& job,
                                const base::Json& params, std::optional<base::WallTime> nominal);

  // The current version of an asset; NOT_FOUND when there is none.
  base::Result<std::shared_ptr<const void>> current(std::string_view asset,
                                                    const impl::ValueCodec& codec);

  const MemoryTables& tables() const;
  StageRunner& runner();
  // Where values and scratch folders of the runs are, until this ends.
  const std::filesystem::path& folder() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// A directory of this process below the temporary one, removed with everything in it at the end.
class TemporaryDirectory {
 public:
  // Throws std::filesystem::filesystem_error when it cannot be made.
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// With what is read-only in it; as far as that goes.
void remove_folder(const std::filesystem::path& path);

}  // namespace weir::sdk_impl
