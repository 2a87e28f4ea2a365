// Tables of spellings and of words, and the split by hash. A word is in the table only where it
// leaves no doubt: a wrong label costs more than a missing one.
// Pure functions, any thread.
#include "label.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <stdexcept>

#include "text.h"

namespace ticket_intent {
namespace {

constexpr std::array<std::string_view, 6> kIntents = {"billing", "cancellation", "delivery",
                                                      "login",   "refund",       "technical"};

struct Spelling {
  std::string_view typed;  // lower case, letters alone
  std::string_view intent;
};
// Besides the intents themselves.
constexpr Spelling kSpellings[] = {
    {"bill", "billing"},        {"invoice", "billing"},          {"invoices", "billing"},
    {"cancel", "cancellation"}, {"cancelation", "cancellation"}, {"shipping", "delivery"},
    {"shipment", "delivery"},   {"password", "login"},           {"signin", "login"},
    {"refunds", "refund"},      {"moneyback", "refund"},         {"bug", "technical"},
    {"tech", "technical"},      {"error", "technical"},
};

struct Word {
  std::string_view begins;  // lower case
  std::string_view intent;
};
constexpr Word kWords[] = {
    {"invoice", "billing"},     {"charged twice", "billing"},
    {"cancel", "cancellation"}, {"end my subscription", "cancellation"},
    {"parcel", "delivery"},     {"courier", "delivery"},
    {"password", "login"},      {"log in", "login"},
    {"refund", "refund"},       {"money back", "refund"},
    {"crash", "technical"},     {"error message", "technical"},
};

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

bool has_word(std::string_view text, std::string_view begins) {
  for (std::size_t at = text.find(begins); at != text.npos; at = text.find(begins, at + 1)) {
    if (at == 0 || !is_letter(text[at - 1])) return true;
  }
  return false;
}

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv, then the finaliser of MurmurHash3, so that all
// bits depend on all.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  value = (value ^ value >> 33) * 0xff51afd7ed558ccd;
  value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53;
  return value ^ value >> 33;
}

}  // namespace

std::span<const std::string_view> intents() { return kIntents; }

std::optional<std::string> intent_of(std::string_view typed) {
  std::string letters;
  const std::string small = lower(typed);
  std::copy_if(small.begin(), small.end(), std::back_inserter(letters), is_letter);
  if (std::find(kIntents.begin(), kIntents.end(), letters) != kIntents.end()) return letters;
  for (const Spelling& spelling : kSpellings) {
    if (spelling.typed == letters) return std::string(spelling.intent);
  }
  return std::nullopt;
}

std::optional<std::string> intent_by_rule(std::string_view text) {
  const std::string small = lower(text);
  std::optional<std::string> found;
  for (const Word& word : kWords) {
    if (!has_word(small, word.begins)) continue;
    if (found && *found != word.intent) return std::nullopt;
    found = word.intent;
  }
  return found;
}

bool is_validation(std::string_view text, int percent) {
  return hash(lower(text)) % 100 < static_cast<std::uint64_t>(percent);
}

Labelled label(const std::vector<CleanTicket>& tickets, const Labelling& labelling) {
  if (labelling.validation_percent < 1 || labelling.validation_percent > 50) {
    throw std::invalid_argument("labelling.validation_percent is from 1 to 50");
  }
  Labelled labelled;
  for (const CleanTicket& ticket : tickets) {
    auto intent = ticket.intent ? intent_of(*ticket.intent) : std::nullopt;
    if (ticket.intent && !intent) ++labelled.unknown;
    const bool by_agent = intent.has_value();
    if (!by_agent && labelling.use_rules) intent = intent_by_rule(ticket.text);
    if (!intent) {
      ++labelled.unlabelled;
      continue;
    }
    ++(by_agent ? labelled.by_agents : labelled.by_rules);
    labelled.examples.push_back({ticket.id, ticket.day, ticket.text, *std::move(intent),
                                 by_agent ? "agent" : "rule",
                                 is_validation(ticket.text, labelling.validation_percent)});
  }
  return labelled;
}

}  // namespace ticket_intent
