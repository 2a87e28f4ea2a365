// Reads zones with Howard Hinnant's date library, whose exceptions end here, and goes on behind its
// tables by the rule in the zone's file. Any thread; reads files of the system, and nothing waits
// on it but a start, a registration and a command line.
#include "scheduler/zones/zones.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>

#include <date/tz.h>
#include <spdlog/spdlog.h>

#include "base/errors.h"
#include "base/names.h"
#include "calendar/posix_rule.h"

namespace weir::zones {
namespace {

using calendar::Instant;

// Offsets before are local mean times to the second, which no schedule is about.
constexpr Instant kFrom{std::chrono::sys_days{std::chrono::year{1900} / 1 / 1}};
constexpr Instant kUntil{std::chrono::sys_days{std::chrono::year{2100} / 1 / 1}};

date::sys_seconds to_date(Instant at) { return date::sys_seconds(at.time_since_epoch()); }

base::Status unreadable(const std::string& what, const std::exception& error) {
  return {base::Code::kFailedPrecondition, base::kErrTimeZone,
          what + " cannot be read: " + error.what() + "; install the package tzdata"};
}

// False when the library cannot read them, which load_zone() then says.
bool have_tables() {
  try {
    return !date::get_tzdb().zones.empty();
  } catch (const std::runtime_error& error) {
    spdlog::warn("zones_unreadable error=\"{}\"", error.what());
    return false;
  }
}

// The tables end in 2037; the rule that goes on from there is the last line of a zone's file, a
// POSIX TZ string (RFC 8536, 3.3), which the library does not read.
std::optional<std::string> rule_behind_the_tables(const std::string& name) {
  const char* folder = std::getenv("TZDIR");
  std::ifstream file(std::string(folder != nullptr ? folder : "/usr/share/zoneinfo") + "/" + name,
                     std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty() || text.back() != '\n') return std::nullopt;
  text.pop_back();
  const auto begin = text.rfind('\n');
  if (begin == std::string::npos || begin + 1 == text.size()) return std::nullopt;
  return text.substr(begin + 1);
}

std::vector<calendar::ZoneSpan> spans_of(const std::string& name) {
  std::vector<calendar::ZoneSpan> spans;
  const date::time_zone* zone = date::locate_zone(name);
  for (Instant at = kFrom; at < kUntil;) {
    const date::sys_info info = zone->get_info(to_date(at));
    spans.push_back({at, info.offset, info.abbrev});
    const Instant end(info.end.time_since_epoch());
    if (end <= at) break;
    at = end;
  }
  const auto rule = rule_behind_the_tables(name);
  if (!rule || spans.size() < 2) return spans;
  const Instant last = spans.back().begin;
  auto behind = calendar::spans_of_rule(*rule, last, kUntil);
  if (!behind.ok()) throw std::runtime_error(behind.status().message());
  spans.pop_back();
  spans.insert(spans.end(), behind->begin(), behind->end());
  return spans;
}

}  // namespace

base::Result<calendar::Zone> load_zone(const std::string& name) {
  if (name == "UTC") return calendar::Zone::utc();
  try {
    return calendar::Zone(name, spans_of(name));
  } catch (const std::runtime_error& error) {
    const std::vector<std::string> names = zone_names();
    if (names.empty()) return unreadable("the system's time zones", error);
    // One that is there and damaged is not one that is not there.
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return unreadable("the time zone '" + name + "'", error);
    }
    return base::Status(base::Code::kInvalidArgument, base::kErrTimeZone,
                        "no time zone is named '" + name + "'." + base::did_you_mean(name, names) +
                            " Zones have their IANA names, like Europe/Berlin");
  }
}

base::Result<std::shared_ptr<const calendar::Zone>> shared_zone(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const calendar::Zone>> zones;  // guarded by mutex
  {
    const std::lock_guard lock(mutex);
    if (const auto found = zones.find(name); found != zones.end()) return found->second;
  }
  // Not locked while it is read: two who miss the same one both read it, and the first is kept.
  auto loaded = load_zone(name);
  if (!loaded.ok()) return loaded.status();
  auto zone = std::make_shared<const calendar::Zone>(std::move(loaded).value());
  const std::lock_guard lock(mutex);
  return zones.emplace(name, std::move(zone)).first->second;
}

std::vector<std::string> zone_names() {
  std::vector<std::string> names;
  if (!have_tables()) return names;
  for (const date::time_zone& zone : date::get_tzdb().zones) names.push_back(zone.name());
  return names;
}

}  // namespace weir::zones
