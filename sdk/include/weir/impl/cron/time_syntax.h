// Days and times as a schedule writes them: "2026-12-25"; "2026-12-01T09:00", with seconds or
// without, by the clock of the schedule's zone; with Z or +01:00 behind it, wherever that clock
// stands. Constexpr, no allocation: a literal is checked where it is written, and
// calendar/read_time.h puts what is wrong into words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cron.h"
#include "cron_names.h"

namespace weir::calendar {

enum class TimeFault {
  kNone,
  kForm,      // not of this form, from `at` on
  kNoDay,     // a month or day that the calendar does not have
  kNoClock,   // an hour, minute or second that no clock shows
  kNoOffset,  // an offset of a day or more
};

// What was written, as numbers.
struct TimeParse {
  TimeFault fault = TimeFault::kNone;
  std::size_t at = 0, length = 0;  // what is wrong: bytes from the start, 0 long at the end
  int year = 0, month = 0, day = 0;
  int hour = 0, minute = 0, second = 0;
  bool has_offset = false;
  int offset_minutes = 0;  // east of UTC

  constexpr bool ok() const { return fault == TimeFault::kNone; }
};

constexpr bool is_leap_year(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

namespace impl {

class TimeReader {
 public:
  constexpr explicit TimeReader(std::string_view text) : text_(text) {}

  constexpr TimeParse day() {
    read_day();
    if (out_.ok() && at_ < text_.size()) fail(TimeFault::kForm, at_);
    return out_;
  }
  constexpr TimeParse time() {
    read_day();
    if (out_.ok() && at_ < text_.size()) read_clock();
    if (out_.ok() && at_ < text_.size()) fail(TimeFault::kForm, at_);
    return out_;
  }

 private:
  constexpr void fail(TimeFault fault, std::size_t begin) {
    if (!out_.ok()) return;
    out_.fault = fault;
    out_.at = begin;
    out_.length = (fault == TimeFault::kForm ? text_.size() : at_) - begin;
  }
  constexpr char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  constexpr void take(char c) {
    if (!out_.ok()) return;
    if (peek() != c) return fail(TimeFault::kForm, at_);
    ++at_;
  }
  constexpr int digits(int count) {
    int number = 0;
    for (int i = 0; i < count && out_.ok(); ++i) {
      if (!is_digit(peek())) {
        fail(TimeFault::kForm, at_);
        return 0;
      }
      number = number * 10 + (text_[at_++] - '0');
    }
    return number;
  }

  constexpr void read_day() {
    out_.year = digits(4);
    take('-');
    out_.month = digits(2);
    take('-');
    out_.day = digits(2);
    if (!out_.ok()) return;
    const bool month = out_.month >= 1 && out_.month <= 12;
    if (!month || out_.day < 1 || out_.day > month_length(out_.month, is_leap_year(out_.year))) {
      fail(TimeFault::kNoDay, 0);
    }
  }

  constexpr void read_clock() {
    take('T');
    const std::size_t begin = at_;
    out_.hour = digits(2);
    take(':');
    out_.minute = digits(2);
    if (peek() == ':') {
      take(':');
      out_.second = digits(2);
    }
    if (out_.hour > 23 || out_.minute > 59 || out_.second > 59) fail(TimeFault::kNoClock, begin);
    if (out_.ok() && at_ < text_.size()) read_offset();
  }

  constexpr void read_offset() {
    const std::size_t begin = at_;
    out_.has_offset = true;
    if (peek() == 'Z') {
      ++at_;
      return;
    }
    const bool west = peek() == '-';
    take(west ? '-' : '+');
    const int hours = digits(2);
    take(':');
    const int minutes = digits(2);
    if (hours > 23 || minutes > 59) fail(TimeFault::kNoOffset, begin);
    out_.offset_minutes = (hours * 60 + minutes) * (west ? -1 : 1);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  TimeParse out_;
};

}  // namespace impl

constexpr TimeParse parse_day(std::string_view text) { return impl::TimeReader(text).day(); }
constexpr TimeParse parse_time(std::string_view text) { return impl::TimeReader(text).time(); }

}  // namespace weir::calendar
