// One item per thing that can be unwell, each with its figure and, when it is not well, what to do.
// Thresholds are the design's: a fsync above 20 ms or a loop that answers in more than 100 ms would
// miss what the scheduler promises. Any thread.
#include "scheduler/scheduler_health.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "engine/schedules/occurrences.h"

namespace weir {
namespace {

constexpr std::int64_t kFsyncSlowUs = 20'000;
constexpr std::int64_t kCommitSlowUs = 100'000;
constexpr double kP99 = 0.99;
constexpr double kMedian = 0.5;
constexpr auto kDeadLettersShown = std::chrono::hours(24 * 7);

std::string bytes_text(std::int64_t bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  char text[64];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

std::string ms_text(std::int64_t micros) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f ms", static_cast<double>(micros) / 1000);
  return text;
}

std::int64_t file_bytes(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

SchedulerHealth::SchedulerHealth(const store::Storage& storage, const loop::Loop& loop,
                                 const alerts::AlertOutbox& outbox, const alerts::Watch& watch,
                                 ports::RetentionOptions kept)
    : storage_(storage), loop_(loop), outbox_(outbox), watch_(watch), kept_(kept) {}

std::vector<rpc::HealthItem> SchedulerHealth::health() {
  return {fsync(),     disk(),      loop(),   database(), quarantine(),
          integrity(), retention(), alerts(), channels(), heartbeat()};
}

void SchedulerHealth::set_quarantined(std::vector<std::string> rows) {
  const std::lock_guard lock(mutex_);
  quarantined_ = std::move(rows);
}

void SchedulerHealth::set_checked(const base::Status& result) {
  const std::lock_guard lock(mutex_);
  if (result.code() == base::Code::kCanceled) return;
  intact_ = result.ok();
  integrity_ = result.ok() ? "no damage found" : result.text();
}

void SchedulerHealth::set_logs_removed(const base::Result<int>& runs) {
  const std::lock_guard lock(mutex_);
  logs_ = runs.status();
  if (runs.ok()) logs_removed_ += *runs;
}

rpc::HealthItem SchedulerHealth::fsync() const {
  const base::Histogram& commits = storage_.store->stats().sync_us;
  const bool committed = commits.count() > 0;
  const std::int64_t probed = fsync_us_.load();
  const std::int64_t median = committed ? commits.quantile(kMedian) : probed;
  rpc::HealthItem item{"fsync", median <= kFsyncSlowUs,
                       probed < 0 ? "not measured yet" : ms_text(probed) + " at start", ""};
  if (committed) {
    item.value += ", commits p50 " + ms_text(median) + ", p99 " + ms_text(commits.quantile(kP99));
  }
  if (!item.ok) {
    item.advice =
        "every step of a chain waits for one fsync: move the data directory to a local "
        "solid-state disk";
  }
  return item;
}

rpc::HealthItem SchedulerHealth::disk() const {
  const base::Result<store::DiskSpace> space = storage_.guard->measure();
  if (!space.ok()) return {"disk", false, space.status().text(), "look at the file system"};
  rpc::HealthItem item{
      "disk", space->free_bytes >= space->limit_bytes,
      bytes_text(space->free_bytes) + " free, new runs from " + bytes_text(space->limit_bytes), ""};
  if (!item.ok) {
    item.advice = "new runs are refused until there is room: free space under " +
                  storage_.directory->path() + " or lower --min-free";
  }
  return item;
}

rpc::HealthItem SchedulerHealth::loop() const {
  const loop::TurnStats& stats = loop_.stats();
  const std::int64_t commit = stats.commit_us.quantile(kP99);
  const bool open = stats.open.load();
  rpc::HealthItem item{"loop", open && commit <= kCommitSlowUs,
                       std::to_string(stats.commands.load()) + " commands in " +
                           std::to_string(stats.batches.load()) + " batches, " +
                           std::to_string(loop_.inbox_size()) + " waiting, commit p99 " +
                           ms_text(commit) + ", " + std::to_string(stats.failed_batches.load()) +
                           " batches failed",
                       ""};
  if (!open) {
    item.advice =
        "the store cannot be written, so nothing new is admitted; it tries again by "
        "itself: look at the disk and the permissions of the data directory";
  } else if (!item.ok) {
    item.advice = "commits are slow: see fsync, and what else uses the disk";
  }
  return item;
}

rpc::HealthItem SchedulerHealth::database() const {
  const std::string path = storage_.directory->database();
  return {
      "database", true,
      bytes_text(file_bytes(path)) + ", write-ahead log " + bytes_text(file_bytes(path + "-wal")),
      ""};
}

rpc::HealthItem SchedulerHealth::quarantine() const {
  const std::lock_guard lock(mutex_);
  rpc::HealthItem item{"quarantine", quarantined_.empty(),
                       std::to_string(quarantined_.size()) + " rows", ""};
  if (!item.ok) {
    item.advice = "rows that cannot be decoded were set aside, the first is " +
                  quarantined_.front() + "; restore a backup or report it";
  }
  return item;
}

rpc::HealthItem SchedulerHealth::integrity() const {
  const std::lock_guard lock(mutex_);
  return {"integrity", intact_, integrity_, intact_ ? "" : "restore the database from a backup"};
}

rpc::HealthItem SchedulerHealth::retention() const {
  const store::StoreStats& stats = storage_.store->stats();
  const std::lock_guard lock(mutex_);
  rpc::HealthItem item{"retention", logs_.ok(),
                       "runs " + ports::kept_words(kept_.runs) + ", ticks " +
                           ports::kept_words(kept_.ticks) + "; since the start " +
                           std::to_string(stats.runs_forgotten.load()) + " runs, " +
                           std::to_string(stats.events_forgotten.load()) + " events, " +
                           std::to_string(stats.ticks_forgotten.load()) +
                           " ticks and the logs of " + std::to_string(logs_removed_) + " runs went",
                       ""};
  if (stats.retention_us.count() > 0) {
    item.value += ", p99 " + ms_text(stats.retention_us.quantile(kP99)) + " a round";
  }
  if (!item.ok) {
    item.advice = "old logs stay: " + logs_.message() + "; look at the permissions of " +
                  storage_.directory->logs();
  }
  return item;
}

// Dead letters of the last days, and what cannot be delivered now.
rpc::HealthItem SchedulerHealth::alerts() const {
  const std::string failure = outbox_.last_failure();
  const auto now = loop::system_now().wall;
  const auto dead = storage_.reader->count_undelivered(now - kDeadLettersShown);
  if (!dead.ok()) return {"alerts", false, dead.status().text(), "look at the database"};
  rpc::HealthItem item{"alerts", failure.empty() && *dead == 0,
                       std::to_string(outbox_.waiting()) + " messages waiting, " +
                           std::to_string(*dead) + " given up in the last 7 days" +
                           (failure.empty() ? "" : ", last try: " + failure),
                       ""};
  if (!item.ok) {
    item.advice =
        "a channel does not take messages: look at `weir alerts list --undelivered`, then "
        "`weir alerts test RULE`";
  }
  return item;
}

// Rules that tell a channel that there is not: modules were registered before there was an
// operator's file, or it has lost one since.
rpc::HealthItem SchedulerHealth::channels() const {
  std::vector<std::string> lost;
  ports::PageRequest page;
  page.size = ports::kPageSizeMax;
  do {
    const auto rules = storage_.reader->list_alert_rules(page);
    if (!rules.ok()) return {"channels", false, rules.status().text(), "look at the database"};
    for (const engine::AlertRuleRow& rule : rules->rows) {
      const bool known = rule.channel.empty() || std::find(channels_.begin(), channels_.end(),
                                                           rule.channel) != channels_.end();
      if (!known) lost.push_back("rule '" + rule.name + "' tells channel '" + rule.channel + "'");
    }
    page.after = rules->next;
  } while (!page.after.empty());
  rpc::HealthItem item{"channels", lost.empty(), std::to_string(channels_.size()) + " configured",
                       ""};
  if (lost.empty()) return item;
  item.value +=
      "; " + lost.front() + ", which is none of them" +
      (lost.size() == 1 ? "" : ", as do others, " + std::to_string(lost.size()) + " rules in all");
  item.advice =
      "their alerts are recorded and nobody is told: configure the channel in the file "
      "of --alerts-config, and start the scheduler with it";
  return item;
}

rpc::HealthItem SchedulerHealth::heartbeat() const {
  const alerts::Heartbeats beats = watch_.heartbeats();
  if (!beats.configured) return {"heartbeat", true, "not configured", ""};
  const auto text = [](base::WallTime at) {
    return engine::utc_text(base::WallTime(std::chrono::floor<std::chrono::seconds>(at)));
  };
  const std::string sent =
      beats.sent_at ? "last taken at " + text(*beats.sent_at) : "none was taken yet";
  rpc::HealthItem item{"heartbeat", !beats.fails(), sent, ""};
  if (beats.failed_at) {
    item.value += "; last failed at " + text(*beats.failed_at) + ": " + beats.failure;
  }
  if (beats.fails()) item.advice = "look at the heartbeat of --alerts-config";
  return item;
}

}  // namespace weir
