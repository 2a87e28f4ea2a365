// ModuleService: files of modules, and their registration. A registration is judged here as far as
// that needs no state of the engine: the manifest, the files, what the connected workers' machines
// have.
#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/errors.h"
#include "module/bundle.h"
#include "scheduler/rpc/blob_upload.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/services/channels.h"
#include "scheduler/rpc/services/page.h"
#include "scheduler/rpc/services/services.h"
#include "scheduler/rpc/services/transfer.h"
#include "weir/v1/module_service.grpc.pb.h"

namespace weir::rpc {
namespace {

using base::Status;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using ports::CommandBody;

Status bad_request(int error, std::string message) {
  return Status(base::Code::kInvalidArgument, error, std::move(message));
}

Status find_missing(Backend& backend, const v1::FindMissingFilesRequest& request,
                    v1::FindMissingFilesResponse* response) {
  if (request.digests_size() > kDigestsPerRequestMax) {
    return bad_request(base::kErrLimit, "at most " + std::to_string(kDigestsPerRequestMax) +
                                            " digests can be asked about at once");
  }
  for (const std::string& text : request.digests()) {
    const auto digest = engine::Digest::parse(text);
    if (!digest) return bad_request(base::kErrUsage, "'" + text + "' is not a digest");
    if (!backend.modules.contains(*digest)) response->add_digests(text);
  }
  return {};
}

class FileSink final : public Upload<v1::UploadFileRequest>::Sink {
 public:
  explicit FileSink(Backend& backend) : upload_(backend.modules, backend.options.file_bytes_max) {}

  Status consume(const v1::UploadFileRequest& request) override {
    if (!upload_.begun()) {
      const auto digest = engine::Digest::parse(request.digest());
      if (!digest) return bad_request(base::kErrUsage, "the first message names no valid digest");
      const Status begun =
          upload_.begin(*digest, engine::ArtifactKind::kFile, request.size_bytes());
      if (!begun.ok()) return begun;
    }
    return upload_.append(request.chunk());
  }
  Status finish() override {
    if (!upload_.begun()) return bad_request(base::kErrUsage, "the upload had no message");
    return upload_.finish();
  }
  bool complete() const override { return upload_.held(); }

 private:
  BlobUpload upload_;
};

base::Result<std::shared_ptr<const module::Manifest>> parse_manifest(const std::string& text) {
  if (text.size() > module::kManifestBytesMax) {
    return bad_request(base::kErrLimit,
                       "the manifest has " + std::to_string(text.size()) + " bytes; at most " +
                           std::to_string(module::kManifestBytesMax) + " are taken");
  }
  const auto json = base::Json::parse(text);
  if (!json.ok()) return bad_request(base::kErrBadManifest, json.status().message());
  auto manifest = module::manifest_from_json(*json);
  if (!manifest.ok()) return manifest.status();
  const Status valid = module::validate_manifest(*manifest);
  if (!valid.ok()) return valid;
  return std::make_shared<const module::Manifest>(std::move(manifest).value());
}

// The bundle's files, all of them held unless nothing is to be registered.
base::Result<std::vector<engine::BundleFile>> bundle_files(Backend& backend,
                                                           const v1::ModuleSpec& spec,
                                                           const std::string& pipeline,
                                                           bool dry_run) {
  if (spec.files_size() < 1 || spec.files_size() > kFilesPerModuleMax) {
    return bad_request(base::kErrBadManifest,
                       "module '" + pipeline + "' has " + std::to_string(spec.files_size()) +
                           " files; 1 to " + std::to_string(kFilesPerModuleMax) + " are possible");
  }
  std::vector<engine::BundleFile> files;
  std::unordered_set<std::string> paths;
  for (const v1::ModuleFile& entry : spec.files()) {
    auto file = from_proto(entry);
    if (!file.ok()) return file.status();
    if (!paths.insert(file->path).second) {
      return bad_request(base::kErrBadManifest,
                         "module '" + pipeline + "' names the file '" + file->path + "' twice");
    }
    if (!dry_run && !backend.modules.contains(file->digest)) {
      return Status(base::Code::kFailedPrecondition, base::kErrModuleMissing,
                    "the file '" + file->path + "' of module '" + pipeline +
                        "' was not uploaded; ask FindMissingFiles, then send it with UploadFile");
    }
    files.push_back(std::move(file).value());
  }
  if (!files.front().executable) {
    return bad_request(base::kErrNotExecutable, "the first file of module '" + pipeline +
                                                    "' must be its executable; '" +
                                                    files.front().path + "' is not executable");
  }
  return files;
}

base::Result<engine::ModuleUpload> module_upload(Backend& backend, const v1::ModuleSpec& spec,
                                                 bool dry_run) {
  auto manifest = parse_manifest(spec.manifest_json());
  if (!manifest.ok()) return manifest.status();
  auto files = bundle_files(backend, spec, (*manifest)->pipeline, dry_run);
  if (!files.ok()) return files.status();
  module::PlatformNeeds needs;
  needs.pipeline = (*manifest)->pipeline;
  needs.libraries.assign(spec.needed_libraries().begin(), spec.needed_libraries().end());
  needs.glibc = spec.glibc();
  needs.architecture = spec.architecture();
  const Status fits = module::check_platforms(needs, backend.sessions.platforms());
  if (!fits.ok()) return fits;
  std::vector<module::BundleEntry> entries;
  for (const engine::BundleFile& file : *files) {
    entries.push_back({file.path, file.digest, file.executable});
  }
  engine::ModuleUpload upload;
  upload.digest = module::bundle_digest(entries);
  upload.manifest_json = spec.manifest_json();
  upload.manifest = std::move(manifest).value();
  upload.files = std::move(files).value();
  return upload;
}

Status add_zone(Backend& backend, const std::string& name, const std::string& whose,
                engine::Zones& zones) {
  if (zones.contains(name)) return {};
  auto zone = backend.zones.get(name);
  if (!zone.ok()) {
    return Status(zone.status().code(), zone.status().error(),
                  whose + ": " + zone.status().message());
  }
  zones.emplace(name, std::move(zone).value());
  return {};
}

// Those that the module's schedules and policies name; the engine reads none itself.
Status add_zones(Backend& backend, const module::Manifest& manifest, engine::Zones& zones) {
  for (const module::ScheduleSpec& schedule : manifest.schedules) {
    const std::string whose =
        "schedule '" + schedule.name + "' of pipeline '" + manifest.pipeline + "'";
    if (Status known = add_zone(backend, schedule.zone, whose, zones); !known.ok()) return known;
  }
  for (const module::FreshnessSpec& policy : manifest.freshness) {
    if (policy.kind != module::FreshnessKind::kBy) continue;
    const std::string whose = "freshness of '" + policy.asset + "'";
    if (Status known = add_zone(backend, policy.zone, whose, zones); !known.ok()) return known;
  }
  return {};
}

// Channels that the module's rules tell. Where the operator has configured some, another is a
// mistake; where there are none nobody is to be told, as on the machine of whoever writes the
// pipeline or in its tests, and it is a warning.
Status check_channels(const Backend& backend, const module::Manifest& manifest,
                      std::vector<std::string>& warnings) {
  const std::vector<std::string>& known = backend.options.alert_channels;
  std::set<std::string> unknown;
  for (const module::AlertSpec& alert : manifest.alerts) {
    const bool there = alert.channel.empty() ||
                       std::find(known.begin(), known.end(), alert.channel) != known.end();
    if (there) continue;
    if (!known.empty()) {
      return {base::Code::kFailedPrecondition, base::kErrUnknownAlert,
              "alert rule '" + manifest.pipeline + "/" + alert.name +
                  "': " + unknown_channel(backend, alert.channel) +
                  " Change it in the pipeline, or add it there and start the scheduler again."};
    }
    unknown.insert(alert.channel);
  }
  for (const std::string& channel : unknown) {
    warnings.push_back("alert rules of pipeline '" + manifest.pipeline + "' tell channel '" +
                       channel +
                       "', and this scheduler has no channels: their alerts are recorded and "
                       "nobody is told. Channels are in the file of --alerts-config");
  }
  return {};
}

base::Result<CommandBody> register_command(Backend& backend,
                                           const v1::RegisterModulesRequest& request,
                                           std::vector<std::string>& warnings) {
  auto info = request_info(request.idempotency_key(), request_hash(request));
  if (!info.ok()) return info.status();
  if (request.modules_size() < 1 || request.modules_size() > kModulesPerRequestMax) {
    return bad_request(base::kErrLimit, "1 to " + std::to_string(kModulesPerRequestMax) +
                                            " modules can be registered at once");
  }
  engine::RegisterModules command;
  command.request = std::move(info).value();
  command.allow_breaking = request.allow_breaking();
  command.dry_run = request.dry_run();
  for (const v1::ModuleSpec& spec : request.modules()) {
    auto upload = module_upload(backend, spec, request.dry_run());
    if (!upload.ok()) return upload.status();
    const Status known = add_zones(backend, *upload->manifest, command.zones);
    if (!known.ok()) return known;
    const Status told = check_channels(backend, *upload->manifest, warnings);
    if (!told.ok()) return told;
    command.modules.push_back(std::move(upload).value());
  }
  return CommandBody(std::move(command));
}

Status list_modules(Backend& backend, const v1::ListModulesRequest& request,
                    v1::ListModulesResponse* response) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kSmallPageDefault, kSmallPageMax);
  if (!page.ok()) return page.status();
  return fill_rows(
      *page, response, response->mutable_modules(),
      [&](const ports::PageRequest& part) { return backend.reader.list_modules(part); },
      [&](const engine::ModuleRow& row, v1::Module* out) {
        const auto manifest = backend.catalog.manifest(row.digest);
        if (!manifest.ok()) return manifest.status();
        to_proto(row, **manifest, out);
        return Status();
      });
}

// Jobs of the active modules in order of their names; the token is the last name of the page
// before.
Status list_jobs(Backend& backend, const v1::ListJobsRequest& request,
                 v1::ListJobsResponse* response) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kLargePageDefault, kLargePageMax);
  if (!page.ok()) return page.status();
  const auto definitions = backend.catalog.definitions();
  if (!definitions.ok()) return definitions.status();
  std::map<std::string, const module::JobSpec*> jobs;
  for (const auto& manifest : (*definitions)->manifests) {
    for (const module::JobSpec& job : manifest->jobs) {
      jobs.emplace(manifest->pipeline + "/" + job.name, &job);
    }
  }
  PageBytes bytes;
  for (auto job = jobs.upper_bound(page->after); job != jobs.end(); ++job) {
    v1::Job out;
    out.set_name(job->first);
    out.set_selection(job->second->selection);
    out.set_priority(job->second->priority);
    bytes.add(out);
    if (response->jobs_size() == page->size || bytes.over()) {
      response->set_next_page_token(response->jobs(response->jobs_size() - 1).name());
      break;
    }
    *response->add_jobs() = std::move(out);
  }
  return {};
}

class ModuleServiceImpl final : public v1::ModuleService::CallbackService {
 public:
  explicit ModuleServiceImpl(Backend& backend) : backend_(backend) {}

  ServerUnaryReactor* FindMissingFiles(CallbackServerContext* context,
                                       const v1::FindMissingFilesRequest* request,
                                       v1::FindMissingFilesResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return find_missing(backend_, *request, response); });
  }

  grpc::ServerReadReactor<v1::UploadFileRequest>* UploadFile(CallbackServerContext*,
                                                             v1::UploadFileResponse*) override {
    return Upload<v1::UploadFileRequest>::start(backend_, std::make_unique<FileSink>(backend_));
  }

  ServerUnaryReactor* RegisterModules(CallbackServerContext* context,
                                      const v1::RegisterModulesRequest* request,
                                      v1::RegisterModulesResponse* response) override {
    // One after the other: the answer follows what was prepared.
    const auto warnings = std::make_shared<std::vector<std::string>>();
    const auto prepare = [this, request, warnings] {
      return register_command(backend_, *request, *warnings);
    };
    const auto on_success = [this, request, response, warnings](const engine::Reply& reply) {
      if (!request->dry_run()) backend_.catalog.invalidate();
      for (const std::string& warning : *warnings) response->add_warnings(warning);
      if (backend_.sessions.platforms().empty()) {
        response->add_warnings(
            "no worker is connected, so nothing says yet whether the module can start there");
      }
      for (const auto& change : std::get<std::vector<engine::ModuleChange>>(reply.payload)) {
        to_proto(change, response->add_changes());
      }
      return Status();
    };
    return serve_prepared(backend_, context, prepare, on_success);
  }

  ServerUnaryReactor* ListModules(CallbackServerContext* context,
                                  const v1::ListModulesRequest* request,
                                  v1::ListModulesResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_modules(backend_, *request, response); });
  }

  ServerUnaryReactor* ListJobs(CallbackServerContext* context, const v1::ListJobsRequest* request,
                               v1::ListJobsResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_jobs(backend_, *request, response); });
  }

 private:
  Backend& backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_module_service(Backend& backend) {
  return std::make_unique<ModuleServiceImpl>(backend);
}

}  // namespace weir::rpc
