// What people ask of schedules and freshness, and what every request carries: see
// engine/commands.h, which has the other commands. Values only, safe to hand from thread to thread;
// what they point to is immutable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/sha256.h"
#include "calendar/zone.h"
#include "module/freshness_spec.h"
#include "module/schedule_spec.h"

namespace weir::engine {

// Requests of people are refused first when the inbox is nearly full.
enum class Sender { kPeople, kWorkers, kScheduler };

// Who asked. `reply_to` correlates the answer (0: nobody waits); a key makes the request
// repeatable.
struct RequestInfo {
  std::uint64_t reply_to = 0;
  std::string idempotency_key;  // may be empty
  base::Digest hash;            // of the request, to refuse the same key with another payload
};

// Time zones by name. The engine reads none itself: whoever gives it schedules gives the zones that
// they name.
using Zones = std::map<std::string, std::shared_ptr<const calendar::Zone>, std::less<>>;

// A schedule that no module declares: made, or changed as a whole. The names of its job and of
// itself may be short; it belongs to the pipeline of its job. From then on it begins anew: times
// up to now are not its own. Answered with its full name.
struct PutSchedule {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  module::ScheduleSpec spec;
  bool create = true;  // false: it must be there
  std::string by;      // who asks: "user@host"
  Zones zones;
};

// Answered with its full name. Its ticks stay.
struct DeleteSchedule {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  std::string name;
  std::string by;
};

// Answered with the names of those that this changed.
struct PauseSchedules {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  std::vector<std::string> names;       // empty: all
  bool pause = true;                    // false: resume; times of the pause are recorded as skipped
  std::optional<base::WallTime> until;  // of a pause: then it resumes by itself
  std::string reason;
  std::string by;
};

// A run of the schedule by hand: for now, or for a nominal time that made none. Answered with the
// run's id.
struct TriggerSchedule {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  std::string name;
  std::optional<base::WallTime> nominal;
  std::string by;
};

// Whether freshness policies start runs. Answered with the assets of those that this changed.
struct PauseFreshness {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  std::vector<std::string> assets;  // empty: all
  bool pause = true;
  std::string reason;
  std::string by;
};

// A policy on an asset in place of what its module declares; without a spec it is taken back. The
// spec names no asset.
struct SetFreshness {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  std::string asset;
  std::optional<module::FreshnessSpec> spec;
  std::string by;
  Zones zones;
};

// There is a new version of an asset that no registered pipeline makes: it is fresh as of then.
// What reads it is made anew by its own policy.
struct ObserveAsset {
  static constexpr Sender kSender = Sender::kPeople;
  RequestInfo request;
  std::string asset;
  std::optional<base::WallTime> at;  // none: now; not in the future
  std::string version;               // as its source names it; may be empty
  std::string by;
};

}  // namespace weir::engine
