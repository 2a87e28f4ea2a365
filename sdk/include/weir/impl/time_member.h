// Members of parameters that take the time that a run is for: which types can, and what the member
// that a pointer names is called. Compile-time but for the name, which is found by its address.
// Not for users.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "../codec.h"

namespace weir::impl {

template <class M>
inline constexpr bool kTakesTime = false;
template <class Rep, class Period>
inline constexpr bool kTakesTime<std::chrono::sys_time<std::chrono::duration<Rep, Period>>> =
    std::is_integral_v<Rep>&& std::is_signed_v<Rep> && sizeof(Rep) == 8;
template <>
inline constexpr bool kTakesTime<std::chrono::year_month_day> = true;
template <>
inline constexpr bool kTakesTime<std::string> = true;
template <class M>
inline constexpr bool kTakesTime<std::optional<M>> = kTakesTime<M>;

// Empty for one that WEIR_FIELDS leaves out.
template <class T, class M>
std::string_view member_name(M T::*member) {
  T object{};
  const void* place = std::addressof(object.*member);
  std::string_view name;
  std::size_t index = 0;
  const auto look = [&]<class F>(F& field) {
    const bool found = std::is_same_v<std::remove_cv_t<F>, M> && std::addressof(field) == place;
    if (found) name = Fields<T>::name(index);
    ++index;
  };
  std::apply([&](auto&... fields) { (look(fields), ...); }, Fields<T>::tie(object));
  return name;
}

}  // namespace weir::impl
