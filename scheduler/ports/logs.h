// The logs of attempts as the API edge sees them: streams that grow, read and appended by offset.
// An interface; every implementation is safe to call from any thread. Whose logs may be read is not
// decided here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/status.h"
#include "scheduler/ports/reader.h"

namespace weir::ports {

using base::LogStream;

struct LogInfo {
  base::AttemptKey attempt;
  LogStream stream = LogStream::kStdout;
  std::int64_t size = 0;
  bool complete = false;
};

// Logs of attempts as files, appended by offset.
class LogStore {
 public:
  virtual ~LogStore() = default;
  // Bytes that are already there are skipped; OUT_OF_RANGE when `offset` is past the end.
  virtual base::Status append(const base::AttemptKey& attempt, LogStream stream,
                              std::int64_t offset, std::string_view data, bool last) = 0;
  // In order of task, epoch and stream.
  virtual base::Result<Page<LogInfo>> list(base::RunId run, std::optional<std::int32_t> task,
                                           const PageRequest& page) = 0;
  // At most `limit` bytes from `offset` (negative: from the end). Sets `info` to the log's size and
  // completeness.
  virtual base::Result<std::string> read(const base::AttemptKey& attempt, LogStream stream,
                                         std::int64_t& offset, std::int64_t limit,
                                         LogInfo& info) = 0;
};

}  // namespace weir::ports
