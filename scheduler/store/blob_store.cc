// Looking up, listing and verifying blobs: see blob_store.h; writing them stands in blob_writer.cc.
// Safe from any thread: the only state in memory is a bounded set of digests known to be held. A
// link inside a tree is reported as damage, never followed.
#include "scheduler/store/blob_store.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/sha256.h"
#include "module/bundle.h"
#include "scheduler/store/blob_writer.h"
#include "scheduler/store/file.h"

namespace weir::store {

namespace fs = std::filesystem;
using base::Code;
using base::Digest;
using base::Result;
using base::Status;
using ports::BlobFile;

namespace {

constexpr auto kForeignTemporaryAge = std::chrono::hours(24);
constexpr std::string_view kOwnPrefix = "scheduler-";  // of our own temporary files

Status missing(const Digest& digest) {
  return {Code::kNotFound, base::kErrArtifactMissing,
          "the bytes of artifact " + digest.hex() + " are not held here; recompute the asset"};
}

Status corrupt(const Digest& digest, const std::string& what) {
  return {Code::kDataLoss, base::kErrArtifactCorrupt,
          "artifact " + digest.hex() + " is damaged: " + what + "; recompute the asset"};
}

Status list_tree(const Digest& digest, const fs::path& root, std::vector<BlobFile>& out) {
  std::error_code error;
  fs::recursive_directory_iterator it(root, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    struct stat info {};
    const std::string absolute = it->path().string();
    if (lstat(absolute.c_str(), &info) != 0) return errno_status(errno, "looking at", absolute);
    if (S_ISDIR(info.st_mode)) continue;
    const std::string path = it->path().lexically_relative(root).generic_string();
    // A link could lead out of the store; no writer of ours makes one.
    if (!S_ISREG(info.st_mode)) return corrupt(digest, path + " is not a plain file");
    out.push_back({path, absolute, info.st_size, (info.st_mode & S_IXUSR) != 0});
  }
  if (error) return errno_status(error.value(), "listing", root.string());
  std::sort(out.begin(), out.end(),
            [](const BlobFile& a, const BlobFile& b) { return a.path < b.path; });
  return {};
}

Result<Digest> hash_file(const std::string& path) {
  Result<Fd> fd = open_file(path, O_RDONLY | O_NOFOLLOW);
  if (!fd.ok()) return fd.status();
  base::Sha256 hash;
  for (std::int64_t offset = 0;;) {
    Result<std::string> chunk = read_at(fd->get(), offset, ports::kChunkBytes, path);
    if (!chunk.ok()) return chunk.status();
    if (chunk->empty()) return hash.finish();
    hash.update(*chunk);
    offset += static_cast<std::int64_t>(chunk->size());
  }
}

}  // namespace

std::string tree_path_problem(std::string_view path) {
  if (path.empty()) return "is empty";
  if (path.size() > kTreePathBytesMax) return "is too long";
  if (path.find('\0') != std::string_view::npos) return "holds a NUL";
  if (path.front() == '/') return "is not relative";
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment.empty()) return "has an empty segment";
    if (segment == "." || segment == "..") return "leaves its tree or is not plain";
    if (segment.size() > 255) return "has a segment that is too long";
    if (slash == std::string_view::npos) return "";
    path.remove_prefix(slash + 1);
  }
}

DiskBlobStore::DiskBlobStore(Private, std::string root, const DiskGuard* guard, BlobOrigin origin)
    : root_(std::move(root)), guard_(guard), origin_(origin) {}

Result<std::unique_ptr<DiskBlobStore>> DiskBlobStore::open(const std::string& root,
                                                           const DiskGuard* guard,
                                                           BlobOrigin origin) {
  auto store = std::make_unique<DiskBlobStore>(Private{}, root, guard, origin);
  for (const char* name : {"/sha256", "/tmp"}) {
    if (Status status = make_directories(root + name); !status.ok()) return status;
  }
  if (Status status = store->clean_temporary(); !status.ok()) return status;
  return store;
}

Status DiskBlobStore::clean_temporary() const {
  std::error_code error;
  const auto now = fs::file_time_type::clock::now();
  for (const fs::directory_entry& entry : fs::directory_iterator(root_ + "/tmp", error)) {
    const bool ours = entry.path().filename().string().starts_with(kOwnPrefix);
    std::error_code gone;  // an executor may rename its file while we look
    const auto written = entry.last_write_time(gone);
    if (gone || (!ours && now - written < kForeignTemporaryAge)) continue;
    fs::remove_all(entry.path(), gone);
  }
  if (error) return errno_status(error.value(), "listing", root_ + "/tmp");
  return {};
}

std::string DiskBlobStore::path_of(const Digest& digest) const {
  return base::blob_path(root_, digest);
}

Status DiskBlobStore::admit(std::int64_t size) const {
  if (guard_ == nullptr) return {};
  return origin_ == BlobOrigin::kNewWork ? guard_->admit(size) : guard_->admit_finished(size);
}

Result<std::unique_ptr<ports::BlobWriter>> DiskBlobStore::create(const Digest& digest,
                                                                 engine::ArtifactKind kind,
                                                                 std::int64_t size) {
  static std::atomic<std::uint64_t> counter{0};
  if (kind == engine::ArtifactKind::kExternal) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  "artifact " + digest.hex() + " is external: it has no bytes to store");
  }
  if (Status status = admit(std::max<std::int64_t>(size, 0)); !status.ok()) return status;
  const std::string temporary = root_ + "/tmp/" + std::string(kOwnPrefix) +
                                std::to_string(getpid()) + "-" +
                                std::to_string(counter.fetch_add(1));
  auto writer = std::make_unique<DiskBlobWriter>(*this, digest, kind, size, temporary);
  if (Status status = writer->open(); !status.ok()) return status;
  return std::unique_ptr<ports::BlobWriter>(std::move(writer));
}

bool DiskBlobStore::contains(const Digest& digest) {
  {
    const std::lock_guard lock(mutex_);
    if (known_.contains(digest)) return true;
  }
  struct stat info {};
  if (lstat(path_of(digest).c_str(), &info) != 0) return false;
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return false;
  remember(digest);
  return true;
}

Result<std::vector<BlobFile>> DiskBlobStore::files(const Digest& digest) {
  const std::string path = path_of(digest);
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return errno_status(errno, "looking at", path);
    forget(digest);
    return missing(digest);
  }
  std::vector<BlobFile> out;
  if (S_ISREG(info.st_mode)) {
    out.push_back({"", path, info.st_size, (info.st_mode & S_IXUSR) != 0});
    return out;
  }
  if (!S_ISDIR(info.st_mode)) return corrupt(digest, "it is neither a file nor a directory");
  if (Status status = list_tree(digest, path, out); !status.ok()) return status;
  return out;
}

Status DiskBlobStore::verify(const Digest& digest) {
  Result<std::vector<BlobFile>> listed = files(digest);
  if (!listed.ok()) return listed.status();
  std::vector<module::BundleEntry> entries;
  Digest found;
  for (const BlobFile& file : *listed) {
    Result<Digest> hash = hash_file(file.absolute_path);
    if (!hash.ok()) return hash.status();
    found = *hash;
    entries.push_back({file.path, *hash, file.executable});
  }
  const bool plain = listed->size() == 1 && listed->front().path.empty();
  if (!plain) found = module::bundle_digest(entries);
  if (found == digest) return {};
  return corrupt(digest, "its bytes have the digest " + found.hex());
}

Status DiskBlobStore::set_aside_damaged(const Digest& digest) {
  static std::atomic<std::uint64_t> counter{0};
  const Status found = verify(digest);
  if (found.ok() || found.code() == Code::kNotFound) return {};
  if (found.code() != Code::kDataLoss) return found;
  const std::string folder = root_ + "/damaged";
  if (Status status = make_directories(folder); !status.ok()) return status;
  const std::string path = path_of(digest);
  const std::string target = folder + "/" + digest.hex() + "-" + std::to_string(getpid()) + "-" +
                             std::to_string(counter.fetch_add(1));
  forget(digest);
  if (rename(path.c_str(), target.c_str()) != 0 && errno != ENOENT) {
    return errno_status(errno, "setting aside", path);
  }
  return {};
}

void DiskBlobStore::remember(const Digest& digest) {
  const std::lock_guard lock(mutex_);
  if (!known_.insert(digest).second) return;
  known_order_.push_back(digest);
  if (known_order_.size() <= kKnownBlobsMax) return;
  known_.erase(known_order_.front());
  known_order_.pop_front();
}

void DiskBlobStore::forget(const Digest& digest) {
  const std::lock_guard lock(mutex_);
  if (known_.erase(digest) == 0) return;
  known_order_.erase(std::find(known_order_.begin(), known_order_.end(), digest));
}

}  // namespace weir::store
