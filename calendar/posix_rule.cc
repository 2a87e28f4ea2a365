// Reads POSIX TZ strings and lays their changes out over the years, in the order of time whatever
// the order of summer and winter in the string is.
// Pure functions.
#include "calendar/posix_rule.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/errors.h"
#include "weir/impl/cron/cron_names.h"

namespace weir::calendar {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;

struct RuleDay {
  enum class Kind { kMonthWeekday, kJulian, kDayOfYear } kind = Kind::kMonthWeekday;
  int month = 0, week = 0;  // kMonthWeekday: week 5 is the last
  int day = 0;              // the weekday, 0 is Sunday; or the day of the year
  seconds time{7200};       // of the local day, -167 to 167 hours
};

struct Rule {
  std::string standard_name, summer_name;
  seconds standard{0}, summer{0};  // east of UTC
  std::optional<std::pair<RuleDay, RuleDay>> summer_days;
};

class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}

  std::optional<Rule> read() {
    Rule rule;
    rule.standard_name = read_name();
    rule.standard = -read_time();
    if (at_ < text_.size()) {
      rule.summer_name = read_name();
      rule.summer = rule.standard + seconds(3600);
      if (peek() != ',') rule.summer = -read_time();
      const RuleDay from = read_day();
      rule.summer_days.emplace(from, read_day());
    }
    if (bad_ || at_ != text_.size()) return std::nullopt;
    return rule;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) { bad_ = !take(c) || bad_; }

  std::string read_name() {
    const bool quoted = take('<');
    const std::size_t begin = at_;
    while (at_ < text_.size() && (quoted ? peek() != '>' : impl::is_letter(peek()))) ++at_;
    std::string name(text_.substr(begin, at_ - begin));
    if (quoted) expect('>');
    bad_ = bad_ || name.size() < 3;
    return name;
  }

  int read_number(int most) {
    int number = 0;
    bad_ = bad_ || !impl::is_digit(peek());
    for (; impl::is_digit(peek()) && number <= most; ++at_) number = number * 10 + (peek() - '0');
    bad_ = bad_ || number > most;
    return number;
  }

  // [+-]hours[:minutes[:seconds]]
  seconds read_time() {
    const bool negative = take('-');
    if (!negative) take('+');
    seconds time(read_number(167) * 3600);
    if (take(':')) time += seconds(read_number(59) * 60);
    if (take(':')) time += seconds(read_number(59));
    return negative ? -time : time;
  }

  RuleDay read_day() {
    RuleDay day;
    expect(',');
    if (take('M')) {
      day.month = read_number(12);
      expect('.');
      day.week = read_number(5);
      expect('.');
      day.day = read_number(6);
      bad_ = bad_ || day.month < 1 || day.week < 1;
    } else {
      day.kind = take('J') ? RuleDay::Kind::kJulian : RuleDay::Kind::kDayOfYear;
      day.day = read_number(365);
    }
    if (take('/')) day.time = read_time();
    return day;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool bad_ = false;
};

sys_days date_of(const RuleDay& day, year in) {
  const sys_days begin = in / std::chrono::January / 1;
  if (day.kind == RuleDay::Kind::kDayOfYear) return begin + days(day.day);
  if (day.kind == RuleDay::Kind::kJulian) {  // the 29th of February is never counted
    return begin + days(day.day - 1 + (in.is_leap() && day.day >= 60 ? 1 : 0));
  }
  const std::chrono::month month(static_cast<unsigned>(day.month));
  const std::chrono::weekday weekday(static_cast<unsigned>(day.day));
  if (day.week == 5) return in / month / weekday[std::chrono::last];
  return in / month / weekday[static_cast<unsigned>(day.week)];
}

}  // namespace

base::Result<std::vector<ZoneSpan>> spans_of_rule(std::string_view text, Instant begin,
                                                  Instant end) {
  const auto rule = RuleReader(text).read();
  if (!rule) {
    return base::Status(base::Code::kInvalidArgument, base::kErrTimeZone,
                        "'" + std::string(text) + "' is no POSIX TZ string");
  }
  std::vector<ZoneSpan> changes;
  const auto year_of = [](Instant at) {
    return std::chrono::year_month_day(std::chrono::floor<days>(at)).year();
  };
  if (!rule->summer_days) {
    changes.push_back({begin, rule->standard, rule->standard_name});
  } else {
    for (year in = year_of(begin) - std::chrono::years(1); in <= year_of(end); ++in) {
      const auto& [from, to] = *rule->summer_days;
      changes.push_back(
          {date_of(from, in) + from.time - rule->standard, rule->summer, rule->summer_name});
      changes.push_back(
          {date_of(to, in) + to.time - rule->summer, rule->standard, rule->standard_name});
    }
  }
  std::sort(changes.begin(), changes.end(),
            [](const ZoneSpan& a, const ZoneSpan& b) { return a.begin < b.begin; });
  std::vector<ZoneSpan> spans;
  for (ZoneSpan& change : changes) {
    if (change.begin >= end) break;
    if (change.begin <= begin) {
      spans.clear();
      change.begin = begin;
    }
    spans.push_back(std::move(change));
  }
  return spans;
}

}  // namespace weir::calendar
