// One lstat a file: a link in the place of a file is another file. Seconds and nanoseconds are
// joined, for both count.
// No state.
#include "worker/supervisor/file_stamp.h"

#include <errno.h>
#include <sys/stat.h>

#include "worker/supervisor/system.h"

namespace weir::worker {

base::Result<FileStamp> stamp_file(const std::string& path) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) return errno_status("cannot look at", path, errno);
  return FileStamp{path, about.st_dev, about.st_ino, about.st_size,
                   std::int64_t{about.st_ctim.tv_sec} * 1'000'000'000 + about.st_ctim.tv_nsec};
}

std::optional<std::string> find_changed(const std::vector<FileStamp>& files) {
  for (const FileStamp& file : files) {
    const auto now = stamp_file(file.path);
    const bool same = now.ok() && now->device == file.device && now->inode == file.inode &&
                      now->size == file.size && now->changed_ns == file.changed_ns;
    if (!same) return file.path;
  }
  return std::nullopt;
}

}  // namespace weir::worker
