// Binary form of numbers, enums, times, strings, and the special values of files.h.
// Numbers are stored as they are in memory, little-endian.
// Thread-safe: functions of their arguments.
#pragma once

#include <chrono>
#include <concepts>
#include <string>
#include <type_traits>

#include "type_node.h"

namespace weir::impl {

// An enum whose every bit pattern is a legal value: one with a fixed underlying type.
template <class T>
concept FixedEnum = std::is_enum_v<T> && requires {
  T{std::underlying_type_t<T>{}};
};

template <class T>
concept Number = std::is_arithmetic_v<T> && sizeof(T) <= 8;

template <Number T>
std::string number_name() {
  if constexpr (std::same_as<T, bool>) {
    return "bool";
  } else if constexpr (std::same_as<T, char>) {
    return "char";
  } else {
    const char* letter = std::is_floating_point_v<T> ? "f" : std::is_signed_v<T> ? "i" : "u";
    return letter + std::to_string(sizeof(T) * 8);
  }
}

template <Number T>
inline constexpr bool kPacked<T> = !std::same_as<T, bool>;

template <Number T>
struct Wire<T> {
  static TypeNode node() { return leaf(number_name<T>()); }
  static void encode(T value, Writer& out) { out.raw(&value, sizeof value); }
  static void decode(Reader& in, T& value) { in.raw(&value, sizeof value); }
};

template <>
struct Wire<bool> {
  static TypeNode node() { return leaf("bool"); }
  static void encode(bool value, Writer& out) { out.byte(value ? 1 : 0); }
  static void decode(Reader& in, bool& value) {
    const std::uint8_t byte = in.byte();
    if (byte > 1) in.fail("a bool is neither 0 nor 1");
    value = byte == 1;
  }
};

template <FixedEnum T>
inline constexpr bool kPacked<T> = kPacked<std::underlying_type_t<T>>;

template <FixedEnum T>
struct Wire<T> {
  using Underlying = std::underlying_type_t<T>;
  static TypeNode node() { return leaf("enum<" + number_name<Underlying>() + ">"); }
  static void encode(T value, Writer& out) {
    Wire<Underlying>::encode(static_cast<Underlying>(value), out);
  }
  static void decode(Reader& in, T& value) {
    Underlying number{};
    Wire<Underlying>::decode(in, number);
    value = static_cast<T>(number);
  }
};

template <Number Rep, class Period>
inline constexpr bool kPacked<std::chrono::duration<Rep, Period>> =
    kPacked<Rep> && sizeof(std::chrono::duration<Rep, Period>) == sizeof(Rep);
template <class Duration>
inline constexpr bool kPacked<std::chrono::sys_time<Duration>> = kPacked<Duration>;

template <class Rep, class Period>
std::string duration_name() {
  return number_name<Rep>() + "," + std::to_string(Period::num) + "/" + std::to_string(Period::den);
}

template <Number Rep, class Period>
struct Wire<std::chrono::duration<Rep, Period>> {
  using T = std::chrono::duration<Rep, Period>;
  static TypeNode node() {
    return leaf("duration<" + duration_name<Rep, typename Period::type>() + ">");
  }
  static void encode(const T& value, Writer& out) { Wire<Rep>::encode(value.count(), out); }
  static void decode(Reader& in, T& value) {
    Rep count{};
    Wire<Rep>::decode(in, count);
    value = T(count);
  }
};

template <Number Rep, class Period>
struct Wire<std::chrono::sys_time<std::chrono::duration<Rep, Period>>> {
  using Duration = std::chrono::duration<Rep, Period>;
  using T = std::chrono::sys_time<Duration>;
  static TypeNode node() {
    return leaf("time<" + duration_name<Rep, typename Period::type>() + ">");
  }
  static void encode(const T& value, Writer& out) {
    Wire<Duration>::encode(value.time_since_epoch(), out);
  }
  static void decode(Reader& in, T& value) {
    Duration since{};
    Wire<Duration>::decode(in, since);
    value = T(since);
  }
};

template <>
struct Wire<std::chrono::year_month_day> {
  using T = std::chrono::year_month_day;
  static TypeNode node() { return leaf("date"); }
  static void encode(const T& value, Writer& out) {
    Wire<std::int16_t>::encode(static_cast<std::int16_t>(int{value.year()}), out);
    out.byte(static_cast<std::uint8_t>(unsigned{value.month()}));
    out.byte(static_cast<std::uint8_t>(unsigned{value.day()}));
  }
  static void decode(Reader& in, T& value) {
    std::int16_t year = 0;
    Wire<std::int16_t>::decode(in, year);
    const std::chrono::month month{in.byte()};
    value = T(std::chrono::year{year}, month, std::chrono::day{in.byte()});
  }
};

template <>
struct Wire<std::string> {
  static TypeNode node() { return leaf("string"); }
  static void encode(const std::string& value, Writer& out) { out.text(value); }
  static void decode(Reader& in, std::string& value) { value = in.text(); }
};

template <>
struct Wire<Json> {
  static TypeNode node() { return leaf("json"); }
  static void encode(const Json& value, Writer& out) { out.text(value.text()); }
  static void decode(Reader& in, Json& value) {
    auto parsed = Json::try_parse(in.text());
    if (!parsed) return in.fail("a JSON member does not parse");
    value = *std::move(parsed);
  }
};

template <>
struct Wire<External> {
  static TypeNode node() { return leaf("external"); }
  static void encode(const External& value, Writer& out) {
    out.text(value.uri);
    out.text(value.version);
  }
  static void decode(Reader& in, External& value) {
    value.uri = in.text();
    value.version = in.text();
  }
};

}  // namespace weir::impl
