// What a stage makes, from its signature, and the handles of a stage that makes several assets.
// Compile time only.
// It must not judge: stage_problem.h does.
#pragma once

#include <tuple>
#include <type_traits>

#include "dependency.h"

namespace weir::impl {

// What the stage makes: T of T, Outcome<T>; void of void, Outcome<void>.
template <class R>
struct Unwrapped {
  using type = R;
};
template <class T>
struct Unwrapped<Outcome<T>> {
  using type = T;
};
template <class F>
struct MadeBy {
  using type = void;
};
template <class F>
requires(Signature<F>::kKnown) struct MadeBy<F> {
  using type = typename Unwrapped<std::remove_cvref_t<typename Signature<F>::Result>>::type;
};
template <class F>
using Made = typename MadeBy<F>::type;

// The handles of a stage that makes several assets.
template <class Tuple>
struct SeveralAssets {
  using type = void;
};
template <class... A>
struct SeveralAssets<std::tuple<A...>> {
  using type = std::tuple<Asset<A>...>;
};
template <class F>
using HandlesOf = typename SeveralAssets<Made<F>>::type;

}  // namespace weir::impl
