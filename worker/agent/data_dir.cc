// The lock is a flock on a file that holds nothing else: it goes with the process, however that
// ends. The id is made once and kept, so that the scheduler knows a worker again after a
// restart.
#include "worker/agent/data_dir.h"

#include <filesystem>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>

#include "base/errors.h"
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

}  // namespace

base::Result<DataDir> DataDir::open(const std::string& path) {
  DataDir directory;
  std::error_code failed;
  const base::Status made = make_directories(path);
  if (!made.ok()) return unwritable_data(path, made);
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
  for (const std::string& part :
       {directory.modules(), directory.artifacts() + "/tmp", directory.spool()}) {
    const base::Status status = make_directories(part);
    if (!status.ok()) return status;
  }
  auto id = load_or_make_id(directory.path_ + "/worker_id");
  if (!id.ok()) return id.status();
  directory.worker_id_ = std::move(id).value();
  return directory;
}

}  // namespace weir::worker
