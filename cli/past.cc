// Lines out of rows of runs, tasks and attempts. Nothing is guessed: what the records do not say is
// left out.
// Main thread.
#include "cli/past.h"

#include "base/errors.h"
#include "cli/paging.h"
#include "cli/text/reference.h"
#include "cli/text/style.h"
#include "cli/values.h"
#include "sdk/client/api.h"
#include "sdk/client/run_follower.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Result;
using base::Status;
using Lines = std::vector<std::string>;

std::string task_word(const v1::Task& task) {
  return enum_word(v1::TaskState_Name(task.state()), "TASK_STATE_");
}

std::string with_reason(const std::string& text, const std::string& reason) {
  return reason.empty() ? text : text + ": " + reason;
}

Lines describe_run(const v1::Run& run, const v1::ListTasksResponse& failed) {
  Lines lines;
  const std::string word = enum_word(v1::RunState_Name(run.state()), "RUN_STATE_");
  lines.push_back(with_reason("run " + run.id() + " " + word, run.message()));
  lines.push_back("asked for by " + (run.reason().empty() ? "nobody in particular" : run.reason()) +
                  " at " + time_cell(run.created_at()) + ", " +
                  (run.job().empty() ? "selection " + run.selection() : "job " + run.job()) +
                  ", took " + span_cell(run.started_at(), run.finished_at()));
  for (const v1::Task& task : failed.tasks()) {
    lines.push_back(with_reason("task " + task.name(), task.reason()) + " (weir explain " +
                    run.id() + "/" + task.name() + ")");
  }
  return lines;
}

std::string attempt_line(const v1::Attempt& attempt) {
  const std::string outcome = enum_word(v1::Outcome_Name(attempt.outcome()), "OUTCOME_");
  return "attempt " + std::to_string(attempt.epoch()) + " on worker " + attempt.worker() + " at " +
         time_cell(attempt.leased_at()) + ": " + with_reason(outcome, attempt.message());
}

Result<Lines> describe_task(client::Api& api, const v1::Run& run, const Reference& reference) {
  const std::string& name = reference.task;
  v1::ListTasksRequest request;
  request.set_run(run.id());
  request.set_name(name);
  const auto tasks = api.list_tasks(request);
  if (!tasks.ok()) return tasks.status();
  if (tasks->tasks().empty()) {
    return Status(Code::kNotFound, base::kErrUnknownTask,
                  "run " + run.id() + " has no task '" + name + "'; weir runs show " + run.id() +
                      " lists them");
  }
  const v1::Task& task = tasks->tasks(0);
  if (reference.attempt > task.epoch()) {
    return Status(Code::kNotFound, base::kErrUnknownTask,
                  no_such_attempt(run.id(), reference, task.epoch()));
  }
  Lines lines{
      with_reason(name + " of run " + run.id() + " ended as " + task_word(task), task.reason())};
  v1::ListAttemptsRequest attempts_request;
  attempts_request.set_run(run.id());
  attempts_request.set_task(name);
  const auto attempts = read_pages(
      attempts_request, 0, [&](const auto& page) { return api.list_attempts(page); },
      [](v1::ListAttemptsResponse& response) { return response.mutable_attempts(); });
  if (!attempts.ok()) return attempts.status();
  if (attempts->attempts().empty()) lines.emplace_back("it was never tried");
  for (const v1::Attempt& attempt : attempts->attempts()) lines.push_back(attempt_line(attempt));
  return lines;
}

}  // namespace

Result<Lines> explain_past(client::Api& api, const std::string& text) {
  const Result<Reference> reference = parse_reference(text);
  if (!reference.ok()) return reference.status();
  v1::GetRunRequest get;
  get.set_run(reference->run);
  const auto run = api.get_run(get);
  if (!run.ok()) return run.status();
  if (!client::run_finished(run->run().state())) {
    return Status(Code::kNotFound, base::kErrUnknownRun, "run " + run->run().id() + " is live");
  }
  if (!reference->task.empty()) return describe_task(api, run->run(), *reference);
  v1::ListTasksRequest request;
  request.set_run(run->run().id());
  request.set_state(v1::TASK_STATE_FAILED);
  request.set_page_size(kFailedTasksTold);
  const auto failed = api.list_tasks(request);
  if (!failed.ok()) return failed.status();
  return describe_run(run->run(), *failed);
}

}  // namespace weir::cli
