// Buckets by the position of the highest bit and the three bits below it; values under eight have
// their own. Relaxed atomics throughout: safe from any thread without a lock, at the price that a
// quantile may miss the latest few values.
#include "base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weir::base {

int Histogram::bucket_of(std::uint64_t value) {
  if (value < (1u << kSubBits)) return static_cast<int>(value);
  const int shift = std::bit_width(value) - 1 - kSubBits;
  const int sub = static_cast<int>(value >> shift) & ((1 << kSubBits) - 1);
  return ((shift + 1) << kSubBits) + sub;
}

std::int64_t Histogram::upper_end(int bucket) {
  if (bucket < (1 << kSubBits)) return bucket;
  const int shift = (bucket >> kSubBits) - 1;
  const std::uint64_t sub = static_cast<std::uint64_t>(bucket & ((1 << kSubBits) - 1));
  return static_cast<std::int64_t>((((1u << kSubBits) + sub + 1) << shift) - 1);
}

void Histogram::record(std::int64_t value) {
  value = std::max<std::int64_t>(value, 0);
  const auto index = static_cast<std::size_t>(bucket_of(static_cast<std::uint64_t>(value)));
  buckets_[index].fetch_add(1, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
  std::int64_t seen = max_.load(std::memory_order_relaxed);
  while (seen < value && !max_.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

std::int64_t Histogram::quantile(double q) const {
  std::uint64_t total = 0;
  for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
  const auto rank = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total)));
  std::uint64_t below = 0;
  for (int i = 0; i < kBuckets; ++i) {
    below += buckets_[static_cast<std::size_t>(i)].load(std::memory_order_relaxed);
    if (below >= rank && below > 0) return std::min(upper_end(i), max());
  }
  return 0;
}

}  // namespace weir::base
