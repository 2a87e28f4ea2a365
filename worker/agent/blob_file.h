// Content-addressed files on the worker's disk: written through a digest, synced when finished;
// and the paths and trees that go with them. Free functions may be called from any thread; an
// object belongs to one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "base/status.h"
#include "module/bundle.h"
#include "worker/supervisor/system.h"

namespace weir::worker {

// Not empty, '/'-separated, without "." and ".." and empty segments: stays below where it is put.
bool safe_relative_path(std::string_view path);

// SHA-256 of a file. NOT_FOUND when there is none.
base::Result<base::Digest> file_digest(const std::string& path);

class BlobFile {
 public:
  static base::Result<BlobFile> create(const std::string& path, bool executable);
  base::Status append(std::string_view bytes);
  // Syncs and closes; the digest of what was written.
  base::Result<base::Digest> finish();

 private:
  std::string path_;
  Fd file_;
  base::Sha256 hash_;
};

struct TreeFile {
  std::string path;  // within the tree
  std::string absolute_path;
  std::int64_t size = 0;
  bool executable = false;
};

// The regular files of a tree in the order of their paths. INVALID_ARGUMENT when it holds anything
// but files and folders.
base::Result<std::vector<TreeFile>> list_tree(const std::string& root);

}  // namespace weir::worker
