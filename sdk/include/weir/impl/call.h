// Calls a stage or a check with erased arguments and erases what it returns. The only place where
// types are put back on values: the compiler has checked every one of these casts against the
// dependency. Called from any executor thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "../context.h"
#include "leaves.h"
#include "stage_problem.h"

namespace weir::impl {

// The argument for a parameter of type P from the slot of leaf L.
template <class P, class L>
decltype(auto) pass(const Slot& slot) {
  using T = typename L::Value;
  if constexpr (kIsInput<P>) {
    return Input<T>(slot.state, std::static_pointer_cast<const T>(slot.value), slot.reason,
                    slot.version);
  } else {
    if (!slot.value) throw permanent("an input is absent: " + slot.reason);
    if constexpr (kIs<std::remove_cvref_t<P>, std::shared_ptr>) {
      return std::static_pointer_cast<const T>(slot.value);
    } else if constexpr (L::kPass == Pass::kResource) {
      return *static_cast<T*>(const_cast<void*>(slot.value.get()));
    } else if constexpr (L::kPass == Pass::kCursor) {
      return *static_cast<Cursor<T>*>(const_cast<void*>(slot.value.get()));
    } else {
      return typed<T>(slot.value.get());
    }
  }
}

template <class T>
std::shared_ptr<const void> erase(T&& value) {
  return std::make_shared<const std::remove_cvref_t<T>>(std::forward<T>(value));
}

inline Produced skipped(const Skip& skip) { return {Produced::Kind::kSkipped, {}, skip.reason}; }

// `kSeveral`: each member of the tuple is an asset of its own.
template <bool kSeveral, class R>
Produced produced(R&& result) {
  using V = std::remove_cvref_t<R>;
  if constexpr (std::is_same_v<V, Outcome<void>>) {
    return result.skipped() ? skipped(*result.skipped()) : Produced{};
  } else if constexpr (kIs<V, Outcome>) {
    if (result.skipped()) return skipped(*result.skipped());
    if (result.is_unchanged()) return {Produced::Kind::kUnchanged, {}, {}};
    return produced<kSeveral>(std::move(result).value());
  } else if constexpr (kSeveral) {
    return std::apply(
        [](auto&&... member) {
          return Produced{Produced::Kind::kValues, {erase(std::move(member))...}, {}};
        },
        std::forward<R>(result));
  } else {
    return {Produced::Kind::kValues, {erase(std::forward<R>(result))}, {}};
  }
}

template <bool kSeveral, class F, class Args, class Types>
struct StageCall;
template <bool kSeveral, class F, class... P, class... L>
struct StageCall<kSeveral, F, List<P...>, List<L...>> {
  F function;

  Produced operator()(const Invocation& invocation) {
    return call(invocation, std::index_sequence_for<P...>{});
  }

 private:
  template <std::size_t... I>
  Produced call(const Invocation& invocation, std::index_sequence<I...>) {
    using Sig = Signature<F>;
    const auto invoke = [&]() -> typename Sig::Result {
      if constexpr (Sig::kContext) {
        return function(invocation.context, pass<P, L>(invocation.arguments[I])...);
      } else {
        return function(pass<P, L>(invocation.arguments[I])...);
      }
    };
    if constexpr (std::is_void_v<typename Sig::Result>) {
      invoke();
      return {};
    } else {
      return produced<kSeveral>(invoke());
    }
  }
};

template <class F, class Args, class Types>
struct CheckCall;
template <class F, class First, class... P, class Value, class... L>
struct CheckCall<F, List<First, P...>, List<Value, L...>> {
  F function;

  Verdict operator()(const Slot& value, std::span<const Slot> arguments) {
    return call(value, arguments, std::index_sequence_for<P...>{});
  }

 private:
  template <std::size_t... I>
  Verdict call(const Slot& value, [[maybe_unused]] std::span<const Slot> arguments,
               std::index_sequence<I...>) {
    return function(pass<First, Value>(value), pass<P, L>(arguments[I])...);
  }
};

// Records which dependencies may be absent, and puts those without an argument last.
template <class... P>
void settle(Records& records, List<P...>) {
  const bool may_be_absent[] = {kIsInput<P>..., false};
  std::vector<DependencyRecord> after;
  std::vector<DependencyRecord> arguments;
  for (DependencyRecord& record : records.dependencies) {
    if (record.kind == DependencyKind::kAfter) {
      after.push_back(std::move(record));
    } else {
      record.optional = may_be_absent[arguments.size()];
      arguments.push_back(std::move(record));
    }
  }
  for (DependencyRecord& record : after) arguments.push_back(std::move(record));
  records.dependencies = std::move(arguments);
}

// The record of a stage without names and outputs. V is what it makes.
template <bool kSeveral, class F, class... D>
StageRecord stage_record(F function, const D&... dependencies) {
  using V = Made<F>;
  using Args = typename Signature<F>::Args;
  using Types = decltype(concatenate(List<>{}, typename Leaves<D, V>::Types{}...));
  Records records;
  (Leaves<D, V>::add(dependencies, records), ...);
  settle(records, Args{});
  StageRecord stage;
  stage.dependencies = std::move(records.dependencies);
  stage.rules = std::move(records.rules);
  stage.call = StageCall<kSeveral, F, Args, Types>{std::move(function)};
  return stage;
}

template <class T, class F, class... D>
CheckRecord check_record(std::string asset, std::string name, F function, Severity severity,
                         const D&... dependencies) {
  using Args = typename Signature<F>::Args;
  using Types = decltype(concatenate(List<ValueLeaf<T>>{}, typename Leaves<D, T>::Types{}...));
  Records records;
  (Leaves<D, T>::add(dependencies, records), ...);
  return {std::move(asset), std::move(name), severity, std::move(records.dependencies),
          CheckCall<F, Args, Types>{std::move(function)}};
}

}  // namespace weir::impl
