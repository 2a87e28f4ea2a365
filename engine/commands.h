// What can happen to the scheduler: requests of people, messages of workers, the passing of time. A
// command carries everything that is not state: now, a seed, hashes. Values only, safe to hand from
// thread to thread; what they point to is immutable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "engine/records.h"
#include "engine/runs/run_spec.h"
#include "module/manifest.h"

namespace weir::engine {

using base::BootTime;
using base::Duration;
using base::Now;
using base::SessionId;
using module::Manifest;

// Who asked. `reply_to` correlates the answer (0: nobody waits); a key makes the request
// repeatable.
struct RequestInfo {
  std::uint64_t reply_to = 0;
  std::string idempotency_key;  // may be empty
  Digest hash;                  // of the request, to refuse the same key with another payload
};

struct ModuleUpload {
  Digest digest;
  std::string manifest_json;  // as uploaded
  std::shared_ptr<const Manifest> manifest;
  std::vector<BundleFile> files;
};

// All or nothing. The reply's payload is a JSON object:
// {"changes":[{"module","pipeline","added","removed",…}]}.
struct RegisterModules {
  RequestInfo request;
  std::vector<ModuleUpload> modules;
  bool allow_breaking = false;
  bool dry_run = false;
};

// The reply's payload is the run id's text.
struct CreateRun {
  RequestInfo request;
  RunSpec spec;
};

struct CancelRun {
  RequestInfo request;
  RunId run;
  std::string reason;
};

struct WorkerInfo {
  std::string id;    // stable: kept in the worker's data directory
  std::string name;  // for people
  std::int32_t slots = 1;
  std::int32_t prefetch = 0;  // leases beyond the slots that it is willing to hold
  std::string info;           // JSON: labels, resources, platform, limits achieved
};

// A worker's stream was accepted. `held` are all attempts it has: queued, running or finished and
// not acknowledged.
struct ConnectWorker {
  SessionId session;
  WorkerInfo worker;
  std::vector<AttemptKey> held;
};

struct DisconnectWorker {
  SessionId session;
  std::string reason;
};

// Renews the leases of the session's attempts and reconciles the two sets.
struct Heartbeat {
  SessionId session;
  std::vector<AttemptKey> held;
  bool leaving = false;  // the worker shuts down: it takes nothing more
};

struct DrainWorker {
  RequestInfo request;
  std::string worker;  // id or name
  bool drain = true;   // false: take work again
};

struct AttemptStarted {
  SessionId session;
  AttemptKey key;
  WallTime started_at{};
};

struct OutputValue {
  std::string asset;
  ValueRef value;
  std::shared_ptr<const std::string> bytes;  // null when the artifact store holds it
};

struct CheckResult {
  std::string asset;
  std::string name;
  module::CheckSeverity severity = module::CheckSeverity::kError;
  bool passed = false;
  std::string reason;
  std::string metadata;  // JSON object
};

struct CursorAdvance {
  std::int64_t read_version = 0;  // the version that was handed out with the lease
  OutputValue value;              // `asset` is empty
};

enum class SuccessKind { kValue, kSkipped, kUnchanged };

struct AttemptFinished {
  SessionId session;
  AttemptKey key;
  OutcomeClass outcome = OutcomeClass::kSucceeded;
  SuccessKind success = SuccessKind::kValue;
  std::string message;   // error or skip reason
  std::string detail;    // JSON object
  std::string metadata;  // JSON object
  std::optional<Duration> retry_after;
  bool permanent = false;  // the author says that no retry can help
  std::vector<OutputValue> outputs;
  std::vector<CheckResult> checks;
  std::optional<CursorAdvance> cursor;
  WallTime started_at{};
  WallTime finished_at{};
};

// The worker gives an attempt back that no executor has seen: it drains, or was asked to.
struct AttemptReleased {
  SessionId session;
  AttemptKey key;
  std::string reason;
};

// Deadlines that `now` has passed.
struct FireTimers {};

struct OutboxDelivered {
  std::int64_t id = 0;
};

// Read-only: why something waits, ran or did not. The reply's payload is a JSON array of lines.
struct Explain {
  std::uint64_t reply_to = 0;
  std::string reference;  // RUN, RUN/TASK, or an asset
};

// Resolves a selection without running it. The reply's payload is a JSON array of task names.
struct PlanRun {
  std::uint64_t reply_to = 0;
  std::string job;
  std::string selection;
};

struct Command {
  Now now;
  std::uint64_t seed = 0;  // of everything random that the step makes: ids above all
  std::variant<RegisterModules, CreateRun, CancelRun, ConnectWorker, DisconnectWorker, Heartbeat,
               DrainWorker, AttemptStarted, AttemptFinished, AttemptReleased, FireTimers,
               OutboxDelivered, Explain, PlanRun>
      body;
};

// Names of what is not resident and must be loaded before the step.
struct Reads {
  std::vector<std::string> replies;  // idempotency keys
  std::vector<RunId> runs;           // that may have finished
  std::vector<RunId> queued;         // whose turn it is
  std::vector<Digest> artifacts;     // whether the artifact store holds them durably
  bool empty() const {
    return replies.empty() && runs.empty() && queued.empty() && artifacts.empty();
  }
};

// What was found. A key that is absent was looked for and does not exist.
struct Facts {
  std::map<std::string, ReplyRow> replies;
  std::map<RunId, RunRow> runs;
  std::map<RunId, std::optional<RunRow>> queued;  // as asked for; none: it cannot be read
  std::map<Digest, ArtifactRow> artifacts;
};

}  // namespace weir::engine
