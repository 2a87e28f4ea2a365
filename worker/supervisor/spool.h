// The logs of one attempt on disk, until the agent has shipped them:
// SPOOL/RUN/TASK/EPOCH.{stdout,stderr,log}. A file comes into being with its first byte. Each
// stream is capped. One thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "worker/core/log_cap.h"
#include "worker/supervisor/system.h"

namespace weir::worker {

enum class LogKind { kStdout, kStderr, kLog };
inline constexpr std::array<LogKind, 3> kLogKinds{LogKind::kStdout, LogKind::kStderr,
                                                  LogKind::kLog};

struct LogSize {
  LogKind kind = LogKind::kStdout;
  std::int64_t bytes = 0;
};

// "stdout", "stderr" or "log": the file's extension.
std::string_view log_kind_name(LogKind kind);

// SPOOL/RUN/TASK/EPOCH.KIND
std::string spool_path(const std::string& spool, const base::AttemptKey& key, LogKind kind);

class AttemptSpool {
 public:
  // `spool` is the directory of all.
  AttemptSpool(std::string spool, base::AttemptKey key, LogLimits limits);

  // An error is told once, on standard error: a full disk must not end the attempt, only its log.
  void append(LogKind kind, std::string_view bytes);
  // Writes the tails that were kept back. Nothing may be appended afterwards.
  void finish();
  // Bytes in the files, of those that have any.
  std::vector<LogSize> sizes() const;

 private:
  struct Stream {
    std::optional<LogCap> cap;
    Fd file;
    std::int64_t size = 0;
    bool failed = false;
  };
  void write(LogKind kind, Stream& stream, std::string_view bytes);
  bool open(LogKind kind, Stream& stream);

  std::string spool_;
  base::AttemptKey key_;
  LogLimits limits_;
  std::array<Stream, 3> streams_;
};

}  // namespace weir::worker
