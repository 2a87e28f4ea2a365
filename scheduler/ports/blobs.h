// Content-addressed bytes as the API edge and the loop see them: artifacts and files of modules,
// written whole or not at all. Interfaces; every implementation is safe to call from any thread,
// but one writer has one user.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "base/status.h"
#include "engine/states.h"

namespace weir::ports {

inline constexpr std::int64_t kFileBytesMax = std::int64_t{2}
                                              << 30;  // default limit of one uploaded file
inline constexpr std::size_t kChunkBytes = 1 << 20;

// Writes one blob: append in order, then finish. Destroying an unfinished writer removes what it
// wrote.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual base::Status append(std::string_view bytes) = 0;
  // Starts a file of a tree; never called for a plain blob. The path is relative and must not leave
  // the tree.
  virtual base::Status start_file(const std::string& path, bool executable) = 0;
  // Verifies the digest, makes the blob durable and visible. DATA_LOSS when the bytes are not what
  // was announced.
  virtual base::Status finish() = 0;
};

struct BlobFile {
  std::string path;           // within the tree; empty for a plain blob
  std::string absolute_path;  // on this host
  std::int64_t size = 0;
  bool executable = false;
};

// Content-addressed files on disk: artifacts, or the files of modules.
class BlobStore {
 public:
  virtual ~BlobStore() = default;
  // RESOURCE_EXHAUSTED when the disk is too full.
  virtual base::Result<std::unique_ptr<BlobWriter>> create(const base::Digest& digest,
                                                           engine::ArtifactKind kind,
                                                           std::int64_t size) = 0;
  // Whether the blob is held durably. Cheap enough for the loop thread.
  virtual bool contains(const base::Digest& digest) = 0;
  // The blob's files in the tree's canonical order; one entry for a plain blob. NOT_FOUND when it
  // is not held.
  virtual base::Result<std::vector<BlobFile>> files(const base::Digest& digest) = 0;
  // Reads the blob, and when its bytes are not those of the digest takes its name away from it, so
  // that the next one to bring the bytes makes it good. Waits for the disk.
  virtual base::Status set_aside_damaged(const base::Digest& digest) = 0;
};

}  // namespace weir::ports
