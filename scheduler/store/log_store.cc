// Appending to and reading logs of attempts: see log_store.h. An append locks one of a few mutexes
// by the hash of its log; reads take none, for a file only grows. Blocks on the disk, never syncs;
// an offset that leaves a gap is refused, one that repeats bytes is not.
#include "scheduler/store/log_store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <functional>
#include <system_error>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "scheduler/ports/page_token.h"
#include "scheduler/store/file.h"

namespace weir::store {

namespace fs = std::filesystem;
using base::Code;
using base::Result;
using base::Status;
using engine::AttemptKey;
using ports::LogInfo;
using ports::LogStream;

namespace {

constexpr mode_t kOpenMode = 0600;
constexpr mode_t kCompleteMode = 0400;

std::string suffix(LogStream stream) { return "." + std::string(base::word_of(stream)); }

bool complete(const struct stat& info) { return (info.st_mode & S_IWUSR) == 0; }

std::optional<std::int32_t> parse_number(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// The log that a file of a task's folder holds; nothing for files of other names.
std::optional<LogInfo> info_of(engine::RunId run, std::int32_t task, const std::string& name) {
  for (const LogStream stream : base::kLogStreams) {
    const std::string end = suffix(stream);
    if (!name.ends_with(end)) continue;
    const auto epoch = parse_number(std::string_view(name).substr(0, name.size() - end.size()));
    if (epoch) return LogInfo{{run, task, *epoch}, stream, 0, false};
  }
  return std::nullopt;
}

// The order of a list: task, epoch, stream.
using LogKey = std::array<std::int64_t, 3>;

LogKey key_of(const LogInfo& log) {
  return {log.attempt.task, log.attempt.epoch, static_cast<std::int64_t>(log.stream)};
}

std::string token_of(const LogInfo& log) {
  const LogKey key = key_of(log);
  return std::to_string(key[0]) + "." + std::to_string(key[1]) + "." + std::to_string(key[2]);
}

Status judge_append(const AttemptKey& attempt, std::int64_t size, std::int64_t offset,
                    std::size_t bytes, bool ended) {
  const std::string where = "log of " + attempt.run.text() + "/" + std::to_string(attempt.task) +
                            "#" + std::to_string(attempt.epoch);
  const std::int64_t end = offset + static_cast<std::int64_t>(bytes);
  if (offset < 0 || offset > size) {
    return {Code::kOutOfRange, base::kErrUsage,
            where + " has " + std::to_string(size) + " bytes, a chunk at " +
                std::to_string(offset) + " leaves a gap; send from " + std::to_string(size)};
  }
  if (ended && end > size) {
    return {Code::kFailedPrecondition, base::kErrUsage, where + " has ended; it takes no more"};
  }
  if (end > kLogBytesMax) {
    return {Code::kResourceExhausted, base::kErrLimit,
            where + " would pass " + std::to_string(kLogBytesMax) + " bytes"};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<DiskLogStore>> DiskLogStore::open(const std::string& root,
                                                         const DiskGuard* guard) {
  if (Status status = make_directories(root); !status.ok()) return status;
  return std::make_unique<DiskLogStore>(Private{}, root, guard);
}

std::string DiskLogStore::task_folder(engine::RunId run, std::int32_t task) const {
  return root_ + "/" + run.text() + "/" + std::to_string(task);
}

std::string DiskLogStore::path_of(const AttemptKey& attempt, LogStream stream) const {
  return task_folder(attempt.run, attempt.task) + "/" + std::to_string(attempt.epoch) +
         suffix(stream);
}

Status DiskLogStore::append(const AttemptKey& attempt, LogStream stream, std::int64_t offset,
                            std::string_view data, bool last) {
  const std::size_t slot = std::hash<AttemptKey>{}(attempt) % mutexes_.size();
  const std::lock_guard lock(mutexes_[slot]);
  const std::string path = path_of(attempt, stream);
  struct stat info {};
  const bool there = lstat(path.c_str(), &info) == 0;
  if (!there) info = {};
  const bool ended = there && complete(info);
  Status judged = judge_append(attempt, info.st_size, offset, data.size(), ended);
  if (!judged.ok()) return judged;
  const auto known = static_cast<std::size_t>(info.st_size - offset);
  data.remove_prefix(std::min(known, data.size()));
  if (ended || (data.empty() && !last)) return {};
  if (guard_ != nullptr && !data.empty()) {
    Status room = guard_->admit_finished(static_cast<std::int64_t>(data.size()));
    if (!room.ok()) return room;
  }
  if (!there) {
    if (Status status = make_directories(task_folder(attempt.run, attempt.task)); !status.ok()) {
      return status;
    }
  }
  Result<Fd> fd = open_file(path, O_WRONLY | O_CREAT | O_NOFOLLOW, kOpenMode);
  if (!fd.ok()) return fd.status();
  if (Status status = write_at(fd->get(), info.st_size, data, path); !status.ok()) return status;
  if (last && fchmod(fd->get(), kCompleteMode) != 0) return errno_status(errno, "closing", path);
  return {};
}

// The tasks that have a folder, in order.
Result<std::vector<std::int32_t>> DiskLogStore::tasks_of(engine::RunId run) const {
  const std::string folder = root_ + "/" + run.text();
  std::vector<std::int32_t> tasks;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (const auto index = parse_number(entry.path().filename().string())) tasks.push_back(*index);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return errno_status(error.value(), "listing", folder);
  }
  std::sort(tasks.begin(), tasks.end());
  return tasks;
}

// In order of epoch and stream.
Result<std::vector<LogInfo>> DiskLogStore::logs_of(engine::RunId run, std::int32_t task) const {
  std::vector<LogInfo> logs;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(task_folder(run, task), error)) {
    std::optional<LogInfo> found = info_of(run, task, entry.path().filename().string());
    struct stat info {};
    if (!found || lstat(entry.path().c_str(), &info) != 0) continue;
    found->size = info.st_size;
    found->complete = complete(info);
    logs.push_back(*found);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return errno_status(error.value(), "listing", task_folder(run, task));
  }
  std::sort(logs.begin(), logs.end(),
            [](const LogInfo& a, const LogInfo& b) { return key_of(a) < key_of(b); });
  return logs;
}

Result<ports::Page<LogInfo>> DiskLogStore::list(engine::RunId run, std::optional<std::int32_t> task,
                                                const ports::PageRequest& page) {
  LogKey after{-1, -1, -1};
  if (!page.after.empty() && !ports::parse_page_token(page.after, after)) {
    return ports::bad_page_token(page.after);
  }
  Result<std::vector<std::int32_t>> tasks = std::vector<std::int32_t>();
  if (task) {
    tasks->push_back(*task);
  } else {
    tasks = tasks_of(run);
    if (!tasks.ok()) return tasks.status();
  }
  const auto size = static_cast<std::size_t>(std::clamp(page.size, 1, ports::kPageSizeMax));
  ports::Page<LogInfo> out;
  for (const std::int32_t index : *tasks) {
    if (index < after[0]) continue;
    Result<std::vector<LogInfo>> logs = logs_of(run, index);
    if (!logs.ok()) return logs.status();
    for (const LogInfo& log : *logs) {
      if (key_of(log) <= after) continue;
      if (out.rows.size() == size) {
        out.next = token_of(out.rows.back());
        return out;
      }
      out.rows.push_back(log);
    }
  }
  return out;
}

Result<std::string> DiskLogStore::read(const AttemptKey& attempt, LogStream stream,
                                       std::int64_t& offset, std::int64_t limit, LogInfo& info) {
  info = {attempt, stream, 0, false};
  const std::string path = path_of(attempt, stream);
  Result<Fd> fd = open_file(path, O_RDONLY | O_NOFOLLOW);
  if (!fd.ok() && fd.status().code() == Code::kNotFound) {
    offset = 0;
    return std::string();
  }
  if (!fd.ok()) return fd.status();
  struct stat found {};
  if (fstat(fd->get(), &found) != 0) return errno_status(errno, "looking at", path);
  info.size = found.st_size;
  info.complete = complete(found);
  if (offset < 0) offset = std::max<std::int64_t>(0, info.size + offset);
  offset = std::min(offset, info.size);
  const std::int64_t wanted = std::min({limit, kLogReadBytesMax, info.size - offset});
  return read_at(fd->get(), offset, wanted, path);
}

Result<int> DiskLogStore::remove_gone(base::WallTime before,
                                      const std::function<bool(engine::RunId run)>& gone,
                                      const std::stop_token& stop) {
  const engine::RunId first_kept = engine::RunId::make(before, 0);
  int removed = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(root_, error)) {
    if (stop.stop_requested()) return removed;
    const auto run = engine::RunId::parse(entry.path().filename().string());
    if (!run || *run >= first_kept || !gone(*run)) continue;
    std::error_code failed;
    fs::remove_all(entry.path(), failed);
    if (failed) return errno_status(failed.value(), "removing", entry.path().string());
    ++removed;
  }
  if (error) return errno_status(error.value(), "listing", root_);
  return removed;
}

}  // namespace weir::store
