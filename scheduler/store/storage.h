// Everything durable of one scheduler, opened in the right order from one directory: what main()
// holds. The parts are used as their own headers say, each with its own rules for threads; destroy
// this after everything that uses them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "scheduler/store/blob_store.h"
#include "scheduler/store/data_directory.h"
#include "scheduler/store/disk_guard.h"
#include "scheduler/store/log_store.h"
#include "scheduler/store/sqlite_reader.h"
#include "scheduler/store/sqlite_store.h"

namespace weir::store {

struct StorageOptions {
  std::string path;                            // the data directory
  std::optional<std::int64_t> min_free_bytes;  // --min-free
  int readers = kReadersDefault;
  RetentionOptions kept = {};  // --keep-runs, --keep-ticks
};

struct Storage {
  std::unique_ptr<DataDirectory> directory;
  std::unique_ptr<DiskGuard> guard;
  std::unique_ptr<SqliteStore> store;
  std::unique_ptr<SqliteReader> reader;
  std::unique_ptr<DiskBlobStore> artifacts;
  std::unique_ptr<DiskBlobStore> modules;
  std::unique_ptr<DiskLogStore> logs;
};

// Any failure of the parts, with its number.
base::Result<Storage> open_storage(const StorageOptions& options);

}  // namespace weir::store
