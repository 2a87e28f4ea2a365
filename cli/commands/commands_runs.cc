// runs list|show|watch|cancel, and cancel, which is the same as runs cancel. References are
// resolved by the scheduler; a mutation names the resolved id, so that repeating it is harmless.
// Main thread.
#include <algorithm>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/errors.h"
#include "base/names.h"
#include "cli/commands/commands.h"
#include "cli/follow.h"
#include "cli/paging.h"
#include "cli/text/duration.h"
#include "cli/text/reference.h"
#include "cli/values.h"
#include "sdk/client/api.h"
#include "sdk/client/run_follower.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;

struct ListArguments {
  std::string job;
  std::string state;
  std::string since;
  std::string schedule;
  int limit = 50;
};

struct RunArguments {
  std::string run = "@last";
  std::string reason;
  std::string key;
  std::string timeout;
  bool wait = false;
};

base::Result<v1::RunState> parse_state(const std::string& word) {
  if (word.empty()) return v1::RUN_STATE_UNSPECIFIED;
  std::vector<std::string> words;
  for (int value = 1; value <= v1::RunState_MAX; ++value) {
    const auto state = static_cast<v1::RunState>(value);
    words.push_back(enum_word(v1::RunState_Name(state), "RUN_STATE_"));
    if (words.back() == word) return state;
  }
  std::string all;
  for (const std::string& known : words) all += (all.empty() ? "" : ", ") + known;
  return Status(Code::kInvalidArgument, base::kErrUsage,
                "'" + word + "' is not the state of a run; the states are " + all + "." +
                    base::did_you_mean(word, words));
}

// "manual", "schedule nightly for 2026-11-27 02:00:00, partition x"
std::string origin_text(const v1::Origin& origin) {
  std::string text = enum_word(v1::OriginKind_Name(origin.kind()), "ORIGIN_KIND_");
  if (!origin.reference().empty()) text += " " + printable(origin.reference());
  if (origin.has_nominal_at()) text += " for " + time_cell(origin.nominal_at());
  if (!origin.partition().empty()) text += ", partition " + printable(origin.partition());
  return text;
}

// Why a queued run is not planned yet.
std::string queue_text(const v1::Run& run) {
  const bool for_room = run.queued_for() == v1::QUEUE_REASON_LIVE_RUNS ||
                        run.queued_for() == v1::QUEUE_REASON_RESIDENT_TASKS;
  if (for_room) return ", until other runs have ended";
  if (run.queued_for() == v1::QUEUE_REASON_START_TIME) {
    return ", not before " + time_cell(run.start_at());
  }
  if (run.queued_for() == v1::QUEUE_REASON_OVERLAP) {
    return ", until earlier runs of its schedule have ended";
  }
  if (run.queued_for() == v1::QUEUE_REASON_DISK) return ", until the disk has room";
  return "";
}

int list(Invocation& invocation, const ListArguments& arguments) {
  v1::ListRunsRequest request;
  request.set_job(arguments.job);
  const base::Result<v1::RunState> state = parse_state(arguments.state);
  if (!state.ok()) return invocation.fail(state.status());
  request.set_state(*state);
  if (!arguments.since.empty()) {
    const auto since = parse_since(arguments.since, wall_now());
    if (!since.ok()) return invocation.fail(since.status());
    set_time(*since, request.mutable_since());
  }
  if (!arguments.schedule.empty()) {
    request.set_origin(v1::ORIGIN_KIND_SCHEDULE);
    request.set_origin_reference(arguments.schedule);
  }
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto runs = read_pages(
      request, arguments.limit, [&](const auto& page) { return (*api)->list_runs(page); },
      [](v1::ListRunsResponse& response) { return response.mutable_runs(); });
  if (!runs.ok()) return invocation.fail(runs.status());

  // Most runs are for no time in particular: then there is no column for it.
  const bool with_nominal =
      std::any_of(runs->runs().begin(), runs->runs().end(),
                  [](const auto& run) { return run.origin().has_nominal_at(); });
  std::vector<Column> columns{{"RUN"},     {"JOB"},
                              {"STATE"},   {"TASKS", Align::kRight},
                              {"CREATED"}, {"DURATION", Align::kRight}};
  if (with_nominal) columns.push_back({"FOR"});
  if (invocation.wide())
    columns.insert(columns.end(), {{"FAILED", Align::kRight}, {"ORIGIN"}, {"REASON"}});
  columns.push_back({"MESSAGE", Align::kLeft, true});
  Listing listing(std::move(columns));
  listing.nothing =
      "there are no runs" +
      std::string(arguments.job.empty() && arguments.state.empty() && arguments.schedule.empty()
                      ? ""
                      : " like that") +
      "; start one: weir run JOB (weir jobs list names them)";
  for (const v1::Run& run : runs->runs()) {
    const v1::TaskCounts& counts = run.counts();
    const int done = counts.succeeded() + counts.cached() + counts.skipped();
    std::vector<Cell> row{{run.id()},
                          {run.job().empty() ? run.selection() : run.job()},
                          state_cell(v1::RunState_Name(run.state()), "RUN_STATE_"),
                          {std::to_string(done) + "/" + std::to_string(run.task_count())},
                          {time_cell(run.created_at())},
                          {span_cell(run.started_at(), run.finished_at())}};
    if (with_nominal) row.push_back({time_cell(run.origin().nominal_at())});
    if (invocation.wide()) {
      row.push_back({std::to_string(counts.failed() + counts.upstream_failed())});
      row.push_back({origin_text(run.origin())});
      row.push_back({in_local_time(run.reason())});
    }
    row.push_back({in_local_time(run.message())});
    listing.table.add(std::move(row));
    listing.names.push_back(run.id());
    listing.items.push_back(&run);
  }
  return invocation.print(listing, *runs);
}

void describe_run(Invocation& invocation, const v1::Run& run) {
  const Painter& paint = invocation.out_paint();
  const Cell state = state_cell(v1::RunState_Name(run.state()), "RUN_STATE_");
  std::string text;
  const auto line = [&](const std::string& name, const std::string& value) {
    if (!value.empty() && value != "-") text += paint(Color::kBold, name) + "  " + value + "\n";
  };
  line("run      ", run.id());
  line("state    ", paint(state.color, state.text) + queue_text(run));
  line("message  ", printable(in_local_time(run.message())));
  line("job      ", run.job());
  line("selection", printable(run.selection()));
  line("params   ", run.params_json() == "{}" ? "" : printable(run.params_json()));
  line("origin   ", origin_text(run.origin()));
  line("reason   ", printable(in_local_time(run.reason())));
  line("created  ", time_cell(run.created_at()));
  line("started  ", time_cell(run.started_at()));
  line("finished ", time_cell(run.finished_at()));
  line("duration ", span_cell(run.started_at(), run.finished_at()));
  for (const std::string& module : run.modules()) line("module   ", module);
  invocation.data(text + "\n");
}

// Of one that runs, and of one that came no further.
bool shows_progress(const v1::Task& task) {
  return task.has_progress() &&
         (task.state() == v1::TASK_STATE_RUNNING || task.state() == v1::TASK_STATE_FAILED ||
          task.state() == v1::TASK_STATE_CANCELED);
}

int show(Invocation& invocation, const RunArguments& arguments) {
  const base::Result<Reference> reference = parse_reference(arguments.run);
  if (!reference.ok()) return invocation.fail(reference.status());
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::GetRunRequest get;
  get.set_run(reference->run);
  const auto run = (*api)->get_run(get);
  if (!run.ok()) return invocation.fail(run.status());
  v1::ListTasksRequest request;
  request.set_run(run->run().id());
  request.set_name(reference->task);
  const auto tasks = read_pages(
      request, 0, [&](const auto& page) { return (*api)->list_tasks(page); },
      [](v1::ListTasksResponse& response) { return response.mutable_tasks(); });
  if (!tasks.ok()) return invocation.fail(tasks.status());
  if (invocation.structured()) {
    base::Json document = message_json(*run);
    document.set("tasks", message_json(*tasks)["tasks"]);
    invocation.print_json(document);
    return kExitOk;
  }

  // Most stages say nothing: then there is no column for it.
  const bool with_progress = std::any_of(tasks->tasks().begin(), tasks->tasks().end(),
                                         [](const auto& task) { return shows_progress(task); });
  std::vector<Column> columns{
      {"TASK"},  {"STATE"}, {"ATTEMPT", Align::kRight}, {"STARTED"}, {"DURATION", Align::kRight},
      {"WORKER"}};
  if (with_progress) columns.push_back({"PROGRESS"});
  columns.push_back({"REASON", Align::kLeft, true});
  Listing listing(std::move(columns));
  for (const v1::Task& task : tasks->tasks()) {
    std::vector<Cell> row{{task.name()},
                          state_cell(v1::TaskState_Name(task.state()), "TASK_STATE_"),
                          {task.epoch() == 0 ? "-" : std::to_string(task.epoch())},
                          {time_cell(task.started_at())},
                          {span_cell(task.started_at(), task.finished_at())},
                          {task.worker().empty() ? "-" : task.worker()}};
    if (with_progress) row.push_back({shows_progress(task) ? progress_text(task.progress()) : "-"});
    row.push_back({in_local_time(task.reason())});
    listing.table.add(std::move(row));
    listing.names.push_back(run->run().id() + "/" + task.name());
    listing.items.push_back(&task);
  }
  if (invocation.options.output != OutputFormat::kName) describe_run(invocation, run->run());
  return invocation.print(listing, *tasks);
}

int watch(Invocation& invocation, const RunArguments& arguments) {
  FollowOptions options;
  if (!arguments.timeout.empty()) {
    const auto timeout = parse_duration(arguments.timeout);
    if (!timeout.ok()) return invocation.fail(timeout.status());
    options.timeout = *timeout;
  }
  const base::Result<Reference> reference = parse_reference(arguments.run);
  if (!reference.ok()) return invocation.fail(reference.status());
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::GetRunRequest request;
  request.set_run(reference->run);
  const auto run = (*api)->get_run(request);
  if (!run.ok()) return invocation.fail(run.status());
  options.told_until_seq = client::run_finished(run->run().state()) ? 0 : run->as_of_seq();
  const int code = follow_run(invocation, run->run().id(), options);
  if (!invocation.structured() || code == kExitUnreachable) return code;
  const auto last = (*api)->get_run(request);
  if (!last.ok()) return invocation.fail(last.status());
  invocation.print_json(message_json(last->run()));
  return code;
}

int cancel(Invocation& invocation, const RunArguments& arguments) {
  const base::Result<Reference> reference = parse_reference(arguments.run);
  if (!reference.ok()) return invocation.fail(reference.status());
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  // The reference is resolved first: "@last" must mean the same run when the request is repeated.
  v1::GetRunRequest get;
  get.set_run(reference->run);
  const auto run = (*api)->get_run(get);
  if (!run.ok()) return invocation.fail(run.status());
  v1::CancelRunRequest request;
  request.set_idempotency_key(client::key_or_new(arguments.key));
  request.set_run(run->run().id());
  request.set_reason(arguments.reason);
  const auto canceled = (*api)->cancel_run(request);
  if (!canceled.ok()) return invocation.fail(canceled.status());
  if (invocation.options.output == OutputFormat::kName) invocation.data(run->run().id() + "\n");
  if (invocation.structured()) invocation.print_json(message_json(*canceled));
  invocation.note("canceling run " + run->run().id() + "; running tasks are being stopped");
  if (!arguments.wait) return kExitOk;
  const int code = follow_run(invocation, run->run().id(), {});
  return code == kExitCanceled ? kExitOk : code;
}

void add_cancel(CLI::App& command, Invocation& invocation, Chosen& chosen) {
  auto arguments = std::make_shared<RunArguments>();
  command.add_option("RUN", arguments->run, "id, unique prefix, @last")->required();
  command.add_option("--reason", arguments->reason, "kept with the run");
  command.add_flag("--wait", arguments->wait, "until it has stopped");
  command.add_option("--idempotency-key", arguments->key, "for scripts that repeat themselves");
  command.callback([&invocation, &chosen, arguments] {
    chosen = [&invocation, arguments] { return cancel(invocation, *arguments); };
  });
}

}  // namespace

void add_run_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& runs = *app.add_subcommand("runs", "list, show, watch and cancel runs");
  runs.require_subcommand(1);

  CLI::App& list_command = *runs.add_subcommand("list", "newest first");
  auto filter = std::make_shared<ListArguments>();
  list_command.add_option("--job", filter->job, "only runs of this job");
  list_command.add_option("--state", filter->state, "only runs in this state");
  list_command.add_option("--schedule", filter->schedule, "only runs of this schedule");
  list_command.add_option("--since", filter->since, "a time, or a duration ago: 2h, 7d");
  list_command.add_option("-n,--limit", filter->limit, "at most so many; 0: all (default: 50)")
      ->check(CLI::Range(0, kItemsMax));
  list_command.callback([&invocation, &chosen, filter] {
    chosen = [&invocation, filter] { return list(invocation, *filter); };
  });

  CLI::App& show_command = *runs.add_subcommand("show", "a run and its tasks");
  auto shown = std::make_shared<RunArguments>();
  show_command.add_option("RUN", shown->run, "id, unique prefix, @last, @last-failed; RUN/TASK")
      ->required();
  show_command.callback([&invocation, &chosen, shown] {
    chosen = [&invocation, shown] { return show(invocation, *shown); };
  });

  CLI::App& watch_command = *runs.add_subcommand("watch", "follow a run to its end");
  auto watched = std::make_shared<RunArguments>();
  watch_command.add_option("RUN", watched->run, "id, unique prefix, @last")->required();
  watch_command.add_option("--timeout", watched->timeout, "stop waiting after this time");
  watch_command.callback([&invocation, &chosen, watched] {
    chosen = [&invocation, watched] { return watch(invocation, *watched); };
  });

  add_cancel(*runs.add_subcommand("cancel", "stop a run"), invocation, chosen);
  add_cancel(*app.add_subcommand("cancel", "stop a run (runs cancel)"), invocation, chosen);
}

}  // namespace weir::cli
