// SystemService: the scheduler about itself, explanations, and names for shell completion.
// Handlers hand over and return; reads run on read threads, explanations go through the inbox.
// Changes nothing.
#include <set>

#include "base/errors.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/explain_past.h"
#include "scheduler/rpc/services/services.h"
#include "weir/v1/system_service.grpc.pb.h"

namespace weir::rpc {
namespace {

using base::Status;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

constexpr int kRunsCompleted = 50;  // the newest runs are the ones that people mean

// Of an alert; no run's id begins so: its first digits are a time in this century.
std::optional<std::int64_t> alert_number(const std::string& reference) {
  const bool digits =
      !reference.empty() && reference.size() <= 18 && reference.front() != '0' &&
      std::all_of(reference.begin(), reference.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return std::nullopt;
  return std::stoll(reference);
}

// "@last/x" and unique prefixes become full run ids; an asset's name stays what it is.
base::Result<std::string> resolved_reference(Backend& backend, const std::string& reference) {
  if (reference.empty()) {
    return Status(
        base::Code::kInvalidArgument, base::kErrUsage,
        "name a run, RUN/TASK, an asset, a schedule or the number of an alert to explain");
  }
  if (backend.reader.get_asset(reference).ok()) return reference;
  const std::size_t slash = std::min(reference.find('/'), reference.size());
  const auto run = backend.reader.resolve_run(reference.substr(0, slash));
  if (run.ok()) return run->text() + reference.substr(slash);
  const bool run_was_meant =
      reference.front() == '@' || run.status().code() != base::Code::kNotFound;
  if (run_was_meant) return run.status();
  return reference;  // the engine says what it does not know
}

void fill(const engine::Explanation& explanation, v1::ExplainResponse* response) {
  for (const engine::ExplainItem& item : explanation) to_proto(item, response->add_items());
}

// Of a run that has ended: from rows, here. Nothing when it is live, or no run.
Status explain_ended(Backend& backend, const std::string& reference, bool* ended,
                     v1::ExplainResponse* response) {
  const auto id = engine::RunId::parse(reference.substr(0, reference.find('/')));
  if (!id || backend.reader.get_asset(reference).ok()) return {};
  const auto run = backend.reader.get_run(*id);
  if (!run.ok() && run.status().code() == base::Code::kNotFound) return {};
  if (!run.ok()) return run.status();
  if (!engine::terminal(run->run.state)) return {};
  *ended = true;
  const auto past = explain_past(backend, run->run, reference);
  if (!past.ok()) return past.status();
  fill(*past, response);
  return {};
}

// What is past is answered from rows on this read thread; what is live by the engine. A run that
// ends in between is past when the engine says that it does not know it.
void explain(Backend& backend, const v1::ExplainRequest& request,
             const std::shared_ptr<Answer>& answer, v1::ExplainResponse* response) {
  if (const auto alert = alert_number(request.reference())) {
    const auto explained = explain_alert(backend, *alert);
    if (explained.ok()) fill(*explained, response);
    return answer->finish(explained.status());
  }
  const auto reference = resolved_reference(backend, request.reference());
  if (!reference.ok()) return answer->finish(reference.status());
  bool ended = false;
  const Status past = explain_ended(backend, *reference, &ended, response);
  if (ended || !past.ok()) return answer->finish(past);
  const auto on_reply = [&backend, answer, response,
                         name = *reference](const engine::Reply& reply) {
    if (reply.status.ok()) {
      fill(std::get<engine::Explanation>(reply.payload), response);
      return answer->finish({});
    }
    if (reply.status.error() != base::kErrUnknownAsset) return answer->finish(reply.status);
    const Status again = backend.reads.submit([&backend, answer, response, name] {
      bool over = false;
      const Status status = explain_ended(backend, name, &over, response);
      answer->finish(over || !status.ok() ? status : unknown_reference(backend, name));
    });
    if (!again.ok()) answer->finish(again);
  };
  const Status posted =
      backend.inbox.post(engine::Explain{0, *reference, request.partition()}, on_reply);
  if (!posted.ok()) answer->finish(posted);
}

void add_name(const std::string& name, const std::string& prefix,
              v1::CompleteNameResponse* response) {
  if (!name.starts_with(prefix) || response->names_size() >= kNamesCompletedMax) return;
  response->add_names(name);
}

Status complete_runs(Backend& backend, const std::string& prefix,
                     v1::CompleteNameResponse* response) {
  for (const char* alias : {"@last", "@last-failed"}) add_name(alias, prefix, response);
  ports::PageRequest page;
  page.size = kRunsCompleted;
  const auto runs = backend.reader.list_runs({}, page);
  if (!runs.ok()) return runs.status();
  for (const auto& row : runs->rows) add_name(row.run.id.text(), prefix, response);
  return {};
}

Status complete_workers(Backend& backend, const std::string& prefix,
                        v1::CompleteNameResponse* response) {
  ports::PageRequest page;
  page.size = kSmallPageMax;
  const auto workers = backend.reader.list_workers(page);
  if (!workers.ok()) return workers.status();
  for (const auto& row : workers->rows) add_name(row.name, prefix, response);
  return {};
}

Status complete_schedules(Backend& backend, const std::string& prefix,
                          v1::CompleteNameResponse* response) {
  ports::PageRequest page;
  page.size = kLargePageMax;
  const auto schedules = backend.reader.list_schedules({}, page);
  if (!schedules.ok()) return schedules.status();
  for (const engine::ScheduleRow& row : schedules->rows) {
    add_name(row.name, prefix, response);
    const std::size_t slash = row.name.find('/');
    if (slash != std::string::npos) add_name(row.name.substr(slash + 1), prefix, response);
  }
  return {};
}

Status complete_freshness(Backend& backend, const std::string& prefix,
                          v1::CompleteNameResponse* response) {
  ports::PageRequest page;
  page.size = kLargePageMax;
  const auto policies = backend.reader.list_freshness({}, page);
  if (!policies.ok()) return policies.status();
  for (const engine::FreshnessRow& row : policies->rows) add_name(row.asset, prefix, response);
  return {};
}

Status complete_alert_rules(Backend& backend, const std::string& prefix,
                            v1::CompleteNameResponse* response) {
  ports::PageRequest page;
  page.size = kLargePageMax;
  const auto rules = backend.reader.list_alert_rules(page);
  if (!rules.ok()) return rules.status();
  for (const engine::AlertRuleRow& row : rules->rows) add_name(row.name, prefix, response);
  return {};
}

// Assets that pipelines read and none makes.
Status complete_external(Backend& backend, const std::string& prefix,
                         v1::CompleteNameResponse* response) {
  const auto definitions = backend.catalog.definitions();
  if (!definitions.ok()) return definitions.status();
  std::set<std::string> names;
  for (const auto& manifest : (*definitions)->manifests) {
    for (const module::ExternalSpec& external : manifest->externals) {
      if (!(*definitions)->assets.contains(external.asset)) names.insert(external.asset);
    }
  }
  for (const std::string& name : names) add_name(name, prefix, response);
  return {};
}

Status complete_definitions(Backend& backend, bool jobs, const std::string& prefix,
                            v1::CompleteNameResponse* response) {
  const auto definitions = backend.catalog.definitions();
  if (!definitions.ok()) return definitions.status();
  if (!jobs) {
    for (const auto& [name, asset] : (*definitions)->assets) add_name(name, prefix, response);
    return {};
  }
  for (const auto& manifest : (*definitions)->manifests) {
    for (const module::JobSpec& job : manifest->jobs) {
      add_name(manifest->pipeline + "/" + job.name, prefix, response);
      add_name(job.name, prefix, response);
    }
  }
  return {};
}

Status complete_tasks(Backend& backend, const v1::CompleteNameRequest& request,
                      v1::CompleteNameResponse* response) {
  const auto run = backend.reader.resolve_run(request.run().empty() ? "@last" : request.run());
  if (!run.ok()) return run.status();
  const auto names = backend.catalog.task_names(*run);
  if (!names.ok()) return names.status();
  for (const std::string& name : **names) add_name(name, request.prefix(), response);
  return {};
}

Status complete_name(Backend& backend, const v1::CompleteNameRequest& request,
                     v1::CompleteNameResponse* response) {
  const std::string& kind = request.kind();
  if (kind == "run") return complete_runs(backend, request.prefix(), response);
  if (kind == "worker") return complete_workers(backend, request.prefix(), response);
  if (kind == "schedule") return complete_schedules(backend, request.prefix(), response);
  if (kind == "freshness") return complete_freshness(backend, request.prefix(), response);
  if (kind == "alert_rule") return complete_alert_rules(backend, request.prefix(), response);
  if (kind == "external") return complete_external(backend, request.prefix(), response);
  if (kind == "task") return complete_tasks(backend, request, response);
  if (kind == "job" || kind == "asset") {
    return complete_definitions(backend, kind == "job", request.prefix(), response);
  }
  return Status(base::Code::kInvalidArgument, base::kErrUsage,
                "there is nothing of the kind '" + kind +
                    "' to complete; job, asset, external, freshness, run, schedule, worker and "
                    "task are known");
}

void add_item(const HealthItem& item, v1::GetHealthResponse* response) {
  v1::HealthItem* out = response->add_items();
  out->set_name(item.name);
  out->set_ok(item.ok);
  out->set_value(item.value);
  out->set_advice(item.advice);
}

HealthItem workers_health(Backend& backend) {
  const std::size_t connected = backend.sessions.platforms().size();
  std::string value = std::to_string(connected) + " connected";
  if (connected == 0) {
    return {"workers", false, value,
            "start one: `weir worker --scheduler " + backend.addresses().grpc +
                "`, or use `weir up`, which brings its own"};
  }
  const auto workers = backend.reader.list_workers({.size = kSmallPageMax, .after = ""});
  if (!workers.ok()) return {"workers", false, value, workers.status().message()};
  const auto& rows = workers->rows;
  const engine::WorkerRow* draining = nullptr;
  for (const engine::WorkerRow& row : rows) {
    if (!backend.sessions.connected(row.id)) continue;
    if (!row.draining) return {"workers", true, value, ""};
    draining = &row;
  }
  if (draining == nullptr) return {"workers", true, value, ""};
  return {"workers", false, value + ", all of them draining",
          "nothing can run: `weir workers drain " + draining->name + " --undo`"};
}

Status get_health(Backend& backend, v1::GetHealthResponse* response) {
  for (const HealthItem& item : backend.health.health()) add_item(item, response);
  add_item(workers_health(backend), response);
  return {};
}

Status get_info(Backend& backend, v1::GetInfoResponse* response) {
  const auto seq = backend.reader.last_seq();
  if (!seq.ok()) return seq.status();
  response->set_version(backend.options.version);
  response->set_data_dir(backend.options.data_dir);
  response->set_grpc_address(backend.addresses().grpc);
  response->set_http_address(backend.addresses().http);
  to_proto(backend.options.started_at, response->mutable_started_at());
  response->set_store_generation(std::to_string(backend.options.store_generation));
  response->set_last_seq(*seq);
  return {};
}

Status create_browser_address(Backend& backend, v1::CreateBrowserAddressResponse* response) {
  response->set_address(
      access::browser_address(backend.addresses().http, backend.browsers.make_code()));
  response->set_valid_seconds(
      static_cast<std::int32_t>(std::chrono::seconds(access::kCodeLife).count()));
  return {};
}

class SystemServiceImpl final : public v1::SystemService::CallbackService {
 public:
  explicit SystemServiceImpl(Backend& backend) : backend_(backend) {}

  ServerUnaryReactor* GetVersion(CallbackServerContext* context, const v1::GetVersionRequest*,
                                 v1::GetVersionResponse* response) override {
    response->set_version(backend_.options.version);
    return answer_now(context, Status());
  }

  ServerUnaryReactor* GetInfo(CallbackServerContext* context, const v1::GetInfoRequest*,
                              v1::GetInfoResponse* response) override {
    return serve_read(backend_, context, [=, this] { return get_info(backend_, response); });
  }

  ServerUnaryReactor* Explain(CallbackServerContext* context, const v1::ExplainRequest* request,
                              v1::ExplainResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    const auto answer = std::make_shared<Answer>(reactor);
    const Status queued = backend_.reads.submit(
        [this, answer, request, response] { explain(backend_, *request, answer, response); });
    if (!queued.ok()) answer->finish(queued);
    return reactor;
  }

  ServerUnaryReactor* GetHealth(CallbackServerContext* context, const v1::GetHealthRequest*,
                                v1::GetHealthResponse* response) override {
    return serve_read(backend_, context, [=, this] { return get_health(backend_, response); });
  }

  ServerUnaryReactor* CompleteName(CallbackServerContext* context,
                                   const v1::CompleteNameRequest* request,
                                   v1::CompleteNameResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return complete_name(backend_, *request, response); });
  }

  ServerUnaryReactor* CreateBrowserAddress(CallbackServerContext* context,
                                           const v1::CreateBrowserAddressRequest*,
                                           v1::CreateBrowserAddressResponse* response) override {
    return answer_now(context, create_browser_address(backend_, response));
  }

 private:
  Backend& backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_system_service(Backend& backend) {
  return std::make_unique<SystemServiceImpl>(backend);
}

}  // namespace weir::rpc
