// A list in order of use and an index into it. The lock is held for pointer work
// only: never while a value is decoded, and never while one is destroyed, because
// its destructor is user code.
#include "sdk/src/value_cache.h"

namespace weir::sdk_impl {

std::shared_ptr<const void> ValueCache::find(const base::Digest& digest,
                                             const impl::ValueCodec& codec) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find({digest, &codec});
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->value;
}

void ValueCache::put(const base::Digest& digest, const impl::ValueCodec& codec,
                     std::shared_ptr<const void> value, std::int64_t bytes) {
  if (bytes > bytes_max_) return;
  std::list<Entry> dropped;  // destroyed after the lock is released
  const std::lock_guard lock(mutex_);
  const Key key{digest, &codec};
  if (index_.contains(key)) return;
  entries_.push_front({key, std::move(value), bytes});
  index_[key] = entries_.begin();
  bytes_ += bytes;
  while (bytes_ > bytes_max_) {
    const auto last = std::prev(entries_.end());
    bytes_ -= last->bytes;
    index_.erase(last->key);
    dropped.splice(dropped.begin(), entries_, last);
  }
}

std::int64_t ValueCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace weir::sdk_impl
