// RunService: starting, cancelling and looking at runs. `as_of_seq` is read before the rows, so
// that a stream of events from it misses nothing that the rows do not show. Handlers hand over
// and return; reads run on read threads, commands go through the inbox.
#include <map>

#include "base/errors.h"
#include "engine/plan/plan.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/services/page.h"
#include "scheduler/rpc/services/services.h"
#include "weir/v1/run_service.grpc.pb.h"

namespace weir::rpc {
namespace {

using base::Status;
using engine::Reply;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using ports::CommandBody;

constexpr std::size_t kReasonBytesMax = 1000;
constexpr int kParamsMax = 1000;                   // of one run
constexpr std::size_t kParamsBytesMax = 64 << 10;  // of one run, names and values

Status one_of_job_and_selection(const std::string& job, const std::string& selection) {
  if (job.empty() != selection.empty()) return {};
  return Status(
      base::Code::kInvalidArgument, base::kErrUsage,
      job.empty() ? "name a job or give a selection" : "give a job or a selection, not both");
}

Status small_enough(const google::protobuf::Map<std::string, std::string>& params) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : params) bytes += name.size() + value.size();
  if (bytes <= kParamsBytesMax) return {};
  return Status(base::Code::kInvalidArgument, base::kErrLimit,
                "the parameters of the run have " + std::to_string(bytes) + " bytes; at most " +
                    std::to_string(kParamsBytesMax) +
                    " are taken altogether: put large values into an asset or a file");
}

base::Result<engine::CreateRun> create_command(const v1::CreateRunRequest& request) {
  Status status = one_of_job_and_selection(request.job(), request.selection());
  if (!status.ok()) return status;
  if (request.reason().size() > kReasonBytesMax || request.params_size() > kParamsMax) {
    return Status(base::Code::kInvalidArgument, base::kErrLimit,
                  "a run takes a reason of up to " + std::to_string(kReasonBytesMax) +
                      " bytes and up to " + std::to_string(kParamsMax) + " parameters");
  }
  status = small_enough(request.params());
  if (!status.ok()) return status;
  auto info = request_info(request.idempotency_key(), request_hash(request));
  if (!info.ok()) return info.status();
  engine::CreateRun command;
  command.request = std::move(info).value();
  command.spec.job = request.job();
  command.spec.selection = request.selection();
  command.spec.params.insert(request.params().begin(), request.params().end());
  command.spec.priority = request.priority();
  command.spec.reason = request.reason();
  if (request.has_nominal_at()) command.spec.origin.nominal = from_proto(request.nominal_at());
  return command;
}

// What is told of the task's latest attempt.
void add_attempt(Backend& backend, const engine::TaskRow& task, v1::Task* out) {
  if (task.epoch <= 0) return;
  ports::PageRequest page;
  page.size = std::min(task.epoch, ports::kPageSizeMax);
  const auto attempts = backend.reader.list_attempts(task.run, task.index, page);
  if (!attempts.ok()) return;  // it was pruned a moment ago; the task's own row stands
  for (const engine::AttemptRow& attempt : attempts->rows) {
    if (attempt.key.epoch != task.epoch) continue;
    out->set_worker(attempt.worker);
    if (attempt.progress_at) set_progress(attempt, out->mutable_progress());
  }
}

Status get_run(Backend& backend, const v1::GetRunRequest& request, v1::GetRunResponse* response) {
  const auto seq = backend.reader.last_seq();
  if (!seq.ok()) return seq.status();
  const auto id = backend.reader.resolve_run(request.run());
  if (!id.ok()) return id.status();
  const auto run = backend.reader.get_run(*id);
  if (!run.ok()) return run.status();
  to_proto(*run, response->mutable_run());
  response->set_as_of_seq(*seq);
  return {};
}

Status list_runs(Backend& backend, const v1::ListRunsRequest& request,
                 v1::ListRunsResponse* response) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kSmallPageDefault, kSmallPageMax);
  if (!page.ok()) return page.status();
  const auto state = run_state_from_proto(request.state());
  if (!state.ok()) return state.status();
  ports::RunFilter filter;
  filter.job = request.job();
  filter.state = *state;
  const auto origin = origin_kind_from_proto(request.origin());
  if (!origin.ok()) return origin.status();
  filter.origin = *origin;
  filter.reference = request.origin_reference();
  if (filter.origin == engine::OriginKind::kSchedule && !filter.reference.empty()) {
    // Runs of a schedule that was deleted are found by its full name.
    const auto schedule = backend.reader.get_schedule(filter.reference);
    const bool deleted = schedule.status().code() == base::Code::kNotFound &&
                         filter.reference.find('/') != std::string::npos;
    if (!schedule.ok() && !deleted) return schedule.status();
    if (schedule.ok()) filter.reference = schedule->name;
  }
  if (request.has_since()) filter.since = from_proto(request.since());
  const auto seq = backend.reader.last_seq();
  if (!seq.ok()) return seq.status();
  const Status filled = fill_rows(
      *page, response, response->mutable_runs(),
      [&](const ports::PageRequest& part) { return backend.reader.list_runs(filter, part); },
      [](const ports::RunWithCounts& run, v1::Run* out) {
        to_proto(run, out);
        return Status();
      });
  response->set_as_of_seq(*seq);
  return filled;
}

Status list_tasks(Backend& backend, const v1::ListTasksRequest& request,
                  v1::ListTasksResponse* response) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kLargePageDefault, kLargePageMax);
  if (!page.ok()) return page.status();
  const auto state = task_state_from_proto(request.state());
  if (!state.ok()) return state.status();
  const auto seq = backend.reader.last_seq();
  if (!seq.ok()) return seq.status();
  const auto run = backend.reader.resolve_run(request.run());
  if (!run.ok()) return run.status();
  const Status filled = fill_rows(
      *page, response, response->mutable_tasks(),
      [&](const ports::PageRequest& part) {
        return backend.reader.list_tasks(*run, *state, request.name(), part);
      },
      [&](const engine::TaskRow& task, v1::Task* out) {
        to_proto(task, out);
        add_attempt(backend, task, out);
        return Status();
      });
  response->set_as_of_seq(*seq);
  return filled;
}

// The index of the task of that name. NOT_FOUND kErrUnknownTask.
base::Result<std::int32_t> task_index(Backend& backend, engine::RunId run,
                                      const std::string& name) {
  ports::PageRequest page;
  page.size = 1;
  const auto tasks = backend.reader.list_tasks(run, std::nullopt, name, page);
  if (!tasks.ok()) return tasks.status();
  if (!tasks->rows.empty()) return tasks->rows.front().index;
  return Status(base::Code::kNotFound, base::kErrUnknownTask,
                "run " + run.text() + " has no task '" + name + "'; `weir runs show " + run.text() +
                    "` lists them");
}

Status list_attempts(Backend& backend, const v1::ListAttemptsRequest& request,
                     v1::ListAttemptsResponse* response) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kLargePageDefault, kLargePageMax);
  if (!page.ok()) return page.status();
  const auto run = backend.reader.resolve_run(request.run());
  if (!run.ok()) return run.status();
  std::optional<std::int32_t> index;
  if (!request.task().empty()) {
    const auto found = task_index(backend, *run, request.task());
    if (!found.ok()) return found.status();
    index = *found;
  }
  const auto names = backend.catalog.task_names(*run);
  if (!names.ok()) return names.status();
  return fill_rows(
      *page, response, response->mutable_attempts(),
      [&](const ports::PageRequest& part) {
        return backend.reader.list_attempts(*run, index, part);
      },
      [&](const engine::AttemptRow& attempt, v1::Attempt* out) {
        const auto task = static_cast<std::size_t>(attempt.key.task);
        to_proto(attempt, task < (*names)->size() ? (**names)[task] : "", out);
        const auto checks = backend.reader.list_checks(attempt.key);
        if (!checks.ok()) return checks.status();
        for (const engine::CheckRow& check : *checks) to_proto(check, out->add_checks());
        return Status();
      });
}

// The rows of assets that planning asks for, each read once.
class AssetRows {
 public:
  explicit AssetRows(Backend& backend) : backend_(backend) {}

  const engine::AssetRow* find(const std::string& name) {
    const auto known = rows_.find(name);
    if (known != rows_.end()) return known->second ? &*known->second : nullptr;
    auto row = backend_.reader.get_asset(name);
    note(row.status());
    std::optional<engine::AssetRow>& kept = rows_[name];
    if (row.ok()) kept = std::move(*row);
    return kept ? &*kept : nullptr;
  }
  bool has_version(const engine::AssetPartition& of) {
    const auto current = backend_.reader.get_current(of);
    note(current.status());
    return current.ok();
  }
  // The first that could not be read.
  const Status& failed() const { return failed_; }

 private:
  void note(const Status& status) {
    const bool found = status.ok() || status.code() == base::Code::kNotFound;
    if (!found && failed_.ok()) failed_ = status;
  }

  Backend& backend_;
  std::map<std::string, std::optional<engine::AssetRow>> rows_;
  Status failed_;
};

// What CreateRun would make, by the same rules, over the rows that are committed now.
Status plan_run(Backend& backend, const v1::PlanRunRequest& request,
                v1::PlanRunResponse* response) {
  const Status valid = one_of_job_and_selection(request.job(), request.selection());
  if (!valid.ok()) return valid;
  const auto page =
      page_request(request.page_size(), request.page_token(), kLargePageDefault, kLargePageMax);
  if (!page.ok()) return page.status();
  const auto definitions = backend.catalog.definitions();
  if (!definitions.ok()) return definitions.status();
  const engine::Catalog& catalog = *(*definitions)->catalog;
  engine::RunSpec spec;
  spec.job = request.job();
  spec.selection = request.selection();
  auto row = engine::run_row(catalog, spec);
  if (!row.ok()) return row.status();
  AssetRows assets(backend);
  const engine::PlanView view{
      catalog, [&](const std::string& name) { return assets.find(name); },
      [&](const engine::AssetPartition& of) { return assets.has_version(of); },
      engine::Options{}.tasks_per_run_max, engine::Options{}.request_records_max};
  const auto run = engine::plan_tasks(view, std::move(*row));
  if (!assets.failed().ok()) return assets.failed();
  if (!run.ok()) return run.status();
  std::string names;
  for (const engine::Task& task : run->tasks) names += task.spec->name + "\n";
  return fill_answer_page(
      *page, base::sha256(names), run->tasks.size(), response,
      [&](std::size_t i) { return run->tasks[i].spec->name.size(); },
      [&](std::size_t i) { response->add_tasks(run->tasks[i].spec->name); });
}

class RunServiceImpl final : public v1::RunService::CallbackService {
 public:
  explicit RunServiceImpl(Backend& backend) : backend_(backend) {}

  ServerUnaryReactor* CreateRun(CallbackServerContext* context, const v1::CreateRunRequest* request,
                                v1::CreateRunResponse* response) override {
    auto command = create_command(*request);
    if (!command.ok()) return answer_now(context, command.status());
    return serve_command(backend_, context, std::move(command).value(),
                         [response](const Reply& reply) {
                           response->set_run_id(std::get<engine::RunId>(reply.payload).text());
                           return Status();
                         });
  }

  ServerUnaryReactor* PlanRun(CallbackServerContext* context, const v1::PlanRunRequest* request,
                              v1::PlanRunResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return plan_run(backend_, *request, response); });
  }

  ServerUnaryReactor* CancelRun(CallbackServerContext* context, const v1::CancelRunRequest* request,
                                v1::CancelRunResponse*) override {
    const auto prepare = [this, request]() -> base::Result<CommandBody> {
      auto info = request_info(request->idempotency_key(), request_hash(*request));
      if (!info.ok()) return info.status();
      const auto run = backend_.reader.resolve_run(request->run());
      if (!run.ok()) return run.status();
      return CommandBody(engine::CancelRun{std::move(info).value(), *run,
                                           request->reason().substr(0, kReasonBytesMax)});
    };
    return serve_prepared(backend_, context, prepare, [](const Reply&) { return Status(); });
  }

  ServerUnaryReactor* GetRun(CallbackServerContext* context, const v1::GetRunRequest* request,
                             v1::GetRunResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return get_run(backend_, *request, response); });
  }

  ServerUnaryReactor* ListRuns(CallbackServerContext* context, const v1::ListRunsRequest* request,
                               v1::ListRunsResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_runs(backend_, *request, response); });
  }

  ServerUnaryReactor* ListTasks(CallbackServerContext* context, const v1::ListTasksRequest* request,
                                v1::ListTasksResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_tasks(backend_, *request, response); });
  }

  ServerUnaryReactor* ListAttempts(CallbackServerContext* context,
                                   const v1::ListAttemptsRequest* request,
                                   v1::ListAttemptsResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_attempts(backend_, *request, response); });
  }

 private:
  Backend& backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_run_service(Backend& backend) {
  return std::make_unique<RunServiceImpl>(backend);
}

}  // namespace weir::rpc
