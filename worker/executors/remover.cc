// A queue of paths, taken one at a time, so that it ends soon when it is asked to. What it removes
// must not be needed any more: it does not look whether somebody is still at work there. Errors are
// not told: see the header.
#include "worker/executors/remover.h"

#include <filesystem>
#include <utility>

namespace weir::worker {

Remover::Remover() : thread_([this](const std::stop_token& stop) { work(stop); }) {}

Remover::~Remover() = default;

void Remover::remove(std::vector<std::string> paths) {
  {
    const std::lock_guard lock(mutex_);
    for (std::string& path : paths) {
      if (paths_.size() < kRemovalsMax) paths_.push_back(std::move(path));
    }
  }
  came_.notify_one();
}

void Remover::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::string path;
    {
      std::unique_lock lock(mutex_);
      if (!came_.wait(lock, stop, [this] { return !paths_.empty(); })) return;
      path = std::move(paths_.front());
      paths_.pop_front();
    }
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
}

}  // namespace weir::worker
