// Small values that workers just reported, by digest, so that a task's
// consumers get them without a read. Bounded by bytes; the least
// recently used goes first. Safe from any thread.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/sha256.h"

namespace weir::rpc {

class InlineCache {
 public:
  using Bytes = std::shared_ptr<const std::string>;

  explicit InlineCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // The bytes must have been verified against the digest.
  void put(const base::Digest& digest, Bytes bytes);
  // Null when it is not here.
  Bytes find(const base::Digest& digest);
  std::size_t bytes() const;

 private:
  struct Entry {
    base::Digest digest;
    Bytes bytes;
  };
  static constexpr std::size_t kEntryOverhead = 128;  // list, map and string of an entry, about

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;     // guarded by mutex_
  std::list<Entry> entries_;  // newest first; guarded by mutex_
  std::unordered_map<base::Digest, std::list<Entry>::iterator> by_digest_;  // guarded by mutex_
};

}  // namespace weir::rpc
