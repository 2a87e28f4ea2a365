// Names of assets, tasks, jobs and resources: segments of lower-case letters, digits and
// underscores that begin with a letter, joined by '/'. Literals are checked by the compiler.
// Values; weir::name() is thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

namespace impl {
// Never defined: their names are the diagnostics of a literal that is not a name.
void a_name_is_made_of_lower_case_letters_digits_underscore_and_slash();
void each_part_of_a_name_begins_with_a_lower_case_letter();
}  // namespace impl

// A checked name.
class Name {
 public:
  template <std::size_t N>
  consteval Name(const char (&literal)[N]) : text_(literal, N - 1) {
    bool begins = true;
    for (const char c : text_) {
      const bool letter = c >= 'a' && c <= 'z';
      const bool inside = letter || (c >= '0' && c <= '9') || c == '_' || c == '/';
      if (!inside) impl::a_name_is_made_of_lower_case_letters_digits_underscore_and_slash();
      if (begins && !letter) impl::each_part_of_a_name_begins_with_a_lower_case_letter();
      begins = c == '/';
    }
    if (begins) impl::each_part_of_a_name_begins_with_a_lower_case_letter();
  }

  std::string str() const { return std::string(text_); }

 private:
  friend Name name(std::string_view text);
  struct RunTime {};
  constexpr Name(RunTime, std::string_view text) : text_(text) {}

  std::string_view text_;
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
