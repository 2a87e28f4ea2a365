// Faults are drawn one by one, about as often as a service desk sees them.
// Distributions are made here, for those of the standard library differ between implementations.
// Values, any thread; no clock: the day is given.
#include "ticket_maker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "phrases.h"

namespace ticket_intent::generator {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kLateTickets = 5;
constexpr auto kLastTicket = hours(23);  // of the day: the table says by it how far it goes

// Two bytes of UTF-8 become one, as an old mail gateway writes them; what it does not know is a
// question mark.
std::string in_windows_1252(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      out += text[i];
    } else if (first == 0xc2 || first == 0xc3) {
      out += static_cast<char>((first & 0x03) << 6 | (text[++i] & 0x3f));
    } else if (first >= 0xc0) {
      out += text.substr(i).starts_with("\xe2\x82\xac") ? '\x80' : '?';
    }
  }
  return out;
}

std::string in_html(std::string_view text) {
  std::string out = "<html><head><style>p { margin: 0 }</style></head><body><p>";
  for (const char c : text) {
    if (c == '\n') {
      out += "</p>\r\n<p>";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == ' ' && out.ends_with(',')) {
      out += "&nbsp;";
    } else {
      out += c;
    }
  }
  return out + "</p><br/></body></html>";
}

// What an agent would say; nothing where the subject does not tell.
std::optional<std::string> intent_of_subject(std::string_view subject) {
  for (const Topic& topic : topics()) {
    for (const std::string_view known : topic.subjects) {
      const std::string_view begin = known.substr(0, known.find('{'));
      if (!begin.empty() && subject.starts_with(begin)) return std::string(topic.intent);
    }
  }
  return std::nullopt;
}

}  // namespace

TicketMaker::TicketMaker(std::uint64_t seed, std::chrono::sys_days date)
    : random_(seed * 1'000'003 + static_cast<std::uint64_t>(date.time_since_epoch().count())),
      date_(date) {}

std::uint64_t TicketMaker::below(std::uint64_t end) { return random_() % end; }

std::string_view TicketMaker::pick(std::span<const std::string_view> from) {
  return from[below(from.size())];
}

std::string TicketMaker::digits(std::size_t count) {
  std::string made(1, static_cast<char>('1' + below(9)));
  while (made.size() < count) made += static_cast<char>('0' + below(10));
  return made;
}

// 16 digits, of which the last is the check digit of ISO/IEC 7812-1.
std::string TicketMaker::card() {
  std::string made = "4" + digits(14);
  int sum = 0;
  for (std::size_t i = 0; i < made.size(); ++i) {
    const int value = (made[i] - '0') * (i % 2 == 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  made += static_cast<char>('0' + (10 - sum % 10) % 10);
  if (one_in(2)) {
    for (const std::size_t gap : {12, 8, 4}) made.insert(gap, one_in(4) ? "-" : " ");
  }
  return made;
}

std::string TicketMaker::word(std::string_view slot) {
  if (slot == "order") return digits(6);
  if (slot == "amount") return digits(2) + "." + digits(2) + " EUR";
  if (slot == "product") return std::string(pick(products()));
  if (slot == "name") return std::string(pick(names()));
  if (slot == "phone") return (one_in(2) ? "+49 30 " : "030/") + digits(7);
  if (slot == "card") return card();
  if (slot == "email") return "kunde" + digits(4) + "@post.example";
  return std::to_string(1 + below(28)) + ". " + std::to_string(1 + below(12)) + ".";  // a date
}

std::string TicketMaker::filled(std::string_view phrase) {
  std::string made;
  for (std::size_t at = 0; at < phrase.size();) {
    const std::size_t end = phrase[at] == '{' ? phrase.find('}', at) : phrase.npos;
    if (end == phrase.npos) {
      made += phrase[at++];
    } else {
      made += word(phrase.substr(at + 1, end - at - 1));
      at = end + 1;
    }
  }
  return made;
}

Ticket TicketMaker::ticket(Time at) {
  constexpr std::string_view kChannels[] = {"web", "mail", "chat"};
  const Topic& topic = topics()[below(topics().size())];
  Ticket made;
  made.created_at = at;
  made.updated_at = at + seconds(below(3'600));
  made.channel = pick(kChannels);
  made.subject = one_in(12) ? "Help" : filled(pick(topic.subjects));
  made.body = std::string(pick(greetings())) + "\n" + filled(pick(topic.problems)) + "\n";
  for (std::uint64_t i = below(3); i > 0; --i) made.body += filled(pick(details())) + "\n";
  made.body += filled(pick(closings()));
  if (!one_in(4)) {
    made.intent = one_in(5) ? pick(topic.spellings) : topic.intent;
    if (one_in(60)) made.intent = "other";
  }
  return made;
}

void TicketMaker::spoil_text(Ticket& ticket) {
  if (ticket.channel == "mail" && one_in(4)) ticket.body = in_html(ticket.body);
  if (ticket.channel == "mail" && one_in(10)) ticket.body = in_windows_1252(ticket.body);
  if (one_in(40)) {
    ticket.subject = one_in(2) ? "" : "  ";
    ticket.body = one_in(2) ? "" : " \r\n\t";
  }
  if (one_in(30)) ticket.body = "\xef\xbb\xbf" + ticket.body + "\r\n\x07\x1b \t\r\n";
}

void TicketMaker::spoil_clocks(Ticket& ticket) {
  if (one_in(60)) ticket.created_at += hours(24 * (one_in(2) ? 400 : 3));  // the customer's
  if (one_in(80)) ticket.created_at = Time{};
  if (one_in(100)) ticket.updated_at += minutes(1 + below(20));  // a server's
}

Time TicketMaker::time_of_day() {
  constexpr auto kDay = microseconds(hours(22));  // the last two belong to updates and late ones
  return Time(date_) + microseconds(below(static_cast<std::uint64_t>(kDay.count())));
}

Day TicketMaker::make(std::int64_t first_id, int tickets_mean, bool follows_another,
                      const std::vector<Unlabelled>& waiting) {
  const bool weekend = std::chrono::weekday(date_).iso_encoding() > 5;
  const auto mean = static_cast<std::uint64_t>(weekend ? tickets_mean * 2 / 5 : tickets_mean);
  const std::uint64_t count = mean - mean / 8 + below(mean / 4 + 1);
  std::vector<Time> times;
  for (std::uint64_t i = 0; i < count; ++i) times.push_back(time_of_day());
  std::sort(times.begin(), times.end());

  Day day;
  for (int i = 0; follows_another && i < kLateTickets; ++i) {
    Ticket late = ticket(Time(date_) - minutes(100));
    late.updated_at = Time(date_) - minutes(65 + below(30));  // before that day's last ticket
    day.tickets.push_back(std::move(late));
  }
  for (const Time at : times) {
    Ticket made = ticket(at);
    if (one_in(30) && !day.tickets.empty()) {  // sent twice: another click on the button
      const Ticket& before = day.tickets[below(day.tickets.size())];
      made.subject = before.subject;
      made.body = before.body;
      made.intent = one_in(3) ? std::nullopt : before.intent;
    } else {
      spoil_text(made);
    }
    spoil_clocks(made);
    // Written by one statement: the times of both are equal.
    if (one_in(25) && !day.tickets.empty()) made.updated_at = day.tickets.back().updated_at;
    day.tickets.push_back(std::move(made));
  }
  for (Ticket& made : day.tickets) made.id = first_id++;
  if (!day.tickets.empty()) day.tickets.back().updated_at = Time(date_) + kLastTicket;

  for (const Unlabelled& old : waiting) {
    const auto intent = intent_of_subject(old.subject);
    if (intent && one_in(3)) day.labels.push_back({old.id, *intent, time_of_day()});
  }
  return day;
}

}  // namespace ticket_intent::generator
