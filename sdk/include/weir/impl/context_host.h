// What stands behind a weir::Context: an executor's attempt, a local run, or a test. Not for users.
// One host serves one attempt; its methods may be called from every thread that the stage starts,
// and must not block for long.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "../verdict.h"

namespace weir::impl {

struct AttemptInfo {
  std::string run;  // id of the run
  std::string job;  // empty for a selection
  std::string task;
  std::int32_t attempt = 1;       // of the author's budget
  std::int32_t epoch = 1;         // fence: grows with every lease of the task
  std::filesystem::path scratch;  // empty directory, removed after the attempt
};

enum class LogLevel { kInfo, kWarn, kError };

// As the stage says it: a share of its work, or units of it that were counted.
struct ProgressWord {
  double share = 0;  // NaN: not known
  bool counted = false;
  std::int64_t done = 0;
  std::int64_t total = 0;  // 0: not known
  std::string_view message;
};

class ContextHost {
 public:
  virtual ~ContextHost() = default;
  virtual const AttemptInfo& attempt() const = 0;
  // `asset` empty: of the stage's first asset, or of the task when it has none. The last value of a
  // name counts.
  virtual void meta(std::string_view asset, Meta entry) = 0;
  virtual void log(LogLevel level, std::string_view text, std::vector<Meta> fields) = 0;
  virtual void progress(const ProgressWord& word) = 0;
  virtual bool canceled() const = 0;
};

}  // namespace weir::impl
