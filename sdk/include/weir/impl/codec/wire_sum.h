// Binary form of optionals, variants, pairs and tuples.
// What is absent takes one byte, so that every value takes at least one.
// Thread-safe: functions of their arguments.
#pragma once

#include <optional>
#include <tuple>
#include <utility>
#include <variant>

#include "wire_container.h"

namespace weir::impl {

template <class T>
struct Wire<std::optional<T>> {
  static TypeNode node() { return composite<T>("optional<", ">"); }
  static void encode(const std::optional<T>& value, Writer& out) {
    out.byte(value ? 1 : 0);
    if (!value) return;
    out.enter();
    Wire<T>::encode(*value, out);
    out.leave();
  }
  static void decode(Reader& in, std::optional<T>& value) {
    const std::uint8_t present = in.byte();
    value.reset();
    if (present > 1) return in.fail("an optional is neither absent nor present");
    if (present == 0 || !in.enter()) return;
    Wire<T>::decode(in, value.emplace());
    in.leave();
  }
};

template <>
struct Wire<std::monostate> {
  static TypeNode node() { return leaf("{}"); }
  static void encode(std::monostate, Writer& out) { out.byte(0); }
  static void decode(Reader& in, std::monostate&) { in.byte(); }
};

template <class... A>
struct Wire<std::variant<A...>> {
  using T = std::variant<A...>;
  static TypeNode node() { return composite<A...>("one_of<", ">"); }
  static void encode(const T& value, Writer& out) {
    if (value.valueless_by_exception()) throw CodecError("WEIR-E0601: a variant holds no value");
    out.count(value.index());
    out.enter();
    std::visit([&out]<class V>(const V& held) { Wire<V>::encode(held, out); }, value);
    out.leave();
  }
  static void decode(Reader& in, T& value) {
    const std::uint64_t index = in.number();
    if (index >= sizeof...(A)) return in.fail("a variant has no such alternative");
    if (!in.enter()) return;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((I == index ? Wire<A>::decode(in, value.template emplace<I>()) : void()), ...);
    }
    (std::index_sequence_for<A...>{});
    in.leave();
  }
};

// Members one after another: std::pair and std::tuple.
template <class T, class... A>
struct WireProduct {
  static TypeNode node() { return composite<A...>("tuple<", ">"); }
  static void encode(const T& value, Writer& out) {
    if constexpr (sizeof...(A) == 0) out.byte(0);
    std::apply([&](const A&... member) { (Wire<A>::encode(member, out), ...); }, value);
  }
  static void decode(Reader& in, T& value) {
    if constexpr (sizeof...(A) == 0) in.byte();
    std::apply([&](A&... member) { (Wire<A>::decode(in, member), ...); }, value);
  }
};
template <class A, class B>
struct Wire<std::pair<A, B>> : WireProduct<std::pair<A, B>, A, B> {};
template <class... A>
struct Wire<std::tuple<A...>> : WireProduct<std::tuple<A...>, A...> {};

}  // namespace weir::impl
