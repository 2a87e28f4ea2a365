// weir::client: starting, following and cancelling runs, registering modules and reading assets
// from a program. It speaks gRPC to a scheduler, but this header needs only the standard library;
// link weir::client. A Client may be used from several threads at once; every call blocks until it
// is answered or its deadline has passed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weir::client {

using Time = std::chrono::sys_time<std::chrono::microseconds>;

// What went wrong. `code` has gRPC's numbers, `number` is the 201 of "WEIR-E0201" (0: none).
enum class Code : int {
  kCanceled = 1,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// Why a call failed. A value type.
struct Error {
  Code code = Code::kInternal;
  int number = 0;
  std::string message;
};

// A value, or why there is none. value() of a failed result throws std::bad_variant_access.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const T& operator*() const { return value(); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

// The value of calls that answer nothing. A value type.
struct Done {};

// Where the scheduler is and how long a call may take. A value type, copied by connect().
struct Options {
  std::string
      scheduler;  // "host:port" or a data directory; empty: $WEIR_SCHEDULER, else the local one
  std::string token_file;  // empty: $WEIR_TOKEN_FILE, else the one that the local scheduler names
  std::chrono::milliseconds deadline{30'000};  // of each call
};

// The life of a run; the last three are final.
enum class RunState { kQueued, kRunning, kCanceling, kSucceeded, kFailed, kCanceled };
std::string_view run_state_name(RunState state);  // "succeeded"
bool finished(RunState state);

// A run as it was when it was read. A value type.
struct Run {
  std::string id;
  RunState state = RunState::kQueued;
  std::string job;  // "pipeline/job", empty for a selection
  std::string selection;
  std::string message;  // why it ended as it did
  int task_count = 0;
  int succeeded = 0;  // tasks, cached ones too
  int failed = 0;     // tasks that failed or whose upstream did
  Time created_at{};
  std::optional<Time> started_at;
  std::optional<Time> finished_at;
};

// One task of a run as it was when it was read. A value type.
struct Task {
  int index = 0;
  std::string name;
  std::string state;   // "waiting", "running", "succeeded", …
  std::string reason;  // why it waits or ended so
  int attempts = 0;    // epochs so far
};

// What to start. A value type.
struct RunRequest {
  std::string job;        // either a job
  std::string selection;  // or a selection of assets and tasks
  std::vector<std::pair<std::string, std::string>>
      params;  // parameter -> JSON object of members to override
  int priority = 0;
  std::string reason;
  // Repeating a request with the same key starts nothing new. Empty: a fresh key, kept over the
  // call's own retries.
  std::string idempotency_key;
};

// How to register. A value type; `progress` is called on the registering thread.
struct RegisterOptions {
  bool dry_run = false;  // only report what would change
  bool allow_breaking = false;
  std::function<void(std::string_view file, std::int64_t done, std::int64_t total)> progress;
  std::string idempotency_key;
};

// What a registration changed, or would, of one pipeline. A value type.
struct ModuleChange {
  std::string pipeline;
  std::string digest;
  bool unchanged = false;
  std::vector<std::string> added, removed, changed, breaking;
};

// An asset and its current version, as read. A value type.
struct Asset {
  std::string name;
  std::string pipeline;
  std::int64_t materialization = 0;  // 0: never materialized
  std::string digest;                // of the current version, empty when there is none
  std::string metadata_json;
};

// A connection to one scheduler. Movable, not copyable; a moved-from one may only be destroyed or
// assigned to. Every method may be called from several threads at once; none throws for what the
// scheduler answers.
class Client {
 public:
  // Finds the scheduler and its token and asks who is there. UNAVAILABLE when nobody answers,
  // UNAUTHENTICATED when the token is missing.
  static Result<Client> connect(Options options = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // Describes, uploads and registers module programs or bundle directories, all or none.
  Result<std::vector<ModuleChange>> register_modules(const std::vector<std::string>& paths,
                                                     const RegisterOptions& options = {});

  // The id of the run, which is durable once this returns.
  Result<std::string> create_run(const RunRequest& request);
  // `run`: an id, a unique prefix, "@last" or "@last-failed".
  Result<Run> get_run(std::string_view run);
  // Newest first; at most `limit`.
  Result<std::vector<Run>> list_runs(int limit = 50, std::string_view job = {});
  Result<std::vector<Task>> list_tasks(std::string_view run);
  // Returns once the run has ended, over restarts of the scheduler; DEADLINE_EXCEEDED when it has
  // not in time.
  Result<Run> wait(std::string_view run, std::chrono::milliseconds timeout);
  Result<Done> cancel_run(std::string_view run, std::string_view reason = {},
                          std::string_view idempotency_key = {});

  Result<Asset> get_asset(std::string_view name);
  // The current version, decoded to JSON text.
  Result<std::string> read_value_json(std::string_view asset);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::client
