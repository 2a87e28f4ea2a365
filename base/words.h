// The words of an enum, from one table beside it: `constexpr auto words(Enum)` gives them in the
// order of its values, which count from 0. Tables, texts and the API all use them, so a word does
// not change and is not given to something else. Pure functions, safe from any thread.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace weir::base {

template <std::size_t N>
using Words = std::array<std::string_view, N>;

template <class Enum>
concept Worded = std::is_enum_v<Enum> && requires(Enum value) {
  { words(value).size() } -> std::convertible_to<std::size_t>;
};

// All of them, in the order of the values.
template <Worded Enum>
inline constexpr auto kWords = words(Enum{});

template <Worded Enum>
constexpr std::string_view word_of(Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < kWords<Enum>.size() ? kWords<Enum>[index] : std::string_view("unknown");
}

template <Worded Enum>
constexpr std::optional<Enum> parse_word(std::string_view word) {
  for (std::size_t index = 0; index < kWords<Enum>.size(); ++index) {
    if (kWords<Enum>[index] == word) return static_cast<Enum>(index);
  }
  return std::nullopt;
}

}  // namespace weir::base
