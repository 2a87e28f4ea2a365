// The executor pool's mind: which attempt runs in which executor, which executors stay warm, what
// is killed when. A pure state machine: every event carries the time, every answer is an action for
// the loop around it. No I/O, one thread.
//
//   attempt:   queued ─► starting ─► running ─► settling ─► reported (and forgotten)
//   executor:  starting ─► busy ⇄ settling ⇄ idle ─► ending ─► gone
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/sha256.h"
#include "worker/core/dispatch_actions.h"

namespace weir::worker {

using base::BootTime;
using base::Duration;

struct DispatcherLimits {
  int slots = 1;
  int executors_max = 5;             // alive at once, warm ones included; at least `slots`
  int tasks_per_executor = 100'000;  // then it is replaced
  std::size_t queue_max = 100'000;   // attempts waiting; more are given back
  std::int64_t rss_growth_max = std::int64_t{1}
                                << 30;  // over its first sample; then it is replaced
  std::int64_t memory_max = 0;          // bytes resident of one executor; 0: no limit
  Duration ready_max = std::chrono::seconds(10);
  Duration idle_max = std::chrono::minutes(5);
  Duration grace = std::chrono::seconds(10);        // between SIGTERM and SIGKILL
  Duration retire_grace = std::chrono::seconds(2);  // an idle executor asked to leave
  Duration started_after = std::chrono::milliseconds(20);
};

inline constexpr int kReturnsMax = 3;  // of one attempt to the queue

struct AttemptSpec {
  AttemptKey key;
  Digest module;
  Duration timeout{};  // zero: none
  bool side_effects = false;
  int returns = 0;  // how often an executor died before it read the attempt
};

class Dispatcher {
 public:
  explicit Dispatcher(DispatcherLimits limits);
  void set_limits(DispatcherLimits limits, Now now, Actions& out);

  // ---- from the agent ----
  // A key that is already here is ignored.
  void launch(const AttemptSpec& spec, Now now, Actions& out);
  // Ends the attempt wherever it is. False when it is not here.
  bool stop(const AttemptKey& key, const std::string& reason, Now now, Actions& out);
  // Gives it back if no executor has it.
  void withdraw(const AttemptKey& key, Actions& out);
  // While draining nothing is begun: what waits and what arrives is given back.
  void drain(bool draining, Now now, Actions& out);
  void set_lease(BootTime side_effects_until, BootTime others_until);

  // ---- from executors ----
  void ready(ExecutorId id, Now now, Actions& out);
  // The result frame came; its logs are read and its descendants looked for. False when no result
  // was due.
  bool result_arrived(ExecutorId id);
  // Nothing of the attempt is left but the executor. `reusable`: it may take another.
  void settled(ExecutorId id, bool reusable, Now now, Actions& out);
  // The executor misbehaved (kProtocol, kManifest): it dies at once and its attempt ends with it.
  void condemn(ExecutorId id, EndedBy by, const std::string& reason, Now now, Actions& out);
  void sampled_memory(ExecutorId id, std::int64_t resident_bytes, Now now, Actions& out);
  // The whole tree is dead and its logs are read. `untouched`: it never read the attempt that it
  // was handed, so that attempt was not begun.
  // `fenced`: it was killed because the lease of its attempt with side effects was over, without
  // the dispatcher being asked.
  void gone(ExecutorId id, bool untouched, bool fenced, Now now, Actions& out);

  // ---- time ----
  std::optional<BootTime> next_deadline() const;
  void advance(Now now, Actions& out);

  bool knows(const AttemptKey& key) const {
    return waiting_.contains(key) || placed_.contains(key);
  }
  std::size_t queued() const { return waiting_.size(); }
  int occupied() const { return occupied_; }
  std::size_t executors() const { return executors_.size(); }
  // The attempt that the executor has, if any.
  std::optional<AttemptKey> attempt_of(ExecutorId id) const;
  // When the executor's attempt was handed to it, if it has one.
  std::optional<Now> started_of(ExecutorId id) const;
  // Aborts when the structures contradict each other. For tests.
  void check_invariants() const;

 private:
  struct Starting {};
  struct Idle {};
  struct Busy {
    Now started;
  };
  struct Settling {
    Now started;
  };
  struct Ending {
    EndedBy by = EndedBy::kExit;
    std::string reason;
    std::optional<Now> started;
  };
  struct Executor {
    Digest module;
    std::variant<Starting, Idle, Busy, Settling, Ending> state;
    std::optional<AttemptSpec> attempt;
    int tasks = 0;
    std::int64_t rss_first = 0;  // 0: not sampled yet
    bool worn = false;           // leaves after its attempt
    std::uint32_t turn = 0;      // counts changes of state: older deadlines are void
  };
  enum class Due { kReady, kStarted, kTimeout, kKill, kIdle, kLease };
  struct Deadline {
    BootTime at;
    ExecutorId executor = 0;  // 0: of kLease
    std::uint32_t turn = 0;
    Due due = Due::kReady;
    bool operator>(const Deadline& other) const { return at > other.at; }
  };

  void dispatch(Now now, Actions& out);
  bool place(const AttemptSpec& spec, Now now, Actions& out);
  std::optional<ExecutorId> take_idle(const Digest& module);
  bool make_room(Now now, Actions& out);
  void hand_over(ExecutorId id, Executor& executor, Now now, Actions& out);
  void end(ExecutorId id, Executor& executor, EndedBy by, const std::string& reason, bool gently,
           Now now, Actions& out);
  void retire(ExecutorId id, Executor& executor, Now now, Actions& out);
  void enforce_lease(Now now, Actions& out);
  void expire(const Deadline& deadline, Executor& executor, Now now, Actions& out);
  void push(BootTime at, ExecutorId id, const Executor& executor, Due due);
  void forget_idle(ExecutorId id);
  bool lease_over(bool side_effects, BootTime now) const;

  DispatcherLimits limits_;
  std::deque<AttemptKey> queue_;  // keys that left waiting_ are skipped
  std::unordered_map<AttemptKey, AttemptSpec> waiting_;
  std::unordered_map<AttemptKey, ExecutorId> placed_;  // attempts that an executor has
  std::map<ExecutorId, Executor> executors_;
  std::vector<ExecutorId> idle_;  // least recently used first
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines_;
  BootTime side_effects_until_ = BootTime::max();
  BootTime others_until_ = BootTime::max();
  ExecutorId last_id_ = 0;
  int occupied_ = 0;  // executors with an attempt
  int leaving_ = 0;   // executors that end and have no attempt
  bool draining_ = false;
};

}  // namespace weir::worker
