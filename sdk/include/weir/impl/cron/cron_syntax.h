// Cron expressions: five fields, six with seconds in front, `@hourly` to `@yearly`, `@every 1h30m`.
// parse_cron() is constexpr and allocates nothing, so that a literal is checked where it is
// written. The rules of the fields are in cron_fields.h, of the days in cron.h.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "cron.h"
#include "cron_fields.h"
#include "cron_names.h"
#include "cron_problem.h"

namespace weir::calendar {

struct CronParse {
  Cron cron;  // only when there is no problem
  CronProblem problem;
  constexpr bool ok() const { return problem.fault == CronFault::kNone; }
};

constexpr CronParse parse_cron(std::string_view text);

namespace impl {

struct Macro {
  std::string_view name, fields;
};
inline constexpr Macro kMacros[] = {
    {"hourly", "0 * * * *"},   {"daily", "0 0 * * *"},   {"midnight", "0 0 * * *"},
    {"weekly", "0 0 * * 0"},   {"monthly", "0 0 1 * *"}, {"yearly", "0 0 1 1 *"},
    {"annually", "0 0 1 1 *"},
};

constexpr bool same_word(std::string_view word, std::string_view lower_case) {
  if (word.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (lower(word[i]) != lower_case[i]) return false;
  }
  return true;
}

// "90s", "1h30m", "2d" are lengths; -1 for what is none or is over a century.
constexpr std::int64_t seconds_of_length(std::string_view text) {
  constexpr std::int64_t kMost = std::int64_t(100) * 366 * 86400;
  std::int64_t total = 0;
  std::size_t at = 0;
  if (text.empty()) return -1;
  while (at < text.size()) {
    std::int64_t number = 0;
    const std::size_t digits = at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      if (number <= kMost) number = number * 10 + (text[at] - '0');
    }
    if (at == digits || at == text.size()) return -1;
    std::int64_t unit = 0;
    switch (lower(text[at++])) {
      case 's':
        unit = 1;
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 3600;
        break;
      case 'd':
        unit = 86400;
        break;
      case 'w':
        unit = 7 * 86400;
        break;
      default:
        return -1;
    }
    if (number > kMost || (total += number * unit) > kMost) return -1;
  }
  return total;
}

struct CronWords {
  static constexpr std::size_t kMax = 8;
  std::array<std::string_view, kMax> words;
  std::array<std::size_t, kMax> at{};
  std::size_t count = 0;  // may be over kMax
};
constexpr CronWords split(std::string_view text) {
  CronWords words;
  for (std::size_t i = 0; i < text.size();) {
    if (is_blank(text[i])) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < text.size() && !is_blank(text[i])) ++i;
    if (words.count < CronWords::kMax) {
      words.words[words.count] = text.substr(begin, i - begin);
      words.at[words.count] = begin;
    }
    ++words.count;
  }
  return words;
}

constexpr CronParse refused(CronFault fault, std::size_t at, std::size_t length) {
  return {{}, {fault, CronField::kExpression, at, length}};
}

constexpr CronParse parse_macro(const CronWords& words, std::size_t end) {
  const std::string_view name = words.words[0].substr(1);
  const std::size_t at = words.at[0];
  if (same_word(name, "every")) {
    const auto length = words.count == 2 ? seconds_of_length(words.words[1]) : -1;
    if (length < 1) {
      const std::size_t begin = words.count > 1 ? words.at[1] : end;
      return refused(CronFault::kEvery, begin, end - begin);
    }
    CronParse parsed;
    parsed.cron.every_seconds = length;
    return parsed;
  }
  if (same_word(name, "reboot")) return refused(CronFault::kReboot, at, name.size() + 1);
  for (const Macro& macro : kMacros) {
    if (!same_word(name, macro.name)) continue;
    if (words.count == 1) return parse_cron(macro.fields);
    return refused(CronFault::kTrailing, words.at[1], end - words.at[1]);
  }
  return refused(CronFault::kMacro, at, name.size() + 1);
}

}  // namespace impl

constexpr CronParse parse_cron(std::string_view text) {
  const impl::CronWords words = impl::split(text);
  std::size_t end = text.size();
  while (end > 0 && impl::is_blank(text[end - 1])) --end;
  if (words.count == 0) return impl::refused(CronFault::kFieldCount, 0, text.size());
  if (words.words[0].front() == '@') return impl::parse_macro(words, end);
  if (words.count != 5 && words.count != 6) {
    const bool more = words.count > 6;
    const std::size_t at = more ? words.at[6] : end;
    return impl::refused(CronFault::kFieldCount, at, end - at);
  }
  CronParse parsed;
  const std::size_t skipped = 6 - words.count;
  for (std::size_t i = 0; i < words.count; ++i) {
    impl::FieldReader reader(CronField(i + skipped), words.words[i], words.at[i], parsed.cron);
    parsed.problem = reader.read();
    if (!parsed.ok()) return parsed;
  }
  if (!can_fire(parsed.cron)) {
    const std::size_t day = 3 - skipped;
    parsed.problem = {CronFault::kNever, CronField::kDay, words.at[day], words.words[day].size()};
  }
  return parsed;
}

}  // namespace weir::calendar
