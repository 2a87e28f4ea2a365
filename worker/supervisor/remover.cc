// A vector of paths that the thread takes whole. It ends when it is asked to and nothing is left.
// What it removes must not be needed any more: it does not look whether somebody is still at work
// there.
#include "worker/supervisor/remover.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

namespace weir::worker {

Remover::Remover() : thread_([this](const std::stop_token& stop) { work(stop); }) {}

Remover::~Remover() = default;

void Remover::remove(std::vector<std::string> paths) {
  {
    const std::lock_guard lock(mutex_);
    std::move(paths.begin(), paths.end(), std::back_inserter(paths_));
  }
  came_.notify_one();
}

void Remover::work(const std::stop_token& stop) {
  for (;;) {
    std::vector<std::string> paths;
    {
      std::unique_lock lock(mutex_);
      came_.wait(lock, stop, [this] { return !paths_.empty(); });
      paths = std::exchange(paths_, {});
    }
    if (paths.empty()) return;  // only when asked to stop
    std::error_code ignored;
    for (const std::string& path : paths) std::filesystem::remove_all(path, ignored);
  }
}

}  // namespace weir::worker
