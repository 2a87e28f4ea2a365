// The checks themselves. Shares and counts go along as metadata, so that their course can be seen
// before a limit is crossed.
// Pure functions, any thread.
#include "audit.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "label.h"
#include "mask.h"
#include "text.h"

namespace ticket_intent {
namespace {

constexpr std::string_view kChannels[] = {"chat", "mail", "web"};

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

// The offence of one ticket, in words; "" when there is none.
std::string offence(const Ticket& ticket, std::int64_t id_before) {
  using namespace std::chrono_literals;
  constexpr auto kFirst = std::chrono::sys_days(2000y / 1 / 1);
  constexpr auto kLast = std::chrono::sys_days(2100y / 1 / 1);
  if (ticket.id <= 0) return "its id is not positive";
  if (ticket.id <= id_before) return "its id occurs twice or is out of order";
  if (ticket.updated_at < kFirst || ticket.updated_at >= kLast) return "its time is none of ours";
  return "";
}

}  // namespace

weir::Verdict audit_schema(const Archive& archive) {
  std::int64_t offending = 0;
  std::string first;
  std::int64_t before = 0;
  for (const Ticket& ticket : archive.tickets) {
    const std::string what = offence(ticket, before);
    before = ticket.id;
    if (what.empty()) continue;
    if (offending++ == 0) first = "ticket " + std::to_string(ticket.id) + ": " + what;
  }
  return weir::Verdict(offending == 0).because(first).meta("offending_tickets", offending);
}

weir::Verdict audit_channels(const Archive& archive) {
  for (const Ticket& ticket : archive.tickets) {
    const auto* const found = std::find(std::begin(kChannels), std::end(kChannels), ticket.channel);
    if (found != std::end(kChannels)) continue;
    return weir::Verdict(false).because("ticket " + std::to_string(ticket.id) + ": its channel '" +
                                        ticket.channel + "' is not known");
  }
  return true;
}

weir::Verdict audit_new_tickets(const Archive& archive, const Limits& limits) {
  return weir::Verdict(archive.added >= limits.new_tickets_min)
      .because("only " + std::to_string(archive.added) + " new tickets, " +
               std::to_string(limits.new_tickets_min) +
               " are few already: is the source still fed?")
      .meta("new_tickets", archive.added);
}

weir::Verdict audit_kept(const Cleaned& cleaned, const Limits& limits) {
  const double kept = share(cleaned.tickets.size(), static_cast<std::size_t>(cleaned.read));
  return weir::Verdict(cleaned.read == 0 || kept >= limits.kept_share_min)
      .because("only " + percent(kept) + " of the tickets were kept: " +
               std::to_string(cleaned.empty) + " empty, " + std::to_string(cleaned.duplicates) +
               " duplicates, " + std::to_string(cleaned.suspect) + " with personal data")
      .meta("kept_share", kept);
}

weir::Verdict audit_volume(const std::vector<Example>& examples, const Limits& limits) {
  const auto least = static_cast<std::size_t>(std::max(limits.examples_min, 0));
  return weir::Verdict(examples.size() >= least)
      .because("only " + std::to_string(examples.size()) + " examples, at least " +
               std::to_string(least) + " are needed")
      .meta("examples", examples.size());
}

weir::Verdict audit_intents(const std::vector<Example>& examples, const Limits& limits) {
  std::map<std::string_view, std::size_t> counts;
  for (const std::string_view intent : intents()) counts[intent] = 0;
  const std::size_t known = counts.size();
  for (const Example& example : examples) ++counts[example.intent];
  std::string problem;
  for (const auto& [intent, count] : counts) {
    const double part = share(count, examples.size());
    if (part >= limits.intent_share_min && part <= limits.intent_share_max) continue;
    problem += (problem.empty() ? "" : ", ") + std::string(intent) + " has " + percent(part);
  }
  if (counts.size() > known) problem = "an intent is not known: " + problem;
  weir::Verdict verdict(problem.empty());
  verdict.because(problem);
  for (const auto& [intent, count] : counts) {
    verdict.meta("share_" + std::string(intent), share(count, examples.size()));
  }
  return verdict;
}

weir::Verdict audit_texts(const std::vector<Example>& examples) {
  std::set<std::string> seen;
  for (const Example& example : examples) {
    const std::string which = "ticket " + std::to_string(example.id) + ": ";
    if (!is_utf8(example.text)) return weir::Verdict(false).because(which + "its text is no UTF-8");
    if (looks_personal(example.text)) {
      return weir::Verdict(false).because(which + "its text looks personal");
    }
    if (!seen.insert(lower(example.text)).second) {
      return weir::Verdict(false).because(which + "its text occurs twice");
    }
  }
  return true;
}

weir::Verdict audit_labellers(const std::vector<Example>& examples, const Limits& limits) {
  const auto by_agents = static_cast<std::size_t>(
      std::count_if(examples.begin(), examples.end(),
                    [](const Example& example) { return example.labelled_by == "agent"; }));
  const double part = share(by_agents, examples.size());
  return weir::Verdict(part >= limits.agent_share_min)
      .because("only " + percent(part) + " of the examples were labelled by a person")
      .meta("agent_share", part);
}

}  // namespace ticket_intent
