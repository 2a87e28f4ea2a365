// Head and tail of a log. The ring holds the newest bytes; the line about dropped bytes is
// part of the log itself, so that every reader sees it at the place where something is
// missing.
#include "worker/core/log_cap.h"

#include <algorithm>

namespace weir::worker {

std::string_view LogCap::add(std::string_view data) {
  total_ += std::int64_t(data.size());
  const std::int64_t room = limits_.head - headed_;
  const std::size_t through = std::size_t(std::clamp<std::int64_t>(room, 0, data.size()));
  if (through > 0) last_headed_ = data[through - 1];
  headed_ += std::int64_t(through);
  keep(data.substr(through));
  return data.substr(0, through);
}

void LogCap::keep(std::string_view data) {
  const std::size_t capacity = std::size_t(limits_.tail);
  if (data.size() > capacity) data.remove_prefix(data.size() - capacity);
  const std::size_t grow = std::min(capacity - ring_.size(), data.size());
  ring_.append(data.substr(0, grow));
  data.remove_prefix(grow);
  while (!data.empty()) {
    const std::size_t run = std::min(capacity - next_, data.size());
    ring_.replace(next_, run, data.substr(0, run));
    next_ = (next_ + run) % capacity;
    data.remove_prefix(run);
  }
}

std::string LogCap::finish() {
  std::string tail = ring_.substr(next_) + ring_.substr(0, next_);
  ring_.clear();
  next_ = 0;
  std::int64_t dropped = total_ - headed_ - std::int64_t(tail.size());
  if (dropped == 0) return tail;
  const std::size_t newline = tail.find('\n');
  if (newline != std::string::npos && newline + 1 < tail.size()) {
    dropped += std::int64_t(newline) + 1;
    tail.erase(0, newline + 1);
  }
  std::string out = last_headed_ == '\n' ? "" : "\n";
  out += "[weir: " + std::to_string(dropped) + " bytes dropped here: a log keeps its first " +
         std::to_string(limits_.head) + " and its last " + std::to_string(limits_.tail) +
         " bytes]\n";
  return out + tail;
}

}  // namespace weir::worker
