// Runs that wait unplanned. Everything else of such a run is its row, which is read again when its
// turn comes: a hundred thousand of them cost what their keys cost. In order of priority, then of
// their ids, which is the order in which they were accepted. Values; owned by the engine's state.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/ids.h"
#include "engine/records.h"
#include "engine/rows/columns.h"
#include "engine/runs/run_spec.h"

namespace weir::engine {

struct QueuedRun {
  base::RunId id;
  std::int32_t priority = 0;
  QueueReason reason = QueueReason::kLiveRuns;
  std::optional<base::WallTime> start_at;
  Origin origin;
  std::string job, selection;  // what it is of, for refreshes; a long selection is left out
  std::int32_t tasks = 0;      // when it was last planned; 0: not known, as after a restart

  // Of the row of the run: as much of it as stays in memory.
  static constexpr Table kTable{"runs"};
  static constexpr auto columns() {
    return std::tuple(primary("run_id", &QueuedRun::id), column("priority", &QueuedRun::priority),
                      column("queued_for", &QueuedRun::reason),
                      column("start_at", &QueuedRun::start_at), nested(&QueuedRun::origin),
                      column("job", &QueuedRun::job), column("selection", &QueuedRun::selection));
  }

  static constexpr std::size_t kSelectionKept = 256;  // bytes
  static QueuedRun of(const RunRow& row, QueueReason reason) {
    const bool short_enough = row.selection.size() <= kSelectionKept;
    return {row.id,
            row.priority,
            reason,
            row.start_at,
            row.origin,
            row.job,
            short_enough ? row.selection : "",
            row.task_count};
  }
};

class RunQueue {
 public:
  struct Key {
    std::int32_t priority = 0;  // higher first
    base::RunId id;             // lower first
    bool operator<(const Key& other) const {
      return priority != other.priority ? priority > other.priority : id < other.id;
    }
  };

  // `due`: it waits for nothing but room.
  void add(const QueuedRun& run, bool due) {
    runs_[run.id] = run;
    if (due) due_.insert({run.priority, run.id});
  }
  void make_due(base::RunId id) {
    if (const QueuedRun* run = find(id)) due_.insert({run->priority, id});
  }
  // It waits for more than room from now on.
  void hold(base::RunId id) {
    if (const QueuedRun* run = find(id)) due_.erase({run->priority, id});
  }
  void remove(base::RunId id) {
    const auto found = runs_.find(id);
    if (found == runs_.end()) return;
    due_.erase({found->second.priority, id});
    runs_.erase(found);
  }
  void set_tasks(base::RunId id, std::int32_t tasks) { runs_.at(id).tasks = tasks; }
  const QueuedRun* find(base::RunId id) const {
    const auto found = runs_.find(id);
    return found == runs_.end() ? nullptr : &found->second;
  }
  bool is_due(const QueuedRun& run) const { return due_.contains({run.priority, run.id}); }
  // Those that wait for room, the next first.
  const std::set<Key>& due() const { return due_; }
  // The first of them; there must be one.
  const QueuedRun& head() const { return runs_.at(due_.begin()->id); }
  const std::map<base::RunId, QueuedRun>& runs() const { return runs_; }

 private:
  std::map<base::RunId, QueuedRun> runs_;
  std::set<Key> due_;
};

}  // namespace weir::engine
