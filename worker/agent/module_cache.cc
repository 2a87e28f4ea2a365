// A module is complete in a directory beside its place before it is renamed there, so a crash
// leaves no half of one. The list of files is kept as it came over the wire; the digest of the
// module is computed from it, so neither disk nor scheduler is trusted with more than the
// manifest's text.
#include "worker/agent/module_cache.h"

#include <filesystem>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/json.h"
#include "module/bundle.h"
#include "module/manifest.h"
#include "worker/agent/blob_file.h"
#include "worker/core/backoff.h"

namespace weir::worker {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Digest;
using base::Status;

constexpr int kFetchTries = 8;
constexpr std::size_t kListBytesMax = 64u << 20;

Status corrupt(const Digest& module, const std::string& why) {
  return Status(Code::kDataLoss, base::kErrFileDigest, "module " + module.hex() + ": " + why);
}

// What is kept beside the bundle: the list of files, as it came over the wire, manifest included.
std::string list_path(const std::string& place) { return place + "/files"; }
std::string bundle_path(const std::string& place, const std::string& path) {
  return place + "/bundle/" + path;
}

Status check_list(const Digest& module, const v1::FetchFileResponse& list) {
  if (list.files_size() == 0) return corrupt(module, "has no files");
  std::vector<module::BundleEntry> entries;
  for (const v1::ModuleFile& file : list.files()) {
    const auto digest = Digest::from_bytes(file.digest());
    if (!digest || !safe_relative_path(file.path()))
      return corrupt(module, "its list of files is malformed");
    entries.push_back({file.path(), *digest, file.executable()});
  }
  if (module::bundle_digest(entries) != module)
    return corrupt(module, "its list of files has another digest");
  return {};
}

}  // namespace

ModuleCache::ModuleCache(const Link& link, std::string directory, Mailbox& mailbox,
                         Watchdog& watchdog, std::optional<StageUser> reader)
    : link_(link),
      directory_(std::move(directory)),
      reader_(std::move(reader)),
      mailbox_(mailbox),
      watchdog_(watchdog),
      line_(link),
      thread_([this](std::stop_token stop) { work(stop); }) {}

ModuleCache::~ModuleCache() {
  thread_.request_stop();
  wake_.notify_all();
}

const LoadedModule* ModuleCache::find(const Digest& module) const {
  const auto found = loaded_.find(module);
  return found == loaded_.end() ? nullptr : &found->second;
}

void ModuleCache::suspect(const Digest& module) {
  if (loaded_.erase(module) > 0) suspects_[module] = true;
}

void ModuleCache::prepare(const Digest& module, Ready ready) {
  auto& waiting = waiting_[module];
  waiting.push_back(std::move(ready));
  if (waiting.size() > 1) return;
  const bool distrust = suspects_.erase(module) > 0;
  const std::lock_guard lock(mutex_);
  jobs_.push_back({module, distrust});
  wake_.notify_all();
}

void ModuleCache::work(std::stop_token stop) {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return !jobs_.empty(); })) return;
      job = jobs_.front();
      jobs_.pop_front();
    }
    auto result = std::make_shared<base::Result<LoadedModule>>(obtain(job, stop));
    mailbox_.post([this, module = job.module, result] {
      if (result->ok()) loaded_[module] = **result;
      const auto waiting = std::exchange(waiting_[module], {});
      waiting_.erase(module);
      for (const Ready& ready : waiting) ready(*result);
    });
  }
}

base::Result<LoadedModule> ModuleCache::obtain(const Job& job, std::stop_token stop) {
  if (!job.distrust || unchanged(job.module, stop)) {
    auto loaded = load(job.module);
    if (loaded.ok()) return loaded;
  }
  Backoff backoff;
  Status status;
  for (int i = 0; i < kFetchTries; ++i) {
    status = fetch(job.module, stop);
    if (status.ok()) return load(job.module);
    if (!passing(status) && status.code() != Code::kDataLoss) return status;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, backoff.next(0xffffffffu), [] { return false; });
    if (stop.stop_requested()) break;
  }
  return status;
}

// Whether the list on disk, the manifest with it, is what the scheduler has.
bool ModuleCache::unchanged(const Digest& module, std::stop_token stop) {
  v1::FetchFileResponse list;
  if (!fetch_list(module, list, stop).ok()) return false;
  const auto bytes = read_file(list_path(place_of(module)), kListBytesMax);
  return bytes.ok() && *bytes == list.SerializeAsString();
}

// What is on disk, if every byte of it is what was registered.
base::Result<LoadedModule> ModuleCache::load(const Digest& module) const {
  const std::string place = place_of(module);
  auto bytes = read_file(list_path(place), kListBytesMax);
  if (!bytes.ok()) return bytes.status();
  v1::FetchFileResponse list;
  if (!list.ParseFromString(*bytes)) return corrupt(module, "its list on disk cannot be read");
  if (Status status = check_list(module, list); !status.ok()) return status;
  if (reader_) {
    Status let = let_enter(place, *reader_);
    if (let.ok()) let = let_read(place + "/bundle", *reader_);
    if (!let.ok()) return let;
  }
  LoadedModule loaded;
  for (const v1::ModuleFile& file : list.files()) {
    auto stamp = stamp_file(bundle_path(place, file.path()));
    if (!stamp.ok()) return stamp.status();
    const auto digest = file_digest(stamp->path);
    if (!digest.ok()) return digest.status();
    loaded.files.push_back(std::move(stamp).value());
    if (digest->raw() != file.digest())
      return corrupt(module, file.path() + " was changed on disk");
  }
  loaded.executable = bundle_path(place, list.files(0).path());
  loaded.manifest_json = list.manifest_json();
  const auto json = base::Json::parse(loaded.manifest_json);
  if (!json.ok()) return json.status();
  const auto manifest = module::manifest_from_json(*json);
  if (!manifest.ok()) return manifest.status();
  for (const module::StageSpec& stage : manifest->stages)
    loaded.side_effects.push_back(stage.side_effects);
  return loaded;
}

Status ModuleCache::fetch_list(const Digest& module, v1::FetchFileResponse& list,
                               std::stop_token stop) {
  grpc::ClientContext context;
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  if (Status status = link_.authorize(context); !status.ok()) return status;
  v1::FetchFileRequest request;
  request.set_module(std::string(module.raw()));
  const auto stub = line_.stub();
  const auto reader = stub->FetchFile(&context, request);
  const bool got = reader->Read(&list);
  v1::FetchFileResponse rest;
  while (reader->Read(&rest)) {
  }
  const Status status = from_grpc(reader->Finish());
  if (!status.ok()) return status;
  return got ? check_list(module, list) : corrupt(module, "the scheduler sent no list of files");
}

Status ModuleCache::fetch_file(const Digest& module, const v1::ModuleFile& file,
                               const std::string& path, std::stop_token stop) {
  if (Status status = make_directories(fs::path(path).parent_path().string()); !status.ok())
    return status;
  auto out = BlobFile::create(path, file.executable());
  if (!out.ok()) return out.status();
  grpc::ClientContext context;
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  if (Status status = link_.authorize(context); !status.ok()) return status;
  v1::FetchFileRequest request;
  request.set_module(std::string(module.raw()));
  request.set_file(file.digest());
  const auto stub = line_.stub();
  const auto reader = stub->FetchFile(&context, request);
  v1::FetchFileResponse response;
  Status written;
  {
    Watchdog::Call call(watchdog_, [&context] { context.TryCancel(); });
    while (written.ok() && reader->Read(&response)) {
      call.moved();
      written = out->append(response.chunk());
    }
  }
  if (!written.ok()) context.TryCancel();
  const Status status = from_grpc(reader->Finish());
  if (!written.ok()) return written;
  if (!status.ok()) return status;
  const auto digest = out->finish();
  if (!digest.ok()) return digest.status();
  if (digest->raw() != file.digest())
    return corrupt(module, file.path() + " came with other bytes than registered");
  return {};
}

Status ModuleCache::fetch(const Digest& module, std::stop_token stop) {
  const std::string place = place_of(module);
  const std::string beside = place + ".tmp";
  std::error_code error;
  fs::remove_all(beside, error);
  v1::FetchFileResponse list;
  if (Status status = fetch_list(module, list, stop); !status.ok()) return status;
  for (const v1::ModuleFile& file : list.files()) {
    if (stop.stop_requested()) return Status(Code::kCanceled, 0, "the worker stops");
    const Status status = fetch_file(module, file, bundle_path(beside, file.path()), stop);
    if (!status.ok()) return status;
  }
  if (Status status = write_file_durably(list_path(beside), list.SerializeAsString(), 0600);
      !status.ok()) {
    return status;
  }
  fs::remove_all(place, error);
  fs::rename(beside, place, error);
  if (error) return errno_status("cannot rename", beside, error.value());
  return sync_directory(directory_);
}

}  // namespace weir::worker
