// Appends to spool files. The agent removes a task's
// directory when it is empty, so opening may have to make it
// again.
#include "worker/supervisor/spool.h"

#include <cstdio>
#include <filesystem>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

namespace weir::worker {
namespace {

constexpr int kOpenTries = 5;  // against the removal of an empty directory

}  // namespace

std::string_view log_kind_name(LogKind kind) {
  switch (kind) {
    case LogKind::kStdout:
      return "stdout";
    case LogKind::kStderr:
      return "stderr";
    case LogKind::kLog:
      return "log";
  }
  return "";
}

std::string spool_path(const std::string& spool, const base::AttemptKey& key, LogKind kind) {
  return spool + "/" + key.run.text() + "/" + std::to_string(key.task) + "/" +
         std::to_string(key.epoch) + "." + std::string(log_kind_name(kind));
}

AttemptSpool::AttemptSpool(std::string spool, base::AttemptKey key, LogLimits limits)
    : spool_(std::move(spool)), key_(key), limits_(limits) {}

void AttemptSpool::append(LogKind kind, std::string_view bytes) {
  if (bytes.empty()) return;
  Stream& stream = streams_[std::size_t(kind)];
  if (!stream.cap) stream.cap.emplace(limits_);
  write(kind, stream, stream.cap->add(bytes));
}

std::vector<LogSize> AttemptSpool::sizes() const {
  std::vector<LogSize> all;
  for (const LogKind kind : kLogKinds) {
    const std::int64_t bytes = streams_[std::size_t(kind)].size;
    if (bytes > 0) all.push_back({kind, bytes});
  }
  return all;
}

void AttemptSpool::finish() {
  for (const LogKind kind : kLogKinds) {
    Stream& stream = streams_[std::size_t(kind)];
    if (!stream.cap) continue;
    write(kind, stream, stream.cap->finish());
    stream.cap.reset();
    stream.file.reset();
  }
}

bool AttemptSpool::open(LogKind kind, Stream& stream) {
  const std::string path = spool_path(spool_, key_, kind);
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

void AttemptSpool::write(LogKind kind, Stream& stream, std::string_view bytes) {
  if (bytes.empty() || stream.failed) return;
  if (!stream.file && !open(kind, stream)) return;
  while (!bytes.empty()) {
    const ssize_t n = ::write(stream.file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      std::fprintf(stderr, "weir worker: cannot write %s: %s; the rest of this log is lost\n",
                   spool_path(spool_, key_, kind).c_str(), errno_text(errno).c_str());
      stream.failed = true;
      return;
    }
    stream.size += n;
    bytes.remove_prefix(std::size_t(n));
  }
}

}  // namespace weir::worker
