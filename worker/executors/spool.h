// The logs of one attempt on disk, until the agent has shipped them:
// SPOOL/GENERATION/RUN/TASK/EPOCH.{stdout,stderr,log}. A file comes into being with its first byte.
// Each stream is capped, and none is written into the reserve of the disk: a line in the log says
// what was lost. One thread.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "worker/core/log_cap.h"
#include "worker/supervisor/system.h"

namespace weir::worker {

using base::LogStream;

struct LogSize {
  LogStream stream = LogStream::kStdout;
  std::int64_t bytes = 0;
};

// Whose log it is: an epoch counts within one generation of the scheduler's store only.
struct LogOwner {
  std::uint64_t store_generation = 0;
  base::AttemptKey attempt;
  auto operator<=>(const LogOwner&) const = default;
};

// SPOOL/GENERATION/RUN/TASK/EPOCH.STREAM
std::string spool_path(const std::string& spool, const LogOwner& owner, LogStream which);

inline constexpr std::int64_t kRoomLookBytes = 256 << 10;  // written until the disk is looked at

class AttemptSpool {
 public:
  // Bytes that may still be written to the disk.
  using Room = std::function<std::int64_t()>;

  // `spool` is the directory of all.
  AttemptSpool(std::string spool, LogOwner owner, LogLimits limits, Room room);
  // A full disk must not end the attempt, only its log. Another error is told once, on standard
  // error.
  void append(LogStream which, std::string_view bytes);
  // Writes the tails that were kept back. Nothing may be appended afterwards.
  void finish();
  // Bytes in the files, of those that have any.
  std::vector<LogSize> sizes() const;

 private:
  struct Stream {
    std::optional<LogCap> cap;
    Fd file;
    std::int64_t size = 0;
    std::int64_t lost = 0;  // bytes for which there was no room, since the last line about such
    bool in_line = false;   // the last byte was not a newline
    bool failed = false;
  };
  void write(LogStream which, Stream& stream, std::string_view bytes);
  void tell_loss(LogStream which, Stream& stream);
  void put(LogStream which, Stream& stream, std::string_view bytes);
  bool has_room(std::size_t bytes);
  bool open(LogStream which, Stream& stream);

  std::string spool_;
  LogOwner owner_;
  LogLimits limits_;
  Room room_;
  std::int64_t budget_ = 0;  // bytes until the disk is looked at again
  std::array<Stream, 3> streams_;
};

}  // namespace weir::worker
