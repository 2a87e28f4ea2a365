// Directories and files that no other user may read or write, whatever the umask and whoever made
// the directory: those of the scheduler and its workers hold tokens, values and programs that run.
// Plain functions over the file system, safe from any thread.
#pragma once

#include <string>
#include <system_error>

#include "base/status.h"

namespace weir::base {

// The directory and its missing parents, mode 0700 for those that are made. The error of the one
// that could not be made; `path` may be there already.
std::error_code make_private_directories(const std::string& path);

// Takes what others may do with a directory away from them; true when they could read or write.
// PERMISSION_DENIED kErrDataDirUnwritable when it is another user's, who could undo that.
Result<bool> claim_directory(const std::string& path);

// The same for a file, which is made, empty, when there is none.
Result<bool> claim_file(const std::string& path);

}  // namespace weir::base
