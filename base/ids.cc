// Run ids as text: thirteen characters of lower-case Crockford base32, so that the order of texts
// is the order of ids and therefore of time. Pure functions; the caller brings the clock and the
// randomness.
#include "base/ids.h"

namespace weir::base {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kRunIdCharacters = 13;
constexpr int kRandomBits = 20;
constexpr std::chrono::sys_days kEpoch =
    std::chrono::year{2020} / std::chrono::January / std::chrono::day{1};

// Crockford reads what people mistype: upper case, o for zero, i and l for one.
int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (c == 'o') c = '0';
  if (c == 'i' || c == 'l') c = '1';
  const auto at = kAlphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string RunId::text() const {
  std::string out(kRunIdCharacters, '0');
  std::uint64_t rest = value;
  for (std::size_t i = kRunIdCharacters; i-- > 0; rest >>= 5) out[i] = kAlphabet[rest & 31];
  return out;
}

std::optional<RunId> RunId::parse(std::string_view text) {
  if (text.size() != kRunIdCharacters) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int digit = digit_of(text[i]);
    if (digit < 0 || (i == 0 && digit > 15)) return std::nullopt;  // 13 * 5 bits are one too many
    value = (value << 5) | static_cast<std::uint64_t>(digit);
  }
  if (value == 0) return std::nullopt;
  return RunId{value};
}

RunId RunId::make(WallTime now, std::uint32_t random) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(now - kEpoch).count();
  const std::uint64_t milliseconds = since > 0 ? static_cast<std::uint64_t>(since) : 0;
  const std::uint64_t low = random & ((1u << kRandomBits) - 1);
  const std::uint64_t value = (milliseconds << kRandomBits) | low;
  return RunId{value == 0 ? 1 : value};
}

}  // namespace weir::base
