// See schedules.h. Parameters are one JSON object in a row and an object a parameter in messages,
// as those of runs. What comes from outside is bounded here before a command carries it.
// Pure functions.
#include "scheduler/rpc/convert/schedules.h"

#include <string_view>

#include <google/protobuf/timestamp.pb.h>

#include "base/errors.h"
#include "base/json.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/convert/enums.h"
#include "weir/v1/schedule_service.pb.h"

namespace weir::rpc {
namespace {

using base::Json;
using base::Status;

Status bad_definition(int error, std::string message) {
  return Status(base::Code::kInvalidArgument, error, std::move(message));
}

Status at_most(const char* what, std::int64_t count, std::int64_t most) {
  if (count <= most) return {};
  return bad_definition(base::kErrLimit, "a schedule has at most " + std::to_string(most) + " " +
                                             what + "; this one has " + std::to_string(count));
}

Status not_negative(const char* what, std::int64_t value) {
  if (value >= 0) return {};
  return bad_definition(base::kErrUsage, std::string(what) + " is " + std::to_string(value) +
                                             "; it must be 0 or more");
}

Status check_definition(const v1::ScheduleDefinition& definition) {
  for (const Status& status :
       {at_most("cron expressions", definition.crons_size(), kCronsMax),
        at_most("days off", definition.days_off_size(), kDaysOffMax),
        at_most("parameters", definition.params_size(), kScheduleParamsMax),
        at_most("parameters that take the time", definition.time_params_size(), kScheduleParamsMax),
        at_most("bytes", std::int64_t(definition.ByteSizeLong()), kDefinitionBytesMax),
        not_negative("jitter_ms", definition.jitter_ms()),
        not_negative("catch_up_runs", definition.catch_up_runs()),
        not_negative("catch_up_window_ms", definition.catch_up_window_ms())}) {
    if (!status.ok()) return status;
  }
  const bool last = definition.catch_up() == v1::CATCH_UP_LAST;
  if (last == (definition.catch_up_runs() > 0)) return {};
  return bad_definition(base::kErrUsage,
                        last ? "catch_up LAST needs catch_up_runs, how many: 1 or more"
                             : "catch_up_runs goes with catch_up LAST alone");
}

base::Result<std::string> params_text(const google::protobuf::Map<std::string, std::string>& map) {
  const std::map<std::string, std::string> sorted(map.begin(), map.end());
  Json object{Json::Object{}};
  for (const auto& [name, text] : sorted) {
    const auto parsed = Json::parse(text);
    if (!parsed.ok() || !parsed->is_object()) {
      return bad_definition(base::kErrBadParam,
                            "parameter '" + name +
                                "' must be a JSON object of the members to override" +
                                (parsed.ok() ? "" : ": " + parsed.status().message()));
    }
    object.set(name, *parsed);
  }
  return object.dump();
}

// UNSPECIFIED is the default.
template <class Enum, class Proto>
base::Result<Enum> enum_or(Enum standard, Proto given, const char* what) {
  if (given == Proto{}) return standard;
  if (const auto known = from_proto_enum<Enum>(given)) return *known;
  return bad_definition(base::kErrUsage,
                        std::string("there is no ") + what + " " + std::to_string(int(given)));
}

}  // namespace

void to_proto(const module::ScheduleSpec& spec, v1::ScheduleDefinition* out) {
  out->set_job(spec.job);
  out->mutable_crons()->Add(spec.crons.begin(), spec.crons.end());
  out->set_zone(spec.zone);
  if (const auto params = Json::parse(spec.params); params.ok()) {
    for (const auto& [name, members] : params->members()) {
      (*out->mutable_params())[name] = members.dump();
    }
  }
  out->mutable_time_params()->Add(spec.time_params.begin(), spec.time_params.end());
  for (const module::DayOff& off : spec.days_off) {
    v1::DayOff* day = out->add_days_off();
    day->set_day(off.day);
    day->set_calendar(off.calendar);
  }
  out->set_start(spec.start);
  out->set_end(spec.end);
  out->set_jitter_ms(spec.jitter_ms);
  out->set_catch_up(to_proto_enum<v1::CatchUp>(spec.catch_up));
  out->set_catch_up_runs(spec.catch_up_runs);
  out->set_catch_up_window_ms(spec.catch_up_window_ms);
  out->set_overlap(to_proto_enum<v1::Overlap>(spec.overlap));
}

void to_proto(const engine::ScheduleRow& row, v1::Schedule* out) {
  out->set_name(row.name);
  to_proto(row.spec, out->mutable_definition());
  out->set_declared(!row.pipeline.empty());
  out->set_retired(row.retired);
  to_proto(row.since, out->mutable_since());
  out->set_paused(row.paused);
  if (row.paused_until) to_proto(*row.paused_until, out->mutable_paused_until());
  if (row.paused_at) to_proto(*row.paused_at, out->mutable_paused_at());
  out->set_paused_by(row.paused_by);
  out->set_pause_reason(row.pause_reason);
  to_proto(row.changed_at, out->mutable_changed_at());
  out->set_changed_by(row.changed_by);
  out->set_description(description_of(row.spec));
}

void to_proto(const engine::TickRow& row, v1::Tick* out) {
  out->set_schedule(row.schedule);
  to_proto(row.nominal, out->mutable_nominal_at());
  if (row.until) to_proto(*row.until, out->mutable_until());
  out->set_outcome(to_proto_enum<v1::TickOutcome>(row.outcome));
  if (row.run) out->set_run_id(row.run.text());
  to_proto(row.evaluated_at, out->mutable_evaluated_at());
  out->set_reason(row.reason);
  out->set_triggered_by(row.triggered_by);
}

void to_proto(const ScheduleTime& time, v1::Occurrence* out) {
  to_proto(engine::WallTime(time.nominal), out->mutable_nominal_at());
  to_proto(time.due, out->mutable_due_at());
  out->set_day_off(time.day_off);
}

base::Result<module::ScheduleSpec> from_proto(const v1::ScheduleDefinition& definition) {
  if (const Status status = check_definition(definition); !status.ok()) return status;
  module::ScheduleSpec spec;
  spec.job = definition.job();
  spec.crons.assign(definition.crons().begin(), definition.crons().end());
  if (!definition.zone().empty()) spec.zone = definition.zone();
  auto params = params_text(definition.params());
  if (!params.ok()) return params.status();
  spec.params = std::move(*params);
  spec.time_params.assign(definition.time_params().begin(), definition.time_params().end());
  for (const v1::DayOff& off : definition.days_off()) {
    spec.days_off.push_back({off.day(), off.calendar().empty() ? "except" : off.calendar()});
  }
  spec.start = definition.start();
  spec.end = definition.end();
  spec.jitter_ms = definition.jitter_ms();
  const auto catch_up = enum_or(spec.catch_up, definition.catch_up(), "catch_up");
  if (!catch_up.ok()) return catch_up.status();
  spec.catch_up = *catch_up;
  spec.catch_up_runs = definition.catch_up_runs();
  if (definition.has_catch_up_window_ms())
    spec.catch_up_window_ms = definition.catch_up_window_ms();
  const auto overlap = enum_or(spec.overlap, definition.overlap(), "overlap");
  if (!overlap.ok()) return overlap.status();
  spec.overlap = *overlap;
  return spec;
}

base::Result<std::optional<engine::TickOutcome>> tick_outcome_from_proto(int outcome) {
  const auto known = from_proto_enum<engine::TickOutcome>(static_cast<v1::TickOutcome>(outcome));
  if (known || outcome == v1::TICK_OUTCOME_UNSPECIFIED) return known;
  return bad_definition(base::kErrUsage,
                        "there is no outcome of a tick " + std::to_string(outcome));
}

}  // namespace weir::rpc
