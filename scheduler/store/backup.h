// Copies of the database: taken while a scheduler runs or not, and put in the place of what a data
// directory has while none does. Values that are files are not in the copy; it comes with the list
// of them. Blocks on the disk; any thread, nothing is kept.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace weir::store {

struct BackupReport {
  std::int64_t bytes = 0;     // of the copy
  std::int64_t last_seq = 0;  // the newest event in it
  std::int64_t files = 0;     // that it refers to: larger values and files of modules
  std::int64_t missing = 0;   // of those, not held by the data directory
  std::string file_list;      // path of their list
};

// Writes `target` and, one path below `data_dir` a line, `target`.files: what tar and rsync take as
// list of what else to keep. ALREADY_EXISTS when there is such a file, NOT_FOUND when there is no
// database.
base::Result<BackupReport> back_up(const std::string& data_dir, const std::string& target);

struct RestoreReport {
  std::int64_t last_seq = 0;
  std::int64_t files = 0;
  std::int64_t missing = 0;      // whose assets are computed again when they are needed
  std::uint64_t generation = 0;  // the new one: reports of workers for the old one are stale
  std::string replaced;          // where the database that was there is kept; empty: there was none
};

// Verifies the copy, gives it a new store generation and puts it in place by one rename.
// FAILED_PRECONDITION when a scheduler uses the directory (WEIR-E0402) or a newer one wrote the
// copy (WEIR-E0404), DATA_LOSS when it is damaged or not ours; the directory is then as it was.
base::Result<RestoreReport> restore_backup(const std::string& backup, const std::string& data_dir);

}  // namespace weir::store
