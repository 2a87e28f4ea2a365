// The queue of rows and its thread: see command_outbox.h. offer() and the statistics only take the
// mutex; the command runs on the outbox's own thread, without the mutex. How the command is run
// stands in run_command.cc.
#include "scheduler/loop/command_outbox.h"

#include <algorithm>
#include <utility>

namespace weir::loop {

using base::Status;
using std::chrono::steady_clock;

CommandOutbox::CommandOutbox(CommandOutboxOptions options) : options_(std::move(options)) {}

CommandOutbox::~CommandOutbox() { stop(); }

void CommandOutbox::start(ports::Inbox& inbox) {
  thread_ = std::jthread([this, &inbox](const std::stop_token& stop) { work(stop, inbox); });
}

void CommandOutbox::stop() {
  thread_.request_stop();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool CommandOutbox::offer(const engine::OutboxRow& row) {
  {
    const std::lock_guard lock(mutex_);
    // The acknowledgement of these may still be on its way to the table.
    if (acknowledged_.contains(row.id) || entries_.contains(row.id)) return true;
    if (entries_.size() >= kOutboxRowsMax) return false;
    Entry entry;
    entry.row = row;
    entries_.emplace(row.id, std::move(entry));
    due_.insert(row.id);
    ++offers_;
  }
  changed_.notify_all();
  return true;
}

std::size_t CommandOutbox::waiting() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::string CommandOutbox::last_failure() const {
  const std::lock_guard lock(mutex_);
  return last_failure_;
}

// The first entry that is due; waits for one. Nothing when the thread has to end.
std::optional<CommandOutbox::Entry> CommandOutbox::next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto now = steady_clock::now();
    while (!paused_.empty() && paused_.begin()->first <= now) {
      due_.insert(paused_.extract(paused_.begin()).value().second);
    }
    if (!due_.empty()) return entries_.at(*due_.begin());
    const auto wake = paused_.empty() ? now + std::chrono::hours(1) : paused_.begin()->first;
    const std::uint64_t seen = offers_;
    changed_.wait_for(lock, stop, wake - now, [&] { return offers_ != seen; });
  }
  return std::nullopt;
}

void CommandOutbox::settle(Entry entry, const Status& status) {
  const std::lock_guard lock(mutex_);
  const std::int64_t id = entry.row.id;
  due_.erase(id);
  if (status.ok()) {
    entries_.erase(id);
    acknowledged_.insert(id);
    // Ids grow; what is far behind has long left the table.
    if (acknowledged_.size() > 2 * kOutboxRowsMax) acknowledged_.erase(acknowledged_.begin());
    last_failure_.clear();
    return;
  }
  last_failure_ = status.text();
  entry.pause = entry.pause == entry.pause.zero() ? options_.retry_min
                                                  : std::min(entry.pause * 2, options_.retry_max);
  paused_.emplace(steady_clock::now() + entry.pause, id);
  entries_[id] = std::move(entry);
}

void CommandOutbox::work(const std::stop_token& stop, ports::Inbox& inbox) {
  while (std::optional<Entry> entry = next(stop)) {
    Status status;
    if (!entry->delivered) {
      status = run_command(options_.command, entry->row.payload, options_.timeout, stop);
      entry->delivered = status.ok();
    }
    // A full inbox keeps the acknowledgement here; the command is not run again for it.
    if (status.ok()) status = inbox.post(engine::OutboxDelivered{entry->row.id});
    settle(std::move(*entry), status);
  }
}

}  // namespace weir::loop
