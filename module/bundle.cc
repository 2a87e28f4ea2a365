// The digest of a bundle: the same files give the same digest whatever order they were listed in,
// because the entries are sorted by path first. Pure; reads no file: whoever lists the entries has
// hashed them.
#include "module/bundle.h"

#include <algorithm>
#include <vector>

namespace weir::module {

using base::Digest;

Digest bundle_digest(std::span<const BundleEntry> entries) {
  std::vector<const BundleEntry*> sorted;
  sorted.reserve(entries.size());
  for (const BundleEntry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [](const BundleEntry* a, const BundleEntry* b) { return a->path < b->path; });
  base::Sha256 hash;
  for (const BundleEntry* entry : sorted) {
    std::string line = entry->path;
    line += '\0';
    line += entry->executable ? 'x' : '-';
    line += '\0';
    line += entry->digest.hex();
    line += '\n';
    hash.update(line);
  }
  return hash.finish();
}

}  // namespace weir::module
