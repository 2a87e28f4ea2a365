// The executor pool's mind: which attempt runs in which executor, which executors stay warm, what
// is killed when. A pure state machine: every event carries the time, every answer is an action for
// the loop around it. No I/O, one thread.
//
//   attempt:   queued ─► starting ─► running ─► settling ─► reported (and forgotten)
//   executor:  starting ─► busy ⇄ settling ⇄ idle ─► ending ─► dead ─► gone
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
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
  Duration sweep_every = std::chrono::milliseconds(5);  // while strays are dying
  Duration settle_max = std::chrono::seconds(5);        // for strays that will not die
  Duration hang_up_max = std::chrono::seconds(2);       // from a closed socket to death
};

inline constexpr int kReturnsMax = 3;  // of one attempt to the queue

struct Launch;

struct AttemptSpec {
  AttemptKey key;
  Digest module;
  Duration timeout{};  // zero: none
  bool side_effects = false;
  int returns = 0;           // how often an executor died before it read the attempt
  Launch* launch = nullptr;  // for whoever carries the actions out; not looked at here
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
  // Its process exists: it has ready_max from now on.
  void spawned(ExecutorId id, Now now);
  void ready(ExecutorId id, Now now, Actions& out);
  enum class Taken { kYes, kIgnored, kNotDue };
  // A result frame came; if it is taken, its logs are read and its descendants looked for.
  Taken result_arrived(ExecutorId id);
  // Nothing of the attempt is left but the executor. `reusable`: it may take another.
  void settled(ExecutorId id, bool reusable, Now now, Actions& out);
  // So many descendants were alive when they were last killed.
  void strays_ended(ExecutorId id, int alive, Now now, Actions& out);
  // It closed its socket: it should die, and leave no attempt behind.
  void hung_up(ExecutorId id, Now now, Actions& out);
  // The executor misbehaved (kProtocol, kManifest): it dies at once and its attempt ends with it.
  void condemn(ExecutorId id, EndedBy by, const std::string& reason, Now now, Actions& out);
  void sampled_memory(ExecutorId id, std::int64_t resident_bytes, Now now, Actions& out);
  // Its process was reaped. `fenced`: it was killed because the lease of its attempt with side
  // effects was over, without the dispatcher being asked.
  void exited(ExecutorId id, bool fenced, Now now, Actions& out);
  // The whole tree is dead and its logs are read, or it could not be started. `untouched`: it never
  // read the attempt that it was handed, so that attempt was not begun.
  void gone(ExecutorId id, bool untouched, Now now, Actions& out);

  // ---- time ----
  std::optional<BootTime> next_deadline() const;
  void advance(Now now, Actions& out);

  bool knows(const AttemptKey& key) const { return attempts_.contains(key); }
  std::size_t queued() const { return waiting_; }
  int occupied() const { return occupied_; }
  std::size_t executors() const { return executors_.size(); }
  // The attempt that the executor has; null: none.
  const AttemptSpec* attempt_of(ExecutorId id) const;
  bool dead(ExecutorId id) const;
  // Deadlines that are watched. For tests.
  std::size_t deadlines() const { return deadlines_.size(); }
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
    std::optional<BootTime> patience_until;  // set once strays were found
  };
  struct Ending {
    EndedBy by = EndedBy::kExit;
    std::string reason;
    std::optional<Now> started;
  };
  struct Dead {
    Ending ending;              // how its attempt ends, if it has one
    BootTime patience_until{};  // for what it left
    bool was_busy = false;      // a result may still be in its socket, or it read nothing
  };
  enum class Due { kReady, kStarted, kTimeout, kKill, kIdle, kSweep, kHungUp };
  struct Deadline {
    BootTime at;
    ExecutorId executor = 0;
    Due due = Due::kReady;
    auto operator<=>(const Deadline&) const = default;
  };
  using Deadlines = std::multiset<Deadline>;
  struct Attempt {
    AttemptSpec spec;
    ExecutorId executor = 0;  // that has it; 0: it waits
  };
  struct Executor {
    Digest module;
    std::variant<Starting, Idle, Busy, Settling, Ending, Dead> state;
    Attempt* attempt = nullptr;  // in attempts_
    int tasks = 0;
    std::int64_t rss_first = 0;  // 0: not sampled yet
    bool worn = false;           // leaves after its attempt
    std::vector<Deadlines::iterator> deadlines;
  };

  void dispatch(Now now, Actions& out);
  bool place(Attempt& attempt, Now now, Actions& out);
  bool forget_waiting(const AttemptKey& key);
  void put_into(ExecutorId id, Executor& executor, Attempt& attempt);
  std::optional<ExecutorId> take_idle(const Digest& module);
  bool make_room(Now now, Actions& out);
  void hand_over(ExecutorId id, Executor& executor, Now now, Actions& out);
  void end(ExecutorId id, Executor& executor, EndedBy by, const std::string& reason, bool gently,
           Now now, Actions& out);
  void retire(ExecutorId id, Executor& executor, Now now, Actions& out);
  void die(ExecutorId id, Executor& executor, bool fenced, Now now);
  void bring_back(ExecutorId id, Attempt& attempt, bool untouched, Ending ending, Now now,
                  Actions& out);
  void enforce_lease(Now now, Actions& out);
  void expire(const Deadline& deadline, Executor& executor, Now now, Actions& out);
  template <class State>
  void enter(Executor& executor, State state);
  void push(BootTime at, ExecutorId id, Executor& executor, Due due);
  void forget_idle(ExecutorId id);
  bool lease_over(bool side_effects, BootTime now) const;
  Executor* find(ExecutorId id);

  DispatcherLimits limits_;
  std::unordered_map<AttemptKey, Attempt> attempts_;  // queued, and those that an executor has
  std::size_t waiting_ = 0;                           // of attempts_
  std::deque<AttemptKey> queue_;                      // keys of those that do not wait are skipped
  std::map<ExecutorId, Executor> executors_;
  std::vector<ExecutorId> idle_;  // least recently used first
  Deadlines deadlines_;           // of executors in their present states
  BootTime side_effects_until_ = BootTime::max();
  BootTime others_until_ = BootTime::max();
  BootTime lease_due_ = BootTime::max();  // the next of the two that was not enforced yet
  ExecutorId last_id_ = 0;
  int occupied_ = 0;  // executors with an attempt
  int leaving_ = 0;   // executors that end and have no attempt
  bool draining_ = false;
};

}  // namespace weir::worker
