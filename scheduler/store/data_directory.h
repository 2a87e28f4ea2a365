// The scheduler's directory: its layout, the lock against a second scheduler, the token of the API.
// Everything durable lies under it. One per process; immutable after open(), so safe from any
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "scheduler/store/file.h"

namespace weir::store {

class DataDirectory {
  struct Private {  // only open() makes directories
    explicit Private() = default;
  };

 public:
  DataDirectory(Private, std::string path) : path_(std::move(path)) {}
  // Makes what is missing and takes the lock. FAILED_PRECONDITION with WEIR-E0402 (naming the
  // process that holds it) or WEIR-E0408 (a network file system); PERMISSION_DENIED with
  // WEIR-E0403; RESOURCE_EXHAUSTED with WEIR-E0401.
  static base::Result<std::unique_ptr<DataDirectory>> open(const std::string& path);

  const std::string& path() const { return path_; }
  std::string database() const { return path_ + "/weir.db"; }
  std::string artifacts() const { return path_ + "/artifacts"; }
  std::string modules() const { return path_ + "/modules"; }
  std::string logs() const { return path_ + "/logs"; }
  std::string token_file() const { return path_ + "/token"; }
  // 64 hexadecimal characters, made at the first start.
  const std::string& token() const { return token_; }

  // Writes DATA/artifacts/store_generation, by which a worker on the same host sees that the shared
  // directory is that of the store it is connected to.
  base::Status publish_generation(std::uint64_t generation) const;

 private:
  base::Status check_file_system() const;
  base::Status take_lock();
  base::Status make_token();

  std::string path_;
  std::string token_;
  Fd lock_;  // held until the process ends
};

// The name of a network file system by its statfs magic number, null for a local one. WAL needs
// shared memory and locks that those do not give.
const char* network_file_system(std::uint64_t magic);

}  // namespace weir::store
