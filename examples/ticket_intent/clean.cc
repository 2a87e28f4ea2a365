// One ticket after the other: readable, masked, and then whether it is kept. Masking comes before
// the search for duplicates: two mails that differ in a phone number are one to a model.
// Pure functions, any thread.
#include "clean.h"

#include <chrono>
#include <cstdio>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "mask.h"
#include "text.h"

namespace ticket_intent {
namespace {

constexpr auto kClockBehindMax = std::chrono::days(31);
constexpr std::size_t kLettersMin = 3;  // "??", "ok": nothing to learn from

std::size_t letters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    const bool ascii = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (ascii || static_cast<unsigned char>(c) >= 0xc0) ++count;  // each first byte beyond ASCII
  }
  return count;
}

}  // namespace

std::string readable(const Ticket& ticket, Cleaned& counts) {
  std::string text = ticket.subject + "\n" + ticket.body;
  if (!is_utf8(text)) {
    ++counts.reencoded;
    text = (is_utf8(ticket.subject) ? ticket.subject : from_windows_1252(ticket.subject)) + "\n" +
           (is_utf8(ticket.body) ? ticket.body : from_windows_1252(ticket.body));
  }
  if (has_markup(text)) {
    ++counts.html;
    text = without_markup(text);
  }
  return with_single_spaces(text);
}

bool clock_is_plausible(const Ticket& ticket) {
  return ticket.created_at <= ticket.updated_at &&
         ticket.created_at >= ticket.updated_at - kClockBehindMax;
}

std::string day_of(const Ticket& ticket) {
  const Time written = clock_is_plausible(ticket) ? ticket.created_at : ticket.updated_at;
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(written));
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  return text;
}

Cleaned clean(const std::vector<Ticket>& tickets) {
  Cleaned cleaned;
  std::unordered_map<std::string, std::size_t> places;  // of texts, in cleaned.tickets
  for (const Ticket& ticket : tickets) {
    ++cleaned.read;
    if (!clock_is_plausible(ticket)) ++cleaned.wrong_clocks;
    Masked masked = mask(readable(ticket, cleaned));
    cleaned.masked_emails += masked.emails;
    cleaned.masked_phones += masked.phones;
    cleaned.masked_cards += masked.cards;
    if (letters(masked.text) < kLettersMin) {
      ++cleaned.empty;
    } else if (looks_personal(masked.text)) {
      ++cleaned.suspect;
    } else if (const auto [found, first] =
                   places.try_emplace(lower(masked.text), cleaned.tickets.size());
               !first) {
      ++cleaned.duplicates;
      CleanTicket& kept = cleaned.tickets[found->second];
      if (!kept.intent) kept.intent = ticket.intent;
    } else {
      cleaned.tickets.push_back({ticket.id, day_of(ticket), std::move(masked.text), ticket.intent});
    }
  }
  return cleaned;
}

}  // namespace ticket_intent
