// An artifact or a file of a module as a sequence of chunks, verified against its digest on the
// way: the last chunk comes only after the whole matched. One owner, one thread at a time (a
// transfer thread); reads files.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "engine/records.h"
#include "module/bundle.h"
#include "scheduler/ports/blobs.h"
#include "scheduler/ports/reader.h"

namespace weir::rpc {

struct BlobChunk {
  const ports::BlobFile* file = nullptr;  // set when the chunk starts a file of a tree
  std::string bytes;
  bool last = false;  // nothing follows; `bytes` may be empty
};

class BlobReader {
 public:
  // Bytes that the store holds as a row. `row.bytes` must not be null.
  static std::unique_ptr<BlobReader> over_bytes(const engine::ArtifactRow& row);
  // A blob of `store`. NOT_FOUND kErrArtifactMissing when it is not there.
  static base::Result<std::unique_ptr<BlobReader>> open(ports::BlobStore& store,
                                                        const engine::Digest& digest);
  // Whichever of the two holds it.
  static base::Result<std::unique_ptr<BlobReader>> open_artifact(ports::Reader& reader,
                                                                 ports::BlobStore& store,
                                                                 const engine::Digest& digest);

  // At most kChunkBytes. DATA_LOSS kErrArtifactCorrupt when the bytes are not what the digest says;
  // the blob has then been set aside.
  base::Result<BlobChunk> next();

  engine::ArtifactKind kind() const { return kind_; }
  std::int64_t size() const { return size_; }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  base::Result<BlobChunk> next_of_file();
  base::Status finish_file();
  base::Status verify_whole() const;
  base::Status corrupt(const std::string& what) const;
  base::Status damaged(const std::string& what) const;

  ports::BlobStore* store_ = nullptr;  // null over bytes
  engine::Digest digest_;
  engine::ArtifactKind kind_ = engine::ArtifactKind::kBytes;
  std::int64_t size_ = 0;
  std::shared_ptr<const std::string> bytes_;  // of a row
  std::vector<ports::BlobFile> files_;
  std::vector<module::BundleEntry> read_;    // files of a tree that are done
  std::size_t current_ = 0;                  // index into files_
  std::unique_ptr<std::FILE, Closer> open_;  // files_[current_], once begun
  base::Sha256 hash_;                        // of the current file
  std::int64_t file_read_ = 0;               // bytes of the current file
};

}  // namespace weir::rpc
