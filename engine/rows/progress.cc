// The rules for what stages say of their progress. A pure function, used where a stage says it and
// where a worker's message comes in: it leaves alone what it has made. Bytes are counted, not
// characters.
#include "engine/rows/progress.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace weir::engine {

Progress make_progress(double share, std::string_view message) {
  constexpr unsigned char kDelete = 0x7F;
  Progress out;
  if (!std::isnan(share)) {
    // Rounded down, for nothing is whole before it is; but what was millionths stays what it was,
    // though 249 / 1e6 * 1e6 is a little less than 249.
    constexpr double kRoundingError = 1e-9;
    const double within = std::clamp(share, 0.0, 1.0) * Progress::kWhole;
    out.millionths = static_cast<std::int32_t>(std::floor(within + kRoundingError));
  }
  out.message = base::cut_utf8(message, kProgressMessageBytesMax);
  if (out.message.size() > kProgressMessageBytesMax) {  // with its mark; what is fit stays as it is
    constexpr std::size_t kTextMax = kProgressMessageBytesMax - base::kCutMark.size();
    out.message = base::cut_utf8(message, kTextMax);
  }
  for (char& c : out.message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == kDelete) c = ' ';
  }
  return out;
}

}  // namespace weir::engine
