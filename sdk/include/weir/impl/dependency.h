// What can be written as a dependency, and what becomes of it: one leaf for each argument of a
// stage, with the typing rule of that argument and the erased record. Built on the thread that
// defines the pipeline.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../name.h"
#include "../scheduled_time.h"
#include "../values.h"
#include "traits.h"
#include "value_codec.h"

namespace weir {

template <class T>
class Asset;
class Task;

namespace impl {

// ---- as written by the author; the public functions that make them are in rules.h

struct AfterNames {  // ordering only
  std::vector<std::string> names;
};
template <class T>
struct LastGood {
  std::string name;
};
template <class C>
struct CursorOf {};
struct SelfPrevious {};
struct ScheduledTimeOf {};  // of the run
template <Rule R, class... D>
struct Ruled {
  std::tuple<D...> dependencies;
};

// ---- leaves

template <class P, class T>
inline constexpr bool kConstRefOrValue = std::is_same_v<std::remove_cvref_t<P>, T> &&
                                         (!std::is_reference_v<P> ||
                                          (std::is_lvalue_reference_v<P> &&
                                           std::is_const_v<std::remove_reference_t<P>>));

// Views of a value that need no copy.
template <class P, class T>
inline constexpr bool kViews = false;
template <>
inline constexpr bool kViews<std::string_view, std::string> = true;
template <class E>
inline constexpr bool kViews<std::span<const E>, std::vector<E>> = true;

template <class P, class T>
inline constexpr bool kReadsValue =
    kConstRefOrValue<P, T> || kConstRefOrValue<P, std::shared_ptr<const T>> || kViews<P, T>;
template <class P>
inline constexpr bool kIsInput = kIs<std::remove_cvref_t<P>, Input>;

enum class Pass { kValue, kInput, kParam, kResource, kCursor, kScheduledTime };

// `kAccepts<P>` is the whole typing rule: whether a parameter of type P can take this dependency.
template <class T>
struct ValueLeaf {  // a value that is there whenever the stage runs
  using Value = T;
  static constexpr Pass kPass = Pass::kValue;
  template <class P>
  static constexpr bool kAccepts = kReadsValue<P, T> || kConstRefOrValue<P, Input<T>>;
  DependencyRecord record;
};
template <class T>
struct InputLeaf {  // a value that may be absent
  using Value = T;
  static constexpr Pass kPass = Pass::kInput;
  template <class P>
  static constexpr bool kAccepts = kConstRefOrValue<P, Input<T>>;
  DependencyRecord record;
};
template <class T>
struct ParamLeaf {
  using Value = T;
  static constexpr Pass kPass = Pass::kParam;
  template <class P>
  static constexpr bool kAccepts = kReadsValue<P, T>;
  DependencyRecord record;
};
template <class R>
struct ResourceLeaf {
  using Value = R;
  static constexpr Pass kPass = Pass::kResource;
  template <class P>
  static constexpr bool kAccepts = std::is_same_v<P, R&> || std::is_same_v<P, const R&>;
  DependencyRecord record;
};
template <class C>
struct CursorLeaf {
  using Value = C;
  static constexpr Pass kPass = Pass::kCursor;
  template <class P>
  static constexpr bool kAccepts = std::is_same_v<P, Cursor<C>&>;
  DependencyRecord record;
};
struct ScheduledTimeLeaf {
  using Value = ScheduledTime;
  static constexpr Pass kPass = Pass::kScheduledTime;
  template <class P>
  static constexpr bool kAccepts = kReadsValue<P, ScheduledTime>;
  DependencyRecord record;
};
struct AfterLeaf {  // no argument
  DependencyRecord record;
};

inline DependencyRecord record_of(DependencyKind kind, std::string name,
                                  const ValueCodec* codec = nullptr) {
  return {kind, std::move(name), codec, nullptr, 0, false};
}

}  // namespace impl

// A parameter set of the pipeline: p.params<T>(). Give it as a dependency; the stage takes const
// T&.
template <class T>
struct Param {
  std::string name;
};

// Something that lives once in every executor: p.resource(). Give it as a dependency; the stage
// takes R&.
template <class R>
struct Resource {
  std::string name;
};

}  // namespace weir
