// Reading blobs chunk by chunk with their digests. A plain blob's digest
// is that of its bytes, a tree's is the bundle digest over its files.
// Transfer threads only, as it waits for the disk.
#include "scheduler/rpc/blob_reader.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/errors.h"

namespace weir::rpc {

std::unique_ptr<BlobReader> BlobReader::over_bytes(const engine::ArtifactRow& row) {
  auto reader = std::make_unique<BlobReader>();
  reader->digest_ = row.digest;
  reader->kind_ = row.kind;
  reader->size_ = row.size;
  reader->bytes_ = row.bytes;
  return reader;
}

base::Result<std::unique_ptr<BlobReader>> BlobReader::open(ports::BlobStore& store,
                                                           const engine::Digest& digest) {
  base::Result<std::vector<ports::BlobFile>> files = store.files(digest);
  if (files.status().code() == base::Code::kDataLoss) {
    if (base::Status aside = store.set_aside_damaged(digest); !aside.ok()) return aside;
  }
  if (!files.ok()) return files.status();
  auto reader = std::make_unique<BlobReader>();
  reader->store_ = &store;
  reader->digest_ = digest;
  reader->files_ = std::move(files).value();
  const bool plain = reader->files_.size() == 1 && reader->files_.front().path.empty();
  reader->kind_ = plain ? engine::ArtifactKind::kBytes : engine::ArtifactKind::kTree;
  for (const ports::BlobFile& file : reader->files_) reader->size_ += file.size;
  return reader;
}

base::Result<std::unique_ptr<BlobReader>> BlobReader::open_artifact(ports::Reader& reader,
                                                                    ports::BlobStore& store,
                                                                    const engine::Digest& digest) {
  const base::Result<engine::ArtifactRow> row = reader.get_artifact(digest);
  if (row.ok() && row->bytes) return over_bytes(*row);
  if (!row.ok() && row.status().code() != base::Code::kNotFound) return row.status();
  base::Result<std::unique_ptr<BlobReader>> opened = open(store, digest);
  if (opened.ok() && row.ok()) (*opened)->kind_ = row->kind;
  return opened;
}

base::Result<BlobChunk> BlobReader::next() {
  if (bytes_ == nullptr) return next_of_file();
  if (base::sha256(*bytes_) != digest_) return corrupt("the stored row");
  BlobChunk chunk;
  chunk.bytes = *bytes_;
  chunk.last = true;
  return chunk;
}

base::Result<BlobChunk> BlobReader::next_of_file() {
  BlobChunk chunk;
  if (current_ == files_.size()) {  // an empty tree
    chunk.last = true;
    const base::Status whole = verify_whole();
    return whole.ok() ? base::Result<BlobChunk>(std::move(chunk)) : whole;
  }
  const ports::BlobFile& file = files_[current_];
  if (!open_) {
    open_.reset(std::fopen(file.absolute_path.c_str(), "rbe"));
    if (!open_) return corrupt(file.absolute_path + ": " + std::generic_category().message(errno));
    hash_ = base::Sha256();
    file_read_ = 0;
    if (!file.path.empty()) chunk.file = &file;
  }
  chunk.bytes.resize(ports::kChunkBytes);
  const std::size_t count = std::fread(chunk.bytes.data(), 1, chunk.bytes.size(), open_.get());
  if (std::ferror(open_.get()) != 0) {
    return corrupt(file.absolute_path + ": " + std::generic_category().message(errno));
  }
  chunk.bytes.resize(count);
  hash_.update(chunk.bytes);
  file_read_ += static_cast<std::int64_t>(count);
  if (file_read_ > file.size) return damaged(file.absolute_path + " has grown");
  const bool at_end = file_read_ == file.size;
  if (!at_end && count < ports::kChunkBytes) return damaged(file.absolute_path + " is cut short");
  if (at_end) {
    const base::Status done = finish_file();
    if (!done.ok()) return done;
    chunk.last = current_ == files_.size();
  }
  return chunk;
}

base::Status BlobReader::finish_file() {
  const ports::BlobFile& file = files_[current_];
  read_.push_back({file.path, hash_.finish(), file.executable});
  open_.reset();
  return ++current_ == files_.size() ? verify_whole() : base::Status();
}

base::Status BlobReader::verify_whole() const {
  const bool plain = files_.size() == 1 && files_.front().path.empty();
  const engine::Digest found = plain ? read_.front().digest : module::bundle_digest(read_);
  return found == digest_ ? base::Status()
                          : damaged("the bytes on disk have the digest " + found.hex());
}

base::Status BlobReader::damaged(const std::string& what) const {
  const base::Status aside = store_->set_aside_damaged(digest_);
  return corrupt(aside.ok() ? what : what + ", and it cannot be set aside: " + aside.message());
}

base::Status BlobReader::corrupt(const std::string& what) const {
  return base::Status(base::Code::kDataLoss, base::kErrArtifactCorrupt,
                      "artifact " + digest_.hex() + " is damaged: " + what +
                          "; run the task that made it again, and check the disk");
}

}  // namespace weir::rpc
