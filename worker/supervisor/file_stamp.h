// What tells that a file is still the one that was verified: its inode and when that last changed,
// which no write, rename or change of mode can leave as it was. Not a memory file with the program
// in it: a module finds its libraries beside itself, and takes up to gigabytes. Safe from any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace weir::worker {

struct FileStamp {
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed_ns = 0;  // ctime
};

// Take it before the file is verified, so that a change meanwhile shows too.
base::Result<FileStamp> stamp_file(const std::string& path);

// The first file that is another by now, or was changed.
std::optional<std::string> find_changed(const std::vector<FileStamp>& files);

}  // namespace weir::worker
