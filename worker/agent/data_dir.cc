// The lock is a flock on a file that holds nothing else: it goes with the process, however that
// ends. The id is made once and kept, so that the scheduler knows a worker again after a
// restart.
#include "worker/agent/data_dir.h"

#include <filesystem>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <spdlog/spdlog.h>

#include "base/errors.h"
#include "base/private_files.h"
#include "base/text.h"

namespace weir::worker {
namespace {

constexpr std::size_t kWorkerIdBytesMax = 200;

base::Result<std::string> load_or_make_id(const std::string& path) {
  auto read = read_file(path, kWorkerIdBytesMax);
  if (read.ok()) {
    std::string id = read->substr(0, read->find('\n'));
    if (!id.empty()) return id;
  } else if (read.status().code() != base::Code::kNotFound) {
    return read.status();
  }
  unsigned char random[8];
  if (::getrandom(random, sizeof random, 0) != ssize_t(sizeof random)) {
    return errno_status("cannot get randomness for", path, errno);
  }
  const std::string id = "w-" + base::hex({reinterpret_cast<const char*>(random), sizeof random});
  const base::Status written = write_file_durably(path, id + "\n", 0600);
  if (!written.ok()) return written;
  return id;
}

// Whatever kept us from writing, the answer to "where" is the data directory.
base::Status unwritable_data(const std::string& path, const base::Status& cause) {
  if (cause.code() == base::Code::kResourceExhausted) return cause;
  return base::Status(base::Code::kPermissionDenied, base::kErrDataDirUnwritable,
                      "cannot keep data in " + path + " (" + cause.message() +
                          "); name a directory that this user can write, or one that can be made, "
                          "with --data");
}

// Of a directory that is there, whoever made it: programs that run lie below it, and values.
base::Status close_to_others(const std::string& path) {
  const base::Result<bool> open_before = base::claim_directory(path);
  if (!open_before.ok()) return open_before.status();
  if (*open_before) {
    spdlog::warn("closed path={}: others could read or write it, now only this user can", path);
  }
  return {};
}

}  // namespace

base::Result<std::optional<Fd>> DataDir::lock_executors() const {
  const std::string path = path_ + "/executors.lock";
  Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return errno_status("cannot create", path, errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return std::optional(std::move(lock));
  if (errno != EWOULDBLOCK) return errno_status("cannot lock", path, errno);
  return std::optional<Fd>();
}

base::Status DataDir::open_to(const StageUser& user, const std::string& outer) const {
  std::error_code error;
  if (!outer.empty()) {
    const std::string kept = std::filesystem::path(path_).filename().string();
    if (base::Status status = let_enter(outer, user, kept); !status.ok()) return status;
  }
  std::filesystem::remove_all(staging(), error);  // of an earlier start, whoever's it was
  const std::string blobs = artifacts() + "/sha256";
  for (const std::string& part : {scratch(), blobs}) {
    if (base::Status status = make_directories(part); !status.ok()) return status;
  }
  for (const std::string& folder : {path_, modules(), artifacts(), scratch()}) {
    if (base::Status status = let_enter(folder, user); !status.ok()) return status;
  }
  if (base::Status status = let_read(blobs, user); !status.ok()) return status;
  for (const std::string& part : {spool(), artifacts() + "/tmp"}) {
    if (::chmod(part.c_str(), 0700) != 0) return errno_status("cannot protect", part, errno);
  }
  if (base::Status status = make_own_folder(staging(), user); !status.ok()) return status;
  return check_reachable(staging(), user);
}

base::Result<DataDir> DataDir::open(const std::string& path) {
  DataDir directory;
  std::error_code failed;
  const base::Status made = make_directories(path);
  if (!made.ok()) return unwritable_data(path, made);
  if (base::Status status = close_to_others(path); !status.ok()) return status;
  directory.path_ = std::filesystem::absolute(path, failed).lexically_normal().string();
  if (failed) return errno_status("cannot resolve", path, failed.value());
  const std::string lock = directory.path_ + "/worker.lock";
  directory.lock_ = Fd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!directory.lock_) {
    return unwritable_data(directory.path_, errno_status("cannot create", lock, errno));
  }
  if (::flock(directory.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return base::Status(base::Code::kAlreadyExists, base::kErrDataDirBusy,
                        "another worker uses " + directory.path_ +
                            "; stop it, or give this one a directory of its own with --data");
  }
  for (const std::string& part : {directory.modules(), directory.artifacts(),
                                  directory.artifacts() + "/tmp", directory.spool()}) {
    base::Status status = make_directories(part);
    if (status.ok()) status = close_to_others(part);
    if (!status.ok()) return status;
  }
  auto id = load_or_make_id(directory.path_ + "/worker_id");
  if (!id.ok()) return id.status();
  directory.worker_id_ = std::move(id).value();
  return directory;
}

}  // namespace weir::worker
