// From a path on this machine to what is registered: the files of the bundle with their digests,
// what they need from a host, and the manifest that the program prints. Every way in which a file
// can be no module has its own error and advice. Reads files and runs `MODULE describe`; contacts
// nobody. Blocking; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "base/status.h"
#include "module/manifest.h"

namespace weir::client {

inline constexpr std::size_t kBundleFilesMax = 10'000;
inline constexpr std::chrono::milliseconds kDescribeTime{10'000};

struct ModuleFile {
  std::string path;      // within the bundle
  std::string absolute;  // on this machine
  base::Digest digest;
  std::int64_t size = 0;
  bool executable = false;
};

struct ModuleBundle {
  std::vector<ModuleFile> files;  // the executable first
  base::Digest digest;            // the module's identity
  module::Manifest manifest;
  std::string manifest_json;                  // as it was printed
  std::vector<std::string> needed_libraries;  // sonames that the bundle does not bring
  std::string glibc;                          // the newest GLIBC_ version needed
  std::string architecture;
};

// `path`: a program, which brings the shared libraries in the directories beside it that its
// RUNPATH names with $ORIGIN; or a directory with one program on its top level, which brings all
// its files.
base::Result<ModuleBundle> load_bundle(const std::string& path,
                                       std::chrono::milliseconds describe_time = kDescribeTime);

}  // namespace weir::client
