// Appends to spool files. The agent removes a task's
// directory when it is empty, so opening may have to make it
// again.
#include "worker/executors/spool.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

namespace weir::worker {
namespace {

constexpr int kOpenTries = 5;  // against the removal of an empty directory

}  // namespace

std::string spool_path(const std::string& spool, const LogOwner& owner, LogStream which) {
  const base::AttemptKey& key = owner.attempt;
  return spool + "/" + std::to_string(owner.store_generation) + "/" + key.run.text() + "/" +
         std::to_string(key.task) + "/" + std::to_string(key.epoch) + "." +
         std::string(base::word_of(which));
}

AttemptSpool::AttemptSpool(std::string spool, LogOwner owner, LogLimits limits, Room room)
    : spool_(std::move(spool)), owner_(owner), limits_(limits), room_(std::move(room)) {}

void AttemptSpool::append(LogStream which, std::string_view bytes) {
  if (bytes.empty()) return;
  Stream& stream = streams_[std::size_t(which)];
  if (!stream.cap) stream.cap.emplace(limits_);
  write(which, stream, stream.cap->add(bytes));
}

std::vector<LogSize> AttemptSpool::sizes() const {
  std::vector<LogSize> all;
  for (const LogStream which : base::kLogStreams) {
    const std::int64_t bytes = streams_[std::size_t(which)].size;
    if (bytes > 0) all.push_back({which, bytes});
  }
  return all;
}

void AttemptSpool::finish() {
  for (const LogStream which : base::kLogStreams) {
    Stream& stream = streams_[std::size_t(which)];
    if (!stream.cap) continue;
    write(which, stream, stream.cap->finish());
    tell_loss(which, stream);  // the reserve has room for a line
    stream.cap.reset();
    stream.file.reset();
  }
}

bool AttemptSpool::open(LogStream which, Stream& stream) {
  const std::string path = spool_path(spool_, owner_, which);
  int error = 0;
  for (int i = 0; i < kOpenTries; ++i) {
    stream.file = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (stream.file) return true;
    error = errno;
    if (error != ENOENT) break;
    // The next attempt to open says what is wrong.
    static_cast<void>(make_directories(std::filesystem::path(path).parent_path().string()));
  }
  std::fprintf(stderr, "weir worker: cannot open %s: %s\n", path.c_str(),
               errno_text(error).c_str());
  stream.failed = true;
  return false;
}

bool AttemptSpool::has_room(std::size_t bytes) {
  const auto wanted = std::int64_t(bytes);
  if (budget_ < wanted) {
    const std::int64_t room = room_();
    if (room < wanted) {
      budget_ = 0;  // look again: what was there a moment ago is gone
      return false;
    }
    budget_ = std::max(std::min(room, kRoomLookBytes), wanted);
  }
  budget_ -= wanted;
  return true;
}

void AttemptSpool::write(LogStream which, Stream& stream, std::string_view bytes) {
  if (bytes.empty() || stream.failed) return;
  if (!has_room(bytes.size())) {
    stream.lost += std::int64_t(bytes.size());
    return;
  }
  tell_loss(which, stream);
  put(which, stream, bytes);
}

void AttemptSpool::tell_loss(LogStream which, Stream& stream) {
  if (stream.lost == 0) return;
  const std::string line = std::string(stream.in_line ? "\n" : "") +
                           "[weir: " + std::to_string(std::exchange(stream.lost, 0)) +
                           " bytes lost here: the worker's disk was full]\n";
  put(which, stream, line);
}

void AttemptSpool::put(LogStream which, Stream& stream, std::string_view bytes) {
  if (stream.failed || (!stream.file && !open(which, stream))) return;
  while (!bytes.empty()) {
    const ssize_t n = ::write(stream.file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == ENOSPC || errno == EDQUOT)) {
      stream.lost += std::int64_t(bytes.size());
      return;
    }
    if (n < 0) {
      std::fprintf(stderr, "weir worker: cannot write %s: %s; the rest of this log is lost\n",
                   spool_path(spool_, owner_, which).c_str(), errno_text(errno).c_str());
      stream.failed = true;
      return;
    }
    stream.size += n;
    stream.in_line = bytes[std::size_t(n) - 1] != '\n';
    bytes.remove_prefix(std::size_t(n));
  }
}

}  // namespace weir::worker
