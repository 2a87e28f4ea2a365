// The cap on one log of one attempt: its first bytes are passed through, its last
// ones are kept in memory, and what lay between is counted and dropped. Pure; one
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::worker {

inline constexpr std::int64_t kLogHeadBytes = 8 << 20;
inline constexpr std::int64_t kLogTailBytes = 1 << 20;

struct LogLimits {
  std::int64_t head = kLogHeadBytes;
  std::int64_t tail = kLogTailBytes;
};

class LogCap {
 public:
  explicit LogCap(LogLimits limits) : limits_(limits) {}
  // Takes output; returns the leading part of `data` that goes to the file now. The rest is kept or
  // dropped.
  std::string_view add(std::string_view data);
  // What is still to be written when the attempt is over: empty, or the tail; when bytes were
  // dropped, a line that says how many stands in front of it and the tail begins at a line.
  std::string finish();
  std::int64_t total() const { return total_; }

 private:
  void keep(std::string_view data);

  LogLimits limits_;
  std::int64_t total_ = 0;   // bytes that the attempt wrote
  std::int64_t headed_ = 0;  // bytes passed through
  std::string ring_;         // grows up to limits_.tail, then wraps
  std::size_t next_ = 0;     // where the ring is written next, once it is full
  char last_headed_ = '\n';  // so that the line about what was dropped stands on its own
};

}  // namespace weir::worker
