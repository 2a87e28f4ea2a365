// Values that are too large to travel in a report, as content-addressed files below an artifact
// directory: written to tmp/, synced, renamed to sha256/ab/cdef…, and the directory synced. Reading
// verifies the digest. Functions may be called from any thread; two writers of the same bytes end
// with the same file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/sha256.h"
#include "base/status.h"

namespace weir::sdk_impl {

struct StoredFile {
  base::Digest digest;
  std::int64_t size = 0;  // of all bytes
  std::filesystem::path path;
};

// kDurable survives a power cut once the call returns; kQuick is for stores that die with the
// process.
enum class Sync { kDurable, kQuick };

// RESOURCE_EXHAUSTED when the disk is full, UNAVAILABLE for other errors of the file system,
// INVALID_ARGUMENT when what the stage returned is not a regular file or folder, or holds a link or
// a device.
base::Result<StoredFile> store_bytes(const std::filesystem::path& artifact_dir,
                                     std::string_view bytes, Sync sync);
base::Result<StoredFile> store_file(const std::filesystem::path& artifact_dir,
                                    const std::filesystem::path& source, Sync sync);
// The digest of a tree is module::bundle_digest over its files.
base::Result<StoredFile> store_tree(const std::filesystem::path& artifact_dir,
                                    const std::filesystem::path& source, Sync sync);

// The bytes of an artifact. NOT_FOUND when it is not there, DATA_LOSS when its bytes are not what
// the digest says.
base::Result<std::string> read_artifact(const std::filesystem::path& path,
                                        const base::Digest& digest);
// The same judgement on a file or tree that is handed over by path and never loaded.
base::Status verify_file(const std::filesystem::path& path, const base::Digest& digest);
base::Status verify_tree(const std::filesystem::path& path, const base::Digest& digest);

}  // namespace weir::sdk_impl
