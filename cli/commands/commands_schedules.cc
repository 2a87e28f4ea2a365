// schedules list|show|preview|history|pause|resume|trigger|delete, and next: what schedules there
// are, when they fire and what became of their times. Times are computed by the scheduler, by the
// code with which it fires them. create and edit stand in commands_schedule_edit.cc.
// Main thread.
#include <algorithm>
#include <map>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/errors.h"
#include "base/names.h"
#include "base/text.h"
#include "calendar/utc_text.h"
#include "cli/commands/commands.h"
#include "cli/display/schedule_text.h"
#include "cli/paging.h"
#include "cli/text/caller.h"
#include "cli/text/duration.h"
#include "cli/values.h"
#include "sdk/client/api.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;

constexpr int kUpcomingMax = 5000;
constexpr int kTimesShown = 3;  // by show
constexpr int kTicksShown = 5;

struct ScheduleListArguments {
  std::string pipeline;
  std::string job;
  bool paused = false;
  bool active = false;
  bool retired = false;
};

struct ScheduleArguments {
  std::string schedule;
  std::vector<std::string> schedules;
  std::string outcome, since, until, reason, at, key;
  std::string span = "24h";
  bool all = false;
  int count = 10;
  int limit = 50;
  bool each = false;
};

// "requested 2026-11-27 02:00:00 CET"
std::string last_text(const v1::Schedule& schedule) {
  if (!schedule.has_last_tick()) return "-";
  return outcome_cell(schedule.last_tick()).text + " " + nominal_text(schedule.last_tick());
}

std::string next_text(const v1::Schedule& schedule) {
  return schedule.has_next() ? time_cell(schedule.next().nominal_at()) : "-";
}

int list(Invocation& invocation, const ScheduleListArguments& arguments) {
  v1::ListSchedulesRequest request;
  request.set_pipeline(arguments.pipeline);
  request.set_job(arguments.job);
  if (arguments.paused || arguments.active) request.set_paused(arguments.paused);
  request.set_retired(arguments.retired);
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto schedules = read_pages(
      request, 0, [&](const auto& page) { return (*api)->list_schedules(page); },
      [](v1::ListSchedulesResponse& response) { return response.mutable_schedules(); });
  if (!schedules.ok()) return invocation.fail(schedules.status());
  std::vector<Column> columns{{"NAME"}, {"WHEN"}, {"NEXT"}, {"LAST"}, {"STATE"}};
  if (invocation.wide()) {
    columns.insert(columns.end(),
                   {{"JOB"}, {"CATCH-UP"}, {"OVERLAP"}, {"CHANGED BY"}, {"PROBLEM"}});
  }
  Listing listing(std::move(columns));
  const bool filtered =
      !arguments.pipeline.empty() || !arguments.job.empty() || arguments.paused || arguments.active;
  listing.nothing = "there are no schedules" + std::string(filtered ? " like that" : "") +
                    "; make one: weir schedules create NAME --job JOB --cron '0 2 * * *'";
  for (const v1::Schedule& schedule : schedules->schedules()) {
    std::vector<Cell> row{{schedule.name()},
                          {schedule.description()},
                          {next_text(schedule)},
                          {last_text(schedule)},
                          schedule_state(schedule)};
    if (invocation.wide()) {
      row.push_back({schedule.definition().job()});
      row.push_back({catch_up_text(schedule.definition())});
      row.push_back({overlap_text(schedule.definition())});
      row.push_back({schedule.changed_by()});
      row.push_back({schedule.problem(), Color::kRed});
    }
    listing.table.add(std::move(row));
    listing.names.push_back(schedule.name());
    listing.items.push_back(&schedule);
  }
  for (const v1::Schedule& schedule : schedules->schedules()) {
    if (!schedule.problem().empty()) {
      invocation.warn(schedule.name() + ": " + printable(schedule.problem()));
    }
  }
  return invocation.print(listing, *schedules);
}

// "by ann@laptop at 2026-11-27 …: why"
std::string by_text(const std::string& by, const google::protobuf::Timestamp& at,
                    const std::string& reason) {
  std::string text = by.empty() ? "" : "by " + printable(by) + " ";
  text += "at " + time_cell(at);
  return reason.empty() ? text : text + ": " + printable(reason);
}

// Those of each calendar that are not over, in order. A list may go on for decades.
constexpr std::size_t kDaysOffShown = 5;
std::map<std::string, std::vector<std::string>> days_by_calendar(
    const v1::ScheduleDefinition& definition) {
  const std::string yesterday =
      calendar::utc_text(std::chrono::floor<std::chrono::seconds>(wall_now()) -
                         std::chrono::days(1))
          .substr(0, 10);
  std::map<std::string, std::vector<std::string>> days;
  for (const v1::DayOff& off : definition.days_off()) {
    if (off.day() >= yesterday) days[off.calendar()].push_back(off.day());
  }
  for (auto& [calendar, list] : days) std::sort(list.begin(), list.end());
  return days;
}

void describe_schedule(Invocation& invocation, const v1::Schedule& schedule) {
  constexpr std::size_t kNameWidth = 11;
  const Painter& paint = invocation.out_paint();
  const v1::ScheduleDefinition& definition = schedule.definition();
  std::string text;
  const auto line = [&](const std::string& name, const std::string& value) {
    if (value.empty() || value == "-") return;
    text += paint(Color::kBold, name + std::string(kNameWidth - name.size(), ' ')) + value + "\n";
  };
  const Cell state = schedule_state(schedule);
  line("schedule", schedule.name());
  line("state", paint(state.color, state.text));
  if (schedule.paused()) {
    line("paused", by_text(schedule.paused_by(), schedule.paused_at(), schedule.pause_reason()));
  }
  line("when", printable(schedule.description()));
  for (const std::string& cron : definition.crons()) line("cron", printable(cron));
  line("zone", definition.zone());
  line("job", definition.job());
  for (const auto& [name, members] : definition.params()) {
    line("params", name + " " + printable(members));
  }
  for (const std::string& member : definition.time_params()) {
    line("params", printable(member) + " takes the time of the run");
  }
  line("start", printable(definition.start()));
  line("end", printable(definition.end()));
  for (const auto& [calendar, days] : days_by_calendar(definition)) {
    for (std::size_t i = 0; i < std::min(days.size(), kDaysOffShown); ++i) {
      line("day off", days[i] + (calendar == "except" ? "" : "  " + printable(calendar)));
    }
    if (days.size() <= kDaysOffShown) continue;
    line("day off", std::to_string(days.size() - kDaysOffShown) + " more until " + days.back() +
                        "  " + printable(calendar));
  }
  if (definition.jitter_ms() > 0) {
    line("jitter", "up to " + format_duration(std::chrono::milliseconds(definition.jitter_ms())));
  }
  line("catch-up", catch_up_text(definition));
  line("overlap", overlap_text(definition));
  line("since", time_cell(schedule.since()));
  line("made", schedule.declared() ? "by its pipeline's module" : "by command");
  line("changed", by_text(schedule.changed_by(), schedule.changed_at(), ""));
  line("problem", paint(Color::kRed, printable(schedule.problem())));
  invocation.data(text);
}

Listing ticks_listing(const v1::ListTicksResponse& ticks, bool wide) {
  std::vector<Column> columns{{"FOR"}, {"OUTCOME"}, {"RUN"}, {"EVALUATED"}};
  if (wide) columns.push_back({"TRIGGERED BY"});
  columns.push_back({"REASON", Align::kLeft, true});
  Listing listing(std::move(columns));
  for (const v1::Tick& tick : ticks.ticks()) {
    std::vector<Cell> row{{nominal_text(tick)},
                          outcome_cell(tick),
                          {tick.run_id().empty() ? "-" : tick.run_id()},
                          {time_cell(tick.evaluated_at())}};
    if (wide) row.push_back({tick.triggered_by()});
    std::string reason = in_local_time(tick.reason());
    if (!wide && !tick.triggered_by().empty()) {
      reason += (reason.empty() ? "" : ", ") + ("asked for by " + tick.triggered_by());
    }
    row.push_back({std::move(reason)});
    listing.table.add(std::move(row));
    listing.names.push_back(tick.run_id().empty() ? nominal_text(tick) : tick.run_id());
    listing.items.push_back(&tick);
  }
  return listing;
}

// What comes and what has been, of one that is shown as a table.
int show_times(Invocation& invocation, client::Api& api, const v1::Schedule& schedule) {
  std::string text;
  if (schedule.has_next()) {
    v1::PreviewScheduleRequest request;
    request.set_schedule(schedule.name());
    request.set_count(kTimesShown);
    if (schedule.paused()) *request.mutable_after() = schedule.paused_until();
    const auto preview = api.preview_schedule(request);
    if (!preview.ok()) return invocation.fail(preview.status());
    for (const v1::Occurrence& one : preview->occurrences()) {
      text += invocation.out_paint()(Color::kBold, "next       ") + occurrence_text(one) + "\n";
    }
  }
  v1::ListTicksRequest request;
  request.set_schedule(schedule.name());
  request.set_page_size(kTicksShown);
  const auto ticks = api.list_ticks(request);
  if (!ticks.ok()) return invocation.fail(ticks.status());
  if (!ticks->ticks().empty()) {
    text +=
        "\n" +
        ticks_listing(*ticks, false).table.render(invocation.out_paint(), invocation.out_width());
  }
  invocation.data(text);
  if (!ticks->next_page_token().empty()) {
    invocation.note("more: weir schedules history " + schedule.name());
  }
  return kExitOk;
}

int show(Invocation& invocation, const ScheduleArguments& arguments) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::GetScheduleRequest request;
  request.set_schedule(arguments.schedule);
  const auto found = (*api)->get_schedule(request);
  if (!found.ok()) return invocation.fail(found.status());
  if (invocation.structured()) {
    invocation.print_json(message_json(found->schedule()));
    return kExitOk;
  }
  if (invocation.options.output == OutputFormat::kName) {
    invocation.data(found->schedule().name() + "\n");
    return kExitOk;
  }
  describe_schedule(invocation, found->schedule());
  return show_times(invocation, **api, found->schedule());
}

int preview(Invocation& invocation, const ScheduleArguments& arguments) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::PreviewScheduleRequest request;
  request.set_schedule(arguments.schedule);
  request.set_count(arguments.count);
  const auto answer = (*api)->preview_schedule(request);
  if (!answer.ok()) return invocation.fail(answer.status());
  return print_preview(invocation, *answer);
}

base::Result<v1::TickOutcome> parse_outcome(const std::string& word) {
  if (word.empty()) return v1::TICK_OUTCOME_UNSPECIFIED;
  std::vector<std::string> words;
  std::string all;
  for (int value = 1; value <= v1::TickOutcome_MAX; ++value) {
    const auto outcome = static_cast<v1::TickOutcome>(value);
    words.push_back(enum_word(v1::TickOutcome_Name(outcome), "TICK_OUTCOME_"));
    if (words.back() == word) return outcome;
    all += (all.empty() ? "" : ", ") + words.back();
  }
  return Status(Code::kInvalidArgument, base::kErrUsage,
                "'" + word + "' is not what can become of a time; that is " + all + "." +
                    base::did_you_mean(word, words));
}

int history(Invocation& invocation, const ScheduleArguments& arguments) {
  v1::ListTicksRequest request;
  request.set_schedule(arguments.schedule);
  const auto outcome = parse_outcome(arguments.outcome);
  if (!outcome.ok()) return invocation.fail(outcome.status());
  request.set_outcome(*outcome);
  if (!arguments.since.empty()) {
    const auto since = parse_since(arguments.since, wall_now());
    if (!since.ok()) return invocation.fail(since.status());
    set_time(*since, request.mutable_since());
  }
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto ticks = read_pages(
      request, arguments.limit, [&](const auto& page) { return (*api)->list_ticks(page); },
      [](v1::ListTicksResponse& response) { return response.mutable_ticks(); });
  if (!ticks.ok()) return invocation.fail(ticks.status());
  Listing listing = ticks_listing(*ticks, invocation.wide());
  listing.nothing =
      arguments.outcome.empty() && arguments.since.empty()
          ? "none of its times has come yet; the next: weir schedules preview " + arguments.schedule
          : "nothing like that has become of its times";
  return invocation.print(listing, *ticks);
}

// Of pause and resume: names to stdout with -o name, else a line each for people.
template <class Response>
int changed(Invocation& invocation, const Response& answer, const std::string& before,
            const std::string& after, const std::string& otherwise) {
  if (invocation.structured()) invocation.print_json(message_json(answer));
  for (const std::string& name : answer.names()) {
    if (invocation.options.output == OutputFormat::kName) invocation.data(name + "\n");
    invocation.note(before + name + after);
  }
  if (answer.names().empty()) invocation.note(otherwise);
  return kExitOk;
}

Status some_or_all(const ScheduleArguments& arguments) {
  if (arguments.all == arguments.schedules.empty()) return {};
  return {Code::kInvalidArgument, base::kErrUsage,
          arguments.all ? "name schedules or give --all, not both"
                        : "name the schedules, or give --all"};
}

template <class Request>
void fill_names(const ScheduleArguments& arguments, Request& request) {
  request.set_idempotency_key(client::key_or_new(arguments.key));
  request.mutable_schedules()->Add(arguments.schedules.begin(), arguments.schedules.end());
  request.set_all(arguments.all);
  request.set_reason(arguments.reason);
  request.set_by(caller());
}

int pause(Invocation& invocation, const ScheduleArguments& arguments) {
  v1::PauseSchedulesRequest request;
  fill_names(arguments, request);
  Status valid = some_or_all(arguments);
  std::string end;
  if (valid.ok() && !arguments.until.empty()) {
    const auto until = parse_until(arguments.until, wall_now());
    if (until.ok()) set_time(*until, request.mutable_until());
    if (until.ok()) end = " until " + format_time(*until);
    valid = until.status();
  }
  if (valid.ok() && arguments.all) valid = invocation.confirm("Pause all schedules?");
  if (!valid.ok()) return invocation.fail(valid);
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto answer = (*api)->pause_schedules(request);
  if (!answer.ok()) return invocation.fail(answer.status());
  return changed(invocation, *answer, "paused ", end, "nothing changed: they are paused already");
}

int resume(Invocation& invocation, const ScheduleArguments& arguments) {
  v1::ResumeSchedulesRequest request;
  fill_names(arguments, request);
  Status valid = some_or_all(arguments);
  if (valid.ok() && arguments.all) valid = invocation.confirm("Resume all schedules?");
  if (!valid.ok()) return invocation.fail(valid);
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto answer = (*api)->resume_schedules(request);
  if (!answer.ok()) return invocation.fail(answer.status());
  return changed(invocation, *answer, "resumed ", ", from now on",
                 "nothing changed: none is paused");
}

int trigger(Invocation& invocation, const ScheduleArguments& arguments) {
  v1::TriggerScheduleRequest request;
  request.set_idempotency_key(client::key_or_new(arguments.key));
  request.set_schedule(arguments.schedule);
  request.set_by(caller());
  if (!arguments.at.empty()) {
    const auto at = parse_time(arguments.at);
    if (!at.ok()) return invocation.fail(at.status());
    set_time(*at, request.mutable_nominal_at());
  }
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto answer = (*api)->trigger_schedule(request);
  if (!answer.ok()) return invocation.fail(answer.status());
  if (invocation.structured()) {
    invocation.print_json(message_json(*answer));
  } else {
    invocation.data(answer->run_id() + "\n");
  }
  invocation.note("watch it: weir runs watch " + answer->run_id());
  return kExitOk;
}

int remove(Invocation& invocation, const ScheduleArguments& arguments) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::GetScheduleRequest get;
  get.set_schedule(arguments.schedule);
  const auto found = (*api)->get_schedule(get);
  if (!found.ok()) return invocation.fail(found.status());
  const std::string& name = found->schedule().name();
  const Status sure =
      invocation.confirm("Delete schedule '" + name + "'? Its history and its runs stay.");
  if (!sure.ok()) return invocation.fail(sure);
  v1::DeleteScheduleRequest request;
  request.set_idempotency_key(client::key_or_new(arguments.key));
  request.set_schedule(name);
  request.set_by(caller());
  const auto answer = (*api)->delete_schedule(request);
  if (!answer.ok()) return invocation.fail(answer.status());
  if (invocation.structured()) invocation.print_json(message_json(*answer));
  if (invocation.options.output == OutputFormat::kName) invocation.data(answer->name() + "\n");
  invocation.note("deleted schedule " + answer->name());
  return kExitOk;
}

// "every 10 s, 360 times until 2026-11-28 15:00:00 CET"; empty of one time.
std::string times_text(const v1::Upcoming& one) {
  if (one.times() <= 1) return "";
  std::string text =
      one.every_ms() > 0
          ? "every " + base::span_words(std::chrono::milliseconds(one.every_ms())) + ", "
          : "";
  if (one.more()) return text + "more than " + std::to_string(one.times()) + " times";
  return text + std::to_string(one.times()) + " times until " + time_cell(one.last_nominal_at());
}

int upcoming(Invocation& invocation, const ScheduleArguments& arguments) {
  const auto span = parse_duration(arguments.span);
  if (!span.ok()) return invocation.fail(span.status());
  const base::WallTime now = wall_now();
  v1::ListUpcomingRequest request;
  set_time(now + *span, request.mutable_until());
  request.set_limit(arguments.limit);
  request.set_each(arguments.each);
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto answer = (*api)->list_upcoming(request);
  if (!answer.ok()) return invocation.fail(answer.status());
  std::vector<Column> columns{{"WHEN"}, {"IN", Align::kRight}, {"BY"}, {"RUNS"}, {"TIMES"}};
  if (invocation.wide()) columns.push_back({"DUE"});
  Listing listing(std::move(columns));
  listing.nothing = "nothing is to happen until " + format_time(now + *span) +
                    "; further ahead: weir next --for 30d";
  for (const v1::Upcoming& one : answer->upcoming()) {
    std::vector<Cell> row{{time_cell(one.nominal_at())},
                          {format_duration(to_wall(one.due_at()) - now)},
                          {one.asset().empty() ? one.schedule() : "freshness"},
                          {one.asset().empty() ? one.job() : one.asset()},
                          {times_text(one)}};
    if (invocation.wide()) row.push_back({time_cell(one.due_at())});
    listing.table.add(std::move(row));
    listing.names.push_back(one.asset().empty() ? one.schedule() : one.asset());
    listing.items.push_back(&one);
  }
  for (const std::string& problem : answer->problems()) invocation.warn(printable(problem));
  const int code = invocation.print(listing, *answer);
  if (answer->cut()) {
    invocation.note("there is more than the first " + std::to_string(answer->upcoming_size()) +
                    "; -n shows up to " + std::to_string(kUpcomingMax));
  }
  return code;
}

using ScheduleVerb = int (*)(Invocation&, const ScheduleArguments&);

CLI::App& add_command(CLI::App& parent, const char* name, const char* help, ScheduleVerb run,
                      Invocation& invocation, Chosen& chosen,
                      const std::shared_ptr<ScheduleArguments>& arguments) {
  CLI::App& command = *parent.add_subcommand(name, help);
  command.callback([&invocation, &chosen, arguments, run] {
    chosen = [&invocation, arguments, run] { return run(invocation, *arguments); };
  });
  return command;
}

void add_list(CLI::App& schedules, Invocation& invocation, Chosen& chosen) {
  CLI::App& command = *schedules.add_subcommand("list", "when they fire next, and how it went");
  auto arguments = std::make_shared<ScheduleListArguments>();
  command.add_option("--pipeline", arguments->pipeline, "only those of this pipeline");
  command.add_option("--job", arguments->job, "only those of this job");
  CLI::Option* paused = command.add_flag("--paused", arguments->paused, "only paused ones");
  command.add_flag("--active", arguments->active, "only those that are not")->excludes(paused);
  command.add_flag("--retired", arguments->retired,
                   "those too that their module no longer declares");
  command.callback([&invocation, &chosen, arguments] {
    chosen = [&invocation, arguments] { return list(invocation, *arguments); };
  });
}

}  // namespace

void add_schedule_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& schedules = *app.add_subcommand("schedules", "when jobs run by themselves");
  schedules.require_subcommand(1);
  add_list(schedules, invocation, chosen);
  const auto add = [&](CLI::App& parent, const char* name, const char* help, ScheduleVerb run) {
    auto arguments = std::make_shared<ScheduleArguments>();
    CLI::App& command = add_command(parent, name, help, run, invocation, chosen, arguments);
    return std::pair<CLI::App*, ScheduleArguments*>(&command, arguments.get());
  };
  const auto add_one = [&](const char* name, const char* help, ScheduleVerb run) {
    const auto added = add(schedules, name, help, run);
    added.first->add_option("SCHEDULE", added.second->schedule, "its name, which may be short")
        ->required();
    return added;
  };
  const auto add_key = [](const std::pair<CLI::App*, ScheduleArguments*>& added) {
    added.first->add_option("--idempotency-key", added.second->key,
                            "for scripts that repeat themselves");
  };

  add_one("show", "one schedule, its next times and the last ones", show);
  const auto previewed =
      add_one("preview", "its next times, as the scheduler computes them", preview);
  previewed.first->add_option("-n,--count", previewed.second->count, "so many (default: 10)")
      ->check(CLI::Range(1, kPreviewTimesMax));
  const auto told = add_one("history", "what became of its times, newest first", history);
  told.first->add_option("--outcome", told.second->outcome,
                         "requested, skipped, superseded, failed or missed");
  told.first->add_option("--since", told.second->since, "a time, or a duration ago: 2h, 7d");
  told.first->add_option("-n,--limit", told.second->limit, "at most so many; 0: all (default: 50)")
      ->check(CLI::Range(0, kItemsMax));

  for (const bool pausing : {true, false}) {
    const auto added = pausing ? add(schedules, "pause", "fire nothing until it is resumed", pause)
                               : add(schedules, "resume", "fire again, from now on", resume);
    added.first->add_option("SCHEDULE", added.second->schedules, "their names, which may be short");
    added.first->add_flag("--all", added.second->all, "all there are");
    if (pausing) {
      added.first->add_option("--until", added.second->until,
                              "resume by itself then: a time, or a duration from now");
    }
    added.first->add_option("--reason", added.second->reason, "kept with it");
    add_key(added);
  }
  const auto triggered = add_one("trigger", "run it now, or for a time that made no run", trigger);
  triggered.first->add_option("--at", triggered.second->at, "the nominal time to run it for");
  add_key(triggered);
  add_schedule_edit_commands(schedules, invocation, chosen);
  add_key(add_one("delete", "one that no module declares", remove));

  const auto next = add(app, "next", "all that is to happen by itself", upcoming);
  next.first->add_option("--for", next.second->span, "so far ahead (default: 24h)");
  next.first->add_flag("--each", next.second->each,
                       "each time on a line of its own, of busy schedules too");
  next.second->limit = 200;
  next.first->add_option("-n,--limit", next.second->limit, "at most so many (default: 200)")
      ->check(CLI::Range(1, kUpcomingMax));
}

}  // namespace weir::cli
