// The order of things within one batch: see turn.h. Rows are written when the transaction is open
// anyway; a batch whose rows are all lazy opens none and leaves them to the next one. One thread.
// Nothing is sent or answered with success before commit_batch() has returned.
#include "scheduler/loop/turn.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/errors.h"
#include "base/planted.h"
#include "scheduler/loop/last_words.h"

namespace weir::loop {

using base::Code;
using base::Status;
using engine::Command;

namespace {

// A reopened store that fails again within this time is left alone for longer.
constexpr base::Duration kStable = std::chrono::seconds(10);

template <class Body>
concept HasRequest = requires(Body& body) {
  body.request.reply_to;
};
template <class Body>
concept HasReplyTo = requires(Body& body) {
  body.reply_to;
};

// Of a request; empty for every other command.
std::string idempotency_key(const Command& command) {
  return std::visit(
      [](const auto& body) -> std::string {
        if constexpr (HasRequest<std::decay_t<decltype(body)>>) return body.request.idempotency_key;
        return {};
      },
      command.body);
}

std::int64_t microseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               start)
      .count();
}

}  // namespace

std::uint64_t reply_to(const Command& command) {
  return std::visit(
      [](const auto& body) -> std::uint64_t {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (HasRequest<const Body>) return body.request.reply_to;
        if constexpr (HasReplyTo<const Body>) return body.reply_to;
        return 0;
      },
      command.body);
}

bool set_reply_to(ports::CommandBody& body, std::uint64_t id) {
  return std::visit(
      [id](auto& kind) {
        using Body = std::decay_t<decltype(kind)>;
        if constexpr (HasRequest<Body>) {
          kind.request.reply_to = id;
          return true;
        } else if constexpr (HasReplyTo<Body>) {
          kind.reply_to = id;
          return true;
        } else {
          return false;
        }
      },
      body);
}

Turn::Turn(engine::Options options, engine::Store& store, TurnPorts ports)
    : engine_(options), store_(store), ports_(std::move(ports)) {}

Status Turn::start(base::Now now) {
  // A process that died may have left rows that no sync has seen: nothing is told of them before
  // one has.
  if (Status status = PLANTED(kUnsyncedStart) ? Status() : sync_store(); !status.ok()) {
    if (base::Result<engine::Snapshot> readable = store_.restore(); !readable.ok()) {
      return closed_by_ = readable.status();
    }
    close(status, now);
    return {};
  }
  Status status = restore(now);
  if (!status.ok()) closed_by_ = status;
  return status;
}

// Proves that writing works, and makes durable what the store holds.
Status Turn::sync_store() {
  if (Status status = store_.begin(); !status.ok()) return status;
  return store_.commit(engine::Durability::kSync);
}

Status Turn::restore(base::Now now) {
  base::Result<engine::Snapshot> snapshot = store_.restore();
  if (!snapshot.ok()) return snapshot.status();
  load_zones(*snapshot);
  // Leases get a full term, which must not have begun before the commit that failed.
  engine_.restore(*snapshot, ports_.clock ? ports_.clock() : now);
  quarantined_ = snapshot->quarantined;
  stats_.quarantined = static_cast<std::int64_t>(quarantined_.size());
  last_seq_ = pending_seq_ = snapshot->last_seq;
  open_ = true;
  stats_.open = true;
  closed_by_ = {};
  reopen_deadline_.reset();
  outbox_refused_ = 0;  // nobody knows what was handed out before
  offer_outbox();
  return {};
}

// A zone that cannot be read is missing from the snapshot: its schedules do not fire, and say so,
// and how assets stand with deadlines by its clock is not known.
void Turn::load_zones(engine::Snapshot& snapshot) {
  std::set<std::string> names;
  for (const engine::ScheduleRow& schedule : snapshot.schedules) names.insert(schedule.spec.zone);
  for (const engine::FreshnessRow& policy : snapshot.freshness) {
    if (policy.spec.kind == module::FreshnessKind::kBy) names.insert(policy.spec.zone);
  }
  for (const std::string& name : names) {
    auto known = zones_.find(name);
    if (known == zones_.end()) {
      auto zone = name == "UTC" ? base::Result<calendar::Zone>(calendar::Zone::utc())
                  : ports_.zone ? ports_.zone(name)
                                : base::Status(Code::kFailedPrecondition, base::kErrTimeZone,
                                               "there are no time zones here");
      if (!zone.ok()) continue;
      known = zones_.emplace(name, std::make_shared<const calendar::Zone>(std::move(*zone))).first;
    }
    snapshot.zones.emplace(*known);
  }
}

// Goes on where it was refused, and ends where it is refused again: rows that wait are not walked.
void Turn::offer_outbox() {
  if (!ports_.outbox || !outbox_refused_) return;
  std::int64_t from = *std::exchange(outbox_refused_, std::nullopt);
  while (true) {
    const std::vector<engine::OutboxRow> page = engine_.outbox(from, kOutboxPage);
    for (const engine::OutboxRow& row : page) {
      if (!ports_.outbox(row)) {
        outbox_refused_ = row.id;
        return;
      }
    }
    if (page.size() < kOutboxPage) return;
    from = page.back().id + 1;
  }
}

std::size_t Turn::run(std::span<const Command> batch, base::Now now) {
  if (batch.empty()) return 0;
  if (!open_) {
    refuse(batch);
    return batch.size();
  }
  const auto start = std::chrono::steady_clock::now();
  batch_records_ = 0;
  Status status = look_at_disk(batch.front());
  std::size_t done = 0;
  while (status.ok() && done < batch.size()) {
    status = step(batch[done++]);
    if (batch_records_ >= kBatchRecordsMax || (ports_.enough && ports_.enough())) break;
  }
  ++stats_.batches;
  stats_.commands += static_cast<std::int64_t>(done);
  stats_.batch_commands.record(static_cast<std::int64_t>(done));
  stats_.step_us.record(microseconds_since(start));
  if (status.ok() && PLANTED(kEffectBeforeCommit)) deliver();
  if (status.ok()) status = commit_batch(now);
  if (status.ok()) {
    deliver();
  } else {
    fail(batch.first(done), status, now);
  }
  return done;
}

void Turn::refuse(std::span<const Command> batch) {
  stats_.refused += static_cast<std::int64_t>(batch.size());
  const Status status(
      closed_by_.code(), closed_by_.error(),
      "the store cannot be written now, nothing was accepted: " + closed_by_.message());
  for (const Command& command : batch) answer(command, status);
  // A worker that has connected meanwhile waits for a welcome that does not come.
  ports_.sessions.close_all_sessions(status);
}

Status Turn::look_at_disk(const Command& first) {
  if (!ports_.admission) return {};
  room_ = ports_.admission();
  if (room_.ok() != engine_.disk_full()) return {};
  return step({first.now, ~first.seed, engine::DiskChecked{!room_.ok(), room_.message()}});
}

Status Turn::step(const Command& command) {
  engine::Facts facts;
  if (Status status = load_facts(command, facts); !status.ok()) {
    if (status.code() != Code::kDataLoss) return status;
    // The command cannot be judged without the damaged row; the others of the batch can.
    ++stats_.refused;
    if (reply_to(command) != 0) replies_.push_back({reply_to(command), std::move(status)});
    return {};
  }
  if (refuse_new_work(command, facts)) return {};
  engine::Effects effects = engine_.step(command, facts);
  batch_records_ += effects.records.size();
  for (engine::Record& record : effects.records) {
    if (const auto* row = std::get_if<engine::OutboxRow>(&record); row && !row->delivered) {
      outbox_.push_back(*row);
      sync_ = true;
      if (PLANTED(kOutboxRowLost)) continue;
    }
    if (const auto* event = std::get_if<engine::EventRow>(&record)) pending_seq_ = event->seq;
    pending_.push_back(std::move(record));
  }
  const bool writes = !effects.records.empty();
  sync_ = sync_ || (writes && effects.durability == engine::Durability::kSync);
  std::move(effects.sends.begin(), effects.sends.end(), std::back_inserter(sends_));
  std::move(effects.replies.begin(), effects.replies.end(), std::back_inserter(replies_));
  return {};
}

Status Turn::load_facts(const Command& command, engine::Facts& facts) {
  const engine::Reads reads = engine_.reads(command);
  if (reads.empty()) return {};
  if (Status status = open_transaction(false); !status.ok()) return status;
  // What earlier commands of the batch wrote must be there to be read.
  if (Status status = write_pending(); !status.ok()) return status;
  base::Result<engine::Facts> loaded = store_.load(reads);
  if (!loaded.ok()) return loaded.status();
  facts = std::move(loaded).value();
  drop_missing_artifacts(reads, facts);
  return {};
}

void Turn::drop_missing_artifacts(const engine::Reads& reads, engine::Facts& facts) const {
  if (ports_.artifacts == nullptr) return;
  for (const engine::Digest& digest : reads.artifacts) {
    const auto row = facts.artifacts.find(digest);
    const bool inline_bytes = row != facts.artifacts.end() && row->second.bytes != nullptr;
    if (inline_bytes) continue;
    // A row without bytes is only a note: the file itself is what counts.
    if (!ports_.artifacts->contains(digest)) {
      facts.artifacts.erase(digest);
    } else if (row == facts.artifacts.end()) {
      facts.artifacts[digest].digest = digest;
    }
  }
}

bool Turn::refuse_new_work(const Command& command, const engine::Facts& facts) {
  if (!engine::adds_work(command.body)) return false;
  // What was accepted before gets the same answer.
  if (facts.replies.contains(idempotency_key(command))) return false;
  if (room_.ok()) return false;
  ++stats_.refused;
  if (reply_to(command) != 0) replies_.push_back({reply_to(command), room_});
  return true;
}

Status Turn::open_transaction(bool lazy) {
  if (in_transaction_) return {};
  Status status = lazy ? store_.begin_lazy() : store_.begin();
  in_transaction_ = status.ok();
  wrote_ = false;
  return status;
}

Status Turn::write_pending() {
  const std::vector<bool> left_out = superseded(pending_);
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (left_out[i]) continue;
    if (Status status = store_.write(pending_[i]); !status.ok()) return status;
    wrote_ = true;
  }
  pending_.clear();
  lazy_deadline_.reset();
  return {};
}

Status Turn::commit_batch(base::Now now) {
  const bool must_write = std::exchange(sync_, false) || (in_transaction_ && wrote_) ||
                          (!pending_.empty() && in_transaction_) ||
                          pending_.size() > kLazyRecordsMax;
  if (!must_write) {
    if (in_transaction_) store_.rollback();  // it only read
    in_transaction_ = false;
    if (!pending_.empty() && !lazy_deadline_) lazy_deadline_ = now.boot + kLazyWait;
    return {};
  }
  const auto start = std::chrono::steady_clock::now();
  if (Status status = open_transaction(false); !status.ok()) return status;
  if (Status status = write_pending(); !status.ok()) return status;
  if (PLANTED(kEffectBetweenWriteCommit)) deliver();
  in_transaction_ = false;  // however the commit ends, the transaction is over
  if (Status status = store_.commit(engine::Durability::kSync); !status.ok()) return status;
  stats_.commit_us.record(microseconds_since(start));
  ++stats_.commits;
  last_seq_ = pending_seq_;
  return {};
}

void Turn::flush_lazy(base::Now now) {
  if (!open_ || pending_.empty()) return lazy_deadline_.reset();
  // Readers see what is committed, and a sequence number that was seen is never given again.
  const bool events = pending_seq_ != last_seq_ && !PLANTED(kLazyEventPublished);
  Status status = open_transaction(!events);
  if (status.ok()) status = write_pending();
  if (status.ok()) {
    in_transaction_ = false;
    status = store_.commit(events ? engine::Durability::kSync : engine::Durability::kLazy);
  }
  if (!status.ok()) return fail({}, status, now);
  ++(events ? stats_.commits : stats_.lazy_commits);
  last_seq_ = pending_seq_;
  ports_.sessions.batch_committed(last_seq_);
}

void Turn::deliver() {
  // Taken out first: a port may look at the turn, and nothing may be delivered twice.
  const std::vector<engine::Send> sends = std::exchange(sends_, {});
  const std::vector<engine::Reply> replies = std::exchange(replies_, {});
  const std::vector<engine::OutboxRow> outbox = std::exchange(outbox_, {});
  for (const engine::Send& message : sends) ports_.sessions.send(message);
  for (const engine::Reply& reply : replies) ports_.reply(reply);
  for (const engine::OutboxRow& row : outbox) {
    if (!ports_.outbox || outbox_refused_) break;  // later ones wait behind it
    if (!ports_.outbox(row)) outbox_refused_ = row.id;
  }
  ports_.sessions.batch_committed(last_seq_);
}

void Turn::answer(const Command& command, const Status& status) {
  if (const std::uint64_t id = reply_to(command); id != 0) ports_.reply({id, status});
}

void Turn::fail(std::span<const Command> batch, const Status& cause, base::Now now) {
  ++stats_.failed_batches;
  store_.rollback();
  in_transaction_ = false;
  wrote_ = sync_ = false;
  pending_.clear();
  sends_.clear();
  if (!PLANTED(kReplyKeptOverFailure)) replies_.clear();
  outbox_.clear();
  lazy_deadline_.reset();
  close(cause, now);
  for (const Command& command : batch) answer(command, closed_by_);
  ports_.sessions.close_all_sessions(closed_by_);
  // A passing failure costs nothing but the sessions; one that comes back at once is given time.
  if (reopen_wait_ == kReopenWaitMin) reopen(now);
}

void Turn::close(const Status& cause, base::Now now) {
  const bool full = cause.code() == Code::kResourceExhausted;
  closed_by_ = Status(full ? Code::kResourceExhausted : Code::kUnavailable,
                      cause.error() != 0 ? cause.error() : base::kErrStore,
                      "the store could not be written, so whether the request was accepted is not "
                      "known: " +
                          cause.message() + "; repeat it with the same idempotency key");
  open_ = false;
  stats_.open = false;
  const bool again = reopened_at_ && now.boot - *reopened_at_ < kStable;
  reopen_wait_ = again ? std::min(reopen_wait_ * 2, kReopenWaitMax) : kReopenWaitMin;
  reopen_deadline_ = now.boot + reopen_wait_;
}

void Turn::reopen(base::Now now) {
  if (open_) return;
  Status status = sync_store();
  if (status.ok()) status = restore(now);
  if (status.ok()) {
    reopened_at_ = now.boot;
    return;
  }
  store_.rollback();
  reopen_wait_ = std::min(reopen_wait_ * 2, kReopenWaitMax);
  reopen_deadline_ = now.boot + reopen_wait_;
}

}  // namespace weir::loop
