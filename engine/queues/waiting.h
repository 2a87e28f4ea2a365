// Where ready tasks wait: for a worker, in a queue per kind of request, or for a blocker, which is
// what must become free before a worker is looked for. Plain structures of the engine's state:
// phase.cc alone puts tasks in and takes them out, so none here is in two places or in none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/ids.h"
#include "engine/states.h"

namespace weir::engine {

struct TaskRef {
  base::RunId run;
  std::int32_t index = 0;
  auto operator<=>(const TaskRef&) const = default;
};

// The order of choice.
struct ReadyKey {
  std::int32_t priority = 0;  // higher first
  std::int64_t order = 0;     // age: smaller was ready earlier
  TaskRef task;
  bool operator<(const ReadyKey& other) const {
    if (priority != other.priority) return priority > other.priority;
    if (order != other.order) return order < other.order;
    return task < other.task;
  }
};

// What a task asks of a worker. Whoever can serve one task can serve all that ask for the same, so
// they stand in one queue and its head answers for the rest.
struct Request {
  Digest module;
  auto operator<=>(const Request&) const = default;
};

class ReadyQueues {
 public:
  using Queue = std::set<ReadyKey>;
  using Queues = std::map<Request, Queue>;

  void insert(const Request& request, const ReadyKey& key);
  void erase(const Request& request, const ReadyKey& key);
  bool contains(const Request& request, const ReadyKey& key) const;

  // The first task of each queue, in the order of choice, with the request that it stands for.
  const std::map<ReadyKey, const Request*>& heads() const { return heads_; }
  const Queues& queues() const { return queues_; }
  // How many go before the key, counted up to `limit`.
  std::int64_t ahead_of(const ReadyKey& key, std::int64_t limit) const;

 private:
  Queues queues_;  // none is empty
  std::map<ReadyKey, const Request*> heads_;
};

// Something of which there is not enough for all: a task that lacks it does not stand in the way of
// those that need something else.
struct Blocker {
  enum class Kind { kWriter };  // a partition of an asset is written by another task
  Kind kind = Kind::kWriter;
  std::string subject;    // the asset
  std::string partition;  // of it
  auto operator<=>(const Blocker&) const = default;
};

// Those that wait for one blocker. When it becomes free the first of them goes back to the ready
// queue, and the next only when that one has got it or has gone.
struct Parked {
  std::set<ReadyKey> tasks;
  std::optional<TaskRef> woken;
};

// A worker that can be given more: free slots first, then those that take leases ahead.
struct Room {
  std::int32_t free = 0;
  std::string worker;
  bool operator<(const Room& other) const {
    if (free != other.free) return free > other.free;
    return worker < other.worker;
  }
};

}  // namespace weir::engine
