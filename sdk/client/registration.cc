// Find missing, upload, register: in this order, so that a registration never names files that the
// scheduler does not hold. A dry run uploads nothing.
// Blocking; any thread.
#include "sdk/client/registration.h"

#include <map>
#include <set>

#include "sdk/client/api.h"

namespace weir::client {
namespace {

using base::Result;
using base::Status;

constexpr int kDigestsPerRequestMax = 5000;

Result<std::set<std::string>> find_missing(Api& api,
                                           const std::map<std::string, const ModuleFile*>& files) {
  std::set<std::string> missing;
  v1::FindMissingFilesRequest request;
  const auto ask = [&]() -> Status {
    const auto answer = api.find_missing_files(request);
    if (!answer.ok()) return answer.status();
    missing.insert(answer->digests().begin(), answer->digests().end());
    request.Clear();
    return {};
  };
  for (const auto& [digest, file] : files) {
    request.add_digests(digest);
    if (request.digests_size() < kDigestsPerRequestMax) continue;
    if (Status status = ask(); !status.ok()) return status;
  }
  if (request.digests_size() > 0) {
    if (Status status = ask(); !status.ok()) return status;
  }
  return missing;
}

Status upload_missing(Api& api, const std::vector<ModuleBundle>& bundles,
                      const RegistrationOptions& options) {
  std::map<std::string, const ModuleFile*> files;
  for (const ModuleBundle& bundle : bundles) {
    for (const ModuleFile& file : bundle.files) files.emplace(file.digest.hex(), &file);
  }
  const Result<std::set<std::string>> missing = find_missing(api, files);
  if (!missing.ok()) return missing.status();
  std::int64_t total = 0;
  std::int64_t before = 0;
  for (const auto& [digest, file] : files) total += missing->contains(digest) ? file->size : 0;
  for (const auto& [digest, file] : files) {
    if (!missing->contains(digest)) continue;
    const auto progress = [&options, &before, total, name = file->path](std::int64_t sent) {
      if (options.progress) options.progress(name, before + sent, total);
    };
    const Status status = api.upload_file(file->absolute, digest, file->size, progress);
    if (!status.ok()) {
      return Status(status.code(), status.error(),
                    "uploading '" + file->absolute + "': " + status.message());
    }
    before += file->size;
  }
  return {};
}

}  // namespace

Result<v1::RegisterModulesResponse> register_bundles(Api& api,
                                                     const std::vector<ModuleBundle>& bundles,
                                                     const RegistrationOptions& options) {
  if (!options.dry_run) {
    if (Status status = upload_missing(api, bundles, options); !status.ok()) return status;
  }
  v1::RegisterModulesRequest request;
  request.set_idempotency_key(key_or_new(options.idempotency_key));
  request.set_dry_run(options.dry_run);
  request.set_allow_breaking(options.allow_breaking);
  for (const ModuleBundle& bundle : bundles) {
    v1::ModuleSpec& spec = *request.add_modules();
    spec.set_manifest_json(bundle.manifest_json);
    for (const ModuleFile& file : bundle.files) {
      v1::ModuleFile& entry = *spec.add_files();
      entry.set_path(file.path);
      entry.set_digest(file.digest.hex());
      entry.set_size_bytes(file.size);
      entry.set_executable(file.executable);
    }
    for (const std::string& library : bundle.needed_libraries) spec.add_needed_libraries(library);
    spec.set_glibc(bundle.glibc);
    spec.set_architecture(bundle.architecture);
  }
  return api.register_modules(request);
}

}  // namespace weir::client
