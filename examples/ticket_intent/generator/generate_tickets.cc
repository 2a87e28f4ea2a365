// The program that stands in for a service desk:
//   generate_tickets --db tickets.db --days 28
// makes the table where it is missing and adds the days that follow the last one in it, each in one
// transaction. Exit codes: 0 done, 1 failed, 2 not understood.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../database.h"
#include "../ticket_table.h"
#include "ticket_maker.h"

namespace {

using std::chrono::sys_days;
using ticket_intent::Access;
using ticket_intent::Database;
using ticket_intent::Transaction;
using ticket_intent::generator::Day;
using ticket_intent::generator::TicketMaker;
using ticket_intent::generator::Unlabelled;

constexpr auto kHistory = std::chrono::days(30);  // a new table begins so long ago

constexpr char kUsage[] =
    "usage: generate_tickets --db DSN [--days N] [--seed N] [--per-day N] [--ago DAYS]\n"
    "  --db DSN       a file of SQLite, or what libpq takes: postgresql://…, host=… dbname=…\n"
    "  --days N       days to add, 1 unless another is given\n"
    "  --seed N       1 unless another is given\n"
    "  --per-day N    tickets on a working day, about; 400 unless another is given\n"
    "  --ago DAYS     where a new table begins; 30 days ago unless another is given\n";

struct Options {
  std::string dsn;
  int days = 1;
  int seed = 1;
  int per_day = 400;
  int ago = static_cast<int>(kHistory.count());
};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<Options> parse(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string_view name = arguments[i];
    if (name == "--db") {
      options.dsn = arguments[i + 1];
      continue;
    }
    int* const member = name == "--days"      ? &options.days
                        : name == "--seed"    ? &options.seed
                        : name == "--per-day" ? &options.per_day
                        : name == "--ago"     ? &options.ago
                                              : nullptr;
    const auto value = number(arguments[i + 1]);
    if (member == nullptr || !value) return std::nullopt;
    *member = *value;
  }
  if (arguments.size() % 2 != 0 || options.dsn.empty()) return std::nullopt;
  return options;
}

std::string text(sys_days day) {
  const std::chrono::year_month_day date(day);
  char made[32];
  std::snprintf(made, sizeof made, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return made;
}

// Adds the next day; false where that day is not over yet.
bool add_day(Database& database, const Options& options, sys_days today) {
  Transaction transaction(database, Access::kWrite);
  ticket_intent::create_tickets(database);
  const auto last = ticket_intent::last_ticket(database);
  const sys_days date =
      last ? std::chrono::floor<std::chrono::days>(last->updated_at) + std::chrono::days(1)
           : today - std::chrono::days(options.ago);
  if (date >= today) {
    std::fprintf(stderr, "generate_tickets: %s is not over yet\n", text(date).c_str());
    return false;
  }
  std::vector<Unlabelled> waiting;
  for (const auto& row :
       database.query("SELECT id, subject FROM tickets WHERE intent IS NULL ORDER BY id")) {
    waiting.push_back({std::stoll(row.at(0).value()), row.at(1).value()});
  }
  TicketMaker maker(static_cast<std::uint64_t>(options.seed), date);
  const Day day = maker.make(last ? last->id + 1 : 1, options.per_day, last.has_value(), waiting);
  for (const auto& ticket : day.tickets) ticket_intent::insert_ticket(database, ticket);
  for (const auto& label : day.labels) {
    ticket_intent::set_intent(database, label.id, label.intent, label.updated_at);
  }
  transaction.commit();
  std::printf("%s: %zu tickets, %zu labels for earlier ones\n", text(date).c_str(),
              day.tickets.size(), day.labels.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse({argv + 1, argv + argc});
  if (!options) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  try {
    const auto database = ticket_intent::open_database(options->dsn, Access::kWrite);
    const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
    for (int i = 0; i < options->days; ++i) {
      if (!add_day(*database, *options, today)) return 1;
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "generate_tickets: %s\n", error.what());
    return 1;
  }
}
