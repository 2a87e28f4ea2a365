// The queues of messages and their thread: see alert_outbox.h.
// offer() and the statistics only take the mutex; a message is delivered on the outbox's own
// thread, without it, so that the loop, which offers, never waits for a network.
#include "scheduler/alerts/alert_outbox.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/json.h"

namespace weir::alerts {

using base::Code;
using base::Status;
using std::chrono::steady_clock;

namespace {

// Rows that are no alert, as of an earlier version, have one of their own.
std::string destination_of(const engine::OutboxRow& row) {
  const auto json = base::Json::parse(row.payload);
  if (row.kind != "alert" || !json.ok()) return {};
  const std::string& channel = (*json)["channel"].as_string();
  return channel.empty() ? (*json)["webhook"].as_string() : "channel " + channel;
}

}  // namespace

AlertOutbox::AlertOutbox(AlertOutboxOptions options) : options_(std::move(options)) {}

AlertOutbox::~AlertOutbox() { stop(); }

void AlertOutbox::start(ports::Inbox& inbox) {
  thread_ = std::jthread([this, &inbox](const std::stop_token& stop) { work(stop, inbox); });
}

void AlertOutbox::stop() {
  thread_.request_stop();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool AlertOutbox::offer(const engine::OutboxRow& row) {
  {
    const std::lock_guard lock(mutex_);
    // What became of these may still be on its way to the table.
    if (done_.contains(row.id) || held_.contains(row.id)) return true;
    if (held_.size() >= kOutboxRowsMax) return false;
    held_.insert(row.id);
    destinations_[destination_of(row)].entries.push_back({row, 0, std::nullopt});
    ++offers_;
  }
  changed_.notify_all();
  return true;
}

std::size_t AlertOutbox::waiting() const {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

std::string AlertOutbox::last_failure() const {
  const std::lock_guard lock(mutex_);
  return last_failure_;
}

// The oldest message of those destinations that are due; waits for one. Nothing when the thread has
// to end.
std::optional<std::pair<std::string, AlertOutbox::Entry>> AlertOutbox::next(
    const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto now = steady_clock::now();
    auto wake = now + std::chrono::hours(1);
    auto best = destinations_.end();
    for (auto at = destinations_.begin(); at != destinations_.end(); ++at) {
      if (at->second.due > now) {
        wake = std::min(wake, at->second.due);
      } else if (best == destinations_.end() ||
                 at->second.entries.front().row.id < best->second.entries.front().row.id) {
        best = at;
      }
    }
    if (best != destinations_.end()) {
      return std::pair(best->first, best->second.entries.front());
    }
    const std::uint64_t seen = offers_;
    changed_.wait_for(lock, stop, wake - now, [&] { return offers_ != seen; });
  }
  return std::nullopt;
}

void AlertOutbox::settle(const std::string& name, Entry entry, const Status& status) {
  const std::lock_guard lock(mutex_);
  const auto at = destinations_.find(name);
  Destination& destination = at->second;
  const bool posted = entry.outcome && status.ok();
  const bool delivered =
      entry.outcome && std::holds_alternative<engine::OutboxDelivered>(*entry.outcome);
  const std::int64_t id = entry.row.id;
  if (delivered && posted) {
    destination.pause = destination.pause.zero();
    last_failure_.clear();
  } else {
    if (!status.ok()) last_failure_ = status.text();
    destination.pause = destination.pause == destination.pause.zero()
                            ? options_.retry_min
                            : std::min(destination.pause * 2, options_.retry_max);
  }
  const double kept = std::uniform_real_distribution<double>(0.5, 1.0)(chance_);
  destination.due = steady_clock::now() +
                    std::chrono::duration_cast<steady_clock::duration>(destination.pause * kept);
  if (!posted) {
    destination.entries.front() = std::move(entry);
    return;
  }
  destination.entries.pop_front();
  held_.erase(id);
  done_.insert(id);
  // Ids grow; what is far behind has long left the table.
  if (done_.size() > 2 * kOutboxRowsMax) done_.erase(done_.begin());
  if (destination.entries.empty()) destinations_.erase(at);
}

void AlertOutbox::attempt(const std::stop_token& stop, Entry& entry, ports::Inbox& inbox) {
  const Status status = entry.row.kind == "alert" ? options_.deliver(entry.row, stop)
                                                  : Status(Code::kUnavailable, base::kErrInternal,
                                                           "nobody takes '" + entry.row.kind + "'");
  if (status.ok()) {
    entry.outcome = engine::OutboxDelivered{entry.row.id};
    return;
  }
  if (status.code() == Code::kCanceled) return;
  ++entry.attempts;
  {
    const std::lock_guard lock(mutex_);
    last_failure_ = status.text();
  }
  const bool last = entry.attempts >= options_.attempts_max ||
                    options_.clock() - entry.row.at >= options_.age_max ||
                    entry.row.kind != "alert";
  engine::OutboxUndelivered report{entry.row.id, status.text(), last};
  if (last) {
    entry.outcome = std::move(report);
  } else {
    // One that is lost to a full inbox is told by the next try.
    static_cast<void>(inbox.post(std::move(report)).ok());
  }
}

void AlertOutbox::work(const std::stop_token& stop, ports::Inbox& inbox) {
  while (auto chosen = next(stop)) {
    auto& [destination, entry] = *chosen;
    if (!entry.outcome) attempt(stop, entry, inbox);
    // A full inbox keeps the outcome here; the message is not sent again for it.
    Status status;
    if (entry.outcome) status = inbox.post(ports::CommandBody(*entry.outcome));
    settle(destination, std::move(entry), status);
  }
}

}  // namespace weir::alerts
