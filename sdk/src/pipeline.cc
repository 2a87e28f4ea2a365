// Names made at run time, and the words for states.
// The set of texts only grows: a pipeline has as many as it has stages and schedules.
// Thread-safe.
#include <mutex>
#include <set>

#include "base/errors.h"
#include "base/names.h"
#include "base/status.h"
#include "sdk/src/kept_text.h"
#include "weir/name.h"
#include "weir/values.h"

namespace weir {

std::string_view sdk_impl::keep(std::string_view text) {
  static std::mutex mutex;
  static std::set<std::string, std::less<>> kept;  // guarded by mutex
  const std::lock_guard lock(mutex);
  return *kept.emplace(text).first;
}

Name name(std::string_view text) {
  const std::string problem = base::name_problem(text);
  if (!problem.empty()) {
    const base::Status status(base::Code::kInvalidArgument, base::kErrBadName,
                              "'" + std::string(text) + "' is not a name: " + problem);
    throw permanent(status.text());
  }
  return {Name::RunTime{}, sdk_impl::keep(text)};
}

std::string_view state_name(State state) {
  switch (state) {
    case State::kSucceeded:
      return "succeeded";
    case State::kCached:
      return "cached";
    case State::kSkipped:
      return "skipped";
    case State::kFailed:
      return "failed";
    case State::kUpstreamFailed:
      return "upstream_failed";
    case State::kCanceled:
      return "canceled";
    case State::kMissing:
      return "missing";
  }
  return "";
}

}  // namespace weir
