// Each step is verified by asking the kernel, not by believing that it succeeded. become() makes
// system calls only: it stands between fork and exec. Folders are changed by descriptor, so that a
// link put in their place is not followed.
#include "worker/supervisor/stage_user.h"

#include <algorithm>
#include <filesystem>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/errors.h"
#include "worker/supervisor/system.h"

namespace weir::worker {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Status;

constexpr int kStageGroupsMax = 65'536;  // the kernel's own limit
constexpr mode_t kEnter = 0710;
constexpr mode_t kReadFolder = 0750;
constexpr mode_t kReadFile = 0440;
constexpr mode_t kReadProgram = 0550;

bool has_no_capability() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  for (const __user_cap_data_struct& one : data) {
    if (one.effective != 0 || one.permitted != 0) return false;
  }
  return true;
}

bool may_enter(const struct stat& about, const StageUser& user) {
  if (about.st_uid == user.uid) return (about.st_mode & S_IXUSR) != 0;
  const bool in_group =
      about.st_gid == user.gid ||
      std::find(user.groups.begin(), user.groups.end(), about.st_gid) != user.groups.end();
  return (about.st_mode & (in_group ? S_IXGRP : S_IXOTH)) != 0;
}

Status set_mode(const std::string& path, int flags, mode_t mode, const StageUser& user) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags));
  if (!file || ::fchown(file.get(), uid_t(-1), user.gid) != 0 || ::fchmod(file.get(), mode) != 0) {
    return errno_status("cannot protect", path, errno);
  }
  return {};
}

}  // namespace

base::Result<StageUser> find_stage_user(const std::string& name) {
  errno = 0;
  const passwd* const entry = ::getpwnam(name.c_str());
  if (entry == nullptr || entry->pw_uid == 0) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  entry == nullptr ? "there is no user '" + name + "' for stages; see `man useradd`"
                                   : "stages cannot be confined to '" + name + "': it is root");
  }
  if (::geteuid() != 0) {
    return Status(
        Code::kFailedPrecondition, base::kErrUsage,
        "only root can run stages as '" + name + "'; start it as root, or without --stage-user");
  }
  StageUser user{name, entry->pw_dir, entry->pw_uid, entry->pw_gid, {}};
  int count = 0;
  ::getgrouplist(name.c_str(), user.gid, nullptr, &count);
  user.groups.resize(std::size_t(std::clamp(count, 1, kStageGroupsMax)));
  if (::getgrouplist(name.c_str(), user.gid, user.groups.data(), &count) < 0) {
    return Status(Code::kInternal, base::kErrInternal, "the groups of '" + name + "' changed");
  }
  user.groups.resize(std::size_t(count));
  return user;
}

const char* become(const StageUser& user) {
  if (::setgroups(user.groups.size(), user.groups.data()) != 0) return "cannot set the groups of";
  if (::setresgid(user.gid, user.gid, user.gid) != 0) return "cannot set the group of";
  if (::setresuid(user.uid, user.uid, user.uid) != 0) return "cannot become";
  uid_t uids[3] = {};
  gid_t gids[3] = {};
  ::getresuid(&uids[0], &uids[1], &uids[2]);
  ::getresgid(&gids[0], &gids[1], &gids[2]);
  errno = EPERM;
  for (const uid_t uid : uids) {
    if (uid != user.uid) return "did not become";
  }
  for (const gid_t gid : gids) {
    if (gid != user.gid) return "is not in the group of";
  }
  if (::setresuid(0, 0, 0) == 0 || ::setresgid(0, 0, 0) == 0 || !has_no_capability()) {
    return "could return from";
  }
  return nullptr;
}

Status let_enter(const std::string& folder, const StageUser& user, const std::string& kept) {
  std::error_code error;
  fs::directory_iterator at;
  if (!kept.empty()) at = fs::directory_iterator(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const std::string path = at->path().string();
    struct stat about {};
    if (at->path().filename() == kept || ::lstat(path.c_str(), &about) != 0) continue;
    if (S_ISLNK(about.st_mode) || (about.st_mode & 077) == 0) continue;
    if (::chmod(path.c_str(), about.st_mode & 0700) != 0) {
      return errno_status("cannot protect", path, errno);
    }
  }
  if (error) return errno_status("cannot list", folder, error.value());
  return set_mode(folder, O_DIRECTORY, kEnter, user);
}

Status let_read(const std::string& path, const StageUser& user) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) return errno_status("cannot look at", path, errno);
  if (S_ISREG(about.st_mode)) {
    return set_mode(path, 0, (about.st_mode & S_IXUSR) != 0 ? kReadProgram : kReadFile, user);
  }
  if (Status status = set_mode(path, O_DIRECTORY, kReadFolder, user); !status.ok()) return status;
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    if (Status status = let_read(at->path().string(), user); !status.ok()) return status;
  }
  return error ? errno_status("cannot list", path, error.value()) : Status();
}

Status make_own_folder(const std::string& folder, const StageUser& user) {
  if (::mkdir(folder.c_str(), 0700) != 0) return errno_status("cannot create", folder, errno);
  const Fd file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!file || ::fchown(file.get(), user.uid, user.gid) != 0 || ::fchmod(file.get(), 0700) != 0) {
    return errno_status("cannot hand over", folder, errno);
  }
  return {};
}

Status check_reachable(const std::string& folder, const StageUser& user) {
  fs::path at("/");
  for (const fs::path& part : fs::path(folder)) {
    at /= part;
    struct stat about {};
    if (::stat(at.c_str(), &about) != 0) return errno_status("cannot look at", at.string(), errno);
    if (may_enter(about, user)) continue;
    return Status(
        Code::kFailedPrecondition, base::kErrDataDirUnwritable,
        "stages run as '" + user.name + "', which cannot enter " + at.string() +
            "; name a directory with --data that it can reach, such as one below /var/lib");
  }
  return {};
}

}  // namespace weir::worker
