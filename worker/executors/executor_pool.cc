// What the owner says, and the wait: it takes what came, lets the dispatcher see the time, and
// carries out what that decided. Every wait has a deadline from the dispatcher or from a sweep. On
// the owner's thread, which nothing here may hold up for long.
#include "worker/executors/executor_pool.h"

#include <algorithm>
#include <filesystem>
#include <sys/epoll.h>

#include "base/check.h"

namespace weir::worker {
namespace {

// Tags of epoll: an executor's id above two bits that say which of its descriptors.
constexpr std::uint64_t kSupervisorTag = 0;
constexpr std::uint64_t kAlsoTag = 1;
constexpr std::uint64_t kSocket = 0;
constexpr std::uint64_t kStdoutPipe = 1;
constexpr std::uint64_t kStderrPipe = 2;
constexpr int kEventsMax = 64;

constexpr Duration kWaitMax = std::chrono::seconds(60);

}  // namespace

AttemptKey key_of(const v1::AttemptId& id) { return {{id.run()}, id.task(), id.epoch()}; }

void set_key(const AttemptKey& key, v1::AttemptId* id) {
  id->set_run(key.run.value);
  id->set_task(key.task);
  id->set_epoch(key.epoch);
}

std::string limits_achieved() { return "rlimits, resident memory sampled twice a second"; }

ExecutorPool::ExecutorPool(SupervisorHandle supervisor, int also)
    : supervisor_(std::move(supervisor)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      now_(read_clock()),
      dispatcher_({}),
      remover_(std::in_place) {
  CHECK(epoll_);
  watch(supervisor_.fd(), kSupervisorTag);
  if (also >= 0) watch(also, kAlsoTag);
}

void ExecutorPool::watch(int fd, std::uint64_t tag, bool write, bool change) {
  epoll_event event{};
  event.events = EPOLLIN | (write ? std::uint32_t(EPOLLOUT) : 0u);
  event.data.u64 = tag;
  CHECK(::epoll_ctl(epoll_.get(), change ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0);
}

int ExecutorPool::end() {
  supervisor_.hang_up();  // from here on everything below it dies
  remover_.reset();       // before another worker may use the directory
  return supervisor_.end();
}

// ---- what the owner says ----

void ExecutorPool::configure(const ExecutorPoolOptions& options) {
  now_ = read_clock();
  options_ = options;
  if (scratch_dir_.empty()) prepare_scratch();
  dispatcher_.set_limits(options_.limits, now_, actions_);
  perform();
}

// What is there is of a worker that is dead, for the agent holds the lock of the data directory,
// but its supervisor may still be ending what it left; so each has a folder of its own.
void ExecutorPool::prepare_scratch() {
  std::error_code failed;  // at the first start there is nothing
  std::vector<std::string> left;
  std::filesystem::directory_iterator entry(options_.scratch_dir, failed);
  for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
    left.push_back(entry->path().string());
  }
  const std::string name = std::to_string(unix_us(now_.wall)) + "-";
  scratch_dir_ = options_.scratch_dir + "/" + name + std::to_string(supervisor_.pid());
  // Without it executors cannot enter their folders, and say so.
  static_cast<void>(options_.stage_user ? make_own_folder(scratch_dir_, *options_.stage_user)
                                        : make_directories(scratch_dir_));
  supervisor_.own_scratch(scratch_dir_);
  remover_->remove(std::move(left));
}

void ExecutorPool::define_module(const Digest& module, const std::string& executable,
                                 const std::string& manifest_json, std::vector<FileStamp> files) {
  modules_[module] = {executable, manifest_json, std::move(files), ""};
}

void ExecutorPool::launch(Launch& launch) {
  now_ = read_clock();
  const v1::Assign& assign = launch.assign();
  const auto module = Digest::from_bytes(assign.module());
  CHECK_MSG(module.has_value() && modules_.contains(*module),
            "a launch names a module that was not defined");
  AttemptSpec spec{key_of(assign.attempt()), *module,
                   std::chrono::milliseconds(assign.timeout_ms()), launch.side_effects};
  spec.launch = &launch;
  dispatcher_.launch(spec, now_, actions_);
  perform();
}

void ExecutorPool::halt(const AttemptKey& key, const std::string& reason) {
  now_ = read_clock();
  dispatcher_.stop(key, reason, now_, actions_);
  perform();
}

void ExecutorPool::withdraw(const AttemptKey& key) {
  dispatcher_.withdraw(key, actions_);
  perform();
}

void ExecutorPool::drain(bool draining) {
  now_ = read_clock();
  dispatcher_.drain(draining, now_, actions_);
  perform();
}

void ExecutorPool::set_lease(BootTime side_effects_until, BootTime others_until) {
  dispatcher_.set_lease(side_effects_until, others_until);
  side_effects_until_ = side_effects_until;
  for (const auto& [id, executor] : executors_) fence(*executor);
}

// ---- waiting ----

bool ExecutorPool::wait(int ms_max) {
  watch_supervisor();
  const int own = wait_ms();
  epoll_event events[kEventsMax];
  const int n =
      ::epoll_wait(epoll_.get(), events, kEventsMax, ms_max < 0 ? own : std::min(own, ms_max));
  now_ = read_clock();
  also_readable_ = false;
  for (int i = 0; i < n; ++i) handle(events[i].data.u64, events[i].events);
  dispatcher_.advance(now_, actions_);
  perform();
  periodic();
  return also_readable_;
}

void ExecutorPool::watch_supervisor() {
  if (supervisor_.gone() || supervisor_.wants_write() == supervisor_write_watched_) return;
  supervisor_write_watched_ = !supervisor_write_watched_;
  watch(supervisor_.fd(), kSupervisorTag, supervisor_write_watched_, true);
}

int ExecutorPool::wait_ms() const {
  if (!events_.empty() && !hold_until_) return 0;
  BootTime until = now_.boot + kWaitMax;
  if (const auto next = dispatcher_.next_deadline()) until = std::min(until, *next);
  if (notice_at_) until = std::min(until, *notice_at_);
  if (progress_at_) until = std::min(until, *progress_at_);
  if (hold_until_) until = std::min(until, *hold_until_);
  if (ran_since_sample_) until = std::min(until, sample_at_);
  const Duration left = std::max(until - read_clock().boot, Duration::zero());
  const int ms = int((left.count() + 999) / 1000);
  const int patience = supervisor_.wait_ms();
  return patience < 0 ? ms : std::min(ms, patience);
}

void ExecutorPool::handle(std::uint64_t tag, std::uint32_t events) {
  if (tag == kSupervisorTag) return take_supervisor_events();
  if (tag == kAlsoTag) {
    also_readable_ = true;
    return;
  }
  Executor* executor = find(ExecutorId(tag >> 2));
  if (executor == nullptr) return;
  switch (tag & 3) {
    case kSocket:
      if ((events & EPOLLOUT) != 0) send_run(*executor);
      read_executor(*executor);
      return;
    case kStdoutPipe:
      executor->drain_pipe(0, kPipeReadBytes);
      break;
    case kStderrPipe:
      executor->drain_pipe(1, kPipeReadBytes);
      break;
  }
  if (executor->log_grew && !notice_at_) notice_at_ = now_.boot + kLogNoticeEvery;
}

std::vector<PoolEvent> ExecutorPool::take_events() {
  if (events_.empty() || hold_reports()) return {};
  return std::exchange(events_, {});
}

bool ExecutorPool::hold_reports() {
  const bool hold = dispatcher_.queued() > 0 && events_.size() < kReportsHeldMax &&
                    (!hold_until_ || now_.boot < *hold_until_);
  if (!hold) {
    hold_until_.reset();
  } else if (!hold_until_) {
    hold_until_ = now_.boot + kReportHoldMax;
  }
  return hold;
}

void ExecutorPool::periodic() {
  if (supervisor_.overdue()) take_supervisor_events();
  if (notice_at_ && now_.boot >= *notice_at_) tell_log_growth();
  if (progress_at_ && now_.boot >= *progress_at_) tell_progress();
  if (ran_since_sample_ && now_.boot >= sample_at_) {
    sample_memory();
    if (!scratch_left_.empty()) remover_->remove(std::exchange(scratch_left_, {}));
  }
  perform();
}

void ExecutorPool::tell_log_growth() {
  notice_at_.reset();
  for (auto& [id, executor] : executors_) {
    if (!executor->log_grew || !executor->spool) continue;
    executor->log_grew = false;
    events_.push_back(
        LogsGrew{key_of(executor->launch->assign().attempt()), executor->spool->sizes()});
  }
}

void ExecutorPool::tell_progress() {
  progress_at_.reset();
  AttemptsProgressed news;
  for (auto& [id, executor] : executors_) {
    if (!std::exchange(executor->progress_news, false) || executor->launch == nullptr) continue;
    news.attempts.emplace_back(key_of(executor->launch->assign().attempt()), *executor->progress);
  }
  if (news.attempts.empty()) return;  // they have ended meanwhile
  progress_told_at_ = now_.boot;
  events_.emplace_back(std::move(news));
}

void ExecutorPool::repeat_progress() {
  for (auto& [id, executor] : executors_) {
    if (!executor->progress) continue;
    executor->progress_news = true;
    progress_at_ = read_clock().boot;
  }
}

// Only while something runs: an idle worker does not wake up for this.
void ExecutorPool::sample_memory() {
  ran_since_sample_ = dispatcher_.occupied() > 0;
  sample_at_ = now_.boot + kMemorySampleEvery;
  for (auto& [id, executor] : executors_) {
    if (executor->pid == 0 || dispatcher_.dead(id)) continue;
    const std::int64_t bytes = resident_bytes(executor->pid);
    executor->memory_peak = std::max(executor->memory_peak, bytes);
    if (bytes > 0) dispatcher_.sampled_memory(id, bytes, now_, actions_);
  }
}

}  // namespace weir::worker
