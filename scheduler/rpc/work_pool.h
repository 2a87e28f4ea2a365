// A few threads for work that blocks: reads of the store, files.
// Handlers put work here so that the threads of gRPC and the loop never
// wait for a disk. Safe from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"

namespace weir::rpc {

class WorkPool {
 public:
  using Work = std::function<void()>;

  // At most `queue_max` requests wait. `name` is what messages call the pool.
  WorkPool(std::string name, int threads, std::size_t queue_max);
  ~WorkPool();  // as stop()

  // For a new request. RESOURCE_EXHAUSTED when too many wait, UNAVAILABLE after stop(); the work is
  // then dropped.
  base::Status submit(Work work);

  // For the next step of a stream, of which there is one at a time: the number of streams is the
  // limit. Dropped after stop().
  void submit_step(Work work);

  // As a step, but before all that waits otherwise: for what a worker waits for.
  void submit_ahead(Work work);

  // Ends the threads after the work they are at; what still waits is dropped, its captures
  // destroyed.
  void stop();

 private:
  struct Item {
    Work work;
    bool is_request = false;
  };

  void run(const std::stop_token& stop);

  const std::string name_;
  const std::size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Work> ahead_;    // taken first; guarded by mutex_
  std::deque<Item> queue_;    // guarded by mutex_
  std::size_t requests_ = 0;  // those of queue_ that count against the limit; guarded by mutex_
  bool stopped_ = false;      // guarded by mutex_
  std::vector<std::jthread> threads_;
};

}  // namespace weir::rpc
