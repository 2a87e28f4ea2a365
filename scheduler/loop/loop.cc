// The loop's thread, its inbox and its clock: see loop.h. Decides when a batch is taken and until
// when the thread may sleep; what happens within a batch is Turn's. Handlers of replies are called
// on this thread and must not block it.
#include "scheduler/loop/loop.h"

#include <algorithm>
#include <random>
#include <utility>
#include <variant>
#include <time.h>

#include "base/errors.h"

namespace weir::loop {

using base::Code;
using base::Status;
using engine::Command;
using ports::CommandBody;
using std::chrono::steady_clock;

namespace {

base::Duration read_clock(clockid_t id) {
  struct timespec value {};
  CHECK(clock_gettime(id, &value) == 0);
  return std::chrono::seconds(value.tv_sec) +
         std::chrono::duration_cast<base::Duration>(std::chrono::nanoseconds(value.tv_nsec));
}

// What a command holds beyond its own size, near enough for a limit on memory.
std::int64_t payload_bytes(const CommandBody& body) {
  std::int64_t bytes = 0;
  if (const auto* finished = std::get_if<engine::AttemptFinished>(&body)) {
    bytes += static_cast<std::int64_t>(finished->message.size() + finished->detail.size() +
                                       finished->metadata.size());
    for (const engine::OutputValue& output : finished->outputs) {
      if (output.bytes) bytes += static_cast<std::int64_t>(output.bytes->size());
    }
  } else if (const auto* progressed = std::get_if<engine::AttemptsProgressed>(&body)) {
    for (const auto& one : progressed->attempts) {
      bytes += static_cast<std::int64_t>(sizeof one + one.progress.message.size());
    }
  } else if (const auto* upload = std::get_if<engine::RegisterModules>(&body)) {
    for (const engine::ModuleUpload& module : upload->modules) {
      bytes += static_cast<std::int64_t>(module.manifest_json.size());
    }
  }
  return bytes;
}

Status not_running() {
  return {Code::kUnavailable, base::kErrShuttingDown, "the scheduler is not running; try again"};
}

TurnPorts make_ports(const LoopOptions& options, ports::SessionSink& sessions,
                     ports::BlobStore* artifacts, std::function<void(const engine::Reply&)> reply,
                     std::function<bool(const engine::OutboxRow&)> outbox,
                     std::function<base::Now()> clock, std::function<bool()> enough) {
  return {sessions,          std::move(reply), std::move(outbox), artifacts,
          options.admission, std::move(clock), std::move(enough), options.zone};
}

std::uint64_t seed_of(const LoopOptions& options) {
  if (options.seed) return *options.seed;
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

base::Now system_now() {
  return {base::WallTime(read_clock(CLOCK_REALTIME)), base::BootTime(read_clock(CLOCK_BOOTTIME))};
}

Loop::Loop(LoopOptions options, engine::Store& store, ports::SessionSink& sessions,
           ports::BlobStore* artifacts, OutboxSink* outbox)
    : options_(std::move(options)),
      outbox_(outbox),
      turn_(options_.engine, store,
            make_ports(
                options_, sessions, artifacts,
                [this](const engine::Reply& reply) { give_reply(reply); },
                [this](const engine::OutboxRow& row) {
                  return outbox_ == nullptr || outbox_->offer(row);
                },
                [this] { return now(); },
                [this] { return steady_clock::now() - batch_began_ >= options_.batch_time_max; })),
      random_(seed_of(options_)) {}

Loop::~Loop() { stop(); }

Status Loop::start() {
  checker_.check();
  if (Status status = turn_.start(now()); !status.ok()) return status;
  checker_.release();
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
  }
  thread_ = std::jthread([this] { work(); });
  return {};
}

void Loop::stop() {
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
  }
  arrived_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status Loop::post(CommandBody body, ports::ReplyHandler on_reply) {
  if (on_reply && !set_reply_to(body, 0)) {
    return {Code::kInvalidArgument, base::kErrInternal, "that command is never answered"};
  }
  const std::int64_t bytes = payload_bytes(body);
  const std::size_t limit = engine::sender_of(body) == engine::Sender::kPeople
                                ? std::min(options_.inbox_commands_max, kInboxRequestsMax)
                                : options_.inbox_commands_max;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (!running_) return not_running();
    if (inbox_.size() >= limit || inbox_bytes_ + bytes > kInboxBytesMax) {
      return {Code::kResourceExhausted, base::kErrQueueFull,
              "the scheduler is behind: " + std::to_string(inbox_.size()) + " commands of " +
                  std::to_string(inbox_bytes_) + " bytes wait; try again in a moment"};
    }
    first = inbox_.empty();
    inbox_bytes_ += bytes;
    inbox_.push_back({std::move(body), std::move(on_reply), bytes, clock_now().boot});
  }
  if (first) arrived_.notify_one();
  return {};
}

std::size_t Loop::inbox_size() const {
  const std::lock_guard lock(mutex_);
  return inbox_.size();
}

base::Now Loop::clock_now() const { return options_.clock ? options_.clock() : system_now(); }

base::Now Loop::now() {
  base::Now taken = clock_now();
  // Deadlines must not be un-passed; the wall clock may step as it likes.
  taken.boot = std::max(taken.boot, last_now_.boot);
  last_now_ = taken;
  return taken;
}

void Loop::work() {
  checker_.check();
  std::vector<Item> items;
  bool idle = false;
  while (wait(items, idle)) {
    run_batch(std::exchange(items, {}));
    if (options_.housekeeping) options_.housekeeping(last_now_, idle);
  }
  run_batch(std::exchange(items, {}));
  while (!left_over_.empty()) {
    items.assign(std::make_move_iterator(left_over_.begin()),
                 std::make_move_iterator(left_over_.end()));
    left_over_.clear();
    run_batch(std::exchange(items, {}));
  }
  finish();
  checker_.release();
}

steady_clock::time_point Loop::wake_at() const {
  std::optional<base::BootTime> due;
  const auto sooner = [&due](const std::optional<base::BootTime>& at) {
    if (at && (!due || *at < *due)) due = at;
  };
  sooner(turn_.lazy_deadline());
  sooner(turn_.reopen_deadline());
  // The steady clock stands still while the machine sleeps, and the wall clock may be set: look
  // again at least every kIdleWait.
  base::Duration wait = kIdleWait;
  const base::Now here = clock_now();
  if (due) wait = std::clamp<base::Duration>(*due - here.boot, base::Duration::zero(), wait);
  if (turn_.open())
    wait = std::min(wait, turn_.engine().next_deadlines().wait(here).value_or(wait));
  return steady_clock::now() + wait;
}

// Takes what has arrived, waiting for a command or a deadline. False when the loop has to end;
// `items` are its last.
bool Loop::wait(std::vector<Item>& items, bool& idle) {
  const steady_clock::time_point until = wake_at();
  std::unique_lock lock(mutex_);
  while (inbox_.empty() && left_over_.empty() && running_) {
    if (arrived_.wait_until(lock, until) == std::cv_status::timeout) break;
  }
  // What the batch before left over comes first.
  items.assign(std::make_move_iterator(left_over_.begin()),
               std::make_move_iterator(left_over_.end()));
  left_over_.clear();
  const std::size_t room = kBatchCommandsMax - std::min(items.size(), kBatchCommandsMax);
  const std::size_t count = running_ ? std::min(inbox_.size(), room) : inbox_.size();
  items.reserve(items.size() + count);
  for (std::size_t i = 0; i < count; ++i) {
    inbox_bytes_ -= inbox_.front().bytes;
    items.push_back(std::move(inbox_.front()));
    inbox_.pop_front();
  }
  waiting_since_.reset();
  if (!inbox_.empty()) waiting_since_ = inbox_.front().arrived;
  const steady_clock::time_point here = steady_clock::now();
  if (!items.empty()) last_arrival_ = here;
  idle = here - last_arrival_ >= kIdleWait;
  return running_;
}

void Loop::run_batch(std::vector<Item> items) {
  const base::Now taken = now();
  if (const auto at = turn_.reopen_deadline(); at && *at <= taken.boot) turn_.reopen(taken);
  std::vector<Command> batch;
  batch.reserve(items.size() + 1);
  // First where the batch before was cut, for this one may be cut, too, before it comes to them.
  const bool behind = std::exchange(behind_, false);
  if (behind) add_timers(taken, items.front().arrived, batch);
  const std::size_t before = batch.size();
  for (Item& item : items) {
    if (item.on_reply) {
      set_reply_to(item.body, ++last_reply_to_);
      waiting_.emplace(last_reply_to_, std::exchange(item.on_reply, {}));
    }
    batch.push_back({taken, random_(), std::move(item.body)});
  }
  if (!behind) add_timers(taken, waiting_since_.value_or(taken.boot), batch);
  const auto lazy = turn_.lazy_deadline();
  if (batch.empty() && lazy && *lazy <= taken.boot) turn_.flush_lazy(taken);
  batch_began_ = steady_clock::now();
  const std::size_t done = std::max(turn_.run(batch, taken), before);
  for (std::size_t i = done - before; i < items.size(); ++i) {
    items[i].body = std::move(batch[i + before].body);
    left_over_.push_back(std::move(items[i]));
  }
  behind_ = !left_over_.empty();
  offer_outbox(taken);
}

// Last, as a rule, and only up to when the first of the commands that wait came, so that a
// heartbeat among them is heard before its lease is called expired.
void Loop::add_timers(base::Now taken, base::BootTime until, std::vector<Command>& batch) {
  const base::Now due{taken.wall, std::min(taken.boot, until)};
  if (!turn_.open() || !turn_.engine().next_deadlines().passed(due)) return;
  batch.push_back({due, random_(), engine::FireTimers{}});
}

void Loop::offer_outbox(base::Now taken) {
  if (!turn_.outbox_refused() || !turn_.open()) return;
  if (taken.boot - outbox_offered_at_ < kOutboxOfferEvery) return;
  outbox_offered_at_ = taken.boot;
  turn_.offer_outbox();
}

void Loop::give_reply(const engine::Reply& reply) {
  const auto found = waiting_.find(reply.reply_to);
  if (found == waiting_.end()) return;  // posted without a handler
  const ports::ReplyHandler handler = std::move(found->second);
  waiting_.erase(found);
  handler(reply);
}

void Loop::finish() {
  turn_.flush_lazy(now());
  for (auto& [id, handler] : std::exchange(waiting_, {})) handler({id, not_running()});
  if (options_.housekeeping) options_.housekeeping(last_now_, true);
}

}  // namespace weir::loop
