// Content-addressed files under one directory: ROOT/sha256/ab/cdef…, a file for plain blobs, a
// directory for trees. A blob appears by a rename after its bytes are synced, so what is visible is
// whole; what the disk has damaged since is set aside when it is noticed. Executors on this host
// write the same layout. Safe from any thread; one instance per directory and process.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/records.h"
#include "scheduler/ports/blobs.h"
#include "scheduler/store/disk_guard.h"

namespace weir::store {

inline constexpr std::size_t kKnownBlobsMax = 8192;  // digests remembered as held
inline constexpr std::size_t kTreeFilesMax = 100'000;
inline constexpr std::size_t kTreePathBytesMax = 1024;

// What a store's blobs are, which decides how much space must stay free: of new work (modules), or
// of work that is done (artifacts).
enum class BlobOrigin { kNewWork, kFinishedWork };

class DiskBlobStore final : public ports::BlobStore {
  struct Private {  // only open() makes stores
    explicit Private() = default;
  };

 public:
  DiskBlobStore(Private, std::string root, const DiskGuard* guard, BlobOrigin origin);
  // Makes the directories and removes what unfinished writers left: ours of earlier processes at
  // once, those of executors (which may outlive us) after a day. `guard` may be null and must
  // outlive the store.
  static base::Result<std::unique_ptr<DiskBlobStore>> open(const std::string& root,
                                                           const DiskGuard* guard,
                                                           BlobOrigin origin);

  // INVALID_ARGUMENT for kExternal, which has no bytes. A negative size means that it is not known.
  base::Result<std::unique_ptr<ports::BlobWriter>> create(const engine::Digest& digest,
                                                          engine::ArtifactKind kind,
                                                          std::int64_t size) override;
  bool contains(const engine::Digest& digest) override;
  base::Result<std::vector<ports::BlobFile>> files(const engine::Digest& digest) override;

  // Reads the blob and compares: DATA_LOSS (WEIR-E0406) when the bytes are not those of the digest.
  base::Status verify(const engine::Digest& digest);

  // Moves a damaged blob to ROOT/damaged, where people may look at it.
  base::Status set_aside_damaged(const engine::Digest& digest) override;

  const std::string& root() const { return root_; }
  std::string path_of(const engine::Digest& digest) const;

 private:
  friend class DiskBlobWriter;
  base::Status clean_temporary() const;
  base::Status admit(std::int64_t size) const;
  void remember(const engine::Digest& digest);
  void forget(const engine::Digest& digest);

  const std::string root_;
  const DiskGuard* const guard_;
  const BlobOrigin origin_;
  std::mutex mutex_;
  std::unordered_set<engine::Digest> known_;  // guarded by mutex_
  std::deque<engine::Digest> known_order_;    // guarded by mutex_; oldest first
};

// "" for a relative path of plain segments, else what is wrong with it. Keeps trees inside their
// directory.
std::string tree_path_problem(std::string_view path);

}  // namespace weir::store
