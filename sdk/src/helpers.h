// Which processes the maker of a resource started: what descends from this one or was handed to its
// worker afterwards and did not before. A worker keeps them as long as the executor.
// Reads /proc; for the thread that makes resources, and only while no other thread forks.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

namespace weir::sdk_impl {

struct Helper {
  std::int32_t pid = 0;
  std::uint64_t born_ticks = 0;  // since boot
  auto operator<=>(const Helper&) const = default;
};

class HelperWatch {
 public:
  // Before the maker is called.
  HelperWatch();
  // After it. Children of this process, and those that made themselves its grandchildren without a
  // parent. What these start in turn goes with them.
  std::vector<Helper> started() const;

 private:
  std::set<Helper> before_;
};

}  // namespace weir::sdk_impl
