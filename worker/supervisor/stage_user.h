// The user that stages run as, when that is not the worker's own: who it is, the way to become it
// that has no way back, and what of the worker's folders it may see. Its primary group is how it is
// let in; it owns nothing but what stages write.
#pragma once

#include <string>
#include <vector>
#include <sys/types.h>

#include "base/status.h"

namespace weir::worker {

struct StageUser {
  std::string name;
  std::string home;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// INVALID_ARGUMENT when there is no such user or it is root, FAILED_PRECONDITION when this process
// may not become another user.
base::Result<StageUser> find_stage_user(const std::string& name);

// Becomes that user in a process that has one thread. Null when it has, and cannot return;
// otherwise the step that failed, with errno.
const char* become(const StageUser& user);

// It may pass through the folder to `kept`, an entry of it: the folder is not listed, and what else
// is there is closed to all but its owner. Empty: to what is there as it is.
base::Status let_enter(const std::string& folder, const StageUser& user,
                       const std::string& kept = "");
// It may read and execute the file or all below the folder, and change nothing.
base::Status let_read(const std::string& path, const StageUser& user);
// The folder is made, and is its own.
base::Status make_own_folder(const std::string& folder, const StageUser& user);
// FAILED_PRECONDITION, with what to do, when it cannot enter the folder or one above it.
base::Status check_reachable(const std::string& folder, const StageUser& user);

}  // namespace weir::worker
