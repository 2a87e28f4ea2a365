// A schedule as it is declared: in a module's manifest, or by command without one. When it fires,
// with what parameters, and what is to happen to times that were missed or that come while an
// earlier run is still there. Texts as they were written; values only. The words are stored and
// shown: they do not change.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/words.h"

namespace weir::module {

// Which of the times that fell into a downtime are made up for, of those inside the window.
enum class CatchUp {
  kLatest,  // the last one
  kNone,
  kAll,
  kLast,  // the last `catch_up_runs` of them
};
constexpr base::Words<4> words(CatchUp) { return {"latest", "none", "all", "last"}; }

// What a time does while runs of the same schedule are queued or running.
enum class Overlap {
  kQueueOne,  // waits for them; a newer one takes the place of the one that waits
  kQueueAll,  // waits for them, in the order of the times
  kSkip,
  kAllow,          // runs beside them
  kCancelRunning,  // cancels them and runs when they have ended
};
constexpr base::Words<5> words(Overlap) {
  return {"queue_one", "queue_all", "skip", "allow", "cancel_running"};
}

struct DayOff {
  std::string day;       // "2026-12-25", by the clock of the schedule's zone
  std::string calendar;  // that leaves it out, "except" for one that the schedule lists itself
  auto operator<=>(const DayOff&) const = default;
};

inline constexpr std::int64_t kCatchUpWindowMs = 24 * 3600 * 1000;

struct ScheduleSpec {
  std::string name;                // in a manifest without the pipeline
  std::string job;                 // the same
  std::vector<std::string> crons;  // one at least
  std::string zone = "UTC";        // IANA name
  std::string params = "{}";       // JSON object: by parameter name, the members to override
  // Members of parameters that take the time that a run is for, whatever `params` says:
  // "train.day".
  std::vector<std::string> time_params;
  std::vector<DayOff> days_off;
  std::string start, end;      // nothing before, nothing from then on; see calendar::read_time()
  std::int64_t jitter_ms = 0;  // a run is up to so much late, always the same for the same time
  CatchUp catch_up = CatchUp::kLatest;
  std::int32_t catch_up_runs = 0;  // of kLast
  std::int64_t catch_up_window_ms = kCatchUpWindowMs;
  Overlap overlap = Overlap::kQueueOne;
  bool paused = false;  // when it is new: a pause or its end by people outlives a registration
  auto operator<=>(const ScheduleSpec&) const = default;
};

}  // namespace weir::module
