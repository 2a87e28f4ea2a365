// freshness list|show|set|unset|pause|resume: how assets stand with what was declared or set of
// their age, and what becomes of that. States and times are the scheduler's, by the code with which
// it acts on them.
// Main thread.
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/errors.h"
#include "base/names.h"
#include "cli/commands/commands.h"
#include "cli/display/freshness_text.h"
#include "cli/paging.h"
#include "cli/text/caller.h"
#include "cli/text/duration.h"
#include "cli/text/reference.h"
#include "cli/values.h"
#include "sdk/client/api.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;

struct FreshnessArguments {
  std::string asset;
  std::vector<std::string> assets;
  std::string state, pipeline, reason, key;
  bool all = false;
};

struct SetFreshnessArguments {
  std::string asset, max_age, warn_after, by, lower_bound, warn_before, required_after, expected;
  std::string key;
  bool observe_only = false;
};

base::Result<v1::FreshnessState> parse_state(const std::string& word) {
  if (word.empty()) return v1::FRESHNESS_STATE_UNSPECIFIED;
  std::vector<std::string> words;
  std::string all;
  for (int value = 1; value <= v1::FreshnessState_MAX; ++value) {
    const auto state = static_cast<v1::FreshnessState>(value);
    words.push_back(enum_word(v1::FreshnessState_Name(state), "FRESHNESS_STATE_"));
    if (words.back() == word) return state;
    all += (all.empty() ? "" : ", ") + words.back();
  }
  return Status(Code::kInvalidArgument, base::kErrUsage,
                "'" + word + "' is no state of freshness; those are " + all + "." +
                    base::did_you_mean(word, words));
}

int list_policies(Invocation& invocation, const FreshnessArguments& arguments) {
  v1::ListFreshnessRequest request;
  const auto state = parse_state(arguments.state);
  if (!state.ok()) return invocation.fail(state.status());
  request.set_state(*state);
  request.set_pipeline(arguments.pipeline);
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto policies = read_pages(
      request, 0, [&](const auto& page) { return (*api)->list_freshness(page); },
      [](v1::ListFreshnessResponse& response) { return response.mutable_freshness(); });
  if (!policies.ok()) return invocation.fail(policies.status());
  std::vector<Column> columns{{"ASSET"}, {"STATE"}, {"AGE", Align::kRight}, {"CHANGES"}};
  if (invocation.wide()) {
    columns.insert(columns.end(), {{"PIPELINE"}, {"LAST"}, {"SINCE"}, {"FAILURES", Align::kRight}});
  }
  columns.push_back({"POLICY", Align::kLeft, true});
  Listing listing(std::move(columns));
  const bool filtered = !arguments.state.empty() || !arguments.pipeline.empty();
  listing.nothing = filtered ? "no freshness policy is like that"
                             : "there are no freshness policies; an asset gets one in C++: "
                               ".freshness(weir::max_age(26h))";
  for (const v1::Freshness& one : policies->freshness()) {
    std::vector<Cell> row{{one.asset()}, freshness_state(one), {age_text(one)}, {change_text(one)}};
    if (invocation.wide()) {
      row.push_back({one.pipeline()});
      row.push_back({one.has_last_at() ? time_cell(one.last_at()) : "never"});
      row.push_back({time_cell(one.state_since())});
      row.push_back({std::to_string(one.failures())});
    }
    row.push_back({one.description()});
    listing.table.add(std::move(row));
    listing.names.push_back(one.asset());
    listing.items.push_back(&one);
  }
  for (const v1::Freshness& one : policies->freshness()) {
    if (!one.problem().empty()) invocation.warn(one.asset() + ": " + printable(one.problem()));
  }
  return invocation.print(listing, *policies);
}

int show_policy(Invocation& invocation, const FreshnessArguments& arguments) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::GetFreshnessRequest request;
  request.set_asset(unpaste(arguments.asset));
  const auto found = (*api)->get_freshness(request);
  if (!found.ok()) return invocation.fail(found.status());
  const v1::Freshness& one = found->freshness();
  if (invocation.structured()) {
    invocation.print_json(message_json(one));
  } else if (invocation.options.output == OutputFormat::kName) {
    invocation.data(one.asset() + "\n");
  } else {
    invocation.data(freshness_description(invocation.out_paint(), one));
    invocation.note("what it does about it: weir explain " + one.asset());
  }
  return kExitOk;
}

// "90s", "26h" into a field that holds milliseconds; nothing when it was not given.
template <class Set>
Status set_span(const std::string& option, const std::string& text, const Set& set) {
  if (text.empty()) return {};
  const auto span = parse_duration(text);
  if (!span.ok()) {
    return {span.status().code(), span.status().error(), option + ": " + span.status().message()};
  }
  set(span->count());
  return {};
}

Status fill_policy(const SetFreshnessArguments& given, const std::string& zone,
                   v1::FreshnessPolicy& policy) {
  if (given.max_age.empty() == given.by.empty()) {
    return {Code::kInvalidArgument, base::kErrUsage,
            "give either --max-age, as in --max-age 26h, or --by, as in --by '0 9 * * mon-fri'"};
  }
  policy.set_kind(given.by.empty() ? v1::FRESHNESS_KIND_MAX_AGE : v1::FRESHNESS_KIND_BY);
  policy.set_action(given.observe_only ? v1::FRESHNESS_ACTION_OBSERVE
                                       : v1::FRESHNESS_ACTION_REFRESH);
  policy.set_cron(given.by);
  if (!given.by.empty()) policy.set_zone(zone.empty() ? "UTC" : zone);
  const Status statuses[] = {
      set_span("--max-age", given.max_age, [&](auto ms) { policy.set_fail_ms(ms); }),
      set_span("--warn-after", given.warn_after, [&](auto ms) { policy.set_warn_ms(ms); }),
      set_span("--lower-bound", given.lower_bound, [&](auto ms) { policy.set_lower_bound_ms(ms); }),
      set_span("--warn-before", given.warn_before, [&](auto ms) { policy.set_warn_margin_ms(ms); }),
      set_span("--required-after", given.required_after,
               [&](auto ms) { policy.set_required_after_ms(ms); }),
      set_span("--expected", given.expected, [&](auto ms) { policy.set_expected_ms(ms); })};
  for (const Status& status : statuses) {
    if (!status.ok()) return status;
  }
  return {};
}

int set_policy(Invocation& invocation, const SetFreshnessArguments& arguments) {
  v1::SetFreshnessRequest request;
  const Status filled = fill_policy(arguments, invocation.options.zone, *request.mutable_policy());
  if (!filled.ok()) return invocation.fail(filled);
  request.set_idempotency_key(client::key_or_new(arguments.key));
  request.set_asset(unpaste(arguments.asset));
  request.set_by(caller());
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto answer = (*api)->set_freshness(request);
  if (!answer.ok()) return invocation.fail(answer.status());
  FreshnessArguments shown;
  shown.asset = request.asset();
  return show_policy(invocation, shown);
}

int unset_policy(Invocation& invocation, const FreshnessArguments& arguments) {
  v1::UnsetFreshnessRequest request;
  request.set_idempotency_key(client::key_or_new(arguments.key));
  request.set_asset(unpaste(arguments.asset));
  request.set_by(caller());
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto answer = (*api)->unset_freshness(request);
  if (!answer.ok()) return invocation.fail(answer.status());
  if (invocation.structured()) invocation.print_json(message_json(*answer));
  if (invocation.options.output == OutputFormat::kName) invocation.data(request.asset() + "\n");
  invocation.note("the policy on " + request.asset() + " is what its module declares, if anything");
  return kExitOk;
}

// Of pause and resume.
template <class Request, class Call>
int set_paused(Invocation& invocation, const FreshnessArguments& arguments, const char* verb,
               const char* done, const char* otherwise, const Call& call) {
  if (arguments.all != arguments.assets.empty()) {
    return invocation.fail(
        {Code::kInvalidArgument, base::kErrUsage,
         arguments.all ? "name assets or give --all, not both" : "name the assets, or give --all"});
  }
  if (arguments.all) {
    const Status sure = invocation.confirm(std::string(verb) + " all freshness policies?");
    if (!sure.ok()) return invocation.fail(sure);
  }
  Request request;
  request.set_idempotency_key(client::key_or_new(arguments.key));
  for (const std::string& asset : arguments.assets) request.add_assets(unpaste(asset));
  request.set_all(arguments.all);
  request.set_reason(arguments.reason);
  request.set_by(caller());
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto answer = call(**api, request);
  if (!answer.ok()) return invocation.fail(answer.status());
  if (invocation.structured()) invocation.print_json(message_json(*answer));
  for (const std::string& asset : answer->assets()) {
    if (invocation.options.output == OutputFormat::kName) invocation.data(asset + "\n");
    invocation.note(std::string(done) + " refreshes of " + asset);
  }
  if (answer->assets().empty()) invocation.note(otherwise);
  return kExitOk;
}

int pause_policies(Invocation& invocation, const FreshnessArguments& arguments) {
  return set_paused<v1::PauseFreshnessRequest>(
      invocation, arguments, "Pause", "paused", "nothing changed: they are paused already",
      [](client::Api& api, const auto& request) { return api.pause_freshness(request); });
}

int resume_policies(Invocation& invocation, const FreshnessArguments& arguments) {
  return set_paused<v1::ResumeFreshnessRequest>(
      invocation, arguments, "Resume", "resumed", "nothing changed: none is paused",
      [](client::Api& api, const auto& request) { return api.resume_freshness(request); });
}

void add_set(CLI::App& freshness, Invocation& invocation, Chosen& chosen) {
  CLI::App& command =
      *freshness.add_subcommand("set", "a policy in place of what the asset's module declares");
  auto arguments = std::make_shared<SetFreshnessArguments>();
  command.add_option("ASSET", arguments->asset, "its name")->required();
  command.add_option("--max-age", arguments->max_age, "it fails at this age: 26h");
  command.add_option("--warn-after", arguments->warn_after, "it warns from this age on");
  command.add_option("--by", arguments->by, "deadlines, a cron expression by the clock of --tz");
  command.add_option("--lower-bound", arguments->lower_bound,
                     "made so long before a deadline at most");
  command.add_option("--warn-before", arguments->warn_before, "it warns so long before a deadline");
  command.add_option("--required-after", arguments->required_after,
                     "never made, it fails so long after now");
  command.add_option("--expected", arguments->expected,
                     "how long a run takes, until five are measured");
  command.add_flag("--observe-only", arguments->observe_only, "start no runs");
  command.add_option("--idempotency-key", arguments->key, "for scripts that repeat themselves");
  command.callback([&invocation, &chosen, arguments] {
    chosen = [&invocation, arguments] { return set_policy(invocation, *arguments); };
  });
}

}  // namespace

void add_freshness_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& freshness = *app.add_subcommand("freshness", "how old assets may be, and are");
  freshness.require_subcommand(1);
  const auto add = [&](const char* name, const char* help,
                       int (*command)(Invocation&, const FreshnessArguments&)) {
    CLI::App& added = *freshness.add_subcommand(name, help);
    auto arguments = std::make_shared<FreshnessArguments>();
    added.callback([&invocation, &chosen, arguments, command] {
      chosen = [&invocation, arguments, command] { return command(invocation, *arguments); };
    });
    return std::pair<CLI::App*, FreshnessArguments*>(&added, arguments.get());
  };
  const auto listed = add("list", "how assets stand with their policies", list_policies);
  listed.first->add_option("--state", listed.second->state,
                           "only those in it: pass, warn, fail, unknown, not_applicable");
  listed.first->add_option("--pipeline", listed.second->pipeline, "only of its assets");
  const auto shown = add("show", "one policy, its state and what becomes of it", show_policy);
  shown.first->add_option("ASSET", shown.second->asset, "its name")->required();
  add_set(freshness, invocation, chosen);
  const auto unset = add("unset", "back to what its module declares", unset_policy);
  unset.first->add_option("ASSET", unset.second->asset, "its name")->required();
  unset.first->add_option("--idempotency-key", unset.second->key,
                          "for scripts that repeat themselves");
  for (const bool pausing : {true, false}) {
    const auto [command, arguments] =
        pausing ? add("pause", "start no runs; states are told all the same", pause_policies)
                : add("resume", "start runs again", resume_policies);
    command->add_option("ASSET", arguments->assets, "their names");
    command->add_flag("--all", arguments->all, "all there are");
    command->add_option("--reason", arguments->reason, "kept with it");
    command->add_option("--idempotency-key", arguments->key, "for scripts that repeat themselves");
  }
}

}  // namespace weir::cli
