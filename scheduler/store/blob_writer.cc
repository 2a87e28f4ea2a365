// Writing blobs: see blob_writer.h. Each writer has a temporary place of its own and takes it away
// when it ends unfinished; the rename that makes a blob visible comes last, after every file and
// directory of it is synced. One thread at a time; blocks on the disk.
#include "scheduler/store/blob_writer.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"

namespace weir::store {

using base::Code;
using base::Status;

DiskBlobWriter::DiskBlobWriter(DiskBlobStore& store, const engine::Digest& digest,
                               engine::ArtifactKind kind, std::int64_t size, std::string temporary)
    : store_(store), digest_(digest), kind_(kind), size_(size), temporary_(std::move(temporary)) {}

DiskBlobWriter::~DiskBlobWriter() {
  if (done_) return;
  std::error_code ignored;  // what stays is removed at the next start
  std::filesystem::remove_all(temporary_, ignored);
}

Status DiskBlobWriter::open() {
  if (tree()) {
    if (mkdir(temporary_.c_str(), 0700) != 0) return errno_status(errno, "making", temporary_);
    directories_.insert(temporary_);
    return {};
  }
  base::Result<Fd> fd = open_file(temporary_, O_WRONLY | O_CREAT | O_EXCL);
  if (!fd.ok()) return fd.status();
  file_ = std::move(fd).value();
  file_path_ = temporary_;
  hash_.emplace();
  return {};
}

Status DiskBlobWriter::append(std::string_view bytes) {
  if (!file_.valid()) {
    return {Code::kFailedPrecondition, base::kErrUsage,
            "bytes of artifact " + digest_.hex() + " came before the name of their file"};
  }
  written_ += static_cast<std::int64_t>(bytes.size());
  if (size_ >= 0 && written_ > size_) {
    return mismatch("more than the " + std::to_string(size_) + " bytes that were announced");
  }
  hash_->update(bytes);
  return write_all(file_.get(), bytes, file_path_);
}

Status DiskBlobWriter::close_file() {
  if (!file_.valid()) return {};
  sync_file(file_.get(), file_path_);
  file_ = Fd();
  last_ = hash_->finish();
  hash_.reset();
  if (tree()) entries_.back().digest = last_;
  return {};
}

Status DiskBlobWriter::start_file(const std::string& path, bool executable) {
  if (!tree()) {
    return {Code::kFailedPrecondition, base::kErrUsage,
            "artifact " + digest_.hex() + " is one file, not a tree"};
  }
  if (const std::string problem = tree_path_problem(path); !problem.empty()) {
    return {Code::kInvalidArgument, base::kErrBadName, "path '" + path + "' " + problem};
  }
  if (entries_.size() >= kTreeFilesMax) {
    return {Code::kResourceExhausted, base::kErrLimit,
            "a tree has at most " + std::to_string(kTreeFilesMax) + " files"};
  }
  if (Status status = close_file(); !status.ok()) return status;
  const std::filesystem::path target = std::filesystem::path(temporary_) / path;
  if (Status status = make_directories(target.parent_path().string()); !status.ok()) return status;
  for (auto folder = target.parent_path(); folder != temporary_; folder = folder.parent_path()) {
    if (!directories_.insert(folder.string()).second) break;
  }
  base::Result<Fd> fd =
      open_file(target.string(), O_WRONLY | O_CREAT | O_EXCL, executable ? 0700 : 0600);
  if (!fd.ok()) return fd.status();
  file_ = std::move(fd).value();
  file_path_ = target.string();
  hash_.emplace();
  entries_.push_back({path, {}, executable});
  return {};
}

Status DiskBlobWriter::mismatch(const std::string& what) const {
  return {Code::kDataLoss, base::kErrFileDigest,
          "the bytes sent for " + digest_.hex() + " are not what was announced: " + what +
              "; send them again"};
}

Status DiskBlobWriter::verify() {
  if (size_ >= 0 && written_ != size_) {
    return mismatch(std::to_string(written_) + " bytes instead of " + std::to_string(size_));
  }
  const engine::Digest found = tree() ? module::bundle_digest(entries_) : last_;
  if (found != digest_) return mismatch("their digest is " + found.hex());
  return {};
}

Status DiskBlobWriter::sync_tree() {
  for (const std::string& directory : directories_) {
    if (Status status = sync_directory(directory); !status.ok()) return status;
  }
  return {};
}

Status DiskBlobWriter::publish() {
  const std::filesystem::path target = store_.path_of(digest_);
  const std::string folder = target.parent_path().string();
  const std::string above = target.parent_path().parent_path().string();
  if (mkdir(folder.c_str(), 0700) == 0) {
    if (Status status = sync_directory(above); !status.ok()) return status;
  } else if (errno != EEXIST) {
    return errno_status(errno, "making", folder);
  }
  if (rename(temporary_.c_str(), target.c_str()) == 0) return sync_directory(folder);
  const bool there = errno == ENOTEMPTY || errno == EEXIST;
  if (!there || !tree()) return errno_status(errno, "renaming to", target.string());
  // Another writer was first with a tree of the same digest: its files are ours, if they are still
  // what they were.
  if (Status status = store_.set_aside_damaged(digest_); !status.ok()) return status;
  if (rename(temporary_.c_str(), target.c_str()) != 0) {
    if (errno != ENOTEMPTY && errno != EEXIST) {
      return errno_status(errno, "renaming to", target.string());
    }
    std::error_code ignored;
    std::filesystem::remove_all(temporary_, ignored);
  }
  return sync_directory(folder);
}

Status DiskBlobWriter::finish() {
  if (done_) return {Code::kFailedPrecondition, base::kErrUsage, "finish() was called twice"};
  Status status = close_file();
  if (status.ok()) status = verify();
  if (status.ok()) status = sync_tree();
  if (status.ok()) status = publish();
  if (!status.ok()) return status;
  done_ = true;
  store_.remember(digest_);
  return {};
}

}  // namespace weir::store
