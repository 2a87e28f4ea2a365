// ScheduleService: schedules as people see and change them. Names are resolved and zones are read
// here, on read threads; what a definition may be, and what follows from a change, is the engine's.
// Reads stand in schedule_reads.cc. Handlers hand over and return.
#include <algorithm>
#include <utility>

#include <google/protobuf/util/field_mask_util.h>

#include "base/errors.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/convert/schedules.h"
#include "scheduler/rpc/services/schedule_reads.h"
#include "scheduler/rpc/services/services.h"
#include "scheduler/zones/zones.h"
#include "weir/v1/schedule_service.grpc.pb.h"

namespace weir::rpc {
namespace {

using base::Result;
using base::Status;
using engine::Reply;
using google::protobuf::util::FieldMaskUtil;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using ports::CommandBody;

constexpr std::size_t kByBytesMax = 200;
constexpr std::size_t kPauseReasonBytesMax = 1000;
constexpr int kNamesMax = 1000;  // of one pause

Status refuse_request(int error, std::string message) {
  return Status(base::Code::kInvalidArgument, error, std::move(message));
}

// As request_info(), and who asks.
template <class Request>
Result<engine::RequestInfo> info_of(const Request& request) {
  if (request.by().size() > kByBytesMax) {
    return refuse_request(base::kErrLimit, "`by` has " + std::to_string(request.by().size()) +
                                               " bytes; at most " + std::to_string(kByBytesMax) +
                                               " are taken");
  }
  return request_info(request.idempotency_key(), request_hash(request));
}

// In full. A name that is none goes on as it is: a request that is repeated after its schedule was
// deleted is answered as before, and any other is told by the engine.
Result<std::string> full_name(Backend& backend, const std::string& name) {
  const auto row = backend.reader.get_schedule(name);
  if (row.ok()) return row->name;
  if (row.status().code() == base::Code::kNotFound) return name;
  return row.status();
}

Result<CommandBody> put_command(engine::RequestInfo info, module::ScheduleSpec spec, bool create,
                                const std::string& by) {
  auto zone = zones::shared_zone(spec.zone);
  if (!zone.ok()) return zone.status();
  engine::PutSchedule command;
  command.request = std::move(info);
  command.zones.emplace(spec.zone, std::move(zone).value());
  command.spec = std::move(spec);
  command.create = create;
  command.by = by;
  return CommandBody(std::move(command));
}

Result<CommandBody> create_schedule_command(const v1::CreateScheduleRequest& request) {
  auto info = info_of(request);
  if (!info.ok()) return info.status();
  if (request.name().empty()) return refuse_request(base::kErrUsage, "the schedule needs a name");
  auto spec = from_proto(request.definition());
  if (!spec.ok()) return spec.status();
  spec->name = request.name();
  spec->paused = request.paused();
  return put_command(std::move(info).value(), std::move(spec).value(), true, request.by());
}

// The stored definition with the fields of the mask as they are given.
Result<v1::ScheduleDefinition> edited(const module::ScheduleSpec& stored,
                                      const v1::EditScheduleRequest& request) {
  if (request.fields().paths().empty()) return request.definition();
  for (const std::string& path : request.fields().paths()) {
    if (!FieldMaskUtil::IsValidPath<v1::ScheduleDefinition>(path)) {
      return refuse_request(base::kErrUsage, "a schedule's definition has no field '" + path + "'");
    }
  }
  v1::ScheduleDefinition out;
  to_proto(stored, &out);
  FieldMaskUtil::MergeOptions options;
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(request.definition(), request.fields(), options, &out);
  const bool standard_window =
      !request.definition().has_catch_up_window_ms() &&
      FieldMaskUtil::IsPathInFieldMask("catch_up_window_ms", request.fields());
  if (standard_window) out.clear_catch_up_window_ms();
  return out;
}

Result<CommandBody> edit_command(Backend& backend, const v1::EditScheduleRequest& request) {
  auto info = info_of(request);
  if (!info.ok()) return info.status();
  const auto row = backend.reader.get_schedule(request.schedule());
  if (!row.ok()) return row.status();
  const auto definition = edited(row->spec, request);
  if (!definition.ok()) return definition.status();
  auto spec = from_proto(*definition);
  if (!spec.ok()) return spec.status();
  spec->name = row->name;
  return put_command(std::move(info).value(), std::move(spec).value(), false, request.by());
}

Result<CommandBody> delete_command(Backend& backend, const v1::DeleteScheduleRequest& request) {
  auto info = info_of(request);
  if (!info.ok()) return info.status();
  auto name = full_name(backend, request.schedule());
  if (!name.ok()) return name.status();
  engine::DeleteSchedule command;
  command.request = std::move(info).value();
  command.name = std::move(name).value();
  command.by = request.by();
  return CommandBody(std::move(command));
}

// Of a pause or the end of one: the full names, none for all.
template <class Request>
Result<engine::PauseSchedules> pause_command(Backend& backend, const Request& request) {
  auto info = info_of(request);
  if (!info.ok()) return info.status();
  if (request.all() == !request.schedules().empty()) {
    return refuse_request(base::kErrUsage, request.all()
                                               ? "name schedules or ask for all, not both"
                                               : "name the schedules, or ask for all of them");
  }
  if (request.schedules_size() > kNamesMax) {
    return refuse_request(base::kErrLimit, "at most " + std::to_string(kNamesMax) +
                                               " schedules can be named; all is for more");
  }
  engine::PauseSchedules command;
  command.request = std::move(info).value();
  for (const std::string& name : request.schedules()) {
    auto full = full_name(backend, name);
    if (!full.ok()) return full.status();
    command.names.push_back(std::move(full).value());
  }
  // The same twice, by its short name too, is the same once.
  std::sort(command.names.begin(), command.names.end());
  command.names.erase(std::unique(command.names.begin(), command.names.end()), command.names.end());
  command.reason = request.reason().substr(0, kPauseReasonBytesMax);
  command.by = request.by();
  return command;
}

Result<CommandBody> trigger_command(Backend& backend, const v1::TriggerScheduleRequest& request) {
  auto info = info_of(request);
  if (!info.ok()) return info.status();
  auto name = full_name(backend, request.schedule());
  if (!name.ok()) return name.status();
  engine::TriggerSchedule command;
  command.request = std::move(info).value();
  command.name = std::move(name).value();
  if (request.has_nominal_at()) command.nominal = from_proto(request.nominal_at());
  command.by = request.by();
  return CommandBody(std::move(command));
}

// The name of the one schedule that was changed.
template <class Response>
OnSuccess take_name(Response* response) {
  return [response](const Reply& reply) {
    const auto& changed = std::get<engine::ChangedNames>(reply.payload);
    if (!changed.names.empty()) response->set_name(changed.names.front());
    return Status();
  };
}
template <class Response>
OnSuccess take_names(Response* response) {
  return [response](const Reply& reply) {
    const auto& changed = std::get<engine::ChangedNames>(reply.payload);
    response->mutable_names()->Add(changed.names.begin(), changed.names.end());
    return Status();
  };
}

class ScheduleServiceImpl final : public v1::ScheduleService::CallbackService {
 public:
  explicit ScheduleServiceImpl(Backend& backend) : backend_(backend) {}

  ServerUnaryReactor* ListSchedules(CallbackServerContext* context,
                                    const v1::ListSchedulesRequest* request,
                                    v1::ListSchedulesResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_schedules(backend_, *request, response); });
  }

  ServerUnaryReactor* GetSchedule(CallbackServerContext* context,
                                  const v1::GetScheduleRequest* request,
                                  v1::GetScheduleResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return get_schedule(backend_, *request, response); });
  }

  ServerUnaryReactor* CreateSchedule(CallbackServerContext* context,
                                     const v1::CreateScheduleRequest* request,
                                     v1::CreateScheduleResponse* response) override {
    return serve_prepared(
        backend_, context, [=] { return create_schedule_command(*request); }, take_name(response));
  }

  ServerUnaryReactor* EditSchedule(CallbackServerContext* context,
                                   const v1::EditScheduleRequest* request,
                                   v1::EditScheduleResponse* response) override {
    return serve_prepared(
        backend_, context, [=, this] { return edit_command(backend_, *request); },
        take_name(response));
  }

  ServerUnaryReactor* DeleteSchedule(CallbackServerContext* context,
                                     const v1::DeleteScheduleRequest* request,
                                     v1::DeleteScheduleResponse* response) override {
    return serve_prepared(
        backend_, context, [=, this] { return delete_command(backend_, *request); },
        take_name(response));
  }

  ServerUnaryReactor* PauseSchedules(CallbackServerContext* context,
                                     const v1::PauseSchedulesRequest* request,
                                     v1::PauseSchedulesResponse* response) override {
    const auto prepare = [this, request]() -> Result<CommandBody> {
      auto command = pause_command(backend_, *request);
      if (!command.ok()) return command.status();
      if (request->has_until()) command->until = from_proto(request->until());
      return CommandBody(std::move(command).value());
    };
    return serve_prepared(backend_, context, prepare, take_names(response));
  }

  ServerUnaryReactor* ResumeSchedules(CallbackServerContext* context,
                                      const v1::ResumeSchedulesRequest* request,
                                      v1::ResumeSchedulesResponse* response) override {
    const auto prepare = [this, request]() -> Result<CommandBody> {
      auto command = pause_command(backend_, *request);
      if (!command.ok()) return command.status();
      command->pause = false;
      return CommandBody(std::move(command).value());
    };
    return serve_prepared(backend_, context, prepare, take_names(response));
  }

  ServerUnaryReactor* TriggerSchedule(CallbackServerContext* context,
                                      const v1::TriggerScheduleRequest* request,
                                      v1::TriggerScheduleResponse* response) override {
    const auto on_success = [response](const Reply& reply) {
      response->set_run_id(std::get<engine::RunId>(reply.payload).text());
      return Status();
    };
    return serve_prepared(
        backend_, context, [=, this] { return trigger_command(backend_, *request); }, on_success);
  }

  ServerUnaryReactor* PreviewSchedule(CallbackServerContext* context,
                                      const v1::PreviewScheduleRequest* request,
                                      v1::PreviewScheduleResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return preview_schedule(backend_, *request, response); });
  }

  ServerUnaryReactor* ListTicks(CallbackServerContext* context, const v1::ListTicksRequest* request,
                                v1::ListTicksResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_ticks(backend_, *request, response); });
  }

  ServerUnaryReactor* ListUpcoming(CallbackServerContext* context,
                                   const v1::ListUpcomingRequest* request,
                                   v1::ListUpcomingResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_upcoming(backend_, *request, response); });
  }

 private:
  Backend& backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_schedule_service(Backend& backend) {
  return std::make_unique<ScheduleServiceImpl>(backend);
}

}  // namespace weir::rpc
