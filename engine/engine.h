// The scheduler as a pure state machine: step(command, facts) -> effects. No I/O, clock,
// randomness, thread, lock or log: time and ids arrive in commands, rows and messages leave in
// effects. Same state and command, same effects. One owner, not thread-safe. The parts stand in one
// file per family of events; docs/architecture.md has the map.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/commands.h"
#include "engine/deadlines.h"
#include "engine/effects.h"
#include "engine/store.h"

namespace weir::engine {

struct Options {
  Duration lease = std::chrono::seconds(30);
  Duration heartbeat = std::chrono::seconds(10);
  Duration cancel_grace = std::chrono::seconds(10);  // from Stop to SIGKILL and its report
  // A worker that holds nothing and was not seen for so long is dropped from the list.
  Duration worker_forgotten_after = std::chrono::hours(24 * 7);
  std::int32_t infrastructure_attempts_max = 3;
  std::int32_t executor_deaths_max = 3;
  std::int32_t tasks_per_run_max = 100'000;
  std::int32_t live_runs_max = 10'000;          // more wait in the queue
  std::int32_t queued_runs_max = 100'000;       // more are refused
  std::int32_t schedules_max = 200'000;         // more are refused
  std::int64_t resident_tasks_max = 1'000'000;  // of all live runs
  // Rows that one request may cause in one step: a registration, or a run whose tasks all end.
  std::int64_t request_records_max = 500'000;
  std::int64_t timer_records_max = 20'000;  // deadlines beyond it are left to the next step
};

struct State;  // state.h

class Engine {
 public:
  explicit Engine(Options options = {});
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  // The keys of what `command` needs and the engine does not hold.
  Reads reads(const Command& command) const;

  // Applies the command. Invalid requests change nothing and are answered with a Status.
  Effects step(const Command& command, const Facts& facts);

  // Replaces all state by what the tables hold; `now` restarts every lease with a full term.
  // Effects are the sends that are due (none before workers reconnect) and the outbox rows to
  // deliver again.
  void restore(const Snapshot& snapshot, base::Now now);

  // The earliest instants at which FireTimers would do something.
  Deadlines next_deadlines() const;

  // Whether no run begins for want of room on the disk: as the last DiskChecked said.
  bool disk_full() const;

  // Undelivered outbox rows in order of id: those from `from` on, at most `limit`.
  std::vector<OutboxRow> outbox(std::int64_t from, std::size_t limit) const;

  // Aborts with the broken invariant's name and the state around it.
  void check_invariants() const;

  // All state that the tables must be able to restore, as canonical text: equal texts, equal
  // engines.
  std::string durable_text() const;

  const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace weir::engine
