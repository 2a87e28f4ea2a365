// The file system side of artifacts. Every step that can fail says which path and why; what a
// failed write leaves in tmp/ is removed again. Nothing here keeps state, and nothing that was
// published is ever changed.
#include "sdk/src/artifact_files.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <vector>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/private_files.h"
#include "module/bundle.h"

namespace weir::sdk_impl {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Digest;
using base::Result;
using base::Status;

constexpr std::size_t kBufferBytes = 256u << 10;
constexpr std::size_t kTreeFilesMax = 100'000;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

Status file_error(std::string_view what, const fs::path& path) {
  const int number = errno;
  std::string message = std::string(what) + " '" + path.string() + "': " + std::strerror(number);
  if (number == ENOSPC || number == EDQUOT) {
    return Status(Code::kResourceExhausted, base::kErrDiskFull, message + "; free some space");
  }
  if (number == ENOENT) return Status(Code::kNotFound, base::kErrArtifactMissing, message);
  return Status(Code::kUnavailable, base::kErrStore, message);
}

Status sync_directory(const fs::path& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok() || ::fsync(directory.get()) != 0) {
    return file_error("cannot sync the directory", path);
  }
  return {};
}

Status make_directory(const fs::path& path) {
  const std::error_code error = base::make_private_directories(path.string());
  if (!error) return {};
  errno = error.value();
  return file_error("cannot create the directory", path);
}

// A name in tmp/ that no other writer has: the directory may be shared by many processes.
fs::path temporary_path(const fs::path& artifact_dir) {
  static std::atomic<std::uint64_t> count{0};
  return artifact_dir / "tmp" /
         (std::to_string(::getpid()) + "-" + std::to_string(count.fetch_add(1)));
}

// Removes what was written unless it was moved to its place.
class Temporary {
 public:
  explicit Temporary(fs::path path) : path_(std::move(path)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (kept_) return;
    std::error_code ignored;  // a leftover in tmp/ is swept by its owner
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  fs::path path_;
  bool kept_ = false;
};

Status write_all(int fd, std::string_view data, const fs::path& path) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("cannot write", path);
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Calls `take` with the file's bytes, piece by piece.
Status read_all(const fs::path& path, const std::function<Status(std::string_view)>& take) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return file_error("cannot open", path);
  std::vector<char> buffer(kBufferBytes);
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("cannot read", path);
    if (got == 0) return {};
    if (Status status = take({buffer.data(), static_cast<std::size_t>(got)}); !status.ok()) {
      return status;
    }
  }
}

Result<Digest> hash_file(const fs::path& path) {
  base::Sha256 hash;
  Status status = read_all(path, [&](std::string_view data) {
    hash.update(data);
    return Status();
  });
  if (!status.ok()) return status;
  return hash.finish();
}

using Source = std::function<Status(const std::function<Status(std::string_view)>&)>;

struct Written {
  Digest digest;
  std::int64_t size = 0;
};

Result<Written> write_file(const fs::path& path, mode_t mode, const Source& source, Sync sync) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.ok()) return file_error("cannot create", path);
  base::Sha256 hash;
  Written out;
  Status status = source([&](std::string_view data) {
    hash.update(data);
    out.size += static_cast<std::int64_t>(data.size());
    return write_all(file.get(), data, path);
  });
  if (!status.ok()) return status;
  if (::fchmod(file.get(), mode) != 0) return file_error("cannot protect", path);
  if (sync == Sync::kDurable && ::fsync(file.get()) != 0) return file_error("cannot sync", path);
  out.digest = hash.finish();
  return out;
}

// What is there already and is no longer what its digest says gives up its name.
Status set_aside_damaged(const fs::path& artifact_dir, const fs::path& path, const Digest& digest) {
  const Status verdict = verify_tree(path, digest);
  if (verdict.ok() || verdict.code() == Code::kNotFound) return {};
  const bool damaged =
      verdict.code() == Code::kDataLoss || verdict.code() == Code::kInvalidArgument;  // a link
  if (!damaged) return verdict;
  const fs::path folder = artifact_dir / "damaged";
  if (Status status = make_directory(folder); !status.ok()) return status;
  const fs::path target =
      folder / (digest.hex() + "-" + temporary_path(artifact_dir).filename().string());
  if (::rename(path.c_str(), target.c_str()) == 0 || errno == ENOENT) return {};
  return file_error("cannot set aside the damaged artifact", path);
}

// Moves a finished temporary to the place of its digest. A file takes the place of one that is
// there; a tree cannot, and leaves it when it is sound.
Result<StoredFile> publish(const fs::path& artifact_dir, Temporary& temporary, Written written,
                           Sync sync) {
  StoredFile out{written.digest, written.size,
                 base::blob_path(artifact_dir.native(), written.digest)};
  const fs::path folder = out.path.parent_path();
  if (Status status = make_directory(folder); !status.ok()) return status;
  bool moved = ::rename(temporary.path().c_str(), out.path.c_str()) == 0;
  if (!moved && (errno == EEXIST || errno == ENOTEMPTY)) {
    Status aside = set_aside_damaged(artifact_dir, out.path, written.digest);
    if (!aside.ok()) return aside;
    moved = ::rename(temporary.path().c_str(), out.path.c_str()) == 0;
  }
  if (moved) {
    temporary.keep();
  } else if (errno != EEXIST && errno != ENOTEMPTY) {
    return file_error("cannot move the artifact to", out.path);
  }
  if (sync == Sync::kQuick) return out;
  // All levels: another writer may have made a folder and not have synced it yet. Clean ones cost
  // nothing.
  for (const fs::path& level : {folder, folder.parent_path(), artifact_dir}) {
    if (Status status = sync_directory(level); !status.ok()) return status;
  }
  return out;
}

Result<StoredFile> store_stream(const fs::path& artifact_dir, const Source& source, Sync sync) {
  if (Status status = make_directory(artifact_dir / "tmp"); !status.ok()) return status;
  Temporary temporary(temporary_path(artifact_dir));
  auto written = write_file(temporary.path(), 0400, source, sync);
  if (!written.ok()) return written.status();
  return publish(artifact_dir, temporary, *written, sync);
}

Status not_a_file(const fs::path& path) {
  return Status(Code::kInvalidArgument, base::kErrCodec,
                "'" + path.string() +
                    "' is not a regular file or folder; links, sockets and "
                    "devices cannot be stored");
}

struct TreeEntry {
  fs::path absolute;
  std::string relative;
  bool executable = false;
};

Result<std::vector<TreeEntry>> list_tree(const fs::path& root) {
  std::error_code error;
  std::vector<TreeEntry> out;
  auto at = fs::recursive_directory_iterator(root, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const fs::file_status status = at->symlink_status(error);
    if (error) break;
    if (fs::is_directory(status)) continue;
    if (!fs::is_regular_file(status)) return not_a_file(at->path());
    if (out.size() >= kTreeFilesMax) {
      return Status(Code::kInvalidArgument, base::kErrLimit,
                    "the tree '" + root.string() + "' has more than " +
                        std::to_string(kTreeFilesMax) + " files; store an archive instead");
    }
    const bool executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
    out.push_back({at->path(), at->path().lexically_relative(root).generic_string(), executable});
  }
  if (error) {
    errno = error.value();
    return file_error("cannot read the tree", root);
  }
  std::sort(out.begin(), out.end(),
            [](const TreeEntry& a, const TreeEntry& b) { return a.relative < b.relative; });
  return out;
}

// The files are durable before their folders are, and those before the tree gets its name.
Status sync_tree(const fs::path& root) {
  std::vector<fs::path> folders{root};
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  for (const fs::path& folder : folders) {
    if (Status status = sync_directory(folder); !status.ok()) return status;
  }
  return {};
}

Status altered(const fs::path& path, const Digest& expected, const Digest& found) {
  return Status(Code::kDataLoss, base::kErrArtifactCorrupt,
                "the bytes of the artifact '" + path.string() +
                    "' have changed on disk: expected " + expected.hex() + ", found " +
                    found.hex() + "; materialize the asset again, and check the disk");
}

}  // namespace

Result<StoredFile> store_bytes(const fs::path& artifact_dir, std::string_view bytes, Sync sync) {
  return store_stream(
      artifact_dir, [&](const auto& take) { return take(bytes); }, sync);
}

Result<StoredFile> store_file(const fs::path& artifact_dir, const fs::path& source, Sync sync) {
  std::error_code error;
  const fs::file_status status = fs::status(source, error);
  if (!fs::exists(status)) {
    return Status(Code::kInvalidArgument, base::kErrCodec,
                  "the stage returned the file '" + source.string() + "', which does not exist");
  }
  if (!fs::is_regular_file(status)) return not_a_file(source);
  return store_stream(
      artifact_dir, [&](const auto& take) { return read_all(source, take); }, sync);
}

Result<StoredFile> store_tree(const fs::path& artifact_dir, const fs::path& source, Sync sync) {
  std::error_code error;
  if (!fs::is_directory(source, error)) {
    return Status(Code::kInvalidArgument, base::kErrCodec,
                  "the stage returned the tree '" + source.string() + "', which is not a folder");
  }
  auto entries = list_tree(source);
  if (!entries.ok()) return entries.status();
  Temporary temporary(temporary_path(artifact_dir));
  if (Status status = make_directory(temporary.path()); !status.ok()) return status;
  std::vector<module::BundleEntry> lines;
  Written total;
  for (const TreeEntry& entry : *entries) {
    const fs::path target = temporary.path() / entry.relative;
    if (Status status = make_directory(target.parent_path()); !status.ok()) return status;
    const mode_t mode = entry.executable ? 0500 : 0400;
    auto written = write_file(
        target, mode, [&](const auto& take) { return read_all(entry.absolute, take); }, sync);
    if (!written.ok()) return written.status();
    lines.push_back({entry.relative, written->digest, entry.executable});
    total.size += written->size;
  }
  total.digest = module::bundle_digest(lines);
  if (sync == Sync::kDurable) {
    if (Status status = sync_tree(temporary.path()); !status.ok()) return status;
  }
  return publish(artifact_dir, temporary, total, sync);
}

Result<std::string> read_artifact(const fs::path& path, const Digest& digest) {
  std::string bytes;
  std::error_code error;
  if (const auto size = fs::file_size(path, error); !error) bytes.reserve(size);
  Status status = read_all(path, [&](std::string_view data) {
    bytes += data;
    return Status();
  });
  if (!status.ok()) return status;
  if (const Digest found = base::sha256(bytes); found != digest)
    return altered(path, digest, found);
  return bytes;
}

Status verify_file(const fs::path& path, const Digest& digest) {
  const auto found = hash_file(path);
  if (!found.ok()) return found.status();
  return *found == digest ? Status() : altered(path, digest, *found);
}

Status verify_tree(const fs::path& path, const Digest& digest) {
  auto entries = list_tree(path);
  if (!entries.ok()) return entries.status();
  std::vector<module::BundleEntry> lines;
  for (const TreeEntry& entry : *entries) {
    const auto found = hash_file(entry.absolute);
    if (!found.ok()) return found.status();
    lines.push_back({entry.relative, *found, entry.executable});
  }
  const Digest found = module::bundle_digest(lines);
  return found == digest ? Status() : altered(path, digest, found);
}

}  // namespace weir::sdk_impl
