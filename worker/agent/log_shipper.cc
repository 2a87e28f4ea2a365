// One call at a time carries chunks of many logs. A chunk that the scheduler has already is skipped
// there, so repeating is harmless; a gap (it lost its disk's newest bytes) makes us begin that log
// again.
#include "worker/agent/log_shipper.h"

#include <charconv>
#include <filesystem>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include "worker/core/backoff.h"
#include "worker/executors/attempt.h"

namespace weir::worker {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Status;

template <class Number>
std::optional<Number> number(const std::string& text) {
  Number value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

LogOwner owner_of(const v1::LogChunk& chunk) {
  return {chunk.attempt().store_generation(), key_of(chunk.attempt())};
}

LogStream stream_of(const v1::LogChunk& chunk) { return LogStream(int(chunk.stream()) - 1); }

// SPOOL/GENERATION/RUN/TASK/EPOCH.STREAM back into its parts.
std::optional<std::pair<LogOwner, LogStream>> parse_spool_path(const fs::path& path) {
  const fs::path of_task = path.parent_path(), of_run = of_task.parent_path();
  const auto generation = number<std::uint64_t>(of_run.parent_path().filename().string());
  const auto run = base::RunId::parse(of_run.filename().string());
  const auto task = number<std::int32_t>(of_task.filename().string());
  const auto epoch = number<std::int32_t>(path.stem().string());
  if (!generation || !run || !task || !epoch) return std::nullopt;
  for (const LogStream stream : base::kLogStreams) {
    if (path.extension() == "." + std::string(base::word_of(stream))) {
      return std::pair(LogOwner{*generation, {*run, *task, *epoch}}, stream);
    }
  }
  return std::nullopt;
}

std::string read_part(const std::string& path, std::int64_t offset, std::size_t bytes_max) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return "";
  std::string bytes(bytes_max, '\0');
  const ssize_t n = ::pread(file.get(), bytes.data(), bytes.size(), offset);
  bytes.resize(n < 0 ? 0 : std::size_t(n));
  return bytes;
}

}  // namespace

LogShipper::LogShipper(const Link& link, std::string spool)
    : link_(link), spool_(std::move(spool)), line_(link) {
  adopt_leftovers();
  thread_ = std::jthread([this](std::stop_token stop) { work(stop); });
}

LogShipper::~LogShipper() {
  thread_.request_stop();
  wake_.notify_all();
}

void LogShipper::adopt_leftovers() {
  std::error_code error;
  for (fs::recursive_directory_iterator it(spool_, error), end; !error && it != end;
       it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    const auto id = parse_spool_path(it->path());
    if (!id) continue;
    files_[*id] = {std::int64_t(it->file_size(error)), 0, true, false};
    leftovers_.insert(id->first);
  }
}

void LogShipper::grew(const LogOwner& owner, LogStream stream, std::int64_t size, bool over) {
  const std::lock_guard lock(mutex_);
  File& file = files_[{owner, stream}];
  file.size = std::max(file.size, size);
  file.over = file.over || over;
  wake_.notify_all();
}

void LogShipper::set_connected(bool connected) {
  const std::lock_guard lock(mutex_);
  connected_ = connected;
  wake_.notify_all();
}

bool LogShipper::flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, limit, [this] { return !has_work() || !connected_; }) && !has_work();
}

bool LogShipper::has_work() const {
  for (const auto& [id, file] : files_) {
    if (file.pending()) return true;
  }
  return false;
}

void LogShipper::work(std::stop_token stop) {
  Backoff backoff;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!has_work()) idle_.notify_all();
      const auto wanted = [this] { return connected_ && has_work(); };
      if (!wake_.wait(lock, stop, wanted)) return;
    }
    if (ship_once()) {
      backoff.reset();
      continue;
    }
    std::unique_lock lock(mutex_);
    idle_.notify_all();
    wake_.wait_for(lock, stop, backoff.next(0xffffffffu), [] { return false; });
    if (stop.stop_requested()) return;
  }
}

// False when the scheduler did not take it and time must pass.
bool LogShipper::ship_once() {
  v1::AppendLogsRequest request;
  collect(request);
  if (request.chunks_size() == 0) return true;
  const Status status = send(request);
  if (status.ok()) {
    settle(request);
    return true;
  }
  if (passing(status) || status.code() == Code::kUnauthenticated) return false;
  separate(request);
  return true;
}

bool LogShipper::collect(v1::AppendLogsRequest& request) {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  const auto take = [&](const Id& id, File& file) {
    if (!file.pending() || bytes >= kLogRequestBytes || request.chunks_size() >= kLogChunksMax)
      return;
    const auto left =
        std::size_t(std::min<std::int64_t>(file.size - file.acknowledged, kLogChunkBytes));
    std::string data =
        left == 0 ? ""
                  : read_part(spool_path(spool_, id.first, id.second), file.acknowledged, left);
    if (data.empty() && left > 0) file.size = file.acknowledged;  // the file is gone or was cut
    if (data.empty() && !file.over) return;
    v1::LogChunk* chunk = request.add_chunks();
    set_key(id.first.attempt, chunk->mutable_attempt());
    chunk->mutable_attempt()->set_store_generation(id.first.store_generation);
    chunk->set_stream(v1::LogStream(int(id.second) + 1));
    chunk->set_offset(file.acknowledged);
    chunk->set_last(file.over && file.acknowledged + std::int64_t(data.size()) == file.size);
    bytes += data.size();
    chunk->set_data(std::move(data));
    after_ = id;
  };
  const auto begin = after_ ? files_.upper_bound(*after_) : files_.begin();
  for (auto it = begin; it != files_.end(); ++it) take(it->first, it->second);
  for (auto it = files_.begin(); it != begin; ++it) take(it->first, it->second);
  return request.chunks_size() > 0;
}

Status LogShipper::send(const v1::AppendLogsRequest& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kLogCallDeadline);
  if (Status status = link_.authorize(context); !status.ok()) return status;
  v1::AppendLogsResponse response;
  const Status status = from_grpc(line_.stub()->AppendLogs(&context, request, &response));
  if (status.code() == Code::kDeadlineExceeded) line_.renew();
  return status;
}

void LogShipper::settle(const v1::AppendLogsRequest& request) {
  const std::lock_guard lock(mutex_);
  for (const v1::LogChunk& chunk : request.chunks()) {
    const Id id(owner_of(chunk), stream_of(chunk));
    const auto found = files_.find(id);
    if (found == files_.end()) continue;
    found->second.acknowledged = chunk.offset() + std::int64_t(chunk.data().size());
    if (chunk.last() && found->second.acknowledged >= found->second.size) drop(id);
  }
}

// One of the chunks was refused: finds out which, and deals with that one.
void LogShipper::separate(const v1::AppendLogsRequest& request) {
  for (const v1::LogChunk& chunk : request.chunks()) {
    v1::AppendLogsRequest single;
    *single.add_chunks() = chunk;
    const Status status = send(single);
    if (status.ok()) {
      settle(single);
    } else if (!passing(status)) {
      refuse(chunk, status);
    } else {
      return;
    }
  }
}

void LogShipper::refuse(const v1::LogChunk& chunk, const Status& why) {
  const std::lock_guard lock(mutex_);
  const Id id(owner_of(chunk), stream_of(chunk));
  const auto found = files_.find(id);
  if (found == files_.end()) return;
  if (why.code() == Code::kOutOfRange && !found->second.restarted) {
    found->second.acknowledged = 0;
    found->second.restarted = true;
    return;
  }
  spdlog::warn("log_refused attempt={} stream={} why=\"{}\"", attempt_file_name(id.first.attempt),
               base::word_of(id.second), why.text());
  if (found->second.over) {
    drop(id);
  } else {
    found->second.acknowledged = found->second.size;
  }
}

void LogShipper::drop(const Id& id) {
  const std::string path = spool_path(spool_, id.first, id.second);
  ::unlink(path.c_str());
  // The folders go with their last file; a new attempt of the task makes them again.
  fs::path folder = fs::path(path).parent_path();
  for (int level = 0; level < 3 && ::rmdir(folder.c_str()) == 0; ++level) {
    folder = folder.parent_path();
  }
  files_.erase(id);
}

}  // namespace weir::worker
