// The identity of a module: one digest over the files of its bundle, as uploaded. Trees among the
// artifacts are identified by the same function. Pure: it reads no file, the caller brings each
// file's digest.
#pragma once

#include <span>
#include <string>

#include "base/sha256.h"

namespace weir::module {

using base::Digest;

struct BundleEntry {
  std::string path;  // relative, '/'-separated
  Digest digest;
  bool executable = false;
};

// SHA-256 over the entries sorted by path, each as `path NUL ('x' or '-') NUL hex NL`.
Digest bundle_digest(std::span<const BundleEntry> entries);

}  // namespace weir::module
