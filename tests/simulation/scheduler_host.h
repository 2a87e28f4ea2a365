// The machine that the scheduler runs on: the real Turn over a store in memory, an inbox, and all
// that can happen to them: failing commits, crashes between any two operations, power cuts,
// restarts. Everything that leaves goes to the Outside. Virtual time only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>

#include "engine/state.h"
#include "scheduler/loop/turn.h"
#include "sdk/src/memory_store.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/alerts/alert_audit.h"
#include "tests/simulation/audit.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/freshness/freshness_audit.h"
#include "tests/simulation/profile.h"
#include "tests/simulation/promises.h"
#include "tests/simulation/rng.h"
#include "tests/simulation/schedules/schedule_audit.h"

namespace weir::simulation {

// The world around the scheduler, as it hears from it.
class Outside {
 public:
  virtual ~Outside() = default;
  virtual void on_send(const engine::Send& message) = 0;
  virtual void on_reply(const engine::Reply& reply) = 0;
  virtual void on_outbox(const engine::OutboxRow& row) = 0;
  virtual void on_sessions_closed() = 0;  // all of them: it crashed, or reloaded
  virtual std::string worker_of(base::SessionId session) const = 0;
};

// Large values. One that comes over the network is held once it is synced; until then a crash of
// the scheduler or its machine loses it.
class Blobs final : public ports::BlobStore {
 public:
  base::Result<std::unique_ptr<ports::BlobWriter>> create(const base::Digest&, engine::ArtifactKind,
                                                          std::int64_t) override;
  bool contains(const base::Digest& digest) override { return digests_.contains(digest); }
  base::Result<std::vector<ports::BlobFile>> files(const base::Digest&) override;
  base::Status set_aside_damaged(const base::Digest&) override { return {}; }
  // An executor on the same machine wrote it and synced it.
  void add(const base::Digest& digest) { digests_.insert(digest); }
  void begin(const base::Digest& digest) { unsynced_.insert(digest); }
  // False when it was lost meanwhile.
  bool sync(const base::Digest& digest) {
    const bool there = digests_.contains(digest) || unsynced_.erase(digest) > 0;
    if (there) digests_.insert(digest);
    return there;
  }
  // How many were lost.
  std::size_t lose_unsynced() {
    const std::size_t lost = unsynced_.size();
    unsynced_.clear();
    return lost;
  }

 private:
  std::set<base::Digest> digests_, unsynced_;
};

class SchedulerHost final : private ports::SessionSink {
 public:
  SchedulerHost(const Profile& profile, Rng& rng, Agenda& agenda, Coverage& coverage,
                Outside& outside, bool trace);

  void start();
  // A command arrives; it is lost while the scheduler is down.
  void post(ports::CommandBody body);
  bool up() const { return turn_ != nullptr; }
  // Dies in the middle of something within the next operations, or soon when nothing happens.
  void crash_soon(bool power_cut);
  void step_wall(Duration by);      // the machine's wall clock is set
  void fill_disk(Duration length);  // nothing new is admitted meanwhile
  // From here on nothing fails any more. A clock that was set far is right again, after a restart.
  void end_faults();

  base::Now now() const;
  const engine::Engine* engine() const { return turn_ ? &turn_->engine() : nullptr; }
  const sdk_impl::MemoryTables& tables() const { return store_.tables(); }
  Audit& audit() { return audit_; }
  AlertAudit& alerts() { return alerts_; }
  void check_schedules_at_the_end() const { schedules_.at_the_end(store_.damaged()); }
  Promises& promises() { return promises_; }
  Blobs& blobs() { return blobs_; }
  Duration loaded_at() const { return loaded_at_; }
  // Rows of the run were damaged: nothing more happens to it.
  bool set_aside(base::RunId run) const { return store_.damaged().contains(run); }
  std::int64_t steps() const { return steps_; }

  // What the tables restore equals what is alive; lazy records are committed first.
  void check_restored();

 private:
  struct Crash {};  // thrown through the code under test, which is then thrown away

  void send(const engine::Send& message) override;
  void batch_committed(std::int64_t last_seq) override;
  void close_all_sessions(const base::Status& reason) override;
  void reply(const engine::Reply& answer);

  void write_rules();
  void hook_store();
  sdk_impl::CommitFault begin_commit(engine::Durability durability);
  base::Status admission();
  void check_admitted(const engine::Record& record) const;
  void operation(Seen where);
  void plan_work(Duration delay);
  void plan_wake();
  void work();
  void run_batch();
  void die();
  void lose_power();
  void damage_a_run();
  void restart();
  void count_restored();
  void check_step();
  void check_stops(const engine::Run& run) const;
  void check_same_schedules() const;
  void trace(const std::string& text) const;

  const Profile& profile_;
  Rng& rng_;
  Agenda& agenda_;
  Coverage& coverage_;
  Outside& outside_;
  const bool trace_;

  sdk_impl::MemoryStore store_;
  Blobs blobs_;
  Audit audit_;
  ScheduleAudit schedules_;
  AlertAudit alerts_;
  FreshnessAudit freshness_;
  Promises promises_;
  std::unique_ptr<loop::Turn> turn_;
  engine::Engine restored_;  // from the tables, anew after every step, to be compared
  std::deque<ports::CommandBody> inbox_;
  std::uint64_t life_ = 0;  // counts starts, so that plans of an earlier life are void
  std::uint64_t wake_ = 0;  // counts plans to wake for a deadline
  bool planned_ = false;    // work() is on the agenda
  bool calm_ = false;
  bool in_commit_ = false;      // the sync commit took effect, effects are leaving
  int crash_in_ = -1;           // operations left until the crash; -1: none is due
  bool crash_at_sync_ = false;  // it is due between the next commit and its sync
  bool power_cut_ = false;
  bool reloaded_ = false;        // since the promises were checked
  int power_cuts_at_start_ = 0;  // left to be played
  int damages_ = 0;              // left to be done
  Duration disk_full_until_{};
  Duration wall_offset_{}, wall_offset_max_{};
  Duration boot_offset_{};  // a machine that lost power counts its boot time anew
  Duration loaded_at_{};    // the engine, from the tables
  std::int64_t steps_ = 0;
};

}  // namespace weir::simulation
