// What is wrong with a type as a value, as one of the sentences of problem.h, or Ok. Goes into
// members, fields and elements; recursive types end at the struct that is being looked at. Compile
// time only.
#pragma once

#include <array>
#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "../codec.h"
#include "problem.h"

namespace weir::impl {

template <class V, class... Seen>
consteval auto value_problem();

template <class T, std::size_t I>
consteval auto field_name() {
  constexpr std::string_view name = Fields<T>::name(I);
  return FixedString<name.size() + 1>(name);
}

// The first thing that is not Ok.
template <class... P>
struct FirstProblem {
  using type = Ok;
};
template <class P, class... Rest>
struct FirstProblem<P, Rest...> {
  using type = std::conditional_t<std::same_as<P, Ok>, typename FirstProblem<Rest...>::type, P>;
};

template <class V>
inline constexpr bool kPathValue = std::same_as<V, File> || std::same_as<V, Tree>;

// Of a value inside of another one.
template <class V, class... Seen>
consteval auto inner_problem() {
  if constexpr (kPathValue<V>) {
    return problem::a_file_or_tree_is_an_asset_of_its_own_it_cannot_be_inside_another_value<
        Type<V>>{};
  } else {
    return value_problem<V, Seen...>();
  }
}

template <class V, std::size_t I, class... Seen>
consteval auto field_problem() {
  using Field = FieldAt<V, I>;
  if constexpr (!Encodable<Field> && !kPathValue<Field> && !std::is_array_v<Field>) {
    return problem::a_field_has_no_codec<Type<V>, FieldOf<field_name<V, I>(), Field>>{};
  } else {
    return inner_problem<Field, Seen..., V>();
  }
}

template <class V, class... Seen, std::size_t... I>
consteval auto fields_problem(std::index_sequence<I...>) {
  return typename FirstProblem<decltype(field_problem<V, I, Seen...>())...>::type{};
}

template <class V, class... Seen>
consteval auto struct_problem() {
  if constexpr (Reflected<V>) {
    using Shape = reflect::Shape<V>;
    if constexpr (Shape::kBase) {
      return problem::a_base_class_cannot_be_reflected_add_WEIR_FIELDS_or_hold_it_as_a_member<
          Type<V>>{};
    } else if constexpr (Shape::kTooMany) {
      return problem::more_than_64_fields_add_WEIR_FIELDS<Type<V>>{};
    } else if constexpr (Shape::kArray) {
      return problem::a_C_array_cannot_be_reflected_use_std_array_or_add_WEIR_FIELDS<Type<V>>{};
    } else {
      return fields_problem<V, Seen...>(std::make_index_sequence<kFieldCount<V>>{});
    }
  } else {
    return fields_problem<V, Seen...>(std::make_index_sequence<kFieldCount<V>>{});
  }
}

// Problems of the arguments of a template, such as the elements of a vector.
template <class V, class... Seen>
struct ElementProblem {
  using type = Ok;
};
template <template <class...> class Of, class... A, class... Seen>
struct ElementProblem<Of<A...>, Seen...> {
  template <class E>
  static consteval auto one() {
    if constexpr (requires(E part) { part.allocate(std::size_t{1}); }) {
      return Ok{};  // an allocator; a map's names a pair with a const key, which has no codec
    } else if constexpr (Encodable<E> || kPathValue<E>) {
      return inner_problem<E, Seen...>();
    } else if constexpr (requires { sizeof(Wire<Of<A...>>); } && !std::is_empty_v<E>) {
      return value_problem<E, Seen...>();
    } else {
      return Ok{};  // a comparison
    }
  }
  using type = typename FirstProblem<decltype(one<A>())...>::type;
};
template <class T, std::size_t N, class... Seen>
struct ElementProblem<std::array<T, N>, Seen...> {
  using type = decltype(inner_problem<T, Seen...>());
};
template <class T, std::size_t N, class... Seen>
struct ElementProblem<T[N], Seen...> {
  using type = decltype(inner_problem<T, Seen...>());
};

template <class V, class... Seen>
consteval auto value_problem() {
  if constexpr ((std::same_as<V, Seen> || ...) || std::is_void_v<V> || kPathValue<V>) {
    return Ok{};
  } else if constexpr (std::is_pointer_v<V>) {
    return problem::a_pointer_cannot_be_stored_return_the_value_or_an_optional<Type<V>>{};
  } else if constexpr (kIs<V, std::shared_ptr> || kIs<V, std::unique_ptr>) {
    return problem::return_the_value_itself_weir_shares_it_without_a_copy<Type<V>>{};
  } else if constexpr (std::is_enum_v<V> && !FixedEnum<V>) {
    return problem::give_the_enum_an_underlying_type_or_write_enum_class<Type<V>>{};
  } else if constexpr (!std::is_default_constructible_v<V>) {
    return problem::a_value_needs_a_default_constructor<Type<V>>{};
  } else if constexpr (!Encodable<V>) {
    return problem::no_codec_make_it_a_plain_struct_or_add_WEIR_FIELDS_or_specialise_weir_Codec<
        Type<V>>{};
  } else if constexpr (Reflected<V> || Declared<V>) {
    return struct_problem<V, Seen...>();
  } else {
    return typename ElementProblem<V, Seen...>::type{};
  }
}

template <class V>
using ValueProblem = decltype(value_problem<V>());
// Of parameters: JSON must be able to hold them.
template <class V>
using ParamProblem = decltype(inner_problem<V>());

template <class Problem>
concept Fits = std::same_as<Problem, Ok>;

}  // namespace weir::impl
