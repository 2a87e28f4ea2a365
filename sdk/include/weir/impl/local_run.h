// Runs a pipeline in this process, on the same engine as the scheduler's, over a store in memory:
// what weir/testing.h stands on. Not for users. Used from one thread; stages run on threads of its
// own.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../scheduled_time.h"
#include "stage.h"

namespace weir::impl {

class LocalRun {
 public:
  // `pipeline` must outlive this. Throws weir::Failure with every problem when the definition is
  // invalid.
  explicit LocalRun(const PipelineRecord& pipeline);
  ~LocalRun();
  LocalRun(const LocalRun&) = delete;
  LocalRun& operator=(const LocalRun&) = delete;

  // Fixtures, before the first run. A given asset is current from the start and its stage does not
  // run.
  void give_asset(std::string_view asset, const ValueCodec& codec,
                  std::shared_ptr<const void> value);
  void give_param(std::string_view name, std::shared_ptr<const void> value);
  void give_resource(std::string_view name, std::shared_ptr<void> fake);
  // Of the runs from then on; when there was none, they are for the moment that they begin.
  void give_time(ScheduledTime time);

  // Runs the stage that makes or is named `name` and everything upstream of it, less what was given
  // and what only that needs; returns when the run has ended. Retry delays pass on a clock of its
  // own. Versions and cursors stay for the next call. Throws weir::Failure when nothing can be run.
  void materialize(std::string_view name);
  // The same for every stage of the pipeline.
  void all();

  // Of the latest run, by asset or task; kMissing for what took no part.
  State state(std::string_view name) const;
  std::string reason(std::string_view name) const;
  int attempts(std::string_view task) const;
  // The current version, null when there is none.
  std::shared_ptr<const void> value(std::string_view asset, const ValueCodec& codec);

  struct Check {
    std::string asset;
    std::string name;
    bool passed = false;
    std::string reason;
  };
  std::vector<Check> checks() const;
  // The metadata of the latest committed attempt: a JSON object.
  std::string metadata(std::string_view task) const;
  // Tasks in the order in which they were started.
  std::vector<std::string> order() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::impl
