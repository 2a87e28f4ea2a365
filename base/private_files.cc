// mkdir, fstat and fchmod; see the header. What is judged is what was opened, so that nothing can
// be put in its place meanwhile. A link to a directory is followed: it is the user's own choice.
// Any thread.
#include "base/private_files.h"

#include <cerrno>
#include <filesystem>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"

namespace weir::base {
namespace {

constexpr mode_t kOthers = 077;
constexpr mode_t kTold = 067;  // its group may pass through: how a worker lets in those it knows

Status not_ours(const std::string& path, const std::string& why) {
  return Status(Code::kPermissionDenied, kErrDataDirUnwritable, "'" + path + "' " + why);
}

Result<bool> claim(const std::string& path, int fd) {
  if (fd < 0) {
    return not_ours(path, "cannot be opened: " + std::generic_category().message(errno));
  }
  struct stat info {};
  const bool known = ::fstat(fd, &info) == 0;
  const bool ours = known && info.st_uid == ::geteuid();
  const bool open = ours && (info.st_mode & kOthers) != 0;
  const bool closed = !open || ::fchmod(fd, info.st_mode & 07777 & ~kOthers) == 0;
  const int error = errno;
  ::close(fd);
  if (known && !ours) {
    return not_ours(path, "belongs to another user (uid " + std::to_string(info.st_uid) +
                              "), who could change what is in it; give it to this user, or name "
                              "another directory with --data");
  }
  if (!known || !closed) {
    return not_ours(path, "cannot be closed to others: " + std::generic_category().message(error));
  }
  return open && (info.st_mode & kTold) != 0;
}

}  // namespace

std::error_code make_private_directories(const std::string& path) {
  std::filesystem::path made;
  for (const auto& part : std::filesystem::path(path)) {
    made /= part;
    if (::mkdir(made.c_str(), 0700) == 0 || errno == EEXIST) continue;
    // A read-only or foreign parent that exists is no error: only the last part has to be ours.
    const std::error_code error(errno, std::generic_category());
    struct stat info {};
    if (::stat(made.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return error;
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {errno, std::generic_category()};
  if (!S_ISDIR(info.st_mode)) return {ENOTDIR, std::generic_category()};
  return {};
}

Result<bool> claim_directory(const std::string& path) {
  return claim(path, ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

Result<bool> claim_file(const std::string& path) {
  return claim(path, ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

}  // namespace weir::base
