// How long what has ended is kept, and what goes then: runs with their tasks, attempts, checks and
// events, alerts, and ticks of schedules. It goes in rounds of a bounded number of rows, inside
// transactions that the store opens, on the write connection and its thread. What the engine is
// rebuilt from never goes: a restore after a round gives what one before it did. Knows no files;
// logs follow the rows of their runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "scheduler/ports/retention.h"
#include "scheduler/store/sqlite.h"

namespace weir::store {

inline constexpr int kTicksKeptMin = 1'000;    // of each schedule, however old they are
inline constexpr int kRetentionRowsMax = 500;  // that a round deletes or looks at
inline constexpr auto kSweepEvery = std::chrono::hours(1);
// A clock that is wrong after the start, or that was set, is given so long to be put right before
// anything is called old by it.
inline constexpr auto kClockTrustedAfter = std::chrono::hours(1);

using ports::RetentionOptions;

// What rounds have deleted.
struct Forgotten {
  std::int64_t runs = 0;
  std::int64_t events = 0;
  std::int64_t ticks = 0;
};

class Retention {
 public:
  static base::Result<Retention> prepare(Connection& connection, RetentionOptions options);

  // Whether a sweep is under way or due: then a transaction is to be opened for a round.
  bool wanted(base::Now now);
  // Deletes up to kRetentionRowsMax rows. True when the sweep goes on with the next round.
  base::Result<bool> round(base::Now now);
  // What the last round deleted was not committed: the sweep begins anew.
  void start_over();

  const Forgotten& last_round() const { return last_round_; }

 private:
  enum class Phase { kLeftOver, kRuns, kEvents, kAlerts, kTicks, kRest };
  enum class Query : std::size_t;

  static std::string sql_of(Query query);
  Statement& at(Query query) { return statements_[static_cast<std::size_t>(query)]; }
  template <class... Args>
  base::Result<std::optional<std::int64_t>> number(Query query, const Args&... args);
  template <class... Args>
  base::Result<std::optional<std::string>> text(Query query, const Args&... args);
  template <class... Args>
  base::Result<int> erase(Query query, const Args&... args);

  // Each does a part of its phase; true when the phase is over.
  base::Result<bool> step(base::Now now);
  base::Result<bool> clear_left_over();
  base::Result<bool> look_at_runs(base::Now now);
  base::Result<bool> look_at_events(base::Now now);
  base::Result<bool> look_at_alerts(base::Now now);
  base::Result<bool> look_at_ticks(base::Now now);

  base::Result<bool> judge(const std::string& run);
  base::Status expire(const std::string& run);
  base::Result<bool> clear(const std::string& run);
  base::Result<std::optional<base::WallTime>> ticks_before(base::Now now);

  RetentionOptions options_;
  std::vector<Statement> statements_;
  Phase phase_ = Phase::kRest;
  int budget_ = 0;
  Forgotten last_round_;

  // Where the sweep stands.
  std::string run_;                // the last that was looked at
  std::int64_t task_ = 0;          // of the run that is being judged: from here on
  std::string expired_;            // run whose rows are being deleted
  std::int64_t seq_ = 0;           // the last event that was looked at
  std::int64_t alert_ = 0;         // the last alert that was looked at
  std::string schedule_;           // the last whose ticks were looked at
  std::optional<base::Now> last_;  // when it was last asked
  base::BootTime trusted_from_{};  // when the clock will have been right for long enough
  base::BootTime next_sweep_{};
};

}  // namespace weir::store
