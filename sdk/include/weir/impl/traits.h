// Small type questions that several headers ask: template instances, compile-time strings, the
// signature of a stage. Compile time only.
// It must not include anything of Weir.
#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace weir {
class Context;
}

namespace weir::impl {

template <class T, template <class...> class Of>
inline constexpr bool kIs = false;
template <template <class...> class Of, class... A>
inline constexpr bool kIs<Of<A...>, Of> = true;

// A string as a template argument, so that a diagnostic can print it.
template <std::size_t N>
struct FixedString {
  char text[N]{};
  constexpr FixedString(std::string_view from) {
    for (std::size_t i = 0; i + 1 < N; ++i) text[i] = from[i];
  }
};

template <class... A>
struct List {
  static constexpr std::size_t kSize = sizeof...(A);
};

template <class R, class... A>
struct Split {
  using Result = R;
  using Args = List<A...>;
  static constexpr bool kContext = false, kContextByValue = false;
};
template <class R, class C, class... A>
requires std::is_same_v<std::remove_cvref_t<C>, Context>
struct Split<R, C, A...> {
  using Result = R;
  using Args = List<A...>;
  static constexpr bool kContext = true, kContextByValue = !std::is_same_v<C, Context&>;
};

template <class R, class... A>
struct Known : Split<R, A...> {
  static constexpr bool kKnown = true, kMember = false;
};

// R(Context&, A...) or R(A...): of a function, or of an object with exactly one operator(). Args
// leave the context out.
template <class F>
struct Signature {
  static constexpr bool kKnown = false, kMember = std::is_member_pointer_v<F>;
};
template <class R, class... A>
struct Signature<R (*)(A...)> : Known<R, A...> {};
template <class R, class... A>
struct Signature<R (*)(A...) noexcept> : Known<R, A...> {};

template <class Member>
struct CallOperator {
  static constexpr bool kKnown = false, kMember = false;
};
template <class R, class C, class... A>
struct CallOperator<R (C::*)(A...)> : Known<R, A...> {};
template <class R, class C, class... A>
struct CallOperator<R (C::*)(A...) const> : Known<R, A...> {};
template <class R, class C, class... A>
struct CallOperator<R (C::*)(A...) noexcept> : Known<R, A...> {};
template <class R, class C, class... A>
struct CallOperator<R (C::*)(A...) const noexcept> : Known<R, A...> {};
template <class F>
requires requires { &F::operator(); }
struct Signature<F> : CallOperator<decltype(&F::operator())> {};

}  // namespace weir::impl
