// FreshnessService: how assets stand with their policies, and whether those start runs. What the
// state becomes is computed here from rows, by the engine's own function; what a pause does is the
// engine's. Handlers hand over and return.
#include <algorithm>
#include <utility>

#include <google/protobuf/timestamp.pb.h>

#include "base/errors.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/convert/freshness.h"
#include "scheduler/rpc/freshness_standing.h"
#include "scheduler/rpc/services/page.h"
#include "scheduler/rpc/services/services.h"
#include "scheduler/zones/zones.h"
#include "weir/v1/freshness_service.grpc.pb.h"

namespace weir::rpc {
namespace {

using base::Status;
using base::WallTime;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using ports::CommandBody;

constexpr std::size_t kByMax = 200;  // bytes
constexpr std::size_t kReasonMax = 1000;
constexpr int kAssetsMax = 1000;  // of one pause

WallTime freshness_now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

Status bad_freshness_request(int error, std::string message) {
  return Status(base::Code::kInvalidArgument, error, std::move(message));
}

// When it was last made or verified; none: never.
base::Result<std::optional<WallTime>> last_of(Backend& backend, const std::string& asset) {
  std::optional<WallTime> last;
  const auto partition = backend.reader.get_partition({asset, ""});
  if (partition.status().code() == base::Code::kNotFound) return last;
  if (!partition.ok()) return partition.status();
  last = partition->verified_at;
  if (partition->materialization == 0) return last;
  const auto version = backend.reader.get_materialization(partition->materialization);
  if (!version.ok()) return version.status();
  return std::optional(std::max(last.value_or(WallTime::min()), version->at));
}

base::Result<FreshnessStanding> standing_of(const engine::FreshnessRow& row) {
  if (row.spec.kind == module::FreshnessKind::kMaxAge) return FreshnessStanding::of(row, nullptr);
  auto zone = zones::shared_zone(row.spec.zone);
  if (!zone.ok()) return zone.status();
  return FreshnessStanding::of(row, std::move(zone).value());
}

Status fill_freshness(Backend& backend, const engine::FreshnessRow& row, WallTime now,
                      v1::Freshness* out) {
  to_proto(row, out);
  const auto asset = backend.reader.get_asset(row.asset);
  if (asset.ok()) out->set_pipeline(asset->pipeline);
  if (!asset.ok() && asset.status().code() != base::Code::kNotFound) return asset.status();
  const auto last = last_of(backend, row.asset);
  if (!last.ok()) return last.status();
  if (*last) {
    to_proto(**last, out->mutable_last_at());
    const auto age = std::chrono::floor<std::chrono::milliseconds>(now - **last);
    out->set_age_ms(std::max<std::int64_t>(age.count(), 0));
  }
  const auto standing = standing_of(row);
  if (!standing.ok()) {
    out->set_problem(standing.status().message());
    return {};
  }
  if (const auto change = standing->next_change(*last, now)) {
    out->set_next_state(freshness_state_to_proto(change->to));
    to_proto(change->at, out->mutable_next_change_at());
  }
  if (const auto at = standing->deadline(*last, now)) to_proto(*at, out->mutable_deadline_at());
  return {};
}

Status list_freshness(Backend& backend, const v1::ListFreshnessRequest& request,
                      v1::ListFreshnessResponse* response) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kLargePageDefault, kSmallPageMax);
  if (!page.ok()) return page.status();
  const auto state = freshness_state_from_proto(request.state());
  if (!state.ok()) return state.status();
  ports::FreshnessFilter filter;
  filter.state = *state;
  filter.pipeline = request.pipeline();
  const auto seq = backend.reader.last_seq();
  if (!seq.ok()) return seq.status();
  const WallTime now = freshness_now();
  const Status filled = fill_rows(
      *page, response, response->mutable_freshness(),
      [&](const ports::PageRequest& part) { return backend.reader.list_freshness(filter, part); },
      [&](const engine::FreshnessRow& row, v1::Freshness* out) {
        return fill_freshness(backend, row, now, out);
      });
  response->set_as_of_seq(*seq);
  return filled;
}

Status get_freshness(Backend& backend, const v1::GetFreshnessRequest& request,
                     v1::GetFreshnessResponse* response) {
  const auto seq = backend.reader.last_seq();
  if (!seq.ok()) return seq.status();
  const auto row = backend.reader.get_freshness(request.asset());
  if (!row.ok()) return row.status();
  response->set_as_of_seq(*seq);
  return fill_freshness(backend, *row, freshness_now(), response->mutable_freshness());
}

template <class Request>
base::Result<engine::RequestInfo> freshness_request_info(const Request& request) {
  if (request.by().size() > kByMax) {
    return bad_freshness_request(
        base::kErrLimit, "`by` has " + std::to_string(request.by().size()) + " bytes; at most " +
                             std::to_string(kByMax) + " are taken");
  }
  return request_info(request.idempotency_key(), request_hash(request));
}

base::Result<CommandBody> set_freshness_command(const v1::SetFreshnessRequest& request) {
  auto info = freshness_request_info(request);
  if (!info.ok()) return info.status();
  auto spec = from_proto(request.policy());
  if (!spec.ok()) return spec.status();
  engine::SetFreshness command;
  if (spec->kind == module::FreshnessKind::kBy) {
    auto zone = zones::shared_zone(spec->zone);
    if (!zone.ok()) return zone.status();
    command.zones.emplace(spec->zone, std::move(zone).value());
  }
  command.request = std::move(info).value();
  command.asset = request.asset();
  command.spec = std::move(spec).value();
  command.by = request.by();
  return CommandBody(std::move(command));
}

base::Result<CommandBody> unset_freshness_command(const v1::UnsetFreshnessRequest& request) {
  auto info = freshness_request_info(request);
  if (!info.ok()) return info.status();
  engine::SetFreshness command;
  command.request = std::move(info).value();
  command.asset = request.asset();
  command.by = request.by();
  return CommandBody(std::move(command));
}

template <class Request>
base::Result<CommandBody> pause_freshness_command(const Request& request, bool pause) {
  auto info = freshness_request_info(request);
  if (!info.ok()) return info.status();
  if (request.all() == !request.assets().empty()) {
    return bad_freshness_request(base::kErrUsage, request.all()
                                                      ? "name assets or ask for all, not both"
                                                      : "name the assets, or ask for all of them");
  }
  if (request.assets_size() > kAssetsMax) {
    return bad_freshness_request(base::kErrLimit, "at most " + std::to_string(kAssetsMax) +
                                                      " assets can be named; all is for more");
  }
  engine::PauseFreshness command;
  command.request = std::move(info).value();
  command.assets.assign(request.assets().begin(), request.assets().end());
  // The same twice is the same once.
  std::sort(command.assets.begin(), command.assets.end());
  command.assets.erase(std::unique(command.assets.begin(), command.assets.end()),
                       command.assets.end());
  command.pause = pause;
  command.reason = request.reason().substr(0, kReasonMax);
  command.by = request.by();
  return CommandBody(std::move(command));
}

template <class Response>
OnSuccess take_assets(Response* response) {
  return [response](const engine::Reply& reply) {
    const auto& changed = std::get<engine::ChangedNames>(reply.payload);
    response->mutable_assets()->Add(changed.names.begin(), changed.names.end());
    return Status();
  };
}

class FreshnessServiceImpl final : public v1::FreshnessService::CallbackService {
 public:
  explicit FreshnessServiceImpl(Backend& backend) : backend_(backend) {}

  ServerUnaryReactor* ListFreshness(CallbackServerContext* context,
                                    const v1::ListFreshnessRequest* request,
                                    v1::ListFreshnessResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_freshness(backend_, *request, response); });
  }

  ServerUnaryReactor* GetFreshness(CallbackServerContext* context,
                                   const v1::GetFreshnessRequest* request,
                                   v1::GetFreshnessResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return get_freshness(backend_, *request, response); });
  }

  ServerUnaryReactor* SetFreshness(CallbackServerContext* context,
                                   const v1::SetFreshnessRequest* request,
                                   v1::SetFreshnessResponse*) override {
    return serve_prepared(
        backend_, context, [=] { return set_freshness_command(*request); },
        [](const engine::Reply&) { return Status(); });
  }

  ServerUnaryReactor* UnsetFreshness(CallbackServerContext* context,
                                     const v1::UnsetFreshnessRequest* request,
                                     v1::UnsetFreshnessResponse*) override {
    return serve_prepared(
        backend_, context, [=] { return unset_freshness_command(*request); },
        [](const engine::Reply&) { return Status(); });
  }

  ServerUnaryReactor* PauseFreshness(CallbackServerContext* context,
                                     const v1::PauseFreshnessRequest* request,
                                     v1::PauseFreshnessResponse* response) override {
    return serve_prepared(
        backend_, context, [=] { return pause_freshness_command(*request, true); },
        take_assets(response));
  }

  ServerUnaryReactor* ResumeFreshness(CallbackServerContext* context,
                                      const v1::ResumeFreshnessRequest* request,
                                      v1::ResumeFreshnessResponse* response) override {
    return serve_prepared(
        backend_, context, [=] { return pause_freshness_command(*request, false); },
        take_assets(response));
  }

 private:
  Backend& backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_freshness_service(Backend& backend) {
  return std::make_unique<FreshnessServiceImpl>(backend);
}

}  // namespace weir::rpc
