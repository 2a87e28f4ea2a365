// A least-recently-used map of small values, bounded by their bytes.
// Safe from any thread, the loop's included: the lock is held for a
// lookup only, never while bytes are copied.
#include "scheduler/rpc/inline_cache.h"

#include <utility>

namespace weir::rpc {

void InlineCache::put(const base::Digest& digest, Bytes bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = by_digest_.find(digest);
  if (found != by_digest_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return;
  }
  bytes_ += bytes->size() + kEntryOverhead;
  entries_.push_front({digest, std::move(bytes)});
  by_digest_.emplace(digest, entries_.begin());
  while (bytes_ > bytes_max_ && !entries_.empty()) {
    bytes_ -= entries_.back().bytes->size() + kEntryOverhead;
    by_digest_.erase(entries_.back().digest);
    entries_.pop_back();
  }
}

InlineCache::Bytes InlineCache::find(const base::Digest& digest) {
  const std::lock_guard lock(mutex_);
  const auto found = by_digest_.find(digest);
  if (found == by_digest_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->bytes;
}

std::size_t InlineCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace weir::rpc
