// alerts list|show|rules|create|edit|delete|test|silences|silence|unsilence: what is told to whom,
// and what became of it. What a rule may say is the scheduler's to judge; here only what cannot be
// sent is refused. Main thread.
#include <algorithm>
#include <memory>
#include <optional>
#include <fnmatch.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include "base/errors.h"
#include "cli/commands/commands.h"
#include "cli/display/alert_text.h"
#include "cli/paging.h"
#include "cli/text/caller.h"
#include "cli/text/duration.h"
#include "cli/values.h"
#include "sdk/client/api.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;

constexpr const char* kUsualLimit = "p95";  // of --over

struct AlertArguments {
  std::string name;
  std::vector<std::string> selection;
  std::optional<std::string> event, webhook, channel, secret, limit;
  std::optional<int> attempts;
  std::string rule, since, subject, until, reason, key;
  bool firing = false, undelivered = false;
  std::int64_t id = 0;
};

// A key and who asks.
template <class Request>
Request request_by(const AlertArguments& arguments) {
  Request request;
  request.set_idempotency_key(client::key_or_new(arguments.key));
  request.set_by(caller());
  return request;
}

// Sends a change and prints what it changed.
template <class Call, class Name>
int change(Invocation& invocation, const Call& call, const Name& name, const std::string& done) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto answer = call(**api);
  if (!answer.ok()) return invocation.fail(answer.status());
  if (invocation.structured()) invocation.print_json(message_json(*answer));
  if (invocation.options.output == OutputFormat::kName) invocation.data(name(*answer) + "\n");
  invocation.note(done + " " + name(*answer));
  return kExitOk;
}

constexpr auto kName = [](const auto& answer) { return answer.name(); };
constexpr auto kNumber = [](const auto& answer) { return std::to_string(answer.id()); };

int list_alerts(Invocation& invocation, const AlertArguments& arguments) {
  v1::ListAlertsRequest request;
  request.set_rule(arguments.rule);
  request.set_firing(arguments.firing);
  request.set_undelivered(arguments.undelivered);
  if (!arguments.since.empty()) {
    const auto since = parse_since(arguments.since, wall_now());
    if (!since.ok()) return invocation.fail(since.status());
    set_time(*since, request.mutable_since());
  }
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto alerts = read_pages(
      request, 0, [&](const auto& page) { return (*api)->list_alerts(page); },
      [](v1::ListAlertsResponse& response) { return response.mutable_alerts(); });
  if (!alerts.ok()) return invocation.fail(alerts.status());
  std::vector<Column> columns{{"ALERT", Align::kRight}, {"STATE"},  {"RULE"}, {"ABOUT"}, {"SINCE"},
                              {"TIMES", Align::kRight}, {"MESSAGE"}};
  if (invocation.wide()) columns.insert(columns.end(), {{"RESOLVED"}, {"RUN"}});
  columns.push_back({"WHAT", Align::kLeft, true});
  Listing listing(std::move(columns));
  listing.nothing = arguments.firing ? "nothing fires" : "there are no alerts like that";
  for (const v1::Alert& alert : alerts->alerts()) {
    std::vector<Cell> row{{std::to_string(alert.id())},
                          alert_state(alert),
                          {alert.rule()},
                          {alert.subject()},
                          {time_cell(alert.since())},
                          {std::to_string(alert.count())},
                          alert_delivery(alert)};
    if (invocation.wide()) {
      row.push_back({time_cell(alert.resolved_at())});
      row.push_back({alert.run_id().empty() ? "-" : alert.run_id()});
    }
    row.push_back({alert.failure().empty() ? in_local_time(alert.text())
                                           : in_local_time(alert.text()) +
                                                 " (not delivered: " + alert.failure() + ")"});
    listing.table.add(std::move(row));
    listing.names.push_back(std::to_string(alert.id()));
    listing.items.push_back(&alert);
  }
  return invocation.print(listing, *alerts);
}

int list_rules(Invocation& invocation, const AlertArguments&) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto rules = read_pages(
      v1::ListAlertRulesRequest(), 0,
      [&](const auto& page) { return (*api)->list_alert_rules(page); },
      [](v1::ListAlertRulesResponse& response) { return response.mutable_rules(); });
  if (!rules.ok()) return invocation.fail(rules.status());
  std::vector<Column> columns{{"RULE"}, {"EVENT"}, {"TO"}};
  if (invocation.wide()) columns.insert(columns.end(), {{"CHANGED"}, {"BY"}});
  columns.push_back({"FOR", Align::kLeft, true});
  Listing listing(std::move(columns));
  listing.nothing =
      "there are no alert rules; make one: weir alerts create NAME --on run_failed --webhook URL";
  for (const v1::AlertRule& rule : rules->rules()) {
    std::vector<Cell> row{{rule.name()}, {rule_event_text(rule)}, {rule_target_text(rule)}};
    if (invocation.wide()) {
      row.push_back({time_cell(rule.changed_at())});
      row.push_back({rule.changed_by()});
    }
    std::string selection;
    for (const std::string& pattern : rule.selection()) {
      selection += (selection.empty() ? "" : ", ") + pattern;
    }
    row.push_back({selection.empty() ? "all" : selection});
    listing.table.add(std::move(row));
    listing.names.push_back(rule.name());
    listing.items.push_back(&rule);
  }
  return invocation.print(listing, *rules);
}

int list_silences(Invocation& invocation, const AlertArguments&) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto silences = read_pages(
      v1::ListSilencesRequest(), 0, [&](const auto& page) { return (*api)->list_silences(page); },
      [](v1::ListSilencesResponse& response) { return response.mutable_silences(); });
  if (!silences.ok()) return invocation.fail(silences.status());
  Listing listing({{"SILENCE", Align::kRight},
                   {"RULE"},
                   {"ABOUT"},
                   {"UNTIL"},
                   {"SINCE"},
                   {"BY"},
                   {"REASON", Align::kLeft, true}});
  listing.nothing = "nothing is silenced";
  for (const v1::Silence& one : silences->silences()) {
    listing.table.add({{std::to_string(one.id())},
                       {one.rule()},
                       {one.subject()},
                       {one.has_until() ? time_cell(one.until()) : "it is ended"},
                       {time_cell(one.since())},
                       {one.by()},
                       {one.reason()}});
    listing.names.push_back(std::to_string(one.id()));
    listing.items.push_back(&one);
  }
  return invocation.print(listing, *silences);
}

template <class Message>
int print_one(Invocation& invocation, const Message& message, const std::string& name,
              const std::string& description) {
  if (invocation.structured()) {
    invocation.print_json(message_json(message));
  } else if (invocation.options.output == OutputFormat::kName) {
    invocation.data(name + "\n");
  } else {
    invocation.data(description);
  }
  return kExitOk;
}

// An alert has a number, a rule a name.
int show_alert(Invocation& invocation, const AlertArguments& arguments) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const Painter& paint = invocation.out_paint();
  const bool number =
      arguments.name.size() <= 18 && std::all_of(arguments.name.begin(), arguments.name.end(),
                                                 [](char c) { return c >= '0' && c <= '9'; });
  if (number && !arguments.name.empty()) {
    v1::GetAlertRequest request;
    request.set_id(std::stoll(arguments.name));
    const auto found = (*api)->get_alert(request);
    if (!found.ok()) return invocation.fail(found.status());
    return print_one(invocation, found->alert(), arguments.name,
                     alert_description(paint, found->alert()));
  }
  v1::GetAlertRuleRequest request;
  request.set_name(arguments.name);
  const auto found = (*api)->get_alert_rule(request);
  if (!found.ok()) return invocation.fail(found.status());
  return print_one(invocation, found->rule(), found->rule().name(),
                   rule_description(paint, found->rule()));
}

// What was given, over what is there. A channel takes the place of a webhook, and the reverse.
Status apply(const AlertArguments& arguments, v1::AlertRule& rule) {
  if (arguments.event) {
    const auto event = parse_alert_event(*arguments.event);
    if (!event.ok()) return event.status();
    if (*event != rule.event()) {
      rule.clear_attempts();
      rule.clear_limit();
      rule.clear_over_usual();
    }
    rule.set_event(*event);
  }
  if (!arguments.selection.empty()) {
    rule.clear_selection();
    for (const std::string& pattern : arguments.selection) {
      if (pattern != "*") rule.add_selection(pattern);
    }
  }
  if (arguments.attempts) rule.set_attempts(*arguments.attempts);
  if (arguments.limit == kUsualLimit) {
    rule.clear_limit();
    rule.set_over_usual(true);
  } else if (arguments.limit) {
    rule.clear_over_usual();
    const auto limit = parse_duration(*arguments.limit);
    if (!limit.ok()) return limit.status();
    using google::protobuf::util::TimeUtil;
    *rule.mutable_limit() = TimeUtil::MillisecondsToDuration(limit->count());
    if (limit->count() == 0) rule.clear_limit();
  }
  if (arguments.webhook && arguments.channel) {
    return {Code::kInvalidArgument, base::kErrUsage, "give --webhook or --to, not both"};
  }
  if (arguments.channel) {
    rule.clear_webhook();
    rule.clear_secret();
    rule.set_channel(*arguments.channel);
  }
  if (arguments.webhook) {
    rule.clear_channel();
    rule.set_webhook(*arguments.webhook);
  }
  if (arguments.secret) rule.set_secret(*arguments.secret);
  return {};
}

bool is_of_runs(v1::AlertEvent event) {
  return event == v1::ALERT_EVENT_RUN_FAILED || event == v1::ALERT_EVENT_RUN_CANCELED ||
         event == v1::ALERT_EVENT_RUN_SLOW || event == v1::ALERT_EVENT_RUN_FINISHED;
}

// A rule may be made before its job is registered; but that no job is called so is more often a
// mistake, which nobody would hear of.
void note_no_such_job(Invocation& invocation, const v1::AlertRule& rule) {
  const auto api = invocation.api();
  if (!is_of_runs(rule.event()) || rule.selection().empty() || !api.ok()) return;
  const auto jobs = read_pages(
      v1::ListJobsRequest(), 0, [&](const auto& page) { return (*api)->list_jobs(page); },
      [](v1::ListJobsResponse& response) { return response.mutable_jobs(); });
  if (!jobs.ok()) return;  // the rule is made all the same
  std::vector<std::string> names;
  for (const v1::Job& job : jobs->jobs()) {
    names.push_back(job.name());
    for (const std::string& pattern : rule.selection()) {
      if (::fnmatch(pattern.c_str(), names.back().c_str(), FNM_NOESCAPE) == 0) return;
    }
  }
  std::string wanted;
  for (const std::string& pattern : rule.selection()) {
    wanted += (wanted.empty() ? "'" : "', '") + pattern;
  }
  invocation.note("no job is called " + printable(wanted) +
                  "' so far; they are named in full:" + (names.empty() ? " pipeline/job" : ""));
  for (const std::string& name : names) invocation.note("  " + name);
}

int create_rule(Invocation& invocation, const AlertArguments& arguments) {
  auto request = request_by<v1::CreateAlertRuleRequest>(arguments);
  request.mutable_rule()->set_name(arguments.name);
  const Status given = apply(arguments, *request.mutable_rule());
  if (!given.ok()) return invocation.fail(given);
  const int code = change(
      invocation, [&](client::Api& api) { return api.create_alert_rule(request); }, kName,
      "created");
  const bool records = request.rule().webhook().empty() && request.rule().channel().empty();
  if (code == kExitOk) {
    invocation.note(records ? "it only records: give --webhook or --to to be told"
                            : "try it: weir alerts test " + arguments.name);
    note_no_such_job(invocation, request.rule());
  }
  return code;
}

int edit_rule(Invocation& invocation, const AlertArguments& arguments) {
  v1::AlertRule checked;  // before anybody is asked
  if (const Status given = apply(arguments, checked); !given.ok()) return invocation.fail(given);
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::GetAlertRuleRequest get;
  get.set_name(arguments.name);
  const auto found = (*api)->get_alert_rule(get);
  if (!found.ok()) return invocation.fail(found.status());
  auto request = request_by<v1::EditAlertRuleRequest>(arguments);
  *request.mutable_rule() = found->rule();
  const Status given = apply(arguments, *request.mutable_rule());
  if (!given.ok()) return invocation.fail(given);
  return change(
      invocation, [&](client::Api& one) { return one.edit_alert_rule(request); }, kName, "changed");
}

int delete_rule(Invocation& invocation, const AlertArguments& arguments) {
  auto request = request_by<v1::DeleteAlertRuleRequest>(arguments);
  request.set_name(arguments.name);
  return change(
      invocation, [&](client::Api& api) { return api.delete_alert_rule(request); }, kName,
      "deleted");
}

int test_rule(Invocation& invocation, const AlertArguments& arguments) {
  auto request = request_by<v1::TestAlertRuleRequest>(arguments);
  request.set_name(arguments.name);
  const auto number = [](const auto& answer) { return std::to_string(answer.alert_id()); };
  std::string id;
  const int code = change(
      invocation,
      [&](client::Api& api) {
        auto answer = api.test_alert_rule(request);
        if (answer.ok()) id = number(*answer);
        return answer;
      },
      number, "sent as alert");
  if (code == kExitOk) invocation.note("what became of it: weir alerts show " + id);
  return code;
}

int silence(Invocation& invocation, const AlertArguments& arguments) {
  auto request = request_by<v1::CreateSilenceRequest>(arguments);
  request.set_rule(arguments.rule);
  request.set_subject(arguments.subject);
  request.set_reason(arguments.reason);
  if (!arguments.until.empty()) {
    const auto until = parse_until(arguments.until, wall_now());
    if (!until.ok()) return invocation.fail(until.status());
    set_time(*until, request.mutable_until());
  }
  if (arguments.rule.empty() && arguments.subject.empty()) {
    const Status sure = invocation.confirm("Silence all alerts?");
    if (!sure.ok()) return invocation.fail(sure);
  }
  return change(
      invocation, [&](client::Api& api) { return api.create_silence(request); }, kNumber,
      "silenced as");
}

int unsilence(Invocation& invocation, const AlertArguments& arguments) {
  auto request = request_by<v1::DeleteSilenceRequest>(arguments);
  request.set_id(arguments.id);
  return change(
      invocation, [&](client::Api& api) { return api.delete_silence(request); }, kNumber,
      "ended silence");
}

void add_rule_options(CLI::App& command, AlertArguments& arguments, bool create) {
  command.add_option("RULE", arguments.name, "its name")->required();
  CLI::Option* event = command.add_option(
      "--on", arguments.event,
      "run_failed, run_canceled, run_finished, run_slow, task_failed, check_failed, tick_missed, "
      "worker_lost, disk_low, freshness_warn, freshness_fail");
  if (create) event->required();
  command.add_option("--for", arguments.selection,
                     "pattern of the job, task, asset, schedule or worker: 'shop/*'; repeatable");
  command.add_option("--attempts", arguments.attempts, "failed attempts, of task_failed (1)");
  command.add_option("--over", arguments.limit,
                     "limit of run_slow, or p95: of what its job usually takes; how late, of "
                     "tick_missed");
  command.add_option("--webhook", arguments.webhook, "address that gets a POST");
  command.add_option("--secret", arguments.secret,
                     "signs what the webhook gets: file:/path or env:WEIR_SECRET_NAME");
  command.add_option("--to", arguments.channel, "channel of the operator's file instead");
}

}  // namespace

void add_alert_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& alerts = *app.add_subcommand("alerts", "who is told of what, and what was told");
  alerts.require_subcommand(1);
  const auto add = [&](const char* name, const char* help,
                       int (*command)(Invocation&, const AlertArguments&)) {
    CLI::App& added = *alerts.add_subcommand(name, help);
    auto arguments = std::make_shared<AlertArguments>();
    added.callback([&invocation, &chosen, arguments, command] {
      chosen = [&invocation, arguments, command] { return command(invocation, *arguments); };
    });
    return std::pair<CLI::App*, AlertArguments*>(&added, arguments.get());
  };
  const auto keyed = [](const std::pair<CLI::App*, AlertArguments*>& one) {
    one.first->add_option("--idempotency-key", one.second->key,
                          "for scripts that repeat themselves");
    return one;
  };
  const auto listed = add("list", "alerts, the newest first", list_alerts);
  listed.first->add_option("--rule", listed.second->rule, "only of that one");
  listed.first->add_flag("--firing", listed.second->firing, "only those that fire");
  listed.first->add_flag("--undelivered", listed.second->undelivered,
                         "only those whose newest message was given up");
  listed.first->add_option("--since", listed.second->since, "a time, or 2d");
  const auto shown = add("show", "one alert, by its number, or one rule", show_alert);
  shown.first->add_option("ALERT|RULE", shown.second->name, "number or name")->required();
  add("rules", "what is looked for, and who is told", list_rules);
  const auto created = keyed(add("create", "a rule", create_rule));
  add_rule_options(*created.first, *created.second, true);
  const auto edited = keyed(add("edit", "change what is given of a rule", edit_rule));
  add_rule_options(*edited.first, *edited.second, false);
  const auto deleted = keyed(add("delete", "a rule; its alerts stay, resolved", delete_rule));
  deleted.first->add_option("RULE", deleted.second->name, "its name")->required();
  const auto tested = keyed(add("test", "send a message by a rule", test_rule));
  tested.first->add_option("RULE", tested.second->name, "its name")->required();
  add("silences", "what is recorded and not sent", list_silences);
  const auto silenced = keyed(add("silence", "record alerts and do not send them", silence));
  silenced.first->add_option("--rule", silenced.second->rule, "pattern of rules; all");
  silenced.first->add_option("--for", silenced.second->subject, "pattern of what they are about");
  silenced.first->add_option("--until", silenced.second->until, "a time, or 2h");
  silenced.first->add_option("--reason", silenced.second->reason, "kept with it");
  const auto ended = keyed(add("unsilence", "end a silence", unsilence));
  ended.first->add_option("SILENCE", ended.second->id, "its number, see weir alerts silences")
      ->required();
}

}  // namespace weir::cli
