// Pages in the order (updated_at, id), merged by id. One thread; the transaction ends with the
// function.
// It must not look at this machine's clock: the database's own says what is later than now.
#include "extract.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "ticket_table.h"
#include <weir/values.h>

namespace ticket_intent {

Extraction extract(Database& database, Archive before, const std::optional<Mark>& mark,
                   const Reading& reading, const std::function<void(std::int64_t)>& on_page) {
  if (reading.page_rows < 1 || reading.lookback_minutes < 0 || reading.keep_days < 1) {
    throw weir::permanent(
        "reading.page_rows and reading.keep_days are at least 1, "
        "reading.lookback_minutes is not negative");
  }
  std::map<std::int64_t, Ticket> known;
  for (Ticket& ticket : before.tickets) known.emplace(ticket.id, std::move(ticket));

  Extraction result;
  const Transaction view(database, Access::kRead);
  const Time now = database_time(database);
  result.mark = mark.value_or(Mark{});
  Position at;  // from the beginning
  if (mark) at.updated_at = mark->updated_at - std::chrono::minutes(reading.lookback_minutes);
  const auto rows_max = static_cast<std::size_t>(reading.page_rows);
  for (bool more = true; more;) {
    auto page = tickets_after(database, at, rows_max);
    more = page.size() == rows_max;
    for (Ticket& ticket : page) {
      at = {ticket.updated_at, ticket.id};
      result.mark.updated_at = std::max(result.mark.updated_at, std::min(ticket.updated_at, now));
      const auto [found, added] = known.try_emplace(ticket.id);
      if (!added && found->second.updated_at >= ticket.updated_at) continue;
      ++(added ? result.archive.added : result.archive.changed);
      found->second = std::move(ticket);
    }
    result.read += static_cast<std::int64_t>(page.size());
    on_page(result.read);
  }
  const Time oldest = result.mark.updated_at - std::chrono::days(reading.keep_days);
  result.expired = static_cast<std::int64_t>(
      std::erase_if(known, [&](const auto& entry) { return entry.second.updated_at < oldest; }));
  for (auto& [id, ticket] : known) result.archive.tickets.push_back(std::move(ticket));
  return result;
}

}  // namespace ticket_intent
