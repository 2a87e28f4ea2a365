// How far a running stage says that it is. What stages say is made fit to be kept by one function,
// which never refuses: no report fails, and no peer stumbles, because of a figure that is only
// shown. Values only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "engine/rows/columns.h"

namespace weir::engine {

inline constexpr std::size_t kProgressMessageBytesMax = 200;

struct Progress {
  static constexpr std::int32_t kUnknown = -1;
  static constexpr std::int32_t kWhole = 1'000'000;

  std::int32_t millionths = kUnknown;  // of the work, 0 to kWhole
  std::string message;                 // one line for people, may be empty
  bool operator==(const Progress&) const = default;

  static constexpr auto columns() {
    return std::tuple(column("progress_millionths", &Progress::millionths),
                      column("progress_message", &Progress::message));
  }
};

// `share` is clamped to 0..1, NaN is not known; of `message` control characters become spaces and
// what is no UTF-8 is replaced, and a long one is cut.
Progress make_progress(double share, std::string_view message);

}  // namespace weir::engine
