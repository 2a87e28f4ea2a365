// What our evaluator answers, for the comparison with other libraries: reads lines of ZONE, EXPR,
// FROM (seconds since the epoch) and COUNT, divided by tabs, and writes for each the next COUNT
// times after FROM, or `refused: ` and why. One thread; no decisions of its own.
#include "calendar/cron_times.h"

#include <cstdlib>
#include <iostream>
#include <string>

#include "calendar/cron_text.h"
#include "scheduler/zones/zones.h"

namespace weir::calendar {
namespace {

std::string take_field(std::string& line) {
  const std::size_t end = std::min(line.find('\t'), line.size());
  std::string field = line.substr(0, end);
  line.erase(0, end + 1);
  return field;
}

std::string answer(std::string line) {
  const auto zone = zones::load_zone(take_field(line));
  if (!zone.ok()) return "refused: " + zone.status().text();
  const auto cron = read_cron(take_field(line));
  if (!cron.ok()) return "refused: " + cron.status().message();
  Instant at{std::chrono::seconds(std::atoll(take_field(line).c_str()))};
  std::string times;
  for (int left = std::atoi(line.c_str()); left > 0; --left) {
    const auto next = next_after(*cron, *zone, at);
    if (!next) break;
    at = *next;
    times += (times.empty() ? "" : " ") + std::to_string(at.time_since_epoch().count());
  }
  return times;
}

}  // namespace
}  // namespace weir::calendar

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::string text = weir::calendar::answer(line);
    std::cout << text.substr(0, text.find('\n')) << '\n';
  }
  return 0;
}
