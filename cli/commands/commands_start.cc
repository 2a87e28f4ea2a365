// run and materialize: start a run, then follow it. The request carries an idempotency key, so a
// connection that breaks in the middle starts nothing twice.
// Main thread.
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/errors.h"
#include "cli/commands/commands.h"
#include "cli/follow.h"
#include "cli/paging.h"
#include "cli/text/duration.h"
#include "cli/text/params.h"
#include "cli/values.h"
#include "sdk/client/api.h"

namespace weir::cli {
namespace {

struct StartArguments {
  std::string job;
  std::string selection;
  std::vector<std::string> params;
  std::string timeout;
  std::string reason;
  std::string at;
  std::string key;
  int priority = 0;
  bool detach = false;
  bool plan = false;
};

int refused(Invocation& invocation, const base::Status& status) {
  const int code = invocation.fail(status);
  if (status.error() == base::kErrUnknownJob) invocation.note("the jobs there are: weir jobs list");
  return code;
}

int print_plan(Invocation& invocation, client::Api& api, const StartArguments& arguments) {
  v1::PlanRunRequest request;
  request.set_job(arguments.job);
  request.set_selection(arguments.selection);
  const auto plan = read_pages(
      request, 0, [&](const auto& page) { return api.plan_run(page); },
      [](v1::PlanRunResponse& response) { return response.mutable_tasks(); }, kLargePageSize);
  if (!plan.ok()) return refused(invocation, plan.status());
  if (invocation.structured()) {
    invocation.print_json(message_json(*plan));
    return kExitOk;
  }
  for (const std::string& task : plan->tasks()) invocation.data(task + "\n");
  invocation.note("would run " + count_of(plan->tasks_size(), "task") + "; nothing was started");
  return kExitOk;
}

base::Result<v1::CreateRunRequest> make_request(const StartArguments& arguments) {
  v1::CreateRunRequest request;
  request.set_idempotency_key(client::key_or_new(arguments.key));
  request.set_job(arguments.job);
  request.set_selection(arguments.selection);
  request.set_priority(arguments.priority);
  request.set_reason(arguments.reason.empty() ? "command line" : arguments.reason);
  if (!arguments.at.empty()) {
    const auto at = parse_time(arguments.at);
    if (!at.ok()) return at.status();
    set_time(*at, request.mutable_nominal_at());
  }
  const auto params = parse_params(arguments.params);
  if (!params.ok()) return params.status();
  for (const auto& [name, value] : *params) (*request.mutable_params())[name] = value.dump();
  return request;
}

// The run as data, for those formats that want more than the display.
int print_run(Invocation& invocation, client::Api& api, const std::string& run, int code) {
  if (invocation.options.output == OutputFormat::kName) {
    invocation.data(run + "\n");
    return code;
  }
  if (!invocation.structured()) return code;
  v1::GetRunRequest request;
  request.set_run(run);
  const auto found = api.get_run(request);
  if (!found.ok()) return invocation.fail(found.status());
  invocation.print_json(message_json(found->run()));
  return code;
}

int start(Invocation& invocation, const StartArguments& arguments) {
  FollowOptions options;
  if (!arguments.timeout.empty()) {
    const auto timeout = parse_duration(arguments.timeout);
    if (!timeout.ok()) return invocation.fail(timeout.status());
    options.timeout = *timeout;
  }
  const base::Result<v1::CreateRunRequest> request = make_request(arguments);
  if (!request.ok()) return invocation.fail(request.status());
  const base::Result<client::Api*> api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  if (arguments.plan) return print_plan(invocation, **api, arguments);

  const auto created = (*api)->create_run(*request);
  if (!created.ok()) return refused(invocation, created.status());
  const std::string& run = created->run_id();
  if (arguments.detach) {
    if (!invocation.structured() && invocation.options.output != OutputFormat::kName) {
      invocation.data(run + "\n");
      invocation.note("started; watch it: weir runs watch " + run);
      return kExitOk;
    }
    return print_run(invocation, **api, run, kExitOk);
  }
  invocation.detail("started run " + run);
  const int code = follow_run(invocation, run, options);
  return code == kExitUnreachable ? code : print_run(invocation, **api, run, code);
}

void add_common(CLI::App& command, StartArguments& arguments) {
  command
      .add_option("-p,--param", arguments.params,
                  "NAME.MEMBER=VALUE or NAME='{\"member\": value}'; may be repeated")
      ->allow_extra_args(false);
  command.add_flag("--detach", arguments.detach, "print the run's id and leave it running");
  command.add_option("--timeout", arguments.timeout,
                     "stop waiting after this time (exit code 5); the run goes on");
  command.add_option("--priority", arguments.priority, "higher runs first");
  command.add_option("--reason", arguments.reason, "kept with the run");
  command.add_option("--at", arguments.at,
                     "the time that the run is for, which its stages may ask for");
  command.add_option("--idempotency-key", arguments.key,
                     "repeating the command with the same key starts nothing new");
  command.add_flag("--plan", arguments.plan, "only print the tasks that would run");
}

}  // namespace

void add_start_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& run = *app.add_subcommand("run", "start a job and follow it");
  auto job = std::make_shared<StartArguments>();
  run.add_option("JOB", job->job, "name of the job, such as flights/daily")->required();
  add_common(run, *job);
  run.callback([&invocation, &chosen, job] {
    chosen = [&invocation, job] { return start(invocation, *job); };
  });

  CLI::App& materialize = *app.add_subcommand("materialize", "run a selection of assets and tasks");
  auto selection = std::make_shared<StartArguments>();
  materialize
      .add_option("SELECTION", selection->selection,
                  "names, wildcards (*), +x, 2+x, x+, @x, and, or, not, ( )")
      ->required();
  add_common(materialize, *selection);
  materialize.callback([&invocation, &chosen, selection] {
    chosen = [&invocation, selection] { return start(invocation, *selection); };
  });
}

}  // namespace weir::cli
