// Finds personal data in text and puts a word in its place: what a model never sees it cannot
// repeat. Errs on the side of masking too much.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ticket_intent {

struct Masked {
  std::string text;
  std::int64_t emails = 0;  // now [EMAIL]
  std::int64_t phones = 0;  // now [PHONE]
  std::int64_t cards = 0;   // now [CARD]
};

// Card numbers: 13 to 19 digits in groups, with the check digit of ISO/IEC 7812 (Luhn). Phone
// numbers: 8 to 15 digits in groups that begin with + or 0. Other numbers stay: an order's number
// is no personal data, and tells intents apart.
Masked mask(std::string_view text);

// Whether something that looks like an e-mail address or a card number is left: simpler than what
// mask() looks for, so that an error of the one is not that of the other.
bool looks_personal(std::string_view text);

}  // namespace ticket_intent
