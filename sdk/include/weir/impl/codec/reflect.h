// Fields and names of plain structs without a macro: how many fields an aggregate has, references
// to them, and how the source spells them. C++20, GCC 12 and clang 14 or later. Everything happens
// at compile time; it must not be used on anything but reflect::Plain types. Base classes, C arrays
// and more than kFieldsMax fields are recognised, so that they can be refused with a sentence.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "reflect_bind.h"

namespace weir::reflect {

// Converts to whatever a field is; only ever named in unevaluated code.
struct AnyField {
  template <class T>
  operator T() const noexcept;
};

// Converts to the base classes of Derived and to nothing else.
template <class Derived>
struct AnyBase {
  template <class B>
  requires(std::is_base_of_v<B, Derived> && !std::is_same_v<B, Derived>) operator B()
      const noexcept;
};

template <class T, std::size_t... I>
consteval bool braces_take(std::index_sequence<I...>) {
  return requires { T{((void)I, AnyField{})...}; };
}

// Whether T{any, any, … N times} is legal.
template <class T, std::size_t N>
inline constexpr bool kBracesTake = braces_take<T>(std::make_index_sequence<N>{});

// The largest accepted N between Low (accepted) and High (not). Being accepted is monotone for a
// default-constructible aggregate, so a binary search needs seven instantiations.
template <class T, std::size_t Low, std::size_t High>
consteval std::size_t search_count() {
  if constexpr (High - Low == 1) {
    return Low;
  } else if constexpr (kBracesTake<T, (Low + High) / 2>) {
    return search_count<T, (Low + High) / 2, High>();
  } else {
    return search_count<T, Low, (Low + High) / 2>();
  }
}

// Equals the number of fields unless there are C arrays or base classes.
template <class T>
consteval std::size_t brace_count() {
  if constexpr (kBracesTake<T, kFieldsMax + 1>) {
    return kFieldsMax + 1;
  } else {
    return search_count<T, 0, kFieldsMax + 1>();
  }
}

template <class T, std::size_t... A, std::size_t... M, std::size_t... B>
consteval bool nested_take(std::index_sequence<A...>, std::index_sequence<M...>,
                           std::index_sequence<B...>) {
  return requires {
    T{((void)A, AnyField{})..., {((void)M, AnyField{})...}, ((void)B, AnyField{})...};
  };
}

// Whether T{any × At, {any × Size}, any × Rest} is legal.
template <class T, std::size_t At, std::size_t Size, std::size_t Rest>
inline constexpr bool kNestedTake = nested_take<T>(std::make_index_sequence<At>{},
                                                   std::make_index_sequence<Size>{},
                                                   std::make_index_sequence<Rest>{});

// A C array of Size elements at position At swallows Size of the counted slots: with its elements
// in braces of their own, exactly Count - At - Size more are accepted.
template <class T, std::size_t Count, std::size_t At, std::size_t Size>
consteval bool c_array_at() {
  if constexpr (At + Size > Count) {
    return false;
  } else {
    return kNestedTake<T, At, Size, Count - At - Size> &&
           !kNestedTake<T, At, Size, Count - At - Size + 1>;
  }
}

template <class T, std::size_t Count, std::size_t At = 0>
consteval bool has_c_array() {
  if constexpr (At + 2 > Count) {
    return false;
  } else if constexpr (!kNestedTake<T, At, 2, 0>) {  // takes no two elements: no array starts here
    return has_c_array<T, Count, At + 1>();
  } else if constexpr ([]<std::size_t... S>(std::index_sequence<S...>) {
                         return (c_array_at<T, Count, At, S + 2>() || ...);
                       }(std::make_index_sequence<Count - At - 1>{})) {
    return true;
  } else {
    return has_c_array<T, Count, At + 1>();
  }
}

// A class whose fields can be found without help, provided that Shape finds nothing against it.
template <class T>
concept Plain = std::is_class_v<T> && std::is_aggregate_v<T> && !std::is_empty_v<T> &&
                std::is_copy_constructible_v<T> && std::is_default_constructible_v<T>;

// What the compiler lets us see of a Plain type.
template <class T>
struct Shape {
  static constexpr std::size_t kBraces = brace_count<T>();  // the number of fields when kReadable
  static constexpr bool kTooMany = kBraces > kFieldsMax;
  static constexpr bool kBase = requires { T{AnyBase<T>{}}; };
  static constexpr bool kArray = !kTooMany && !kBase && has_c_array<T, kBraces>();
  static constexpr bool kReadable = kBraces > 0 && !kTooMany && !kBase && !kArray;
};

// A tuple of references to the fields of `value`, in the order of declaration.
template <class T>
constexpr auto fields(T& value) {
  return bind_fields<Shape<std::remove_const_t<T>>::kBraces>(value);
}

// Type of the field at I.
template <class T, std::size_t I>
using FieldType = std::remove_cvref_t<
    std::tuple_element_t<I, decltype(fields(std::declval<std::add_lvalue_reference_t<T>>()))>>;

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
template <class T>
struct Holder {
  T value;
};
template <class T>
extern const Holder<T> kHolder;  // never defined: only the addresses of its members are named

template <class Pointer>
struct Named {
  Pointer pointer;
  constexpr explicit Named(Pointer p) : pointer(p) {}
};

// The last component of what the compiler prints for the address of a member: "id" of
// "kHolder<Ticket>.value.id".
template <auto P>
consteval std::string_view printed_name() {
  const std::string_view text = __PRETTY_FUNCTION__;
#if defined(__clang__)
  const auto end = text.rfind('}');
  const auto begin = text.rfind('.', end) + 1;
#else
  const auto end = text.rfind(")}");
  const auto begin = text.rfind(':', end) + 1;
#endif
  return text.substr(begin, end - begin);
}

template <class T, std::size_t... I>
consteval auto find_names(std::index_sequence<I...>) {
  return std::array<std::string_view, sizeof...(I)>{
      printed_name<Named{&std::get<I>(fields(kHolder<T>.value))}>()...};
}
// Names of the fields, in the order of declaration.
template <class T>
inline constexpr auto kNames = find_names<T>(std::make_index_sequence<Shape<T>::kBraces>{});
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

namespace self_check {  // a compiler that prints addresses differently fails here, not in a
                        // fingerprint
struct Probe {
  int alpha;
  double beta_2;
};
static_assert(kNames<Probe>[0] == "alpha" && kNames<Probe>[1] == "beta_2",
              "weir: this compiler needs WEIR_FIELDS in every struct");
}  // namespace self_check

}  // namespace weir::reflect
