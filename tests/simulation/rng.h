// The one source of chance of a simulation: everything that a seed decides is drawn from here, in
// order, so that a seed is the whole story. splitmix64. One owner, one thread; drawing where a
// trace or a check is optional would change what the seed plays.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace weir::simulation {

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ull + 0x1234567) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  // 0 … limit-1.
  std::int64_t below(std::int64_t limit) {
    return limit <= 0 ? 0 : std::int64_t(next() % std::uint64_t(limit));
  }
  std::int64_t between(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }
  bool chance(double probability) { return double(next() >> 11) * 0x1p-53 < probability; }
  base::Duration between(base::Duration low, base::Duration high) {
    return base::Duration(between(low.count(), high.count()));
  }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[std::size_t(below(std::int64_t(from.size())))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace weir::simulation
