// schedules create and edit: a definition out of options. What a definition may be is the
// scheduler's to say; here only what cannot be sent is refused. An edit sends what was given and
// the names of those fields, so that two who edit other things do not undo each other.
// Main thread.
#include <algorithm>
#include <memory>
#include <optional>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <google/protobuf/field_mask.pb.h>

#include "base/errors.h"
#include "base/names.h"
#include "cli/calendars.h"
#include "cli/commands/commands.h"
#include "cli/display/schedule_text.h"
#include "cli/text/caller.h"
#include "cli/text/duration.h"
#include "cli/text/params.h"
#include "sdk/client/api.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Json;
using base::Status;

constexpr int kTimesTold = 3;  // after a change
constexpr const char* kNone = "none";
constexpr const char* kOwnCalendar = "except";

struct DefinitionArguments {
  std::string name;
  std::string job;
  std::vector<std::string> crons;
  std::vector<std::string> params;
  std::vector<std::string> time_params;
  std::vector<std::string> except;
  std::vector<std::string> except_calendars;
  std::optional<std::string> start, end, jitter, catch_up, catch_up_window, overlap;
  bool paused = false;
  bool plan = false;
  int count = 10;
  std::string key;
};

Status unknown_word(const std::string& option, const std::string& given,
                    const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return {Code::kInvalidArgument, base::kErrUsage,
          option + ": '" + given + "' is none of " + all + "." + base::did_you_mean(given, words)};
}

// The enum of a word, from the names that the API has.
template <class Enum, class Name>
base::Result<Enum> enum_of(const std::string& option, const std::string& given, int last, Name name,
                           std::string_view prefix) {
  std::vector<std::string> words;
  for (int value = 1; value <= last; ++value) {
    words.push_back(enum_word(name(static_cast<Enum>(value)), prefix));
    if (words.back() == given) return static_cast<Enum>(value);
  }
  return unknown_word(option, given, words);
}

Status set_catch_up(const std::string& given, v1::ScheduleDefinition& out) {
  const std::size_t colon = given.find(':');
  const auto word = enum_of<v1::CatchUp>("--catch-up", given.substr(0, colon), v1::CatchUp_MAX,
                                         v1::CatchUp_Name<v1::CatchUp>, "CATCH_UP_");
  if (!word.ok()) return word.status();
  out.set_catch_up(*word);
  out.set_catch_up_runs(0);
  const bool last = *word == v1::CATCH_UP_LAST;
  if (!last && colon == std::string::npos) return {};
  const std::string number = last && colon != std::string::npos ? given.substr(colon + 1) : "";
  const bool digits = !number.empty() && number.size() < 10 &&
                      number.find_first_not_of("0123456789") == std::string::npos;
  const int runs = digits ? std::stoi(number) : 0;
  if (runs < 1) {
    return {Code::kInvalidArgument, base::kErrUsage,
            "--catch-up: '" + given + "' is not understood; write latest, none, all or last:5"};
  }
  out.set_catch_up_runs(runs);
  return {};
}

Json merged(const Json& into, const Json& from) {
  if (!into.is_object() || !from.is_object()) return from;
  Json out = into;
  for (const auto& [name, value] : from.members()) out.set(name, merged(into[name], value));
  return out;
}

Status set_params(const std::vector<std::string>& given, v1::ScheduleDefinition& out) {
  const auto params = parse_params(given);
  if (!params.ok()) return params.status();
  for (const auto& [name, members] : *params) {
    std::string& text = (*out.mutable_params())[name];
    const auto known = Json::parse(text.empty() ? "{}" : text);
    text = known.ok() ? merged(*known, members).dump() : members.dump();
  }
  return {};
}

// The members named take the time of the run from now on; one that is given a value no longer does.
void set_time_params(const DefinitionArguments& given, v1::ScheduleDefinition& out) {
  const auto known = out.time_params();
  const bool replaced = !given.time_params.empty();
  const bool none = replaced && given.time_params.front() == kNone;
  out.clear_time_params();
  if (replaced && !none)
    out.mutable_time_params()->Add(given.time_params.begin(), given.time_params.end());
  for (const std::string& member : known) {
    const auto has_value = [&](const std::string& param) {
      return param.starts_with(member + "=");
    };
    const bool stays =
        !replaced && std::none_of(given.params.begin(), given.params.end(), has_value);
    if (stays) out.add_time_params(member);
  }
}

// Its own list is replaced; days of named calendars stay.
void set_days_off(const std::vector<std::string>& given, v1::ScheduleDefinition& out) {
  const auto known = out.days_off();
  out.clear_days_off();
  for (const v1::DayOff& day : known) {
    if (day.calendar() != kOwnCalendar) *out.add_days_off() = day;
  }
  if (given.size() == 1 && given.front() == kNone) return;
  for (const std::string& day : given) {
    v1::DayOff* off = out.add_days_off();
    off->set_day(day);
    off->set_calendar(kOwnCalendar);
  }
}

// The calendars that were given, and whether they are to be changed at all.
base::Result<std::vector<GivenCalendar>> calendars_of(const DefinitionArguments& given) {
  if (given.except_calendars == std::vector<std::string>{kNone})
    return std::vector<GivenCalendar>();
  return read_calendars(given.except_calendars);
}

// They take the place of those that it has; its own list stays.
Status set_calendars(client::Api& api, const DefinitionArguments& given,
                     const std::vector<GivenCalendar>& calendars, std::string_view pipeline,
                     v1::ScheduleDefinition& out) {
  if (given.except_calendars.empty()) return {};
  const auto days = calendar_days(api, calendars, pipeline);
  if (!days.ok()) return days.status();
  const auto known = out.days_off();
  out.clear_days_off();
  for (const v1::DayOff& day : known) {
    if (day.calendar() == kOwnCalendar) *out.add_days_off() = day;
  }
  out.mutable_days_off()->Add(days->begin(), days->end());
  return {};
}

std::string_view pipeline_of(std::string_view name) {
  return name.substr(0, std::min(name.find('/'), name.size()));
}

// Puts what was given into a definition, and the names of its fields into a mask.
class Changes {
 public:
  Changes(v1::ScheduleDefinition& definition, google::protobuf::FieldMask& mask)
      : out_(definition), mask_(mask) {}

  Status apply(const DefinitionArguments& given, const std::string& zone) {
    if (!given.job.empty()) text("job", given.job, &v1::ScheduleDefinition::set_job<std::string>);
    if (!given.crons.empty()) {
      mask_.add_paths("crons");
      out_.clear_crons();
      out_.mutable_crons()->Add(given.crons.begin(), given.crons.end());
    }
    if (!zone.empty()) text("zone", zone, &v1::ScheduleDefinition::set_zone<std::string>);
    if (!given.except.empty() || !given.except_calendars.empty()) mask_.add_paths("days_off");
    if (!given.except.empty()) set_days_off(given.except, out_);
    limit("start", given.start, &v1::ScheduleDefinition::set_start<std::string>);
    limit("end", given.end, &v1::ScheduleDefinition::set_end<std::string>);
    if (Status status = apply_params(given); !status.ok()) return status;
    return apply_rules(given);
  }

 private:
  template <class Setter>
  void text(const char* field, const std::string& value, Setter set) {
    mask_.add_paths(field);
    (out_.*set)(std::string(value));
  }
  template <class Setter>
  void limit(const char* field, const std::optional<std::string>& given, Setter set) {
    if (given) text(field, *given == kNone ? "" : *given, set);
  }

  Status apply_params(const DefinitionArguments& given) {
    if (!given.params.empty() || !given.time_params.empty()) {
      mask_.add_paths("time_params");
      set_time_params(given, out_);
    }
    if (given.params.empty()) return {};
    mask_.add_paths("params");
    return set_params(given.params, out_);
  }

  Status apply_rules(const DefinitionArguments& given) {
    if (given.jitter) {
      mask_.add_paths("jitter_ms");
      const auto jitter = parse_duration(*given.jitter);
      if (!jitter.ok()) return jitter.status();
      out_.set_jitter_ms(jitter->count());
    }
    if (given.catch_up) {
      mask_.add_paths("catch_up");
      mask_.add_paths("catch_up_runs");
      if (Status status = set_catch_up(*given.catch_up, out_); !status.ok()) return status;
    }
    if (given.catch_up_window) {
      mask_.add_paths("catch_up_window_ms");
      const auto window = parse_duration(*given.catch_up_window);
      if (!window.ok()) return window.status();
      out_.set_catch_up_window_ms(window->count());
    }
    if (given.overlap) {
      mask_.add_paths("overlap");
      const auto word = enum_of<v1::Overlap>("--overlap", *given.overlap, v1::Overlap_MAX,
                                             v1::Overlap_Name<v1::Overlap>, "OVERLAP_");
      if (!word.ok()) return word.status();
      out_.set_overlap(*word);
    }
    return {};
  }

  v1::ScheduleDefinition& out_;
  google::protobuf::FieldMask& mask_;
};

int refused_definition(Invocation& invocation, const Status& status) {
  const int code = invocation.fail(status);
  if (status.error() == base::kErrUnknownJob) invocation.note("the jobs there are: weir jobs list");
  return code;
}

int print_plan(Invocation& invocation, client::Api& api, const DefinitionArguments& arguments,
               const v1::ScheduleDefinition& definition) {
  v1::PreviewScheduleRequest request;
  *request.mutable_definition() = definition;
  request.set_name(arguments.name);
  request.set_count(arguments.count);
  const auto preview = api.preview_schedule(request);
  if (!preview.ok()) return refused_definition(invocation, preview.status());
  const int code = print_preview(invocation, *preview);
  invocation.note("nothing was changed");
  return code;
}

// What was changed, and when it fires now.
template <class Response>
int told(Invocation& invocation, client::Api& api, const Response& answer,
         const std::string& what) {
  if (invocation.structured()) invocation.print_json(message_json(answer));
  if (invocation.options.output == OutputFormat::kName) invocation.data(answer.name() + "\n");
  v1::PreviewScheduleRequest request;
  request.set_schedule(answer.name());
  request.set_count(kTimesTold);
  const auto preview = api.preview_schedule(request);
  if (!preview.ok()) {  // the change itself was made
    invocation.warn(preview.status().text());
    return kExitOk;
  }
  invocation.note(what + " schedule " + answer.name() + ": " + printable(preview->description()));
  for (const v1::Occurrence& one : preview->occurrences()) {
    invocation.note("  next  " + occurrence_text(one));
  }
  return kExitOk;
}

int create(Invocation& invocation, const DefinitionArguments& arguments) {
  v1::CreateScheduleRequest request;
  google::protobuf::FieldMask given;
  Changes changes(*request.mutable_definition(), given);
  const Status valid = changes.apply(arguments, invocation.options.zone);
  if (!valid.ok()) return invocation.fail(valid);
  const auto calendars = calendars_of(arguments);
  if (!calendars.ok()) return invocation.fail(calendars.status());
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const Status days = set_calendars(**api, arguments, *calendars, pipeline_of(arguments.job),
                                    *request.mutable_definition());
  if (!days.ok()) return invocation.fail(days);
  if (arguments.plan) return print_plan(invocation, **api, arguments, request.definition());
  request.set_idempotency_key(client::key_or_new(arguments.key));
  request.set_name(arguments.name);
  request.set_paused(arguments.paused);
  request.set_by(caller());
  const auto answer = (*api)->create_schedule(request);
  if (!answer.ok()) return refused_definition(invocation, answer.status());
  return told(invocation, **api, *answer, arguments.paused ? "created, paused," : "created");
}

int edit(Invocation& invocation, const DefinitionArguments& arguments) {
  // What cannot be sent is refused without a scheduler.
  v1::ScheduleDefinition alone;
  google::protobuf::FieldMask fields;
  const Status valid = Changes(alone, fields).apply(arguments, invocation.options.zone);
  if (!valid.ok()) return invocation.fail(valid);
  if (fields.paths().empty()) {
    return invocation.fail(Status(Code::kInvalidArgument, base::kErrUsage,
                                  "nothing to change was given; weir schedules edit --help lists "
                                  "what can be"));
  }
  const auto calendars = calendars_of(arguments);
  if (!calendars.ok()) return invocation.fail(calendars.status());
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::GetScheduleRequest get;
  get.set_schedule(arguments.name);
  const auto known = (*api)->get_schedule(get);
  if (!known.ok()) return invocation.fail(known.status());
  v1::EditScheduleRequest request;
  *request.mutable_definition() = known->schedule().definition();
  const Status applied = Changes(*request.mutable_definition(), *request.mutable_fields())
                             .apply(arguments, invocation.options.zone);
  if (!applied.ok()) return invocation.fail(applied);
  const Status days =
      set_calendars(**api, arguments, *calendars, pipeline_of(known->schedule().name()),
                    *request.mutable_definition());
  if (!days.ok()) return invocation.fail(days);
  if (arguments.plan) return print_plan(invocation, **api, arguments, request.definition());
  request.set_idempotency_key(client::key_or_new(arguments.key));
  request.set_schedule(known->schedule().name());
  request.set_by(caller());
  const auto answer = (*api)->edit_schedule(request);
  if (!answer.ok()) return refused_definition(invocation, answer.status());
  return told(invocation, **api, *answer, "changed");
}

void add_definition(CLI::App& command, DefinitionArguments& arguments) {
  command.add_option("--cron", arguments.crons, "\"0 2 * * mon-fri\", @daily; may be repeated")
      ->allow_extra_args(false);
  command
      .add_option("-p,--param", arguments.params,
                  "NAME.MEMBER=VALUE or NAME='{\"member\": value}'; may be repeated")
      ->allow_extra_args(false);
  command
      .add_option("--time-param", arguments.time_params,
                  "NAME.MEMBER that takes the time of the run; may be repeated; none")
      ->allow_extra_args(false);
  command
      .add_option("--except", arguments.except,
                  "a day to leave out, 2026-12-25; may be repeated; none: no day")
      ->allow_extra_args(false);
  command
      .add_option("--except-calendar", arguments.except_calendars,
                  "a calendar's days to leave out: NAME of one that schedules have, or "
                  "[NAME=]FILE.ics; may be repeated; none")
      ->allow_extra_args(false);
  command.add_option("--start", arguments.start, "no time before: 2026-12-01, …T09:00, …Z; none");
  command.add_option("--end", arguments.end, "no time from then on; none");
  command.add_option("--jitter", arguments.jitter, "spread runs over so much time: 5m");
  command
      .add_option("--catch-up", arguments.catch_up,
                  "of times in a downtime: latest, none, all, last:N (default: latest)")
      ->type_name("latest|none|all|last:N");
  command.add_option("--catch-up-window", arguments.catch_up_window,
                     "no more than so long ago (default: 24h)");
  command
      .add_option("--overlap", arguments.overlap,
                  "of times while an earlier run is there (default: queue_one)")
      ->type_name("queue_one|queue_all|skip|allow|cancel_running");
  command.add_flag("--plan", arguments.plan, "only print when it would fire");
  command.add_option("-n,--count", arguments.count, "so many times of --plan")
      ->check(CLI::Range(1, kPreviewTimesMax));
  command.add_option("--idempotency-key", arguments.key, "for scripts that repeat themselves");
}

}  // namespace

void add_schedule_edit_commands(CLI::App& schedules, Invocation& invocation, Chosen& chosen) {
  CLI::App& create_command =
      *schedules.add_subcommand("create", "a schedule that no module declares; --tz is its zone");
  auto created = std::make_shared<DefinitionArguments>();
  create_command.add_option("NAME", created->name, "without the pipeline, which is its job's")
      ->required();
  create_command.add_option("--job", created->job, "the job that it runs")->required();
  add_definition(create_command, *created);
  create_command.get_option("--cron")->required();
  create_command.add_flag("--paused", created->paused, "it fires nothing until it is resumed");
  create_command.callback([&invocation, &chosen, created] {
    chosen = [&invocation, created] { return create(invocation, *created); };
  });

  CLI::App& edit_command = *schedules.add_subcommand(
      "edit", "change what is given, --tz its zone; its times begin anew");
  auto edited = std::make_shared<DefinitionArguments>();
  edit_command.add_option("SCHEDULE", edited->name, "its name, which may be short")->required();
  edit_command.add_option("--job", edited->job, "the job that it runs");
  add_definition(edit_command, *edited);
  edit_command.callback([&invocation, &chosen, edited] {
    chosen = [&invocation, edited] { return edit(invocation, *edited); };
  });
}

}  // namespace weir::cli
