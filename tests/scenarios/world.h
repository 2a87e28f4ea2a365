// The world of one scenario: an engine over a store in memory, a clock that only `advance` moves,
// and workers that remember what they were given. After every step the invariants hold and what the
// store restores equals what is alive. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "scheduler/ports/inbox.h"
#include "sdk/src/memory_store.h"

namespace weir::scenario {

using base::AttemptKey;
using base::RunId;

// What a script remembers of a run, also after its end.
struct KnownRun {
  std::string alias;  // "R1"
  RunId id;
  std::shared_ptr<const module::Manifest> manifest;  // of the first module
  std::vector<std::string> tasks;                    // names by index
  std::vector<module::StageSpec> specs;              // by index
};

struct FakeWorker {
  engine::WorkerInfo info;
  base::SessionId session;  // 0: not connected
  std::map<AttemptKey, engine::Assign> held;
};

class World {
 public:
  World();

  // One step of the engine, committed and checked; its effects as text.
  std::string step(ports::CommandBody body);
  // The answer alone of a command that only reads.
  std::string ask(ports::CommandBody body);
  // Sets the wall clock alone.
  std::string set_clock(base::Duration by);
  // Moves both clocks, firing every deadline on its instant; the workers named beat every 10 s.
  std::string advance(base::Duration by, const std::vector<std::string>& beating);
  // The scheduler dies and comes back from its store; every session is gone.
  std::string restart(base::Duration off = {});  // down for so long
  // The same, with the run's rows damaged, or repaired, meanwhile.
  std::string damage(base::RunId run);
  std::string repair(base::RunId run);
  // Puts a large artifact into the store, as an upload would.
  void upload(const std::string& value);

  // "R1" -> the run; "R1/task" or "R1/task#2" -> the attempt, by default the latest.
  const KnownRun& run(const std::string& alias) const;
  AttemptKey attempt(const std::string& reference) const;
  // The name of the task that the key is of, with its run: "R1/a#1".
  std::string name_of(const AttemptKey& key) const;
  // The value's text if it was made in this script, else its digest.
  std::string name_of(const engine::ValueRef& value) const;
  engine::ValueRef value(const std::string& text, const std::string& type);
  // Run ids become aliases and task indices names.
  std::string readable(std::string text) const;

  engine::Options options;
  std::map<std::string, FakeWorker> workers;  // by id
  std::uint64_t sessions = 0;
  base::Now now{base::WallTime(std::chrono::hours(24 * 365 * 53)),
                base::BootTime(std::chrono::hours(1))};

  const engine::Engine& engine() const { return *engine_; }
  const sdk_impl::MemoryTables& tables() const { return store_.tables(); }
  const std::vector<KnownRun>& runs() const { return runs_; }

 private:
  std::string step_once(ports::CommandBody body);
  void commit(const engine::Effects& effects);
  engine::Snapshot stored() const;  // with the zones that it names
  void check() const;
  void deliver(const engine::Effects& effects);
  void learn_run(const engine::Effects& effects);

  std::unique_ptr<engine::Engine> engine_;
  std::uint64_t seed_ = 0;
  engine::Reply last_reply_;
  mutable sdk_impl::MemoryStore store_;
  std::vector<KnownRun> runs_;
  std::map<base::Digest, std::string> values_;
};

}  // namespace weir::scenario
