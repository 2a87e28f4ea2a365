// The table `tickets` in both dialects: what the service desk has, and no more of it than is read
// or made up here. Every call belongs to a transaction that the caller has begun.
// One thread at a time, as the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "database.h"
#include "values.h"

namespace ticket_intent {

// A place in the order (updated_at, id), in which pages follow each other: of rows that were
// written at one instant the ids decide.
struct Position {
  Time updated_at;
  std::int64_t id = 0;
};

void create_tickets(Database& database);  // unless the table is there
void insert_ticket(Database& database, const Ticket& ticket);
void set_intent(Database& database, std::int64_t id, const std::string& intent, Time updated_at);

// At most `rows_max` rows after `after`, in that order.
std::vector<Ticket> tickets_after(Database& database, const Position& after, std::size_t rows_max);
Time database_time(Database& database);
std::optional<Position> last_ticket(Database& database);  // that of the highest id

}  // namespace ticket_intent
