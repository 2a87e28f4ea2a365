// Makes up a day at the service desk: tickets with the faults of real ones, and the labels that
// agents set on those of the day before. The same seed and day give the same tickets.
// Values, any thread; the program stores them.
// It must not know how the pipeline deals with a fault.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../values.h"

namespace ticket_intent::generator {

// A ticket that no agent has labelled yet.
struct Unlabelled {
  std::int64_t id = 0;
  std::string subject;
};

struct NewLabel {
  std::int64_t id = 0;
  std::string intent;
  Time updated_at;
};

struct Day {
  std::vector<Ticket> tickets;   // in the order in which they are stored; ids without a gap
  std::vector<NewLabel> labels;  // of earlier tickets
};

class TicketMaker {
 public:
  TicketMaker(std::uint64_t seed, std::chrono::sys_days date);

  // About `tickets_mean` tickets, fewer at weekends, with ids from `first_id` on. With
  // `follows_another` the first of them were written late on the day before and come in only now.
  Day make(std::int64_t first_id, int tickets_mean, bool follows_another,
           const std::vector<Unlabelled>& waiting);

 private:
  std::uint64_t below(std::uint64_t end);
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::string_view pick(std::span<const std::string_view> from);
  std::string filled(std::string_view phrase);
  std::string word(std::string_view slot);
  std::string digits(std::size_t count);
  std::string card();

  Ticket ticket(Time at);
  void spoil_text(Ticket& ticket);
  void spoil_clocks(Ticket& ticket);
  Time time_of_day();

  std::mt19937_64 random_;
  std::chrono::sys_days date_;
};

}  // namespace ticket_intent::generator
