// The options of schedules, how a job takes one, and the time of a run as text. Nothing is judged
// here: that is done on the manifest, where all problems are said at once. Values, but for the
// texts of run time, which are kept.
#include "weir/schedule.h"

#include <algorithm>

#include "sdk/src/kept_text.h"
#include "sdk/src/metadata.h"
#include "weir/job.h"
#include "weir/scheduled_time.h"

namespace weir {

using std::chrono::milliseconds;

std::string ScheduledTime::text() const {
  std::string text = sdk_impl::rfc3339(at_);  // with six digits of a second
  std::size_t end = text.find_last_not_of('0', text.size() - 2);
  if (text[end] == '.') --end;
  return text.substr(0, end + 1) + "Z";
}

CronExpression cron_text(std::string_view text) { return CronExpression(sdk_impl::keep(text)); }
ZoneName zone_name(std::string_view text) { return ZoneName(sdk_impl::keep(text)); }
Day day_text(std::string_view text) { return Day(sdk_impl::keep(text)); }
TimeText time_text(std::string_view text) { return TimeText(sdk_impl::keep(text)); }

Calendar::Calendar(Name name, const std::vector<Day>& days) : record_{name.str(), {}, {}} {
  for (const Day& day : days) record_.days.emplace_back(day.view());
}

Calendar ics_calendar(Name name, std::string path) {
  return Calendar(impl::CalendarRecord{name.str(), {}, std::move(path)});
}

Schedule cron(CronExpression when, ZoneName zone) {
  impl::ScheduleRecord record;
  record.crons.emplace_back(when.view());
  record.zone = zone.view();
  return Schedule(std::move(record));
}

Schedule Schedule::also(CronExpression when) const {
  Schedule out = *this;
  out.record_.crons.emplace_back(when.view());
  return out;
}

Schedule Schedule::named(Name name) const {
  Schedule out = *this;
  out.record_.name = name.str();
  return out;
}

Schedule Schedule::with_json(const std::string& param, std::string value) const {
  Schedule out = *this;
  auto& params = out.record_.params;
  std::erase_if(params, [&](const impl::ScheduleParam& given) { return given.name == param; });
  params.push_back({param, std::move(value)});
  return out;
}

Schedule Schedule::with_time(const std::string& param, std::string_view member) const {
  Schedule out = *this;
  out.record_.time_params.push_back(param + "." + std::string(member));
  return out;
}

Schedule Schedule::except(std::initializer_list<Day> days) const {
  Schedule out = *this;
  for (const Day& day : days) out.record_.days_off.emplace_back(day.view());
  return out;
}

Schedule Schedule::except(const Calendar& calendar) const {
  Schedule out = *this;
  out.record_.calendars.push_back(calendar.record());
  return out;
}

Schedule Schedule::jitter(milliseconds most) const {
  Schedule out = *this;
  out.record_.jitter = most;
  return out;
}

Schedule Schedule::catch_up(CatchUp which) const {
  Schedule out = *this;
  out.record_.catch_up = which.kind_;
  out.record_.catch_up_runs = which.runs_;
  return out;
}

Schedule Schedule::catch_up_window(milliseconds window) const {
  Schedule out = *this;
  out.record_.catch_up_window = window;
  return out;
}

Schedule Schedule::overlap(Overlap rule) const {
  Schedule out = *this;
  out.record_.overlap = static_cast<int>(rule);
  return out;
}

Schedule Schedule::start(TimeText first) const {
  Schedule out = *this;
  out.record_.start = first.view();
  return out;
}

Schedule Schedule::end(TimeText last) const {
  Schedule out = *this;
  out.record_.end = last.view();
  return out;
}

Schedule Schedule::paused() const {
  Schedule out = *this;
  out.record_.paused = true;
  return out;
}

Job Job::schedule(const Schedule& schedule) const {
  impl::ScheduleRecord record = schedule.record();
  record.job = pipeline_->jobs[index_].name;
  if (record.name.empty()) {
    const auto unnamed = std::count_if(pipeline_->schedules.begin(), pipeline_->schedules.end(),
                                       [&](const impl::ScheduleRecord& other) {
                                         return other.job == record.job && other.unnamed;
                                       });
    record.unnamed = true;
    record.name = record.job + (unnamed == 0 ? "" : "_" + std::to_string(unnamed + 1));
  }
  pipeline_->schedules.push_back(std::move(record));
  return *this;
}

}  // namespace weir
