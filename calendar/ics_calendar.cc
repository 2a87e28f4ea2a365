// A reader of the part of RFC 5545 that calendars of holidays use: lines and their folding (3.1),
// components (3.6), dates (3.3.4), and rules of FREQ=YEARLY (3.3.10). Own code because modules link
// nothing but the standard library. Pure but for read_ics().
#include "calendar/ics_calendar.h"

#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "base/errors.h"
#include "base/text.h"
#include "weir/impl/cron/time_syntax.h"

namespace weir::calendar {
namespace {

using base::Code;
using base::Result;
using base::Status;
using std::chrono::sys_days;
using std::chrono::year_month_day;

// "DTSTART;VALUE=DATE:20261225"
struct IcsLine {
  std::size_t number = 0;  // of its first line in the file
  std::string name;        // in upper case
  std::string value;
};

struct IcsRule {
  int interval = 1;
  std::optional<int> count;
  std::optional<sys_days> until;
  std::optional<unsigned> month, month_day;
  int ordinal = 0;  // of `weekday` in the month, from its end when negative; 0: none is given
  std::chrono::weekday weekday;
};

struct IcsEvent {
  std::optional<sys_days> start, end;
  std::optional<IcsRule> rule;
  std::size_t rule_line = 0;
  IcsDays except;
  bool canceled = false;
};

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c;
  return out;
}

std::optional<int> number_in(std::string_view text) {
  int number = 0;
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

class IcsReader {
 public:
  IcsReader(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  Result<IcsDays> read() {
    read_lines();
    if (lines_.empty() || lines_[0].name != "BEGIN" || upper(lines_[0].value) != "VCALENDAR") {
      fail(1, "this is no iCalendar file, which begins with BEGIN:VCALENDAR");
    }
    for (const IcsLine& line : lines_) {
      if (problem_.ok()) take(line);
    }
    const std::size_t last = lines_.empty() ? 1 : lines_.back().number;
    if (!inside_.empty()) fail(last, "END:" + inside_.back() + " is missing");
    if (events_ == 0) fail(last, "the calendar has no event (BEGIN:VEVENT), so no day is off");
    if (!problem_.ok()) return problem_;
    return std::move(days_);
  }

 private:
  bool fail(std::size_t line, const std::string& what) {
    if (problem_.ok()) {
      problem_ = Status(Code::kInvalidArgument, base::kErrBadManifest,
                        path_ + ":" + std::to_string(line) + ": " + base::valid_utf8(what));
    }
    return false;
  }

  // A line that begins with a blank goes on with the one before it.
  void read_lines() {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    std::size_t number = 0;
    std::string whole;
    std::size_t first = 1;
    for (std::string_view line : split(text_, '\n')) {
      ++number;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty() && (line.front() == ' ' || line.front() == '\t')) {
        whole += line.substr(1);
        continue;
      }
      add_line(first, whole);
      whole = line;
      first = number;
    }
    add_line(first, whole);
  }

  void add_line(std::size_t number, std::string_view line) {
    if (line.empty()) return;
    bool quoted = false;
    std::size_t colon = 0;
    while (colon < line.size() && (quoted || line[colon] != ':')) {
      if (line[colon++] == '"') quoted = !quoted;
    }
    if (colon == line.size()) {
      fail(number, "a line of an iCalendar file is NAME:VALUE, this one has no colon");
      return;
    }
    const std::string_view name = line.substr(0, std::min(line.find(';'), colon));
    lines_.push_back({number, upper(name), std::string(line.substr(colon + 1))});
  }

  bool in_event() const { return inside_.size() == 2 && inside_.back() == "VEVENT"; }

  void take(const IcsLine& line) {
    const std::string component = upper(line.value);
    if (line.name == "BEGIN") {
      if (inside_.empty() && component != "VCALENDAR") {
        fail(line.number, "BEGIN:" + component + " stands outside of the calendar");
      }
      inside_.push_back(component);
      if (in_event()) event_ = {};
    } else if (line.name == "END") {
      if (inside_.empty() || inside_.back() != component) {
        fail(line.number, "END:" + component + " ends what did not begin");
        return;
      }
      if (in_event()) end_event(line.number);
      inside_.pop_back();
    } else if (inside_.empty()) {
      fail(line.number, line.name + " stands outside of the calendar");
    } else if (in_event()) {
      take_property(line);
    }
  }

  void take_property(const IcsLine& line) {
    if (line.name == "DTSTART") {
      event_.start = date(line, line.value);
    } else if (line.name == "DTEND") {
      event_.end = date(line, line.value);
    } else if (line.name == "DURATION") {
      take_duration(line);
    } else if (line.name == "RRULE") {
      if (event_.rule) fail(line.number, "an event with two rules (RRULE) is not understood");
      event_.rule_line = line.number;
      event_.rule = rule(line);
    } else if (line.name == "EXDATE") {
      for (const std::string_view one : split(line.value, ',')) {
        if (const auto day = date(line, one)) event_.except.insert(*day);
      }
    } else if (line.name == "STATUS") {
      event_.canceled = upper(line.value) == "CANCELLED";
    } else if (line.name == "RDATE" || line.name == "EXRULE" || line.name == "RECURRENCE-ID") {
      fail(line.number, line.name + " is not understood; give the days as events of their own");
    }
  }

  std::optional<sys_days> date(const IcsLine& line, std::string_view text) {
    if (text.size() > 8 && text[8] == 'T') {
      fail(line.number, line.name + " has a time of day; days off are whole days, written " +
                            line.name + ";VALUE=DATE:" + std::string(text.substr(0, 8)));
      return std::nullopt;
    }
    std::string dashed(text);
    if (text.size() == 8) dashed.insert(6, "-").insert(4, "-");
    const calendar::TimeParse parsed = calendar::parse_day(dashed);
    if (text.size() != 8 || !parsed.ok()) {
      fail(line.number, "'" + std::string(text) + "' is no day; one is written like 20261225");
      return std::nullopt;
    }
    return sys_days(std::chrono::year(parsed.year) / std::chrono::month(unsigned(parsed.month)) /
                    std::chrono::day(unsigned(parsed.day)));
  }

  // "P1D", "P2W", behind the start.
  void take_duration(const IcsLine& line) {
    std::string_view text = line.value;
    const bool weeks = text.ends_with('W');
    std::optional<int> count;
    if (text.starts_with('P') && (weeks || text.ends_with('D'))) {
      count = number_in(text.substr(1, text.size() - 2));
    }
    if (!count || *count < 1 || *count > int(kIcsDaysMax)) {
      fail(line.number, "DURATION '" + line.value + "' is not of whole days, like P1D or P2W");
    } else if (!event_.start) {
      fail(line.number, "DURATION stands before DTSTART");
    } else {
      event_.end = *event_.start + std::chrono::days(*count * (weeks ? 7 : 1));
    }
  }

  IcsRule rule(const IcsLine& line) {
    IcsRule out;
    bool yearly = false;
    for (const std::string_view part : split(line.value, ';')) {
      const std::size_t equals = std::min(part.find('='), part.size());
      const std::string key = upper(part.substr(0, equals));
      const std::string value = upper(part.substr(std::min(equals + 1, part.size())));
      if (key == "FREQ") yearly = value == "YEARLY";
      if (key == "FREQ" || key == "WKST") continue;
      if (!take_rule_part(line, key, value, out)) return out;
    }
    if (!yearly) fail(line.number, "of rules only those of FREQ=YEARLY are understood");
    if ((out.month_day || out.ordinal != 0) && !out.month) {
      fail(line.number, "BYMONTHDAY and BYDAY are understood with BYMONTH only");
    }
    if (out.month_day && out.ordinal != 0) {
      fail(line.number, "BYMONTHDAY together with BYDAY is not understood");
    }
    return out;
  }

  bool take_rule_part(const IcsLine& line, const std::string& key, const std::string& value,
                      IcsRule& out) {
    const auto number = number_in(value);
    const auto within = [&](int low, int high) {
      return number && *number >= low && *number <= high;
    };
    if (key == "INTERVAL" && within(1, 100)) {
      out.interval = *number;
    } else if (key == "COUNT" && within(1, int(kIcsDaysMax))) {
      out.count = *number;
    } else if (key == "UNTIL") {
      out.until = date({line.number, "UNTIL", {}}, std::string_view(value).substr(0, 8));
    } else if (key == "BYMONTH" && within(1, 12)) {
      out.month = unsigned(*number);
    } else if (key == "BYMONTHDAY" && within(1, 31)) {
      out.month_day = unsigned(*number);
    } else if (key != "BYDAY" || !take_weekday(value, out)) {
      return fail(line.number, "'" + key + "=" + value + "' is not understood in a rule");
    }
    return true;
  }

  // "4TH", "-1MO".
  static bool take_weekday(const std::string& value, IcsRule& out) {
    constexpr std::string_view kDays = "SUMOTUWETHFRSA";
    if (value.size() < 3) return false;
    const std::size_t at = kDays.find(value.substr(value.size() - 2));
    const auto ordinal = number_in(std::string_view(value).substr(0, value.size() - 2));
    if (at == std::string_view::npos || at % 2 != 0) return false;
    if (!ordinal || *ordinal == 0 || *ordinal < -5 || *ordinal > 5) return false;
    out.ordinal = *ordinal;
    out.weekday = std::chrono::weekday(unsigned(at / 2));
    return true;
  }

  // The event's day in a year; none in a year that does not have it.
  static std::optional<sys_days> day_in(std::chrono::year year, const IcsRule& rule,
                                        year_month_day start) {
    const std::chrono::month month = rule.month ? std::chrono::month(*rule.month) : start.month();
    const auto first = year / month / 1;
    if (rule.ordinal == 0) {
      const std::chrono::day day = rule.month_day ? std::chrono::day(*rule.month_day) : start.day();
      const auto date = year / month / day;
      return date.ok() ? std::optional(sys_days(date)) : std::nullopt;
    }
    const sys_days from = rule.ordinal > 0
                              ? sys_days(year / month / rule.weekday[1])
                              : sys_days(year / month / std::chrono::weekday_last(rule.weekday));
    const int weeks = rule.ordinal > 0 ? rule.ordinal - 1 : rule.ordinal + 1;
    const year_month_day found = from + std::chrono::days(7 * weeks);
    if (found.month() != first.month()) return std::nullopt;
    return sys_days(found);
  }

  void end_event(std::size_t line) {
    ++events_;
    if (!problem_.ok()) return;
    if (!event_.start) {
      fail(line, "this event has no day (DTSTART)");
      return;
    }
    const sys_days start = *event_.start;
    const auto length = event_.end ? (*event_.end - start) : std::chrono::days(1);
    if (length < std::chrono::days(1)) {
      fail(line, "this event ends (DTEND, the day after its last) before it has begun");
    } else if (event_.canceled) {
      return;
    } else if (!event_.rule) {
      add_days(line, start, length);
    } else if (day_in(year_month_day(start).year(), *event_.rule, start) != start) {
      fail(event_.rule_line, "the rule does not fall on the event's own day (DTSTART)");
    } else {
      add_years(line, start, length);
    }
  }

  void add_years(std::size_t line, sys_days start, std::chrono::days length) {
    const IcsRule& rule = *event_.rule;
    int left = rule.count.value_or(int(kIcsDaysMax));
    for (auto year = year_month_day(start).year(); year <= kIcsLastYear && left > 0;
         year += std::chrono::years(rule.interval)) {
      const auto day = day_in(year, rule, start);
      if (!day) continue;
      if (rule.until && *day > *rule.until) return;
      --left;
      if (!add_days(line, *day, length)) return;
    }
  }

  bool add_days(std::size_t line, sys_days first, std::chrono::days length) {
    if (event_.except.contains(first)) return true;
    for (sys_days day = first; day < first + length; day += std::chrono::days(1)) {
      days_.insert(day);
      if (days_.size() > kIcsDaysMax) {
        return fail(line, "with this event the calendar has more than " +
                              std::to_string(kIcsDaysMax) + " days");
      }
    }
    return true;
  }

  std::string_view text_;
  const std::string& path_;
  std::vector<IcsLine> lines_;
  std::vector<std::string> inside_;  // components that began, the innermost last
  IcsEvent event_;
  std::size_t events_ = 0;
  IcsDays days_;
  Status problem_;
};

}  // namespace

Result<IcsDays> ics_days(std::string_view text, const std::string& path) {
  return IcsReader(text, path).read();
}

Result<IcsDays> read_ics(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kIcsBytesMax + 1, '\0');
  file.read(text.data(), std::streamsize(text.size()));
  if (!file.is_open() || file.bad()) {
    return Status(Code::kNotFound, base::kErrBadManifest,
                  "cannot read the calendar '" + path + "'");
  }
  text.resize(std::size_t(file.gcount()));
  if (text.size() > kIcsBytesMax) {
    return Status(Code::kInvalidArgument, base::kErrLimit,
                  "the calendar '" + path + "' is larger than " +
                      std::to_string(kIcsBytesMax >> 20) + " MiB");
  }
  return ics_days(text, path);
}

std::string day_text(sys_days day) {
  const year_month_day date(day);
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", int(date.year()), unsigned(date.month()),
                unsigned(date.day()));
  return text;
}

}  // namespace weir::calendar
