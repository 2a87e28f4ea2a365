// Names of assets, tasks, jobs and resources: segments of lower-case letters, digits and
// underscores that begin with a letter, joined by '/'. Literals are checked by the compiler.
// Values; weir::name() is thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

// How the compiler is made to print a sentence about a literal: WEIR_IMPL_SPOKEN(a_sentence) {}
// declares one, WEIR_IMPL_SAY(a_sentence) says it in a consteval function of a class that ends in
// WEIR_IMPL_PROBLEM.
//
// A constant must not hold the address of an immediate function, so GCC's one error stands on the
// line of the literal and prints the sentence. Clang says as much of a call that is no constant; it
// needs a function that exists, for it may emit an immediate constructor in debug builds.
#ifdef __clang__
#define WEIR_IMPL_SPOKEN(sentence) inline void sentence()
#define WEIR_IMPL_SAY(sentence) sentence()
#else
#define WEIR_IMPL_SPOKEN(sentence) consteval void sentence()
#define WEIR_IMPL_SAY(sentence) problem_ = &sentence
#endif
// Never anything else once it is compiled; with every compiler, because a module by one links the
// library by another.
#define WEIR_IMPL_PROBLEM [[maybe_unused]] void (*problem_)() = nullptr;

namespace impl {
WEIR_IMPL_SPOKEN(a_name_is_made_of_lower_case_letters_digits_underscore_and_slash) {}
WEIR_IMPL_SPOKEN(each_part_of_a_name_begins_with_a_lower_case_letter) {}
}  // namespace impl

// A checked name.
class Name {
 public:
  template <std::size_t N>
  consteval Name(const char (&literal)[N]) : text_(literal, N - 1) {
    bool inside = true;
    for (const char c : text_) {
      inside = inside && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '/');
    }
    if (!inside) {
      WEIR_IMPL_SAY(impl::a_name_is_made_of_lower_case_letters_digits_underscore_and_slash);
      return;
    }
    bool begins = true;
    for (const char c : text_) {
      const bool letter = c >= 'a' && c <= 'z';
      if (begins && !letter) {
        WEIR_IMPL_SAY(impl::each_part_of_a_name_begins_with_a_lower_case_letter);
      }
      begins = c == '/';
    }
    if (begins) WEIR_IMPL_SAY(impl::each_part_of_a_name_begins_with_a_lower_case_letter);
  }

  std::string str() const { return std::string(text_); }

 private:
  friend Name name(std::string_view text);
  struct RunTime {};
  constexpr Name(RunTime, std::string_view text) : text_(text) {}

  std::string_view text_;
  WEIR_IMPL_PROBLEM
};

// A name made at run time: p.asset(weir::name("region/" + code), …). Kept for the life of the
// process. Throws weir::Failure (permanent) when it is not a name.
Name name(std::string_view text);

// A contract between modules, in a header that both include: the name and the type of an asset.
//   inline constexpr weir::AssetKey<std::vector<Customer>> kCustomers{"crm/customers"};
template <class T>
struct AssetKey {
  Name name;
};

}  // namespace weir
