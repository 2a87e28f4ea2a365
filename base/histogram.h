// Counts of durations or sizes in buckets an eighth of a power of two wide, for percentiles that
// `weir doctor` shows. record() is wait-free; every member is safe from any thread, and a reader
// may see a count a moment late.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace weir::base {

class Histogram {
 public:
  // Negative values count as zero.
  void record(std::int64_t value);

  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  std::int64_t max() const { return max_.load(std::memory_order_relaxed); }
  // The upper end of the bucket that holds the quantile (0 < q <= 1), never above max(); 0 when
  // empty. At most 12.5 % above the true value.
  std::int64_t quantile(double q) const;

 private:
  static constexpr int kSubBits = 3;  // eight buckets a power of two
  static constexpr int kBuckets = 64 << kSubBits;
  static int bucket_of(std::uint64_t value);
  static std::int64_t upper_end(int bucket);

  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::int64_t> max_{0};
};

}  // namespace weir::base
