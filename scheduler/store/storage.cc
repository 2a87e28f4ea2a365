// Opens the parts of one scheduler's storage: the lock first, then what it protects; the generation
// last, once everything else is there. On the thread that starts the scheduler. A part that fails
// closes those before it; nothing is left half open.
#include "scheduler/store/storage.h"

namespace weir::store {

using base::Result;
using base::Status;

namespace {

template <class Part>
Status keep(Result<std::unique_ptr<Part>> opened, std::unique_ptr<Part>& place) {
  if (!opened.ok()) return opened.status();
  place = std::move(opened).value();
  return {};
}

}  // namespace

Result<Storage> open_storage(const StorageOptions& options) {
  Storage out;
  Status status = keep(DataDirectory::open(options.path), out.directory);
  if (!status.ok()) return status;
  const DataDirectory& directory = *out.directory;
  out.guard = std::make_unique<DiskGuard>(directory.path(), options.min_free_bytes);
  status = keep(SqliteStore::open(directory.database(), options.kept), out.store);
  if (status.ok()) {
    status =
        keep(SqliteReader::open(directory.database(), options.readers, options.kept), out.reader);
  }
  if (status.ok()) {
    status =
        keep(DiskBlobStore::open(directory.artifacts(), out.guard.get(), BlobOrigin::kFinishedWork),
             out.artifacts);
  }
  if (status.ok()) {
    status = keep(DiskBlobStore::open(directory.modules(), out.guard.get(), BlobOrigin::kNewWork),
                  out.modules);
  }
  if (status.ok()) status = keep(DiskLogStore::open(directory.logs(), out.guard.get()), out.logs);
  if (status.ok()) status = directory.publish_generation(out.store->generation());
  if (!status.ok()) return status;
  return out;
}

}  // namespace weir::store
