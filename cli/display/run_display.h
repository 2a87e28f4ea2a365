// How a run that is followed is shown on stderr: redrawn in place on a terminal, or one line a
// transition. The follower feeds it; it never reads from the scheduler itself.
// Main thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/display/run_model.h"
#include "cli/invocation.h"

namespace weir::cli {

inline constexpr std::size_t kRunningShownMax = 5;  // tasks in the live part
inline constexpr std::size_t kScrolledMax =
    200;  // lines that scroll away in one frame; the rest is counted

// What an attempt said last; empty where it said nothing.
struct LastWords {
  std::string progress;  // "42 %  epoch 3 of 10"
  std::string line;      // of its logs
};
using LastWordsByAttempt = std::map<std::pair<std::int32_t, int>, LastWords>;  // index and attempt

class RunDisplay {
 public:
  virtual ~RunDisplay() = default;
  virtual void transition(const Transition& transition) = 0;
  // A block of text that belongs together: a failure, a lost connection.
  virtual void block(const std::vector<std::string>& lines) = 0;
  // Called ten times a second. A running task without last words is shown without them.
  virtual void tick(const RunModel& model, const LastWordsByAttempt& last_words) = 0;
  // The live part goes away; what was printed stays.
  virtual void close() = 0;
  // Whether tick() wants last words at all.
  virtual bool live() const = 0;
};

// By the invocation's --console: rich, plain, or nothing at all.
std::unique_ptr<RunDisplay> make_run_display(Invocation& invocation, const std::string& title);

// "20:00:12  ✓ succeeded  features  1.8 s", painted.
std::string transition_line(const Transition& transition, const Painter& paint);

}  // namespace weir::cli
