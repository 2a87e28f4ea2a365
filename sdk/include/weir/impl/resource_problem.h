// The type of a resource and the shapes that its maker may have. Compile time, and one small
// adapter.
// Resources are made on executor threads.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "../context.h"
#include "problem.h"
#include "stage.h"

namespace weir::impl {

template <class R>
struct Unboxed {
  using type = R;
};
template <class R>
struct Unboxed<std::unique_ptr<R>> {
  using type = R;
};
template <class R>
struct Unboxed<std::shared_ptr<R>> {
  using type = R;
};

template <class F>
struct MakerOf {
  using Result = void;
};
template <std::invocable<const Start&> F>
struct MakerOf<F> {
  using Result = std::invoke_result_t<F, const Start&>;
};

// What the maker returns; void when it is no maker.
template <class F>
using MakerResult = std::remove_cvref_t<typename MakerOf<F>::Result>;
template <class F>
using ResourceType = typename Unboxed<MakerResult<F>>::type;

template <class F>
using ResourceProblem =
    std::conditional_t<std::is_void_v<MakerResult<F>> ||
                           std::is_reference_v<typename MakerOf<F>::Result>,
                       problem::a_resource_is_made_by_a_function_of_const_weir_Start_ref<>, Ok>;

// R, std::unique_ptr<R> or std::shared_ptr<R> as a shared resource.
template <class F>
ResourceRecord resource_record(std::string name, F make) {
  using R = ResourceType<F>;
  return {std::move(name), [make = std::move(make)](const Start& start) -> std::shared_ptr<void> {
            if constexpr (std::is_same_v<MakerResult<F>, R>) {
              return std::make_shared<R>(make(start));
            } else {
              return std::shared_ptr<R>(make(start));
            }
          }};
}

}  // namespace weir::impl
