// Which of a stage's many words about its progress are sent: the newest, at most one an interval,
// the first at once. A word that has to wait is sent by a thread that is started for it, so that
// what stands there while the stage is silent is its newest; the last one is told at the end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/rows/progress.h"
#include "weir/impl/context_host.h"

namespace weir::sdk_impl {

inline constexpr std::chrono::milliseconds kProgressEvery{250};

class ProgressSender {
 public:
  // Called on the thread of whoever spoke, or on the sender's own. Empty: nothing is sent.
  using Send = std::function<void(const engine::Progress&)>;
  // `first_after`: what comes before that waits, too.
  ProgressSender(Send send, std::chrono::milliseconds every,
                 std::chrono::milliseconds first_after = {})
      : send_(std::move(send)), every_(every), next_at_(Clock::now() + first_after) {}

  // Safe from any thread; costs a lock and a short copy.
  void say(const impl::ProgressWord& word);
  // Sends nothing more. The last word, if there was one. Call it last, and in the process that made
  // this: a thread does not come along through fork().
  std::optional<engine::Progress> end();

 private:
  using Clock = std::chrono::steady_clock;
  void start();
  void run(const std::stop_token& stop);
  engine::Progress newest() const;

  const Send send_;
  const std::chrono::milliseconds every_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  // ---- guarded by mutex_ ----
  bool spoken_ = false;
  impl::ProgressWord word_;  // without its message
  std::string message_;      // as much of it as can be needed
  bool waiting_ = false;     // the thread will send it
  Clock::time_point next_at_;
  std::jthread thread_;  // last: it uses what stands above
};

}  // namespace weir::sdk_impl
