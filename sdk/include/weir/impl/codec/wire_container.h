// Binary form of vectors, arrays, maps, sets, optionals, variants, pairs and tuples. Every value
// takes at least one byte, which bounds what hostile counts can ask for. Unordered containers are
// written in the order of their encoded keys.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "../traits.h"
#include "wire_scalar.h"

namespace weir::impl {

inline constexpr std::size_t kReserveMax = 4096;  // elements allocated before they have been seen

template <class... A>
TypeNode composite(std::string open, std::string close) {
  return {
      std::move(open), std::move(close), {{std::string_view(), &type_node<A>}...}, false, nullptr};
}

template <class T>
struct Wire<std::vector<T>> {
  static TypeNode node() { return composite<T>("[", "]"); }
  static void encode(const std::vector<T>& value, Writer& out) {
    out.count(value.size());
    if constexpr (kPacked<T>) {
      out.raw(value.data(), value.size() * sizeof(T));
    } else {
      out.enter();
      for (const auto& element : value) Wire<T>::encode(element, out);
      out.leave();
    }
  }
  static void decode(Reader& in, std::vector<T>& value) {
    const std::size_t count = in.count();
    value.clear();
    if constexpr (kPacked<T>) {
      if (count > in.left() / sizeof(T)) return in.fail("the value ends too early");
      value.resize(count);
      in.raw(value.data(), count * sizeof(T));
    } else {
      if (!in.enter()) return;
      value.reserve(std::min(count, kReserveMax));
      for (std::size_t i = 0; i < count && in.ok(); ++i) {
        T element{};
        Wire<T>::decode(in, element);
        value.push_back(std::move(element));
      }
      in.leave();
    }
  }
};

template <>
struct Wire<Bytes> {
  static TypeNode node() { return leaf("bytes"); }
  static void encode(const Bytes& value, Writer& out) {
    out.count(value.size());
    out.raw(value.data(), value.size());
  }
  static void decode(Reader& in, Bytes& value) {
    const std::string_view taken = in.text();
    const auto* first = reinterpret_cast<const std::byte*>(taken.data());
    value.assign(first, first + taken.size());
  }
};

// A fixed number of elements: std::array, and C arrays named in WEIR_FIELDS.
template <class T, std::size_t N>
struct WireArray {
  static TypeNode node() { return composite<T>("[", "*" + std::to_string(N) + "]"); }
  static void encode(const auto& value, Writer& out) {
    if constexpr (N == 0) {
      out.byte(0);
    } else if constexpr (kPacked<T>) {
      out.raw(&value[0], N * sizeof(T));
    } else {
      for (const T& element : value) Wire<T>::encode(element, out);
    }
  }
  static void decode(Reader& in, auto& value) {
    if constexpr (N == 0) {
      in.byte();
    } else if constexpr (kPacked<T>) {
      in.raw(&value[0], N * sizeof(T));
    } else {
      for (T& element : value) Wire<T>::decode(in, element);
    }
  }
};
template <class T, std::size_t N>
struct Wire<std::array<T, N>> : WireArray<T, N> {};
template <class T, std::size_t N>
struct Wire<T[N]> : WireArray<T, N> {};
template <class T, std::size_t N>
inline constexpr bool kPacked<std::array<T, N>> = kPacked<T>&& N > 0;

template <class K>
std::string encoded_key(const K& key) {
  Writer out;
  Wire<K>::encode(key, out);
  return std::move(out.bytes());
}

template <class Map>
struct WireMap {
  using K = typename Map::key_type;
  using V = typename Map::mapped_type;
  static TypeNode node() { return composite<K, V>("map<", ">"); }
  static void encode(const Map& value, Writer& out) {
    std::vector<std::pair<std::string, const V*>> entries;
    entries.reserve(value.size());
    for (const auto& [key, mapped] : value) entries.emplace_back(encoded_key(key), &mapped);
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    out.count(entries.size());
    out.enter();
    for (const auto& [key, mapped] : entries) {
      out.raw(key.data(), key.size());
      Wire<V>::encode(*mapped, out);
    }
    out.leave();
  }
  static void decode(Reader& in, Map& value) {
    const std::size_t count = in.count();
    value.clear();
    if (!in.enter()) return;
    for (std::size_t i = 0; i < count && in.ok(); ++i) {
      K key{};
      V mapped{};
      Wire<K>::decode(in, key);
      Wire<V>::decode(in, mapped);
      if (in.ok() && !value.emplace(std::move(key), std::move(mapped)).second) {
        in.fail("a map has a key twice");
      }
    }
    in.leave();
  }
};
template <class K, class V, class Less>
struct Wire<std::map<K, V, Less>> : WireMap<std::map<K, V, Less>> {};
template <class K, class V, class Hash, class Equal>
struct Wire<std::unordered_map<K, V, Hash, Equal>>
    : WireMap<std::unordered_map<K, V, Hash, Equal>> {};

template <class Set>
struct WireSet {
  using K = typename Set::key_type;
  static TypeNode node() { return composite<K>("set<", ">"); }
  static void encode(const Set& value, Writer& out) {
    std::vector<std::string> keys;
    keys.reserve(value.size());
    for (const K& key : value) keys.push_back(encoded_key(key));
    std::sort(keys.begin(), keys.end());
    out.count(keys.size());
    for (const std::string& key : keys) out.raw(key.data(), key.size());
  }
  static void decode(Reader& in, Set& value) {
    const std::size_t count = in.count();
    value.clear();
    if (!in.enter()) return;
    for (std::size_t i = 0; i < count && in.ok(); ++i) {
      K key{};
      Wire<K>::decode(in, key);
      if (in.ok() && !value.insert(std::move(key)).second) in.fail("a set has a key twice");
    }
    in.leave();
  }
};
template <class K, class Less>
struct Wire<std::set<K, Less>> : WireSet<std::set<K, Less>> {};
template <class K, class Hash, class Equal>
struct Wire<std::unordered_set<K, Hash, Equal>> : WireSet<std::unordered_set<K, Hash, Equal>> {};

}  // namespace weir::impl
