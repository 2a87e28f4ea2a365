// Whether each parameter of a stage can take its dependency, as one of the sentences of problem.h,
// or Ok. Compile time only.
// It must not look at the value that the stage makes: stage_problem.h does.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "leaves.h"
#include "value_problem.h"

namespace weir::impl {

template <class P, class T>
inline constexpr bool kMutableRef =
    std::is_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>> &&
    std::is_same_v<std::remove_cvref_t<P>, T>;

template <int Position, class P, class L>
consteval auto argument_problem() {
  using V = typename L::Value;
  using Where = Parameter<Position, P>;
  using Given = DependencyGives<V>;
  if constexpr (L::template kAccepts<P>) {
    return Ok{};
  } else if constexpr (L::kPass == Pass::kResource && std::is_same_v<std::remove_cvref_t<P>, V>) {
    return problem::take_a_resource_by_reference<Where, Given>{};
  } else if constexpr (L::kPass == Pass::kCursor &&
                       std::is_same_v<std::remove_cvref_t<P>, Cursor<V>>) {
    return problem::take_a_cursor_as_weir_Cursor_ref_not_const<Where, Given>{};
  } else if constexpr (L::kPass != Pass::kResource && kMutableRef<P, V>) {
    return problem::inputs_are_shared_take_const_T_ref_or_T_by_value_for_a_copy<Where, Given>{};
  } else if constexpr (L::kPass == Pass::kInput && !kIsInput<P>) {
    return problem::this_input_may_be_absent_take_const_weir_Input_ref<Where, Given>{};
  } else {
    return problem::parameter_has_another_type_than_its_dependency<Where, Given>{};
  }
}

template <class Args, class Types>
struct ArgumentProblem;
template <class... P, class... L>
struct ArgumentProblem<List<P...>, List<L...>> {
  template <std::size_t... I>
  static auto find(std::index_sequence<I...>) ->
      typename FirstProblem<decltype(argument_problem<static_cast<int>(I) + 1, P, L>())...>::type;
  using type = decltype(find(std::index_sequence_for<P...>{}));
};

// First: the leaves in front of those of the dependencies.
template <class F, class V, class First, class... D>
consteval auto arguments_problem() {
  using Args = typename Signature<F>::Args;
  using Given = decltype(concatenate(First{}, typename Leaves<D, V>::Types{}...));
  using Takes = StageTakesInputs<Args::kSize>;
  using Has = DependenciesGiven<Given::kSize>;
  if constexpr (Args::kSize > Given::kSize) {
    return problem::a_dependency_is_missing<Takes, Has>{};
  } else if constexpr (Args::kSize < Given::kSize) {
    return problem::more_dependencies_than_parameters_for_order_only_write_weir_after<Takes, Has>{};
  } else {
    return typename ArgumentProblem<Args, Given>::type{};
  }
}

}  // namespace weir::impl
