// Goes over a schedule member by member and keeps every problem: people fix a definition in one go.
// Zones are known by name only, so of two times those are compared that have the same clock.
// Pure; it must not look at other schedules.
#include "module/schedule_check.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors.h"
#include "base/names.h"
#include "base/text.h"
#include "calendar/cron_text.h"
#include "calendar/read_time.h"
#include "value/json.h"
#include "weir/impl/cron/zone_names.h"

namespace weir::module {
namespace {

using base::Code;
using base::Json;
using base::Status;

std::vector<std::string> all_zones() {
  std::vector<std::string> names(1);
  for (const char c : std::string_view(calendar::kZoneNames)) {
    if (c == ' ') {
      names.emplace_back();
    } else {
      names.back() += c;
    }
  }
  return names;
}

class ScheduleCheck {
 public:
  ScheduleCheck(const ScheduleSpec& schedule, std::span<const ParamSpec> params)
      : schedule_(schedule),
        params_(params),
        whose_("schedule '" + base::valid_utf8(schedule.name) + "': ") {}

  std::vector<Status> run() {
    check_crons();
    check_zone();
    check_days_off();
    check_limits();
    check_times();
    check_params();
    return std::move(problems_);
  }

 private:
  void add(int error, std::string_view problem) {
    problems_.emplace_back(Code::kInvalidArgument, error, whose_ + std::string(problem));
  }
  void add(std::string_view what, const Status& problem) {
    if (!problem.ok()) add(problem.error(), std::string(what) + problem.message());
  }

  void check_crons() {
    if (schedule_.crons.empty()) {
      add(base::kErrCron, "it has no cron expression; give it one, like '0 2 * * *'");
    }
    for (const std::string& cron : schedule_.crons) add("", calendar::read_cron(cron).status());
  }

  void check_zone() { add("", zone_problem(schedule_.zone)); }

  void check_days_off() {
    if (schedule_.days_off.size() > kDaysOffMax) {
      return add(base::kErrLimit, "it leaves out " + std::to_string(schedule_.days_off.size()) +
                                      " days; a schedule leaves out " +
                                      std::to_string(kDaysOffMax) + " at most");
    }
    for (const DayOff& off : schedule_.days_off) {
      const std::string problem = base::name_problem(off.calendar);
      if (!problem.empty()) {
        return add(base::kErrBadName,
                   "its calendar '" + base::valid_utf8(off.calendar) + "': " + problem);
      }
      add("calendar '" + off.calendar + "': ", calendar::read_day(off.day).status());
    }
  }

  void check_limits() {
    const auto number = [](std::int64_t value) { return std::to_string(value); };
    if (schedule_.jitter_ms < 0 || schedule_.jitter_ms > kJitterMsMax) {
      add(base::kErrLimit,
          "its jitter is 0 to 24 hours, not " + number(schedule_.jitter_ms) + " ms");
    }
    if (schedule_.catch_up == CatchUp::kLast && schedule_.catch_up_runs < 1) {
      add(base::kErrLimit, "it catches up with the last " + number(schedule_.catch_up_runs) +
                               " runs; it takes 1 at least, and 'none' for none");
    }
    if (schedule_.catch_up != CatchUp::kLast && schedule_.catch_up_runs != 0) {
      add(base::kErrBadManifest, "a number of runs to catch up with belongs to 'last', not to '" +
                                     std::string(base::word_of(schedule_.catch_up)) + "'");
    }
    if (schedule_.catch_up_window_ms < 0) {
      add(base::kErrLimit, "its window for catching up must not be negative");
    }
  }

  void check_times() {
    const std::string& start = schedule_.start;
    const std::string& end = schedule_.end;
    if (!start.empty()) add("its start: ", calendar::check_time(start));
    if (!end.empty()) add("its end: ", calendar::check_time(end));
    if (!calendar::is_after(end, start).value_or(true)) {
      add(base::kErrBadManifest, "its end '" + end + "' is not after its start '" + start + "'");
    }
  }

  void check_params() {
    const auto params = Json::parse(schedule_.params);
    if (!params.ok() || !params->is_object()) {
      return add(base::kErrBadParam, "its parameters must be a JSON object of objects by name" +
                                         (params.ok() ? "" : ": " + params.status().message()));
    }
    for (const auto& [name, members] : params->members()) check_param(name, members);
    for (const std::string& member : schedule_.time_params) check_time_param(member);
  }

  // Null when the pipeline does not declare it, which is said.
  const ParamSpec* find_param(const std::string& name) {
    const auto param = std::find_if(params_.begin(), params_.end(),
                                    [&](const ParamSpec& spec) { return spec.name == name; });
    if (param != params_.end()) return &*param;
    std::vector<std::string> known;
    for (const ParamSpec& spec : params_) known.push_back(spec.name);
    add(base::kErrBadParam, "it gives the parameter '" + base::valid_utf8(name) +
                                "', which the pipeline does not declare." +
                                base::did_you_mean(name, known));
    return nullptr;
  }

  void check_time_param(const std::string& given) {
    const std::size_t dot = given.find('.');
    if (dot == std::string::npos) {
      return add(base::kErrBadParam, "'" + base::valid_utf8(given) +
                                         "' takes the time of a run; write NAME.MEMBER, for a "
                                         "parameter and its member");
    }
    const ParamSpec* param = find_param(given.substr(0, dot));
    if (param == nullptr || param->schema.empty()) return;
    add("parameter '" + param->name + "': ",
        value::time_for_member(param->schema, given.substr(dot + 1), {}, "1970-01-01").status());
  }

  void check_param(const std::string& name, const Json& members) {
    const ParamSpec* param = find_param(name);
    if (param == nullptr) return;
    if (!members.is_object()) {
      return add(base::kErrBadParam,
                 "parameter '" + name + "' must be a JSON object of the members to override");
    }
    const auto defaults = Json::parse(param->defaults);
    if (param->schema.empty() || !defaults.ok())
      return;  // what is wrong with those is said of them
    add("parameter '" + name + "': ",
        value::merge_params(param->schema, *defaults, members).status());
  }

  const ScheduleSpec& schedule_;
  std::span<const ParamSpec> params_;
  const std::string whose_;
  std::vector<Status> problems_;
};

}  // namespace

Status zone_problem(const std::string& name) {
  if (calendar::is_zone_name(name)) return {};
  return {Code::kInvalidArgument, base::kErrTimeZone,
          "no time zone is named '" + base::valid_utf8(name) + "'." +
              base::did_you_mean(name, all_zones()) +
              " Zones have their IANA names, like Europe/Berlin"};
}

std::vector<Status> schedule_problems(const ScheduleSpec& schedule,
                                      std::span<const ParamSpec> params) {
  return ScheduleCheck(schedule, params).run();
}

Status joined(const std::vector<Status>& problems) {
  std::string text;
  for (const Status& problem : problems) text += (text.empty() ? "" : "\n") + problem.message();
  if (problems.empty()) return {};
  return {Code::kInvalidArgument, problems.front().error(), std::move(text)};
}

}  // namespace weir::module
