// Two passes: e-mail addresses around each @, then groups of digits.
// Letters beyond ASCII count as letters, by their bytes.
// Pure functions, any thread.
#include "mask.h"

#include <algorithm>
#include <vector>

namespace ticket_intent {
namespace {

constexpr std::size_t kCardDigitsMin = 13;
constexpr std::size_t kCardDigitsMax = 19;
constexpr std::size_t kPhoneDigitsMin = 8;
constexpr std::size_t kPhoneDigitsMax = 15;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_one_of(char c, std::string_view set) { return set.find(c) != set.npos; }

std::string without_emails(std::string_view text, std::int64_t& found) {
  std::string out;
  std::size_t copied = 0;
  for (std::size_t at = text.find('@'); at != text.npos; at = text.find('@', at + 1)) {
    std::size_t begin = at;
    while (begin > copied && (is_word(text[begin - 1]) || is_one_of(text[begin - 1], "._%+-"))) {
      --begin;
    }
    std::size_t end = at + 1;
    while (end < text.size() && (is_word(text[end]) || is_one_of(text[end], ".-"))) ++end;
    while (end > at + 1 && is_one_of(text[end - 1], ".-")) --end;  // the sentence's, not its own
    const std::string_view host = text.substr(at + 1, end - at - 1);
    const std::size_t dot = host.rfind('.');
    if (begin == at || dot == host.npos || dot == 0 || host.size() - dot < 3) continue;
    out.append(text.substr(copied, begin - copied)).append("[EMAIL]");
    copied = end;
    ++found;
  }
  return out.append(text.substr(copied));
}

// A run of digits in the text.
struct Group {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Groups that may belong together: what stands between two of them is at most two characters, none
// of them a letter or a line end.
bool joined(std::string_view between) {
  return !between.empty() && between.size() <= 2 &&
         std::all_of(between.begin(), between.end(), [](char c) { return is_one_of(c, " -./()"); });
}

// Whether what stands before it makes it a reference and no phone number: "A-0100", "#0100".
bool is_reference(std::string_view text, std::size_t begin) {
  const char before = begin == 0 ? ' ' : text[begin - 1];
  return before == '#' || (before == '-' && begin > 1 && is_word(text[begin - 2]));
}

std::string digits_of(std::string_view text, std::size_t begin, std::size_t end) {
  std::string digits;
  std::copy_if(text.begin() + begin, text.begin() + end, std::back_inserter(digits), is_digit);
  return digits;
}

// The check digit of ISO/IEC 7812-1, annex B.
bool luhn(std::string_view digits) {
  int sum = 0;
  bool doubled = false;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, doubled = !doubled) {
    const int value = (*digit - '0') * (doubled ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 == 0;
}

bool is_card(std::string_view digits) {
  return digits.size() >= kCardDigitsMin && digits.size() <= kCardDigitsMax && luhn(digits);
}

std::vector<Group> groups_of(std::string_view text) {
  std::vector<Group> groups;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at])) continue;
    if (!groups.empty() && groups.back().end == at) {
      groups.back().end = at + 1;
    } else {
      groups.push_back({at, at + 1});
    }
  }
  return groups;
}

// The last of the groups from `first` on that belong to a number of the kind that `fits`: as many
// as possible. groups.size() when there is none.
template <class Fits>
std::size_t last_group(std::string_view text, const std::vector<Group>& groups, std::size_t first,
                       Fits fits) {
  std::size_t found = groups.size();
  for (std::size_t last = first; last < groups.size(); ++last) {
    const std::size_t before = last == first ? 0 : groups[last - 1].end;
    if (last > first && !joined(text.substr(before, groups[last].begin - before))) break;
    const std::string digits = digits_of(text, groups[first].begin, groups[last].end);
    if (digits.size() > kCardDigitsMax) break;
    if (fits(digits)) found = last;
  }
  return found;
}

std::string without_numbers(std::string_view text, Masked& counts) {
  const std::vector<Group> groups = groups_of(text);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::size_t begin = groups[i].begin;
    if (begin > 0 && (is_word(text[begin - 1]) || text[begin - 1] == '_')) continue;
    const bool plus = begin > copied && text[begin - 1] == '+';
    const bool phone = plus || (text[begin] == '0' && !is_reference(text, begin));
    const std::size_t card = last_group(text, groups, i, is_card);
    std::size_t last = card;
    if (card == groups.size() && phone) {
      last = last_group(text, groups, i, [](std::string_view digits) {
        return digits.size() >= kPhoneDigitsMin && digits.size() <= kPhoneDigitsMax;
      });
    }
    if (last == groups.size()) continue;
    ++(last == card ? counts.cards : counts.phones);
    if (plus || (begin > copied && text[begin - 1] == '(')) --begin;
    out.append(text.substr(copied, begin - copied)).append(last == card ? "[CARD]" : "[PHONE]");
    copied = groups[last].end;
    i = last;
  }
  return out.append(text.substr(copied));
}

}  // namespace

Masked mask(std::string_view text) {
  Masked masked;
  const std::string half = without_emails(text, masked.emails);
  masked.text = without_numbers(half, masked);
  return masked;
}

bool looks_personal(std::string_view text) {
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '@' && i > 0 && is_word(text[i - 1]) && i + 1 < text.size() &&
        is_word(text[i + 1]) && text.find('.', i) != text.npos) {
      return true;
    }
    if (is_digit(text[i])) {
      ++digits;
    } else if (text[i] != ' ' && text[i] != '-') {
      digits = 0;
    }
    if (digits > kPhoneDigitsMax) return true;
  }
  return false;
}

}  // namespace ticket_intent
