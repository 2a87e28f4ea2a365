// The writer of one blob: bytes go to ROOT/tmp and are hashed on the way; finish() compares, syncs
// and renames. Used by one thread at a time; belongs to blob_store.cc, everybody else sees
// ports::BlobWriter.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "engine/records.h"
#include "module/bundle.h"
#include "scheduler/ports/blobs.h"
#include "scheduler/store/blob_store.h"
#include "scheduler/store/file.h"

namespace weir::store {

class DiskBlobWriter final : public ports::BlobWriter {
 public:
  DiskBlobWriter(DiskBlobStore& store, const engine::Digest& digest, engine::ArtifactKind kind,
                 std::int64_t size, std::string temporary);
  ~DiskBlobWriter() override;

  base::Status open();
  base::Status append(std::string_view bytes) override;
  base::Status start_file(const std::string& path, bool executable) override;
  base::Status finish() override;

 private:
  bool tree() const { return kind_ == engine::ArtifactKind::kTree; }
  base::Status close_file();
  base::Status verify();
  base::Status sync_tree();
  base::Status publish();
  base::Status mismatch(const std::string& what) const;

  DiskBlobStore& store_;
  const engine::Digest digest_;
  const engine::ArtifactKind kind_;
  const std::int64_t size_;  // as announced; negative: unknown
  const std::string temporary_;
  std::int64_t written_ = 0;
  std::optional<base::Sha256> hash_;  // of the file being written
  engine::Digest last_;               // of the file closed last
  Fd file_;
  std::string file_path_;
  std::vector<module::BundleEntry> entries_;  // of a tree
  std::set<std::string> directories_;         // of a tree, absolute, to be synced
  bool done_ = false;
};

}  // namespace weir::store
