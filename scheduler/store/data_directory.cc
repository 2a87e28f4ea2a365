// Layout, lock and token of the data directory: see data_directory.h. open() runs once, at the
// start, on the thread that opens the storage. The lock is a flock that ends with its process, so
// that none is ever stale; who does not get it must leave what lies there alone. The directory is
// this user's alone.
#include "scheduler/store/data_directory.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include "base/errors.h"
#include "base/private_files.h"
#include "base/text.h"

namespace weir::store {

using base::Code;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::int64_t kSmallFileBytesMax = 4096;

struct NetworkFileSystem {
  std::uint64_t magic;
  const char* name;
};
// From the manual page of statfs(2).
constexpr std::array<NetworkFileSystem, 12> kNetworkFileSystems{{
    {0x6969, "NFS"},
    {0x517b, "SMB"},
    {0xff534d42, "CIFS"},
    {0xfe534d42, "SMB2"},
    {0x5346414f, "AFS"},
    {0x73757245, "Coda"},
    {0x00c36400, "Ceph"},
    {0x01021997, "9P"},
    {0x0bd00bd0, "Lustre"},
    {0x47504653, "GPFS"},
    {0x7461636f, "OCFS2"},
    {0x01161970, "GFS2"},
}};

Status busy(const std::string& path, const std::string& pid) {
  return {Code::kFailedPrecondition, base::kErrDataDirBusy,
          "the data directory " + path + " is in use by process " +
              (pid.empty() ? "unknown" : pid) +
              "; stop that scheduler or start with another --data"};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Whatever kept us from writing, the answer to "where" is the data directory.
Status unwritable(const std::string& path, const Status& cause) {
  if (cause.code() == Code::kResourceExhausted) return cause;
  return {Code::kPermissionDenied, base::kErrDataDirUnwritable,
          "cannot keep data in " + path + " (" + cause.message() +
              "); name a directory that this user can write, or one that can be made, with --data"};
}

// Says what was closed to others: they may have read it.
Status claimed(const Result<bool>& open_before, const std::string& path) {
  if (!open_before.ok()) return open_before.status();
  if (*open_before) {
    spdlog::warn("closed path={}: others could read or write it, now only this user can", path);
  }
  return {};
}

}  // namespace

const char* network_file_system(std::uint64_t magic) {
  for (const NetworkFileSystem& known : kNetworkFileSystems) {
    if (known.magic == magic) return known.name;
  }
  return nullptr;
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const std::string& path) {
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(path, error).lexically_normal().string();
  auto directory = std::make_unique<DataDirectory>(Private{}, error ? path : absolute);
  if (directory->path_.size() > 1 && directory->path_.back() == '/') directory->path_.pop_back();
  if (Status status = make_directories(directory->path_); !status.ok())
    return unwritable(directory->path_, status);
  if (Status status = directory->check_file_system(); !status.ok()) return status;
  if (Status status = claimed(base::claim_directory(directory->path_), directory->path_);
      !status.ok()) {
    return status;
  }
  if (Status status = directory->take_lock(); !status.ok()) return status;
  for (const std::string& made :
       {directory->artifacts(), directory->modules(), directory->logs()}) {
    if (Status status = make_directories(made); !status.ok())
      return unwritable(directory->path_, status);
    if (Status status = claimed(base::claim_directory(made), made); !status.ok()) return status;
  }
  // SQLite gives the files beside the database the mode that it has.
  const std::string database = directory->database();
  if (Status status = claimed(base::claim_file(database), database); !status.ok()) return status;
  if (Status status = directory->make_token(); !status.ok()) return status;
  return directory;
}

Status DataDirectory::check_file_system() const {
  struct statfs info {};
  if (statfs(path_.c_str(), &info) != 0) return errno_status(errno, "looking at", path_);
  // Some magic numbers have the highest bit of 32 set, which the signed field extends.
  const auto magic = static_cast<std::uint64_t>(info.f_type) & 0xffffffffu;
  const char* name = network_file_system(magic);
  if (name == nullptr) return {};
  return {Code::kFailedPrecondition, base::kErrNetworkFileSystem,
          "the data directory " + path_ + " lies on a network file system (" + name +
              "), where the database could be damaged; use a local disk"};
}

Status DataDirectory::take_lock() {
  const std::string path = path_ + "/lock";
  Result<Fd> fd = open_file(path, O_RDWR | O_CREAT, 0600);
  if (!fd.ok()) return unwritable(path_, fd.status());
  if (flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return errno_status(errno, "locking", path);
    Result<std::string> holder = read_at(fd->get(), 0, kSmallFileBytesMax, path);
    return busy(path_, holder.ok() ? first_line(*holder) : std::string());
  }
  if (ftruncate(fd->get(), 0) != 0) return errno_status(errno, "truncating", path);
  const std::string pid = std::to_string(getpid()) + "\n";
  if (Status status = write_at(fd->get(), 0, pid, path); !status.ok()) {
    return unwritable(path_, status);
  }
  lock_ = std::move(fd).value();
  return {};
}

Status DataDirectory::make_token() {
  const std::string path = token_file();
  Result<std::string> found = read_whole(path, kSmallFileBytesMax);
  if (found.ok() && first_line(*found).size() == 2 * kTokenBytes) {
    token_ = first_line(*found);
    // A copy or a restore may have widened it.
    if (chmod(path.c_str(), 0600) != 0) return errno_status(errno, "protecting", path);
    return {};
  }
  if (!found.ok() && found.status().code() != Code::kNotFound) return found.status();
  std::array<char, kTokenBytes> random{};
  if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    return errno_status(errno, "drawing random bytes for", path);
  }
  token_ = base::hex({random.data(), random.size()});
  return replace_file(path, token_ + "\n", 0600);
}

Status DataDirectory::publish_generation(std::uint64_t generation) const {
  return replace_file(artifacts() + "/store_generation", std::to_string(generation) + "\n", 0600);
}

}  // namespace weir::store
