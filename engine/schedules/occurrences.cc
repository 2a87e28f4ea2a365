// Definitions as occurrences: crons parsed, days and limits read by the zone's clock; and in words.
// Whatever is wrong with a part is told with its text, the cron's with
// a caret. Pure.
#include "engine/schedules/occurrences.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "calendar/cron_text.h"
#include "calendar/read_time.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Result;
using base::Status;
using std::chrono::seconds;

Status within(const char* what, const Status& status) {
  return {status.code(), status.error(), std::string(what) + ": " + status.message()};
}

Result<std::vector<calendar::Cron>> crons_of(const module::ScheduleSpec& spec) {
  std::vector<calendar::Cron> crons;
  for (const std::string& text : spec.crons) {
    auto cron = calendar::read_cron(text);
    if (!cron.ok()) return cron.status();
    crons.push_back(*cron);
  }
  if (!crons.empty()) return crons;
  return Status(Code::kInvalidArgument, base::kErrCron,
                "a schedule needs a cron expression, such as '0 2 * * *'");
}

Result<calendar::Occurrences::Limits> limits_of(const module::ScheduleSpec& spec,
                                                const calendar::Zone& zone) {
  calendar::Occurrences::Limits limits;
  const auto read = [&](const char* what, const std::string& text,
                        std::optional<calendar::Instant>& limit) {
    if (text.empty()) return Status();
    const auto at = calendar::read_time(text, zone);
    if (!at.ok()) return within(what, at.status());
    limit = *at;
    return Status();
  };
  if (Status status = read("start", spec.start, limits.start); !status.ok()) return status;
  if (Status status = read("end", spec.end, limits.end); !status.ok()) return status;
  if (limits.start && limits.end && *limits.end <= *limits.start) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  "the end, " + spec.end + ", is not after the start, " + spec.start);
  }
  return limits;
}

// FNV-1a, then SplitMix64's finish: the same everywhere, which std::hash is not.
std::uint64_t hash_of(std::string_view text, std::int64_t number) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : text) hash = (hash ^ std::uint8_t(c)) * 0x100000001b3ull;
  hash ^= std::uint64_t(number) * 0x9E3779B97F4A7C15ull;
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ull;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBull;
  return hash ^ (hash >> 31);
}

}  // namespace

Result<calendar::Occurrences> occurrences_of(const module::ScheduleSpec& spec,
                                             std::shared_ptr<const calendar::Zone> zone) {
  auto crons = crons_of(spec);
  if (!crons.ok()) return crons.status();
  auto limits = limits_of(spec, *zone);
  if (!limits.ok()) return limits.status();
  calendar::DaysOff days;
  for (const module::DayOff& off : spec.days_off) {
    const auto day = calendar::read_day(off.day);
    if (!day.ok()) return within(off.calendar.c_str(), day.status());
    days.emplace(*day, off.calendar);
  }
  return calendar::Occurrences(std::move(*crons), std::move(zone), *limits, std::move(days));
}

base::WallTime due_at(std::string_view schedule, std::int64_t jitter_ms,
                      calendar::Instant nominal) {
  if (jitter_ms <= 0) return nominal;
  const auto share =
      hash_of(schedule, nominal.time_since_epoch().count()) % (std::uint64_t(jitter_ms) + 1);
  return base::WallTime(nominal) + std::chrono::milliseconds(share);
}

std::string description_of(const module::ScheduleSpec& spec) {
  std::string text;
  bool by_the_clock = false;
  for (const std::string& expression : spec.crons) {
    if (!text.empty()) text += "; ";
    const auto cron = calendar::read_cron(expression);
    by_the_clock = by_the_clock || !cron.ok() || cron->every_seconds == 0;
    text += cron.ok() ? calendar::describe(*cron) : "'" + expression + "'";
  }
  // Lengths of time are the same everywhere.
  if (!by_the_clock) return text;
  return text + ", " + spec.zone + (spec.zone == "UTC" ? "" : " time");
}

}  // namespace weir::engine
