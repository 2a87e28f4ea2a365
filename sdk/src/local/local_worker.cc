// Threads of a local run. A stage cannot be killed inside its own process: a stop or timeout shows
// in Context::canceled(), and decides the outcome once the stage returns. The engine is never
// touched from here.
#include "sdk/src/local/local_worker.h"

#include <utility>
#include <time.h>

#include "sdk/src/progress_sender.h"

namespace weir::sdk_impl {

base::Now LocalClock::now() const {
  using std::chrono::microseconds;
  timespec boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  const auto since_boot = std::chrono::floor<microseconds>(std::chrono::seconds(boot.tv_sec) +
                                                           std::chrono::nanoseconds(boot.tv_nsec));
  const std::lock_guard lock(mutex_);
  return {std::chrono::floor<microseconds>(std::chrono::system_clock::now()) + ahead_,
          base::BootTime(since_boot + ahead_)};
}

void LocalClock::skip(base::Duration duration) {
  const std::lock_guard lock(mutex_);
  ahead_ += duration;
}

// One attempt's way out.
class LocalWorker::Sink final : public AttemptSink {
 public:
  Sink(LocalWorker& worker, const Lease& lease)
      : worker_(worker),
        lease_(lease),
        started_(worker.clock_.now().boot),
        progress_(sender_to(worker.on_progress_, lease.request.info.task), kLocalProgressEvery,
                  kLocalProgressEvery) {}

  void log(std::string line) override {
    if (worker_.on_log_) worker_.on_log_(lease_.request.info.task, line);
  }
  void progress(const impl::ProgressWord& word) override { progress_.say(word); }
  bool canceled() override { return worker_.stopped(lease_.key) || timed_out(); }
  base::WallTime now() override { return worker_.clock_.now().wall; }

  bool timed_out() const {
    return lease_.timeout > base::Duration::zero() &&
           worker_.clock_.now().boot - started_ > lease_.timeout;
  }

  std::optional<engine::Progress> end_progress() { return progress_.end(); }

 private:
  static ProgressSender::Send sender_to(const ProgressSink& sink, const std::string& task) {
    if (!sink) return {};
    return [&sink, &task](const engine::Progress& progress) { sink(task, progress); };
  }

  LocalWorker& worker_;
  const Lease& lease_;
  const base::BootTime started_;
  ProgressSender progress_;
};

LocalWorker::LocalWorker(StageRunner& runner, LocalClock& clock, LogSink on_log,
                         ProgressSink on_progress, int threads)
    : runner_(runner),
      clock_(clock),
      on_log_(std::move(on_log)),
      on_progress_(std::move(on_progress)) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& token) { work(token); });
  }
}

LocalWorker::~LocalWorker() {
  for (std::jthread& thread : threads_) thread.request_stop();
  leases_changed_.notify_all();
}

void LocalWorker::take(Lease lease) {
  {
    const std::lock_guard lock(mutex_);
    held_[lease.key] = false;
    leases_.push_back(std::move(lease));
  }
  leases_changed_.notify_one();
}

void LocalWorker::stop(const engine::AttemptKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(key);
  if (found != held_.end()) found->second = true;
}

bool LocalWorker::stopped(const engine::AttemptKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(key);
  return found != held_.end() && found->second;
}

std::vector<LocalReport> LocalWorker::wait(
    std::optional<std::chrono::steady_clock::time_point> deadline) {
  std::unique_lock lock(mutex_);
  const auto some = [this] { return !reports_.empty(); };
  if (deadline) {
    reports_changed_.wait_until(lock, *deadline, some);
  } else {
    reports_changed_.wait(lock, some);
  }
  std::vector<LocalReport> out = std::exchange(reports_, {});
  for (const LocalReport& report : out) {
    if (const auto* finished = std::get_if<engine::AttemptFinished>(&report)) {
      held_.erase(finished->key);
    }
  }
  return out;
}

std::vector<engine::AttemptKey> LocalWorker::held() const {
  const std::lock_guard lock(mutex_);
  std::vector<engine::AttemptKey> out;
  for (const auto& [key, stopping] : held_) out.push_back(key);
  return out;
}

void LocalWorker::work(const std::stop_token& stop) {
  while (true) {
    std::unique_lock lock(mutex_);
    leases_changed_.wait(lock, stop, [this] { return !leases_.empty(); });
    if (stop.stop_requested()) return;
    Lease lease = std::move(leases_.front());
    leases_.pop_front();
    lock.unlock();
    run(std::move(lease));
  }
}

void LocalWorker::run(Lease lease) {
  Sink sink(*this, lease);
  engine::AttemptFinished finished;
  if (stopped(lease.key)) {
    finished.outcome = engine::OutcomeClass::kCanceled;
    finished.message = "canceled before it began";
    finished.started_at = finished.finished_at = sink.now();
  } else {
    report(engine::AttemptStarted{{}, lease.key, sink.now()});
    std::filesystem::create_directories(lease.request.info.scratch);
    finished = runner_.run(lease.request, sink);
    finished.progress = sink.end_progress();
    std::error_code ignored;  // the whole directory goes when the driver ends
    std::filesystem::remove_all(lease.request.info.scratch, ignored);
    if (stopped(lease.key)) {
      finished.outcome = engine::OutcomeClass::kCanceled;
      finished.message = "canceled while it ran";
    } else if (sink.timed_out()) {
      finished.outcome = engine::OutcomeClass::kTimedOut;
      finished.message = "ran longer than its timeout";
    }
  }
  finished.key = lease.key;
  report(std::move(finished));
}

void LocalWorker::report(LocalReport report) {
  {
    const std::lock_guard lock(mutex_);
    reports_.push_back(std::move(report));
  }
  reports_changed_.notify_one();
}

}  // namespace weir::sdk_impl
