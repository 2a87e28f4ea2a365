// Writing and reading content-addressed files in chunks: nothing is held in memory, every byte
// passes through the digest, and finish() returns only when the disk has them. Safe from any
// thread, one object each.
#include "worker/agent/blob_file.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/errors.h"

namespace weir::worker {

namespace fs = std::filesystem;
using base::Code;
using base::Digest;
using base::Status;

namespace {

constexpr std::size_t kReadBytes = 256u << 10;
constexpr std::size_t kTreeFilesMax = 1'000'000;

}  // namespace

bool safe_relative_path(std::string_view path) {
  if (path.empty() || path.find('\0') != path.npos) return false;
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

base::Result<Digest> file_digest(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return Status(Code::kNotFound, 0, "there is no file " + path);
  if (!file) return errno_status("cannot open", path, errno);
  const auto buffer = std::make_unique<char[]>(kReadBytes);
  base::Sha256 hash;
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer.get(), kReadBytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_status("cannot read", path, errno);
    if (n == 0) return hash.finish();
    hash.update(std::string_view(buffer.get(), std::size_t(n)));
  }
}

base::Result<BlobFile> BlobFile::create(const std::string& path, bool executable) {
  BlobFile out;
  out.path_ = path;
  const int mode = executable ? 0700 : 0600;
  out.file_ = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!out.file_) return errno_status("cannot create", path, errno);
  return out;
}

Status BlobFile::append(std::string_view bytes) {
  hash_.update(bytes);
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_status("cannot write", path_, errno);
    bytes.remove_prefix(std::size_t(n));
  }
  return {};
}

base::Result<Digest> BlobFile::finish() {
  if (::fsync(file_.get()) != 0) return errno_status("cannot sync", path_, errno);
  file_.reset();
  return hash_.finish();
}

base::Result<std::vector<TreeFile>> list_tree(const std::string& root) {
  std::vector<TreeFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, error), end; it != end; it.increment(error)) {
    if (error) break;
    if (it->is_directory(error) && !it->is_symlink(error)) continue;
    if (!it->is_regular_file(error) || it->is_symlink(error) || files.size() >= kTreeFilesMax) {
      return Status(Code::kInvalidArgument, base::kErrArtifactCorrupt,
                    it->path().string() + " is neither a file nor a folder, or there are too many");
    }
    const auto mode = it->status(error).permissions();
    files.push_back({fs::relative(it->path(), root, error).generic_string(), it->path().string(),
                     std::int64_t(it->file_size(error)),
                     (mode & fs::perms::owner_exec) != fs::perms::none});
  }
  if (error) return errno_status("cannot list", root, error.value());
  std::sort(files.begin(), files.end(),
            [](const TreeFile& a, const TreeFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace weir::worker
