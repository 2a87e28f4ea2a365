// A word that comes too early is left for the thread; until that has sent it, further words only
// take its place, without a look at the clock. Text is made of a word only when it is sent. Signals
// are the stage's: its threads get them, not this one.
#include "sdk/src/progress_sender.h"

#include <signal.h>

namespace weir::sdk_impl {
namespace {

constexpr std::size_t kMessageKeptMax = 2 * engine::kProgressMessageBytesMax;

// "3 of 10": a count says something where the stage does not.
std::string count_text(const impl::ProgressWord& word) {
  std::string text = std::to_string(word.done);
  if (word.total > 0) text += " of " + std::to_string(word.total);
  return text;
}

}  // namespace

void ProgressSender::say(const impl::ProgressWord& word) {
  std::unique_lock lock(mutex_);
  spoken_ = true;
  word_ = word;
  word_.message = {};
  message_.assign(word.message.substr(0, kMessageKeptMax));
  if (waiting_ || !send_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_at_) {
    waiting_ = true;
    if (!thread_.joinable()) start();
    wake_.notify_one();
    return;
  }
  next_at_ = now + every_;
  const engine::Progress progress = newest();
  lock.unlock();  // sending may take a while, and others speak meanwhile
  send_(progress);
}

std::optional<engine::Progress> ProgressSender::end() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  const std::lock_guard lock(mutex_);
  if (!spoken_) return std::nullopt;
  return newest();
}

void ProgressSender::start() {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void ProgressSender::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return waiting_; })) {
    wake_.wait_until(lock, stop, next_at_, [] { return false; });
    if (stop.stop_requested()) return;
    waiting_ = false;
    next_at_ = Clock::now() + every_;
    const engine::Progress progress = newest();
    lock.unlock();
    send_(progress);
    lock.lock();
  }
}

engine::Progress ProgressSender::newest() const {
  const bool count = message_.empty() && word_.counted;
  return engine::make_progress(word_.share, count ? count_text(word_) : message_);
}

}  // namespace weir::sdk_impl
