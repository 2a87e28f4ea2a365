// Decoded values by data version, so that consecutive stages of one process share them instead of
// decoding again. Least recently used ones go first when the bound is reached; a value that
// somebody holds stays alive with them. Safe from any thread.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/sha256.h"
#include "weir/impl/stage.h"

namespace weir::sdk_impl {

inline constexpr std::int64_t kDecodedBytesMax = std::int64_t{256} << 20;

class ValueCache {
 public:
  explicit ValueCache(std::int64_t bytes_max = kDecodedBytesMax) : bytes_max_(bytes_max) {}

  // The codec is part of the key: two C++ types can have one schema, and then one fingerprint.
  std::shared_ptr<const void> find(const base::Digest& digest, const impl::ValueCodec& codec);
  // `bytes` is the encoded size, which stands for the size in memory. Larger than the bound: not
  // kept.
  void put(const base::Digest& digest, const impl::ValueCodec& codec,
           std::shared_ptr<const void> value, std::int64_t bytes);

  std::int64_t bytes() const;

 private:
  using Key = std::pair<base::Digest, const impl::ValueCodec*>;
  struct Entry {
    Key key;
    std::shared_ptr<const void> value;
    std::int64_t bytes = 0;
  };

  const std::int64_t bytes_max_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;                         // guarded by mutex_; most recently used first
  std::map<Key, std::list<Entry>::iterator> index_;  // guarded by mutex_
  std::int64_t bytes_ = 0;                           // guarded by mutex_
};

}  // namespace weir::sdk_impl
