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
#include "sdk/client/api.h"

namespace weir::cli {
namespace {

struct StartArguments {
  std::string job;
  std::string selection;
  std::vector<std::string> params;
  std::string timeout;
  std::string reason;
  std::string key;
  int priority = 0;
  bool detach = false;
  bool plan = false;
};

int refused(Session& session, const base::Status& status) {
  const int code = session.fail(status);
  if (status.error() == base::kErrUnknownJob) session.note("the jobs there are: weir jobs list");
  return code;
}

int print_plan(Session& session, client::Api& api, const StartArguments& arguments) {
  v1::PlanRunRequest request;
  request.set_job(arguments.job);
  request.set_selection(arguments.selection);
  const auto plan = read_pages(
      request, 0, [&](const auto& page) { return api.plan_run(page); },
      [](v1::PlanRunResponse& response) { return response.mutable_tasks(); }, kLargePageSize);
  if (!plan.ok()) return refused(session, plan.status());
  if (session.structured()) {
    session.print_json(message_json(*plan));
    return kExitOk;
  }
  for (const std::string& task : plan->tasks()) session.data(task + "\n");
  session.note("would run " + count_of(plan->tasks_size(), "task") + "; nothing was started");
  return kExitOk;
}

base::Result<v1::CreateRunRequest> make_request(const StartArguments& arguments) {
  v1::CreateRunRequest request;
  request.set_idempotency_key(arguments.key.empty() ? client::make_idempotency_key()
                                                    : arguments.key);
  request.set_job(arguments.job);
  request.set_selection(arguments.selection);
  request.set_priority(arguments.priority);
  request.set_reason(arguments.reason.empty() ? "command line" : arguments.reason);
  const auto params = parse_params(arguments.params);
  if (!params.ok()) return params.status();
  for (const auto& [name, value] : *params) (*request.mutable_params())[name] = value.dump();
  return request;
}

// The run as data, for those formats that want more than the display.
int print_run(Session& session, client::Api& api, const std::string& run, int code) {
  if (session.options.output == OutputFormat::kName) {
    session.data(run + "\n");
    return code;
  }
  if (!session.structured()) return code;
  v1::GetRunRequest request;
  request.set_run(run);
  const auto found = api.get_run(request);
  if (!found.ok()) return session.fail(found.status());
  session.print_json(message_json(found->run()));
  return code;
}

int start(Session& session, const StartArguments& arguments) {
  FollowOptions options;
  if (!arguments.timeout.empty()) {
    const auto timeout = parse_duration(arguments.timeout);
    if (!timeout.ok()) return session.fail(timeout.status());
    options.timeout = *timeout;
  }
  const base::Result<v1::CreateRunRequest> request = make_request(arguments);
  if (!request.ok()) return session.fail(request.status());
  const base::Result<client::Api*> api = session.api();
  if (!api.ok()) return session.fail(api.status());
  if (arguments.plan) return print_plan(session, **api, arguments);

  const auto created = (*api)->create_run(*request);
  if (!created.ok()) return refused(session, created.status());
  const std::string& run = created->run_id();
  if (arguments.detach) {
    if (!session.structured() && session.options.output != OutputFormat::kName) {
      session.data(run + "\n");
      session.note("started; watch it: weir runs watch " + run);
      return kExitOk;
    }
    return print_run(session, **api, run, kExitOk);
  }
  session.detail("started run " + run);
  const int code = follow_run(session, run, options);
  return code == kExitUnreachable ? code : print_run(session, **api, run, code);
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
  command.add_option("--idempotency-key", arguments.key,
                     "repeating the command with the same key starts nothing new");
  command.add_flag("--plan", arguments.plan, "only print the tasks that would run");
}

}  // namespace

void add_start_commands(CLI::App& app, Session& session, Chosen& chosen) {
  CLI::App& run = *app.add_subcommand("run", "start a job and follow it");
  auto job = std::make_shared<StartArguments>();
  run.add_option("JOB", job->job, "name of the job, such as flights/daily")->required();
  add_common(run, *job);
  run.callback(
      [&session, &chosen, job] { chosen = [&session, job] { return start(session, *job); }; });

  CLI::App& materialize = *app.add_subcommand("materialize", "run a selection of assets and tasks");
  auto selection = std::make_shared<StartArguments>();
  materialize
      .add_option("SELECTION", selection->selection,
                  "names, wildcards (*), +x, 2+x, x+, @x, and, or, not, ( )")
      ->required();
  add_common(materialize, *selection);
  materialize.callback([&session, &chosen, selection] {
    chosen = [&session, selection] { return start(session, *selection); };
  });
}

}  // namespace weir::cli
