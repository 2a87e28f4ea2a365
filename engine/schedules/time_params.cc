// Parameters that take the time that a run is for: members that a schedule names get it in the form
// that their type has, by the schema of the module that is active when the run is made. Pure; part
// of Engine's step.
#include <algorithm>
#include <string>

#include "base/errors.h"
#include "base/json.h"
#include "engine/schedules/occurrences.h"
#include "engine/schedules/schedule_step.h"
#include "value/json.h"

namespace weir::engine {
namespace {

using base::Json;
using base::Status;

// "2026-12-01", by the clock of the zone.
std::string day_of(const calendar::Zone* zone, WallTime nominal) {
  const auto at = std::chrono::floor<std::chrono::seconds>(nominal);
  const auto local =
      zone == nullptr ? at.time_since_epoch() : zone->to_local(at).time_since_epoch();
  const auto text = utc_text(WallTime(local));
  return text.substr(0, text.find('T'));
}

Status refuse(const module::ScheduleSpec& spec, const std::string& member, std::string why) {
  return {base::Code::kFailedPrecondition, base::kErrBadParam,
          "parameter '" + member + "' of job " + spec.job +
              " takes the time of the run: " + std::move(why)};
}

}  // namespace

Status give_time(const Catalog& catalog, const module::ScheduleSpec& spec,
                 const calendar::Zone* zone, WallTime nominal,
                 std::map<std::string, std::string>& params) {
  if (spec.time_params.empty()) return {};
  const auto job = find_job(catalog, spec.job);
  if (!job.ok()) return job.status();
  for (const std::string& given : spec.time_params) {
    const std::string name = given.substr(0, given.find('.'));
    const std::string member = given.substr(std::min(name.size() + 1, given.size()));
    const auto& declared = job->module->manifest->params;
    const auto param = std::find_if(declared.begin(), declared.end(),
                                    [&](const auto& one) { return one.name == name; });
    if (param == declared.end()) return refuse(spec, given, "the module no longer declares it");
    const auto value =
        value::time_for_member(param->schema, member, nominal, day_of(zone, nominal));
    if (!value.ok()) return refuse(spec, given, value.status().message());
    std::string& text = params[name];
    auto members = Json::parse(text.empty() ? "{}" : text);
    if (!members.ok()) return members.status();
    members->set(member, *value);
    text = members->dump();
  }
  return {};
}

}  // namespace weir::engine
