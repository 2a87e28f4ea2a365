// See calendars.h. A calendar has no row of its own: it is in the schedules that leave its days
// out, under its name, so that is where a name is looked up. Files are read before
// anybody is asked. Main thread; changes nothing.
#include "cli/calendars.h"

#include <filesystem>
#include <map>
#include <set>

#include "base/errors.h"
#include "base/names.h"
#include "calendar/ics_calendar.h"
#include "cli/paging.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr std::string_view kOwnDays = "except";  // of days that a schedule lists itself

Status refuse_calendar(const std::string& given, const std::string& why) {
  return {Code::kInvalidArgument, base::kErrUsage, "--except-calendar '" + given + "': " + why};
}

Result<GivenCalendar> read_calendar(const std::string& given) {
  const std::size_t equals = given.find('=');
  const bool named = equals != std::string::npos;
  const std::string file = named ? given.substr(equals + 1) : given;
  GivenCalendar out;
  out.is_file = named || file.find_first_of("./") != std::string::npos;
  out.name = given;
  if (out.is_file) {
    out.name = named ? given.substr(0, equals) : std::filesystem::path(file).stem().string();
  }
  const std::string problem = base::name_problem(out.name);
  if (!problem.empty() || out.name == kOwnDays) {
    return refuse_calendar(given,
                           (problem.empty() ? "'except' is the schedule's own list" : problem) +
                               (out.is_file ? "; name it: NAME=" + file : ""));
  }
  if (!out.is_file) return out;
  const auto days = calendar::read_ics(file);
  if (!days.ok()) return refuse_calendar(given, days.status().message());
  for (const auto day : *days) out.days.push_back(calendar::day_text(day));
  if (out.days.empty()) return refuse_calendar(given, "there is no event of whole days in it");
  return out;
}

// By pipeline, by calendar, the days that schedules leave out.
using KnownCalendars = std::map<std::string, std::map<std::string, std::set<std::string>>>;

Result<KnownCalendars> known_calendars(client::Api& api) {
  v1::ListSchedulesRequest request;
  const auto schedules = read_pages(
      request, 0, [&](const auto& page) { return api.list_schedules(page); },
      [](v1::ListSchedulesResponse& response) { return response.mutable_schedules(); });
  if (!schedules.ok()) return schedules.status();
  KnownCalendars known;
  for (const v1::Schedule& schedule : schedules->schedules()) {
    const std::string pipeline = schedule.name().substr(0, schedule.name().find('/'));
    for (const v1::DayOff& off : schedule.definition().days_off()) {
      if (off.calendar() != kOwnDays) known[pipeline][off.calendar()].insert(off.day());
    }
  }
  return known;
}

Result<std::vector<std::string>> days_of(const KnownCalendars& known, const std::string& name,
                                         std::string_view pipeline) {
  std::vector<std::string> names, owners;
  const std::set<std::string>* found = nullptr;
  for (const auto& [owner, calendars] : known) {
    for (const auto& [calendar, days] : calendars) names.push_back(calendar);
    const auto here = calendars.find(name);
    if (here == calendars.end()) continue;
    if (owner == pipeline)
      return std::vector<std::string>(here->second.begin(), here->second.end());
    owners.push_back(owner);
    found = &here->second;
  }
  if (owners.size() == 1) return std::vector<std::string>(found->begin(), found->end());
  if (owners.size() > 1) {
    return refuse_calendar(name, "the pipelines " + owners[0] + " and " + owners[1] +
                                     " both have one of that name; name the job with its pipeline, "
                                     "or give a file");
  }
  return Status(Code::kNotFound, base::kErrUsage,
                "--except-calendar '" + name +
                    "': no schedule leaves out a calendar of that name." +
                    base::did_you_mean(name, names) + " A file is given as NAME=FILE.ics");
}

}  // namespace

Result<std::vector<GivenCalendar>> read_calendars(const std::vector<std::string>& given) {
  std::vector<GivenCalendar> out;
  for (const std::string& one : given) {
    auto read = read_calendar(one);
    if (!read.ok()) return read.status();
    out.push_back(std::move(*read));
  }
  return out;
}

Result<std::vector<v1::DayOff>> calendar_days(client::Api& api,
                                              const std::vector<GivenCalendar>& calendars,
                                              std::string_view pipeline) {
  KnownCalendars known;
  for (const GivenCalendar& calendar : calendars) {
    if (calendar.is_file || !known.empty()) continue;
    auto there = known_calendars(api);
    if (!there.ok()) return there.status();
    known = std::move(*there);
  }
  std::vector<v1::DayOff> out;
  for (const GivenCalendar& calendar : calendars) {
    Result<std::vector<std::string>> days = calendar.days;
    if (!calendar.is_file) days = days_of(known, calendar.name, pipeline);
    if (!days.ok()) return days.status();
    for (const std::string& day : *days) {
      v1::DayOff& off = out.emplace_back();
      off.set_day(day);
      off.set_calendar(calendar.name);
    }
  }
  return out;
}

}  // namespace weir::cli
