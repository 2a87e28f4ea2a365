// Limits and order of an upload: what was announced bounds what is
// taken, and the last word on the digest is the writer's. Transfer
// threads only, as it waits for the disk.
#include "scheduler/rpc/blob_upload.h"

#include <utility>

#include "base/errors.h"
#include "scheduler/rpc/convert/api.h"

namespace weir::rpc {
namespace {

base::Status refused(int error, std::string message) {
  return base::Status(base::Code::kInvalidArgument, error, std::move(message));
}

}  // namespace

base::Status BlobUpload::begin(const engine::Digest& digest, engine::ArtifactKind kind,
                               std::int64_t size) {
  if (size < 0 || size > bytes_max_) {
    return refused(base::kErrLimit, "a file of " + std::to_string(size) +
                                        " bytes is announced; the limit of one upload is " +
                                        std::to_string(bytes_max_) + " bytes");
  }
  digest_ = digest;
  kind_ = kind;
  announced_ = size;
  if (store_.contains(digest)) {
    // What is there wins, but not unread: who sends it again may do so because it is damaged.
    if (base::Status status = store_.set_aside_damaged(digest); !status.ok()) return status;
    held_ = store_.contains(digest);
  }
  if (held_) return {};
  base::Result<std::unique_ptr<ports::BlobWriter>> writer = store_.create(digest, kind, size);
  if (!writer.ok()) return writer.status();
  writer_ = std::move(writer).value();
  return {};
}

base::Status BlobUpload::start_file(const std::string& path, bool executable) {
  if (kind_ != engine::ArtifactKind::kTree || !safe_relative_path(path)) {
    return refused(base::kErrUsage,
                   "'" + path + "' is not a path inside the uploaded tree " + digest_.hex());
  }
  return held_ ? base::Status() : writer_->start_file(path, executable);
}

base::Status BlobUpload::append(std::string_view bytes) {
  received_ += static_cast<std::int64_t>(bytes.size());
  if (received_ > announced_) {
    return refused(base::kErrFileDigest, "more than the announced " + std::to_string(announced_) +
                                             " bytes came for " + digest_.hex());
  }
  return held_ ? base::Status() : writer_->append(bytes);
}

base::Status BlobUpload::finish() {
  if (held_) return {};
  if (received_ != announced_) {
    return base::Status(base::Code::kDataLoss, base::kErrFileDigest,
                        "the upload of " + digest_.hex() + " ended after " +
                            std::to_string(received_) + " of " + std::to_string(announced_) +
                            " bytes; send it again");
  }
  return writer_->finish();
}

}  // namespace weir::rpc
