// What can happen to the scheduler: requests of people, messages of workers, the passing of time. A
// command carries everything that is not state: now, a seed, hashes. Values only, safe to hand from
// thread to thread; what they point to is immutable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "engine/alerts/alert_commands.h"
#include "engine/records.h"
#include "engine/report_values.h"
#include "engine/runs/run_spec.h"
#include "engine/schedules/schedule_commands.h"
#include "module/manifest.h"

namespace weir::engine {

using base::BootTime;
using base::Duration;
using base::Now;
using base::SessionId;
using module::Manifest;

struct ModuleUpload {
  Digest digest;
  std::string manifest_json;  // as uploaded
  std::shared_ptr<const Manifest> manifest;
  std::vector<BundleFile> files;
};

// All or nothing. Answered with the changes.
struct RegisterModules {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  std::vector<ModuleUpload> modules;
  bool allow_breaking = false;
  bool dry_run = false;
  Zones zones = {};
};

// Answered with the run's id.
struct CreateRun {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  RunSpec spec;
};

struct CancelRun {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  RunId run;
  std::string reason;
};

struct WorkerInfo {
  std::string id;    // stable: kept in the worker's data directory
  std::string name;  // for people
  std::int32_t slots = 1;
  std::int32_t prefetch = 0;  // leases beyond the slots that it is willing to hold
  WorkerTraits traits = {};
};

// A worker's stream was accepted. `held` are all attempts it has: queued, running or finished and
// not acknowledged.
struct ConnectWorker {
  static constexpr Sender kSender = Sender::kWorkers;
  SessionId session;
  WorkerInfo worker;
  std::vector<AttemptKey> held;
};

struct DisconnectWorker {
  static constexpr Sender kSender = Sender::kWorkers;
  SessionId session;
  std::string reason;
};

// Renews the leases of the session's attempts and reconciles the two sets.
struct Heartbeat {
  static constexpr Sender kSender = Sender::kWorkers;
  SessionId session;
  std::vector<AttemptKey> held;
  bool leaving = false;  // the worker shuts down: it takes nothing more
};

struct DrainWorker {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  std::string worker;  // id or name
  bool drain = true;   // false: take work again
};

struct AttemptStarted {
  static constexpr Sender kSender = Sender::kWorkers;
  SessionId session;
  AttemptKey key;
  WallTime started_at{};
};

// How far attempts are. Nothing waits for it, and it is not acknowledged.
struct AttemptsProgressed {
  static constexpr Sender kSender = Sender::kWorkers;
  struct One {
    AttemptKey key;
    Progress progress;
  };
  SessionId session;
  std::vector<One> attempts;
};

struct AttemptFinished {
  static constexpr Sender kSender = Sender::kWorkers;
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
  std::optional<Progress> progress;  // the last word, which may not have been sent before
  WallTime started_at{};
  WallTime finished_at{};
};

// The worker gives an attempt back that no executor has seen: it drains, or was asked to.
struct AttemptReleased {
  static constexpr Sender kSender = Sender::kWorkers;
  SessionId session;
  AttemptKey key;
  std::string reason;
};

// Deadlines that `now` has passed.
struct FireTimers {
  static constexpr Sender kSender = Sender::kScheduler;
};

struct OutboxDelivered {
  static constexpr Sender kSender = Sender::kScheduler;
  std::int64_t id = 0;
};

// Read-only: why something waits, ran or did not. Answered with an Explanation.
struct Explain {
  static constexpr Sender kSender = Sender::kPeople;
  std::uint64_t reply_to = 0;
  std::string reference, partition = {};  // RUN, RUN/TASK, or an asset and which partition of it
};

struct Command {
  Now now;
  std::uint64_t seed = 0;  // of everything random that the step makes: ids above all
  std::variant<RegisterModules, PutSchedule, DeleteSchedule, PauseSchedules, TriggerSchedule,
               PauseFreshness, SetFreshness, ObserveAsset, CreateRun, CancelRun, ConnectWorker,
               DisconnectWorker, Heartbeat, DrainWorker, AttemptStarted, AttemptsProgressed,
               AttemptFinished, AttemptReleased, FireTimers, OutboxDelivered, Explain, PutAlertRule,
               DeleteAlertRule, PauseAlertRules, TestAlertRule, SilenceAlerts, UnsilenceAlerts,
               OutboxUndelivered, DiskChecked>
      body;
};

using CommandBody = decltype(Command::body);

// A command that does not say who sends it does not compile here.
inline Sender sender_of(const CommandBody& body) {
  return std::visit([](const auto& its) { return std::decay_t<decltype(its)>::kSender; }, body);
}
// Refused while there is no room on the disk. A dry run adds nothing.
inline bool adds_work(const CommandBody& body) {
  if (const auto* upload = std::get_if<RegisterModules>(&body)) return !upload->dry_run;
  return std::holds_alternative<CreateRun>(body) || std::holds_alternative<PutSchedule>(body) ||
         std::holds_alternative<TriggerSchedule>(body) ||
         std::holds_alternative<PutAlertRule>(body);
}

}  // namespace weir::engine
