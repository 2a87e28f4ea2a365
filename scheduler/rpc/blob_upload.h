// One blob as it arrives: announced by digest, kind and size, then bytes in order, then durable.
// Knows the limits and says what is wrong; the writing is the BlobStore's. One owner, one thread
// at a time (a transfer thread).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/records.h"
#include "scheduler/ports/blobs.h"

namespace weir::rpc {

class BlobUpload {
 public:
  BlobUpload(ports::BlobStore& store, std::int64_t bytes_max)
      : store_(store), bytes_max_(bytes_max) {}

  // INVALID_ARGUMENT kErrLimit when it would be too large.
  base::Status begin(const engine::Digest& digest, engine::ArtifactKind kind, std::int64_t size);
  // Starts the next file of a tree. INVALID_ARGUMENT for a path that leaves it.
  base::Status start_file(const std::string& path, bool executable);
  // INVALID_ARGUMENT kErrFileDigest when more comes than was announced.
  base::Status append(std::string_view bytes);
  // Durable and verified when it is OK. DATA_LOSS kErrFileDigest when the bytes are not what was
  // announced.
  base::Status finish();

  bool begun() const { return writer_ != nullptr || held_; }
  // The store has it already: nothing needs to be sent.
  bool held() const { return held_; }

 private:
  ports::BlobStore& store_;
  const std::int64_t bytes_max_;
  std::unique_ptr<ports::BlobWriter> writer_;
  engine::Digest digest_;
  engine::ArtifactKind kind_ = engine::ArtifactKind::kBytes;
  std::int64_t announced_ = 0;
  std::int64_t received_ = 0;
  bool held_ = false;
};

}  // namespace weir::rpc
