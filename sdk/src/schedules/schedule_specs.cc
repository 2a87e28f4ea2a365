// From the records of schedules to what the manifest says of them. The enumerations of both sides
// are held to the same order here. Reads files where a calendar is one, on the calling thread; what
// is wrong otherwise is for module::validate_manifest to say.
#include "sdk/src/schedules/schedule_specs.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/json.h"
#include "calendar/ics_calendar.h"
#include "weir/schedule.h"

namespace weir::sdk_impl {
namespace {

using base::Json;

static_assert(int(impl::CatchUpKind::kLast) == int(module::CatchUp::kLast));
static_assert(int(impl::CatchUpKind::kNone) == int(module::CatchUp::kNone));
static_assert(int(Overlap::kCancelRunning) == int(module::Overlap::kCancelRunning));
static_assert(int(Overlap::kSkip) == int(module::Overlap::kSkip));

constexpr const char* kOwnCalendar = "except";

void add_day(module::ScheduleSpec& spec, module::DayOff day) {
  auto& days = spec.days_off;
  if (std::find(days.begin(), days.end(), day) == days.end()) days.push_back(std::move(day));
}

base::Status add_calendar(const impl::CalendarRecord& record, module::ScheduleSpec& spec) {
  for (const std::string& day : record.days) add_day(spec, {day, record.name});
  if (record.file.empty()) return {};
  const auto days = calendar::read_ics(record.file);
  if (!days.ok()) {
    const char* hint =
        "; a path that is not absolute is seen from the folder in which the module is "
        "described or registered";
    const bool missing = days.status().code() == base::Code::kNotFound;
    return {days.status().code(), days.status().error(),
            "calendar '" + record.name + "': " + days.status().message() + (missing ? hint : "")};
  }
  for (const auto day : *days) add_day(spec, {calendar::day_text(day), record.name});
  return {};
}

// Members that have their default are left out: they follow it. A value that is no struct is whole.
Json given_members(const Json& value, const Json& defaults) {
  if (!value.is_object() || !defaults.is_object()) return value;
  Json out{Json::Object{}};
  for (const auto& [name, member] : value.members()) {
    if (!defaults.contains(name) || defaults[name] != member) out.set(name, member);
  }
  return out;
}

base::Result<std::string> params_of(const impl::ScheduleRecord& schedule,
                                    const std::vector<module::ParamSpec>& params) {
  Json out{Json::Object{}};
  for (const impl::ScheduleParam& given : schedule.params) {
    auto value = Json::parse(given.value);
    if (!value.ok()) return value.status();
    const auto declared = std::find_if(params.begin(), params.end(),
                                       [&](const auto& spec) { return spec.name == given.name; });
    // Only of a struct, whose members are merged one by one.
    if (declared != params.end() && declared->schema.starts_with('{')) {
      const auto defaults = Json::parse(declared->defaults);
      if (!defaults.ok()) return defaults.status();
      value = given_members(*value, *defaults);
    }
    out.set(given.name, std::move(*value));
  }
  return out.dump();
}

base::Result<module::ScheduleSpec> schedule_spec(const impl::ScheduleRecord& record,
                                                 const std::vector<module::ParamSpec>& params) {
  module::ScheduleSpec out;
  out.name = record.name;
  out.job = record.job;
  out.crons = record.crons;
  out.zone = record.zone;
  auto given = params_of(record, params);
  if (!given.ok()) return given.status();
  out.params = std::move(*given);
  out.time_params = record.time_params;
  for (const impl::CalendarRecord& calendar : record.calendars) {
    if (base::Status status = add_calendar(calendar, out); !status.ok()) return status;
  }
  for (const std::string& day : record.days_off) add_day(out, {day, kOwnCalendar});
  out.start = record.start;
  out.end = record.end;
  out.jitter_ms = record.jitter.count();
  out.catch_up = static_cast<module::CatchUp>(record.catch_up);
  out.catch_up_runs = record.catch_up_runs;
  out.catch_up_window_ms = record.catch_up_window.count();
  out.overlap = static_cast<module::Overlap>(record.overlap);
  out.paused = record.paused;
  return out;
}

}  // namespace

base::Result<std::vector<module::ScheduleSpec>> schedule_specs(
    const impl::PipelineRecord& pipeline, const std::vector<module::ParamSpec>& params) {
  std::vector<module::ScheduleSpec> out;
  for (const impl::ScheduleRecord& record : pipeline.schedules) {
    auto spec = schedule_spec(record, params);
    if (!spec.ok()) {
      return base::Status(spec.status().code(), spec.status().error(),
                          "schedule '" + record.name + "': " + spec.status().message());
    }
    out.push_back(std::move(*spec));
  }
  return out;
}

}  // namespace weir::sdk_impl
