// What the API edge needs from the rest of the scheduler, as interfaces over engine types, so that
// rpc and store never include each other. Every implementation is safe to call from any thread
// unless a method says otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/engine/commands.h"
#include "scheduler/engine/effects.h"
#include "scheduler/engine/records.h"
#include "sdk/base/status.h"

namespace weir::engine {

// ---- commands in
// -------------------------------------------------------------------------------------------------

using CommandBody = decltype(Command::body);

// The loop's entrance. Answers come back through `ReplyHandler`, on the loop thread, after the
// commit: the handler must hand over and return.
using ReplyHandler = std::function<void(const Reply&)>;

class Inbox {
 public:
  virtual ~Inbox() = default;
  // Takes a command; `on_reply` may be empty for commands without an answer (the loop fills in
  // `reply_to`). RESOURCE_EXHAUSTED when the inbox is full, UNAVAILABLE when the loop is stopping
  // or the store cannot be written.
  virtual base::Status post(CommandBody body, ReplyHandler on_reply = {}) = 0;
};

// Where the loop delivers messages for workers, after the commit, on the loop thread; must not
// block.
class SessionSink {
 public:
  virtual ~SessionSink() = default;
  virtual void send(const Send& message) = 0;
  // Called once per batch, after its sends: a chance to flush frames. `last_seq` is the newest
  // committed event.
  virtual void batch_committed(std::int64_t last_seq) = 0;
  // The engine was reloaded: every session must end; workers connect again.
  virtual void close_all_sessions(const base::Status& reason) = 0;
};

// ---- reading ----

inline constexpr int kPageSizeMax = 5000;

// Key-set pages: `after` is the opaque token of the last row of the page before, empty for the
// first.
struct PageRequest {
  int size = 50;
  std::string after;
};
template <class Row>
struct Page {
  std::vector<Row> rows;
  std::string next;  // empty: this was the last page
};

struct RunFilter {
  std::string job;
  std::optional<RunState> state;
  std::optional<WallTime> since;
};

struct RunWithCounts {
  RunRow run;
  std::vector<std::int32_t> counts;  // by TaskState
};

// Committed rows, read on a bounded pool of read-only connections. Absent rows are NOT_FOUND; a bad
// page token is INVALID_ARGUMENT.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual base::Result<Page<RunWithCounts>> list_runs(const RunFilter& filter,
                                                      const PageRequest& page) = 0;
  virtual base::Result<RunWithCounts> get_run(RunId run) = 0;
  // A full id, a unique prefix, "@last" or "@last-failed". NOT_FOUND, or INVALID_ARGUMENT when
  // ambiguous.
  virtual base::Result<RunId> resolve_run(std::string_view reference) = 0;
  virtual base::Result<Page<TaskRow>> list_tasks(RunId run, std::optional<TaskState> state,
                                                 const std::string& name,
                                                 const PageRequest& page) = 0;
  virtual base::Result<Page<AttemptRow>> list_attempts(RunId run, std::optional<std::int32_t> task,
                                                       const PageRequest& page) = 0;
  virtual base::Result<std::vector<CheckRow>> list_checks(const AttemptKey& attempt) = 0;
  virtual base::Result<Page<AssetRow>> list_assets(const std::string& pipeline,
                                                   const PageRequest& page) = 0;
  virtual base::Result<AssetRow> get_asset(const std::string& name) = 0;
  virtual base::Result<MaterializationRow> get_materialization(std::int64_t id) = 0;
  virtual base::Result<Page<MaterializationRow>> list_materializations(const std::string& asset,
                                                                       const PageRequest& page) = 0;
  virtual base::Result<Page<ModuleRow>> list_modules(const PageRequest& page) = 0;
  virtual base::Result<ModuleRow> get_module(const Digest& digest) = 0;
  virtual base::Result<std::vector<ModuleRow>> active_modules() = 0;
  virtual base::Result<Page<WorkerRow>> list_workers(const PageRequest& page) = 0;
  virtual base::Result<std::int32_t> count_leases(const std::string& worker) = 0;
  // Events with seq > since, of one run if given, oldest first.
  virtual base::Result<std::vector<EventRow>> list_events(std::int64_t since,
                                                          std::optional<RunId> run, int limit) = 0;
  virtual base::Result<std::int64_t> last_seq() = 0;
  // Inline bytes; a null pointer means that the artifact is a file. NOT_FOUND when it is unknown.
  virtual base::Result<ArtifactRow> get_artifact(const Digest& digest) = 0;
};

// ---- bytes ----

inline constexpr std::int64_t kFileBytesMax = std::int64_t{2}
                                              << 30;  // default limit of one uploaded file
inline constexpr std::size_t kChunkBytes = 1 << 20;

// Writes one blob: append in order, then finish. Destroying an unfinished writer removes what it
// wrote.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual base::Status append(std::string_view bytes) = 0;
  // Starts a file of a tree; never called for a plain blob. The path is relative and must not leave
  // the tree.
  virtual base::Status start_file(const std::string& path, bool executable) = 0;
  // Verifies the digest, makes the blob durable and visible. DATA_LOSS when the bytes are not what
  // was announced.
  virtual base::Status finish() = 0;
};

struct BlobFile {
  std::string path;           // within the tree; empty for a plain blob
  std::string absolute_path;  // on this host
  std::int64_t size = 0;
  bool executable = false;
};

// Content-addressed files on disk: artifacts, or the files of modules.
class BlobStore {
 public:
  virtual ~BlobStore() = default;
  // RESOURCE_EXHAUSTED when the disk is too full.
  virtual base::Result<std::unique_ptr<BlobWriter>> create(const Digest& digest, ArtifactKind kind,
                                                           std::int64_t size) = 0;
  // Whether the blob is held durably. Cheap enough for the loop thread.
  virtual bool contains(const Digest& digest) = 0;
  // The blob's files in the tree's canonical order; one entry for a plain blob. NOT_FOUND when it
  // is not held.
  virtual base::Result<std::vector<BlobFile>> files(const Digest& digest) = 0;
};

enum class LogStream { kStdout, kStderr, kLog };

struct LogInfo {
  AttemptKey attempt;
  LogStream stream = LogStream::kStdout;
  std::int64_t size = 0;
  bool complete = false;
};

// Logs of attempts as files, appended by offset.
class LogStore {
 public:
  virtual ~LogStore() = default;
  // Bytes that are already there are skipped; OUT_OF_RANGE when `offset` is past the end.
  virtual base::Status append(const AttemptKey& attempt, LogStream stream, std::int64_t offset,
                              std::string_view data, bool last) = 0;
  // In order of task, epoch and stream.
  virtual base::Result<Page<LogInfo>> list(RunId run, std::optional<std::int32_t> task,
                                           const PageRequest& page) = 0;
  // At most `limit` bytes from `offset` (negative: from the end). Sets `info` to the log's size and
  // completeness.
  virtual base::Result<std::string> read(const AttemptKey& attempt, LogStream stream,
                                         std::int64_t& offset, std::int64_t limit,
                                         LogInfo& info) = 0;
};

}  // namespace weir::engine
