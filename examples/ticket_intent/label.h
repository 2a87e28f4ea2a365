// From what agents typed to the intents that the model is to tell apart; where nobody typed
// anything, from words that leave no doubt.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "values.h"

namespace ticket_intent {

// `-p labelling.use_rules=false` overrides one of them.
struct Labelling {
  bool use_rules = true;        // label by words what no agent has labelled
  int validation_percent = 10;  // held out, by the text's hash
};

// All intents, in order of their names.
std::span<const std::string_view> intents();

// "Billing ", "log-in", "REFUNDS": the intent that is meant, if it is one of ours.
std::optional<std::string> intent_of(std::string_view typed);

// The one intent of which a word stands in the text; nothing where it is none or several.
std::optional<std::string> intent_by_rule(std::string_view text);

// Whether a text is held out. Depends on nothing but the text: a ticket stays on its side however
// the set grows, and texts that are equal but for case are on one side.
bool is_validation(std::string_view text, int percent);

struct Labelled {
  std::vector<Example> examples;  // in order of id
  std::int64_t by_agents = 0;
  std::int64_t by_rules = 0;
  std::int64_t unknown = 0;     // typed, and none of ours
  std::int64_t unlabelled = 0;  // left out
};

// Throws std::invalid_argument when validation_percent is not from 1 to 50.
Labelled label(const std::vector<CleanTicket>& tickets, const Labelling& labelling);

}  // namespace ticket_intent
