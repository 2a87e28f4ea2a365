// See simulation.h. A module that is only tried has no files; its digest is its manifest's, so that
// it differs from any that is registered. Whoever asks waits on a thread of his own: nothing here
// touches the loop.
#include "scheduler/rpc/simulation.h"

#include <algorithm>
#include <set>

#include <google/protobuf/timestamp.pb.h>

#include "base/errors.h"
#include "base/json.h"
#include "dryrun/compare.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/convert/simulation.h"
#include "scheduler/zones/zones.h"
#include "weir/v1/simulation_service.pb.h"

namespace weir::rpc {
namespace {

using base::Code;
using base::Result;
using base::Status;
using dryrun::Forecast;
using Manifest = std::shared_ptr<const module::Manifest>;
using Clock = std::chrono::steady_clock;

Result<Manifest> parse_one(const std::string& text) {
  const auto json = base::Json::parse(text);
  if (!json.ok()) {
    return Status(Code::kInvalidArgument, base::kErrBadManifest, json.status().message());
  }
  auto manifest = module::manifest_from_json(*json);
  if (!manifest.ok()) return manifest.status();
  if (Status status = module::validate_manifest(*manifest); !status.ok()) return status;
  return std::make_shared<const module::Manifest>(std::move(manifest).value());
}

engine::ModuleUpload upload_of(const Manifest& manifest) {
  engine::ModuleUpload upload;
  upload.manifest_json = module::manifest_to_json(*manifest).dump();
  upload.digest = base::sha256("simulated " + upload.manifest_json);
  upload.manifest = manifest;
  return upload;
}

Result<std::vector<Manifest>> parse_manifests(const v1::SimulateRequest& request) {
  if (request.manifests_size() > kSimulatedModulesMax) {
    return Status(
        Code::kInvalidArgument, base::kErrLimit,
        "at most " + std::to_string(kSimulatedModulesMax) + " modules can be simulated at once");
  }
  std::vector<Manifest> manifests;
  for (const std::string& text : request.manifests()) {
    auto manifest = parse_one(text);
    if (!manifest.ok()) return manifest.status();
    manifests.push_back(std::move(manifest).value());
  }
  return manifests;
}

// What stored rows name is left out where it cannot be read, as the scheduler does; what a module
// names must be there.
Status add_zones(const std::vector<Manifest>& manifests, dryrun::World& world) {
  std::set<std::string> stored;
  for (const auto& row : world.snapshot.schedules) stored.insert(row.spec.zone);
  for (const auto& row : world.snapshot.freshness) stored.insert(row.spec.zone);
  for (const std::string& name : stored) {
    if (auto zone = zones::shared_zone(name); zone.ok())
      world.zones.emplace(name, std::move(*zone));
  }
  for (const Manifest& manifest : manifests) {
    std::set<std::string> named;
    for (const auto& schedule : manifest->schedules) named.insert(schedule.zone);
    for (const auto& policy : manifest->freshness) named.insert(policy.zone);
    for (const std::string& name : named) {
      auto zone = zones::shared_zone(name);
      if (!zone.ok()) {
        return {zone.status().code(), zone.status().error(),
                "pipeline '" + manifest->pipeline + "': " + zone.status().message()};
      }
      world.zones.emplace(name, std::move(*zone));
    }
  }
  return {};
}

Result<Forecast> forecast_of(const dryrun::World& world, dryrun::Options options) {
  const auto end = Clock::now() + kSimulationTime;
  options.stop = [end] { return Clock::now() > end; };
  return dryrun::simulate(world, options);
}

void add_cut(const std::string& why, v1::SimulateResponse* response) {
  if (why.empty()) return;
  response->set_cut(response->cut().empty() ? why : response->cut() + "; " + why);
}

Status fill_comparison(dryrun::World world, dryrun::Options options, const Manifest& against,
                       const Forecast& after, v1::SimulateResponse* response) {
  const auto same_pipeline = [&](const engine::ModuleUpload& module) {
    return module.manifest->pipeline == against->pipeline;
  };
  std::erase_if(world.modules, same_pipeline);
  world.modules.push_back(upload_of(against));
  const auto before = forecast_of(world, options);
  if (!before.ok()) return before.status();
  add_cut(before->cut, response);
  to_proto(before->summary, response->mutable_before());
  // Where one of them was cut the other has nothing to differ from.
  const base::WallTime until = std::min(before->until, after.until);
  to_proto(until, response->mutable_until());
  for (const dryrun::Difference& difference : dryrun::compare(*before, after)) {
    if (difference.at > until) break;
    to_proto(difference, response->add_differences());
  }
  return {};
}

}  // namespace

Status simulate(const v1::SimulateRequest& request, dryrun::World world, const Against& against,
                v1::SimulateResponse* response) {
  const auto options = simulation_options(request, world.now);
  if (!options.ok()) return options.status();
  auto manifests = parse_manifests(request);
  if (!manifests.ok()) return manifests.status();
  for (const Manifest& manifest : *manifests) world.modules.push_back(upload_of(manifest));
  if (against != nullptr) manifests->push_back(against);
  if (Status status = add_zones(*manifests, world); !status.ok()) return status;
  const auto forecast = forecast_of(world, *options);
  if (!forecast.ok()) return forecast.status();
  to_proto(forecast->from, response->mutable_from());
  to_proto(forecast->until, response->mutable_until());
  to_proto(forecast->summary, response->mutable_summary());
  response->set_cut(forecast->cut);
  for (const std::string& note : forecast->notes) response->add_notes(note);
  if (against != nullptr) {
    return fill_comparison(std::move(world), *options, against, *forecast, response);
  }
  for (const dryrun::ForecastItem& item : forecast->items) to_proto(item, response->add_items());
  return {};
}

Status simulate_alone(const v1::SimulateRequest& request, v1::SimulateResponse* response) {
  if (request.manifests().empty()) {
    return {Code::kInvalidArgument, base::kErrUsage,
            "a simulation of nothing but given modules needs a module"};
  }
  if (!request.against().empty()) {
    return {Code::kInvalidArgument, base::kErrUsage,
            "only a scheduler has a registered module to compare with"};
  }
  dryrun::World world;
  world.now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  return simulate(request, std::move(world), nullptr, response);
}

}  // namespace weir::rpc
