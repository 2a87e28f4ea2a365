// The worker's data directory: who uses it, under which id, and the layout below it.
// One per process, opened before anything else touches the directory; immutable
// afterwards.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "worker/supervisor/stage_user.h"
#include "worker/supervisor/system.h"

namespace weir::worker {

class DataDir {
 public:
  // Creates and locks it. ALREADY_EXISTS kErrDataDirBusy when another worker has it,
  // PERMISSION_DENIED kErrDataDirUnwritable or RESOURCE_EXHAUSTED kErrDiskFull when it cannot be
  // written.
  static base::Result<DataDir> open(const std::string& path);

  // The lock under which attempts run here, for whoever is the last to end: nothing while a former
  // worker's processes are not dead.
  base::Result<std::optional<Fd>> lock_executors() const;

  // Lets the user of stages read modules and inputs and have a folder for what it makes, and see
  // nothing else. While no executor runs. FAILED_PRECONDITION when it cannot get there.
  // `outer`, unless empty, is a folder of ours that this one is in.
  base::Status open_to(const StageUser& user, const std::string& outer) const;

  const std::string& path() const { return path_; }
  const std::string& worker_id() const { return worker_id_; }
  std::string modules() const { return path_ + "/modules"; }
  std::string artifacts() const { return path_ + "/artifacts"; }
  std::string spool() const { return path_ + "/spool"; }
  std::string scratch() const { return path_ + "/scratch"; }
  std::string staging() const { return path_ + "/staging"; }  // with a user for stages only

 private:
  std::string path_;
  std::string worker_id_;
  Fd lock_;
};

}  // namespace weir::worker
