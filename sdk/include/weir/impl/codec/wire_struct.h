// Binary form of structs: plain ones by reflection, others by WEIR_FIELDS or a Codec of their own.
// Fields follow one another in the order of declaration; their names are in the schema.
// Thread-safe: functions of their arguments.
#pragma once

#include <array>
#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "reflect.h"
#include "wire_sum.h"

namespace weir {

template <class T>
struct Codec;

namespace impl {

template <class T>
concept Custom = requires {
  sizeof(Codec<T>);
};

template <class Member>
inline constexpr bool kMarkedBy = false;
template <class C>
inline constexpr bool kMarkedBy<void (C::*)() const> = true;
template <class Member>
struct ClassOf;
template <class C>
struct ClassOf<void (C::*)() const> {
  using type = C;
};

// Has WEIR_FIELDS itself: one in a base class would lose the fields of the derived class.
template <class T>
concept Declared = std::is_class_v<T> && !Custom<T> && requires {
  requires std::same_as<typename ClassOf<decltype(&T::weir_fields_of)>::type, T>;
};

// Aggregates that are not written as structs.
template <class T>
inline constexpr bool kNotAStruct = false;
template <class T, std::size_t N>
inline constexpr bool kNotAStruct<std::array<T, N>> = true;
template <>
inline constexpr bool kNotAStruct<External> = true;
template <>
inline constexpr bool kNotAStruct<File> = true;
template <>
inline constexpr bool kNotAStruct<Tree> = true;

template <class T>
concept Reflected = reflect::Plain<T> && !kNotAStruct<T> && !Custom<T> && !Declared<T>;
template <class T>
concept Empty =
    std::is_class_v<T> && std::is_empty_v<T> && std::is_default_constructible_v<T> && !Custom<T> &&
    !Declared<T>;

// "id, text" → the name at `index`.
constexpr std::string_view name_in_list(std::string_view list, std::size_t index) {
  for (; index > 0; --index) list.remove_prefix(list.find(',') + 1);
  const auto begin = list.find_first_not_of(' ');
  list = list.substr(begin, list.find(',') - begin);
  return list.substr(0, list.find(' '));
}

// One way to look at the fields of a struct, however they were found.
template <class T>
struct Fields {
  static constexpr auto tie(T& value) { return reflect::fields(value); }
  static constexpr auto tie(const T& value) { return reflect::fields(value); }
  static constexpr std::string_view name(std::size_t index) { return reflect::kNames<T>[index]; }
};
template <Declared T>
struct Fields<T> {
  static constexpr auto tie(T& value) { return value.weir_fields(); }
  static constexpr auto tie(const T& value) { return value.weir_fields(); }
  static constexpr std::string_view name(std::size_t index) {
    return name_in_list(T::weir_field_names(), index);
  }
};

template <class T>
using Tied = decltype(Fields<T>::tie(std::declval<T&>()));
template <class T>
inline constexpr std::size_t kFieldCount = std::tuple_size_v<Tied<T>>;
template <class T, std::size_t I>
using FieldAt = std::remove_cvref_t<std::tuple_element_t<I, Tied<T>>>;

template <class T, std::size_t... I>
constexpr bool packed_fields(std::index_sequence<I...>) {
  return (kPacked<FieldAt<T, I>> && ...) && (0 + ... + sizeof(FieldAt<T, I>)) == sizeof(T);
}
template <Reflected T>
inline constexpr bool kPacked<T> = [] {
  if constexpr (!std::is_trivially_copyable_v<T>) {
    return false;
  } else {
    return packed_fields<T>(std::make_index_sequence<kFieldCount<T>>{});
  }
}();

template <class T>
requires(Reflected<T> || Declared<T>) struct Wire<T> {
  static TypeNode node() {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return TypeNode{
          "{", "}", {{Fields<T>::name(I), &type_node<FieldAt<T, I>>}...}, true, &initial_fields};
    }
    (std::make_index_sequence<kFieldCount<T>>{});
  }
  static void encode(const T& value, Writer& out) {
    if constexpr (kPacked<T>) {
      out.raw(&value, sizeof value);
    } else {
      std::apply([&out]<class... F>(const F&... field) { (Wire<F>::encode(field, out), ...); },
                 Fields<T>::tie(value));
    }
  }
  static void decode(Reader& in, T& value) {
    std::apply([&in]<class... F>(F&... field) { (Wire<F>::decode(in, field), ...); },
               Fields<T>::tie(value));
  }
  static std::vector<std::string> initial_fields() {
    const T value{};
    return std::apply(
        []<class... F>(const F&... field) {
          return std::vector<std::string>{encoded_key<F>(field)...};
        },
        Fields<T>::tie(value));
  }
};

template <Empty T>
struct Wire<T> {
  static TypeNode node() { return leaf("{}"); }
  static void encode(const T&, Writer& out) { out.byte(0); }
  static void decode(Reader& in, T&) { in.byte(); }
};

template <Custom T>
struct Wire<T> {
  static TypeNode node() { return leaf(custom_type_name(Codec<T>::schema())); }
  static void encode(const T& value, Writer& out) {
    std::string bytes;
    Codec<T>::encode(value, bytes);
    out.text(bytes);
  }
  static void decode(Reader& in, T& value) {
    const std::string_view bytes = in.text();
    if (in.ok()) value = Codec<T>::decode(bytes);
  }
};

}  // namespace impl
}  // namespace weir
