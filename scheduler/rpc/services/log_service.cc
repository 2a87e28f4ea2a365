// LogService: attempts' logs by byte offset. Reads files on read
// threads, at most 256 KiB a call; follows nothing and keeps no state,
// so a reader that wants more asks again.
#include "base/errors.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/services/page.h"
#include "scheduler/rpc/services/services.h"
#include "weir/v1/log_service.grpc.pb.h"

namespace weir::rpc {
namespace {

using base::Status;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

Status list_logs(Backend& backend, const v1::ListLogsRequest& request,
                 v1::ListLogsResponse* response) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kLargePageDefault, kLargePageMax);
  if (!page.ok()) return page.status();
  const auto run = backend.reader.resolve_run(request.run());
  if (!run.ok()) return run.status();
  const auto names = backend.catalog.task_names(*run);
  if (!names.ok()) return names.status();
  std::optional<std::int32_t> index;
  if (!request.task().empty()) {
    const auto found = std::find((*names)->begin(), (*names)->end(), request.task());
    if (found == (*names)->end()) {
      return Status(base::Code::kNotFound, base::kErrUnknownTask,
                    "run " + run->text() + " has no task '" + request.task() + "'");
    }
    index = static_cast<std::int32_t>(found - (*names)->begin());
  }
  return fill_rows(
      *page, response, response->mutable_logs(),
      [&](const ports::PageRequest& part) { return backend.logs.list(*run, index, part); },
      [&](const ports::LogInfo& log, v1::LogInfo* out) {
        const auto task = static_cast<std::size_t>(log.attempt.task);
        to_proto(log, task < (*names)->size() ? (**names)[task] : "", out);
        return Status();
      });
}

Status read_log(Backend& backend, const v1::ReadLogRequest& request,
                v1::ReadLogResponse* response) {
  const auto stream = log_stream_from_proto(request.stream());
  if (!stream.ok()) return stream.status();
  if (request.limit_bytes() < 0) {
    return Status(base::Code::kInvalidArgument, base::kErrLimit,
                  "limit_bytes is negative; 0 asks for " + std::to_string(kLogBytesMax));
  }
  const auto run = backend.reader.resolve_run(request.run());
  if (!run.ok()) return run.status();
  engine::AttemptKey key;
  key.run = *run;
  key.task = request.task_index();
  key.epoch = request.epoch();
  std::int64_t offset = request.offset();
  const int limit =
      request.limit_bytes() == 0 ? kLogBytesMax : std::min(request.limit_bytes(), kLogBytesMax);
  ports::LogInfo info;
  auto data = backend.logs.read(key, *stream, offset, limit, info);
  if (!data.ok()) return data.status();
  response->set_data(std::move(data).value());
  response->set_offset(offset);
  response->set_size_bytes(info.size);
  response->set_complete(info.complete);
  return {};
}

class LogServiceImpl final : public v1::LogService::CallbackService {
 public:
  explicit LogServiceImpl(Backend& backend) : backend_(backend) {}

  ServerUnaryReactor* ListLogs(CallbackServerContext* context, const v1::ListLogsRequest* request,
                               v1::ListLogsResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_logs(backend_, *request, response); });
  }

  ServerUnaryReactor* ReadLog(CallbackServerContext* context, const v1::ReadLogRequest* request,
                              v1::ReadLogResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return read_log(backend_, *request, response); });
  }

 private:
  Backend& backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_log_service(Backend& backend) {
  return std::make_unique<LogServiceImpl>(backend);
}

}  // namespace weir::rpc
