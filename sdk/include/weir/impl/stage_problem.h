// What is wrong with a stage, a task, a check or a resource, as one of the sentences of problem.h,
// or Ok. Compile time only.
// The order of the questions is the order in which a person would repair the mistakes.
#pragma once

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>

#include "argument_problem.h"
#include "made.h"

namespace weir::impl {

template <class... D>
struct FirstUnknown {
  using type = void;
};
template <class D, class... More>
struct FirstUnknown<D, More...> {
  using type = std::conditional_t<Leaves<D, int>::kKnown, typename FirstUnknown<More...>::type, D>;
};

template <class D>
inline constexpr bool kRuleCovers =
    std::same_as<D, AfterNames> || kIs<D, Asset> || kIs<D, AssetKey>;
template <class D>
struct RuleProblem {
  using type = Ok;
};
template <class D>
consteval auto one_ruled() {
  if constexpr (kRuleCovers<D>) {
    return Ok{};
  } else if constexpr (std::same_as<D, Task>) {
    return problem::a_task_has_no_value_write_weir_after<>{};
  } else {
    return problem::a_trigger_rule_wraps_assets_and_weir_after_only<Type<D>>{};
  }
}
template <Rule R, class... D>
struct RuleProblem<Ruled<R, D...>> {
  using type = typename FirstProblem<decltype(one_ruled<D>())...>::type;
};
// Problems of the dependencies as such.
template <class... D>
using DependencyProblem = typename FirstProblem<typename RuleProblem<D>::type...>::type;

// Problems of the callable as such.
template <class F>
consteval auto callable_problem() {
  using Sig = Signature<F>;
  if constexpr (Sig::kMember) {
    return problem::a_member_function_needs_its_object_wrap_the_call_in_a_lambda<>{};
  } else if constexpr (!Sig::kKnown) {
    return problem::a_stage_is_a_function_or_a_lambda_with_explicit_parameter_types<>{};
  } else if constexpr (Sig::kContextByValue) {
    return problem::take_the_context_by_reference<>{};
  } else if constexpr (std::is_reference_v<typename Sig::Result>) {
    return problem::a_stage_returns_its_value_not_a_reference<Type<typename Sig::Result>>{};
  } else {
    return Ok{};
  }
}

// Everything but the value that the stage makes.
template <class F, class... D>
consteval auto wiring_problem() {
  using Callable = decltype(callable_problem<F>());
  using Unknown = typename FirstUnknown<D...>::type;
  using Ruled = DependencyProblem<D...>;
  if constexpr (!std::same_as<Callable, Ok>) {
    return Callable{};
  } else if constexpr (std::same_as<Unknown, Task>) {
    return problem::a_task_has_no_value_write_weir_after<>{};
  } else if constexpr (!std::is_void_v<Unknown>) {
    return problem::not_a_dependency_give_an_asset_param_resource_cursor_or_after<Type<Unknown>>{};
  } else if constexpr (!std::same_as<Ruled, Ok>) {
    return Ruled{};
  } else {
    return Ok{};
  }
}

template <class F, class... D>
consteval auto asset_problem() {
  using Wiring = decltype(wiring_problem<F, D...>());
  if constexpr (!std::same_as<Wiring, Ok>) {
    return Wiring{};
  } else if constexpr (std::is_void_v<Made<F>>) {
    return problem::a_stage_that_returns_nothing_is_a_task_write_p_task<>{};
  } else if constexpr (!std::same_as<ValueProblem<Made<F>>, Ok>) {
    return ValueProblem<Made<F>>{};
  } else {
    return arguments_problem<F, Made<F>, List<>, D...>();
  }
}

template <class F, class... D>
consteval auto task_problem() {
  using Wiring = decltype(wiring_problem<F, D...>());
  if constexpr (!std::same_as<Wiring, Ok>) {
    return Wiring{};
  } else if constexpr (!std::is_void_v<Made<F>>) {
    return problem::a_task_returns_nothing_for_a_value_write_p_asset<StageMakes<Made<F>>>{};
  } else if constexpr ((std::same_as<D, SelfPrevious> || ...)) {
    return problem::self_previous_needs_a_stage_with_one_asset<>{};
  } else {
    return arguments_problem<F, void, List<>, D...>();
  }
}

template <class V>
struct TupleProblem {
  static constexpr std::size_t kSize = 0;
};
template <class... A>
struct TupleProblem<std::tuple<A...>> {
  static constexpr std::size_t kSize = sizeof...(A);
  using type = typename FirstProblem<ValueProblem<A>...>::type;
};

template <std::size_t N, class F, class... D>
consteval auto assets_problem() {
  using Wiring = decltype(wiring_problem<F, D...>());
  using Tuple = TupleProblem<Made<F>>;
  if constexpr (!std::same_as<Wiring, Ok>) {
    return Wiring{};
  } else if constexpr (!kIs<Made<F>, std::tuple>) {
    return problem::several_assets_need_a_stage_that_returns_a_std_tuple<StageMakes<Made<F>>>{};
  } else if constexpr (Tuple::kSize != N) {
    return problem::give_as_many_names_as_the_tuple_has_members<NamesGiven<N>,
                                                                StageMakes<Made<F>>>{};
  } else if constexpr (!std::same_as<typename Tuple::type, Ok>) {
    return typename Tuple::type{};
  } else if constexpr ((std::same_as<D, SelfPrevious> || ...)) {
    return problem::self_previous_needs_a_stage_with_one_asset<>{};
  } else {
    return arguments_problem<F, Made<F>, List<>, D...>();
  }
}

template <class T, class F, class... D>
consteval auto keyed_problem() {
  using Asset = decltype(asset_problem<F, D...>());
  if constexpr (!std::same_as<Asset, Ok>) {
    return Asset{};
  } else if constexpr (!std::same_as<Made<F>, T>) {
    return problem::the_stage_does_not_make_what_the_key_promises<KeyPromises<T>,
                                                                  StageMakes<Made<F>>>{};
  } else {
    return Ok{};
  }
}

template <class T, class F, class... D>
consteval auto check_problem() {
  using Wiring = decltype(wiring_problem<F, D...>());
  if constexpr (!std::same_as<Wiring, Ok>) {
    return Wiring{};
  } else if constexpr (!((kIs<D, Param> || kIs<D, Resource>)&&...) || Signature<F>::kContext) {
    return problem::a_check_takes_the_value_then_params_and_resources_only<>{};
  } else if constexpr (!std::is_convertible_v<typename Signature<F>::Result, Verdict>) {
    return problem::a_check_returns_bool_or_weir_Verdict<>{};
  } else {
    return arguments_problem<F, T, List<ValueLeaf<T>>, D...>();
  }
}

template <class F, class... D>
using AssetProblem = decltype(asset_problem<F, D...>());
template <class F, class... D>
using TaskProblem = decltype(task_problem<F, D...>());
template <std::size_t N, class F, class... D>
using AssetsProblem = decltype(assets_problem<N, F, D...>());
template <class T, class F, class... D>
using KeyedProblem = decltype(keyed_problem<T, F, D...>());
template <class T, class F, class... D>
using CheckProblem = decltype(check_problem<T, F, D...>());
}  // namespace weir::impl
