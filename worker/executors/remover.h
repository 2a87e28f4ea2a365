// Removes what attempts and executors leave behind. It has a thread of its own for that: a large
// tree takes seconds, and whoever starts and reports attempts has no seconds. Nobody is told when
// it is done.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace weir::worker {

inline constexpr std::size_t kRemovalsMax = 100'000;  // paths that wait

class Remover {
 public:
  Remover();
  ~Remover();  // when the path that it is at is removed
  // Files and folders that need not exist. What cannot be removed, is one too many or is left at
  // the end only takes room: the next start of the worker removes it. Safe from any thread.
  void remove(std::vector<std::string> paths);

 private:
  void work(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any came_;
  std::deque<std::string> paths_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace weir::worker
