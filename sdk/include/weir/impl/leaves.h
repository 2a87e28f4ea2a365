// From dependencies as they are written to the leaves and records of a stage, one specialisation
// each. Built on the thread that defines the pipeline.
// It must not judge types: argument_problem.h has done so before.
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "dependency.h"

namespace weir::impl {

// D as written, V the value that the stage makes. `Types` lists the leaves, `add` appends their
// records.
template <class D, class V>
struct Leaves {
  static constexpr bool kKnown = false;
  using Types = List<>;
};

struct Records {
  std::vector<DependencyRecord> dependencies;
  std::vector<Rule> rules{Rule::kAllSuccess};
};

template <class T, class V>
struct Leaves<Asset<T>, V> {
  static constexpr bool kKnown = true;
  using Types = List<ValueLeaf<T>>;
  static void add(const Asset<T>& from, Records& to) {
    to.dependencies.push_back(record_of(DependencyKind::kAsset, from.name(), &value_codec<T>()));
  }
};
template <class T, class V>
struct Leaves<AssetKey<T>, V> {
  static constexpr bool kKnown = true;
  using Types = List<ValueLeaf<T>>;
  static void add(const AssetKey<T>& from, Records& to) {
    to.dependencies.push_back(
        record_of(DependencyKind::kAsset, from.name.str(), &value_codec<T>()));
  }
};
template <class T, class V>
struct Leaves<LastGood<T>, V> {
  static constexpr bool kKnown = true;
  using Types = List<ValueLeaf<T>>;
  static void add(const LastGood<T>& from, Records& to) {
    to.dependencies.push_back(record_of(DependencyKind::kLastGood, from.name, &value_codec<T>()));
  }
};
template <class V>
struct Leaves<SelfPrevious, V> {
  static constexpr bool kKnown = true;
  using Types = List<InputLeaf<V>>;
  static void add(const SelfPrevious&, Records& to) {
    to.dependencies.push_back(record_of(DependencyKind::kSelfPrevious, {}, &value_codec<V>()));
  }
};
template <class T, class V>
struct Leaves<Param<T>, V> {
  static constexpr bool kKnown = true;
  using Types = List<ParamLeaf<T>>;
  static void add(const Param<T>& from, Records& to) {
    to.dependencies.push_back(record_of(DependencyKind::kParam, from.name, &value_codec<T>()));
  }
};
template <class R, class V>
struct Leaves<Resource<R>, V> {
  static constexpr bool kKnown = true;
  using Types = List<ResourceLeaf<R>>;
  static void add(const Resource<R>& from, Records& to) {
    to.dependencies.push_back(record_of(DependencyKind::kResource, from.name));
  }
};
template <class C, class V>
struct Leaves<CursorOf<C>, V> {
  static constexpr bool kKnown = true;
  using Types = List<CursorLeaf<C>>;
  static void add(const CursorOf<C>&, Records& to) {
    to.dependencies.push_back(record_of(DependencyKind::kCursor, {}));
    to.dependencies.back().cursor = &cursor_record<C>();
  }
};
template <class V>
struct Leaves<ScheduledTimeOf, V> {
  static constexpr bool kKnown = true;
  using Types = List<ScheduledTimeLeaf>;
  static void add(const ScheduledTimeOf&, Records& to) {
    to.dependencies.push_back(record_of(DependencyKind::kScheduledTime, {}));
  }
};
template <class V>
struct Leaves<AfterNames, V> {
  static constexpr bool kKnown = true;
  using Types = List<>;
  static void add(const AfterNames& from, Records& to) {
    for (const auto& name : from.names) {
      to.dependencies.push_back(record_of(DependencyKind::kAfter, name));
    }
  }
};

// Below a rule other than all_success a value may be absent.
template <Rule R, class Leaf>
struct Below {
  using type = Leaf;
};
template <Rule R, class T>
requires(R != Rule::kAllSuccess) struct Below<R, ValueLeaf<T>> {
  using type = InputLeaf<T>;
};
template <Rule R, class... L>
List<typename Below<R, L>::type...> below(List<L...>);

template <class... A>
List<A...> concatenate(List<A...>);
template <class... A, class... B, class... More>
auto concatenate(List<A...>, List<B...>, More... more)
    -> decltype(concatenate(List<A..., B...>{}, more...));

template <Rule R, class V, class... D>
struct Leaves<Ruled<R, D...>, V> {
  static constexpr bool kKnown = true;
  using Types = decltype(concatenate(List<>{}, below<R>(typename Leaves<D, V>::Types{})...));
  static void add(const Ruled<R, D...>& from, Records& to) {
    const std::size_t first = to.dependencies.size();
    std::apply([&to](const D&... each) { (Leaves<D, V>::add(each, to), ...); }, from.dependencies);
    const int rule = static_cast<int>(to.rules.size());
    to.rules.push_back(R);
    for (std::size_t i = first; i < to.dependencies.size(); ++i) to.dependencies[i].rule = rule;
  }
};

}  // namespace weir::impl
