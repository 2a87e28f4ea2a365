// Turns rows into texts that a model may see, and counts what it changed and dropped.
// Deterministic: a ticket gives the same text whenever it is cleaned. Pure functions, any thread.
// They must not guess what a broken text meant: what cannot be read is left out.
#pragma once

#include <string>
#include <vector>

#include "values.h"

namespace ticket_intent {

// The text as it can be read: UTF-8 without markup, control characters and superfluous space.
// `counts.reencoded` and `counts.html` are raised where there was such.
std::string readable(const Ticket& ticket, Cleaned& counts);

// The day on which it was written. Customers' clocks are wrong by years at times: what is later
// than the row itself, or older by more than a month, is not believed.
bool clock_is_plausible(const Ticket& ticket);
std::string day_of(const Ticket& ticket);

// `tickets` are in order of id, and so are those that are kept. Of equal texts the first one stays;
// it takes the intent of a later one when it has none.
Cleaned clean(const std::vector<Ticket>& tickets);

}  // namespace ticket_intent
