// See simulation_words.h. Names are judged by whoever simulates; here is only told what cannot be
// read at all, with the word that it is about and what it should be.
// Pure, but for the local time zone; no thread affinity.
#include "cli/text/simulation_words.h"

#include <sstream>

#include "base/errors.h"
#include "cli/text/duration.h"
#include "cli/values.h"
#include "weir/v1/simulation_service.pb.h"

namespace weir::cli {
namespace {

using base::Result;
using base::Status;
using base::WallTime;

Status refused(std::string why) {
  return {base::Code::kInvalidArgument, base::kErrUsage, std::move(why)};
}

Result<WallTime> time_of(std::string_view text, WallTime from) {
  if (!text.starts_with('+')) return parse_time(text);
  const auto after = parse_duration(text.substr(1));
  if (!after.ok()) return after.status();
  return from + *after;
}

struct TimeSpan {
  WallTime from{}, to{};
};

Result<TimeSpan> span_of(std::string_view text, WallTime from) {
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) {
    return refused("'" + std::string(text) + "' is no span of time; that is FROM..TO");
  }
  const auto begin = time_of(text.substr(0, dots), from);
  if (!begin.ok()) return begin.status();
  const auto end = time_of(text.substr(dots + 2), from);
  if (!end.ok()) return end.status();
  if (*end > *begin) return TimeSpan{*begin, *end};
  return refused("'" + std::string(text) + "' ends before it begins");
}

// The line's time, which has one word or two ("2026-12-01 20:00"), and the rest.
Result<WallTime> take_time(std::istringstream& words, WallTime from, std::string& next) {
  std::string first;
  words >> first;
  const auto alone = time_of(first, from);
  words >> next;
  const auto both = time_of(first + " " + next, from);
  if (!both.ok() || first.starts_with('+')) return alone;
  words >> next;
  return both;
}

Status add_line(const std::string& line, WallTime from, v1::SimulateRequest& request) {
  std::istringstream words(line);
  std::string action, name;
  const auto at = take_time(words, from, action);
  if (!at.ok()) return at.status();
  std::getline(words >> std::ws, name);
  while (!name.empty() && std::isspace(static_cast<unsigned char>(name.back()))) name.pop_back();
  if (action.empty() || name.empty()) return refused("a line is TIME ACTION NAME");
  if (action == "fail") {
    auto* failure = request.add_failures();
    failure->set_task(name);
    set_time(*at, failure->mutable_from());
    return {};
  }
  if (action == "duration") return add_duration(name, request);
  auto* out = request.add_script();
  set_time(*at, out->mutable_at());
  out->set_action(action);
  out->set_name(name);
  return {};
}

}  // namespace

Status add_failure(std::string_view text, WallTime from, v1::SimulateRequest& request) {
  const auto sign = text.rfind('@');
  if (sign == std::string_view::npos || sign == 0) {
    return refused("'" + std::string(text) + "' is no failure; that is TASK@TIME or TASK@FROM..TO");
  }
  const std::string_view when = text.substr(sign + 1);
  auto* failure = request.add_failures();
  failure->set_task(std::string(text.substr(0, sign)));
  if (when.find("..") == std::string_view::npos) {
    const auto at = time_of(when, from);
    if (at.ok()) set_time(*at, failure->mutable_from());
    return at.status();
  }
  const auto span = span_of(when, from);
  if (!span.ok()) return span.status();
  set_time(span->from, failure->mutable_from());
  set_time(span->to, failure->mutable_until());
  return {};
}

Status add_duration(std::string_view text, v1::SimulateRequest& request) {
  const auto sign = text.rfind('=');
  if (sign == std::string_view::npos || sign == 0) {
    return refused("'" + std::string(text) + "' is no duration of a task; that is TASK=90s");
  }
  const auto takes = parse_duration(text.substr(sign + 1));
  if (!takes.ok()) return takes.status();
  auto* duration = request.add_durations();
  duration->set_task(std::string(text.substr(0, sign)));
  duration->set_ms(takes->count());
  return {};
}

Status add_absence(std::string_view text, WallTime from, v1::SimulateRequest& request) {
  const auto span = span_of(text, from);
  if (!span.ok()) return span.status();
  auto* absence = request.add_worker_down();
  set_time(span->from, absence->mutable_from());
  set_time(span->to, absence->mutable_until());
  return {};
}

Status add_script(std::string_view text, WallTime from, v1::SimulateRequest& request) {
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    line = line.substr(0, line.find('#'));
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Status status = add_line(line, from, request);
    if (status.ok()) continue;
    return {status.code(), status.error(),
            "line " + std::to_string(number) + " of the script: " + status.message()};
  }
  return {};
}

}  // namespace weir::cli
