// The worker's data directory: who uses it, under which id, and the layout below it.
// One per process, opened before anything else touches the directory; immutable
// afterwards.
#pragma once

#include <string>

#include "base/status.h"
#include "worker/supervisor/system.h"

namespace weir::worker {

class DataDir {
 public:
  // Creates and locks it. ALREADY_EXISTS kErrDataDirBusy when another worker has it,
  // PERMISSION_DENIED kErrDataDirUnwritable or RESOURCE_EXHAUSTED kErrDiskFull when it cannot be
  // written.
  static base::Result<DataDir> open(const std::string& path);

  const std::string& path() const { return path_; }
  const std::string& worker_id() const { return worker_id_; }
  std::string modules() const { return path_ + "/modules"; }
  std::string artifacts() const { return path_ + "/artifacts"; }
  std::string spool() const { return path_ + "/spool"; }
  std::string scratch() const { return path_ + "/scratch"; }

 private:
  std::string path_;
  std::string worker_id_;
  Fd lock_;
};

}  // namespace weir::worker
