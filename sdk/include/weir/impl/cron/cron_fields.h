// One field of a cron expression, read item by item: `*`, values, names, ranges that may wrap,
// steps, and the days' own forms (`L`, `L-3`, `LW`, `15W`, `5L`, `5#2`, `?`). Constexpr throughout;
// no allocation. cron_syntax.h reads whole expressions with it.
#pragma once

#include <cstdint>
#include <string_view>

#include "cron.h"
#include "cron_names.h"
#include "cron_problem.h"

namespace weir::calendar::impl {

// Reads one field and adds what it says to `cron`; stops at the first problem.
class FieldReader {
 public:
  // `text` is the field, `offset` where it begins in the expression.
  constexpr FieldReader(CronField field, std::string_view text, std::size_t offset, Cron& cron)
      : field_(field), limits_(limits_of(field)), text_(text), offset_(offset), cron_(&cron) {}

  constexpr CronProblem read() {
    mark_unrestricted();
    do {
      read_item();
    } while (problem_.fault == CronFault::kNone && take(','));
    if (problem_.fault == CronFault::kNone && at_ < text_.size()) fail(CronFault::kTrailing, at_);
    if (problem_.fault == CronFault::kNone) store();
    return problem_;
  }

 private:
  constexpr char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  constexpr bool take(char c) {
    if (lower(peek()) != c) return false;
    ++at_;
    return true;
  }
  // From `begin` to where the reader stands, or to the next separator when that is the same.
  constexpr void fail(CronFault fault, std::size_t begin) {
    if (problem_.fault != CronFault::kNone) return;
    std::size_t end = at_;
    while (end <= begin && end < text_.size()) ++end;
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
    problem_ = {fault, field_, offset_ + begin, end - begin};
  }
  constexpr bool days() const { return field_ == CronField::kDay; }
  constexpr bool weekdays() const { return field_ == CronField::kWeekday; }

  constexpr void mark_unrestricted() {
    const bool any = peek() == '*' || peek() == '?';
    if (days()) cron_->any_day = any;
    if (weekdays()) cron_->any_weekday = any;
  }

  constexpr void read_item() {
    const std::size_t begin = at_;
    if (at_ == text_.size() || peek() == ',') return fail(CronFault::kEmpty, begin);
    if (peek() == '?' && !days() && !weekdays()) return fail(CronFault::kQuestion, begin);
    if (take('*') || take('?')) {
      return add_range(limits_.low, weekdays() ? 6 : limits_.high, read_step());
    }
    if (lower(peek()) == 'l') return read_last();  // no name begins with it
    const int low = read_value();
    if (low < 0) return;
    if (lower(peek()) == 'w') return read_nearest(low, begin);
    if (take('l')) return add_last_weekday(low, begin);
    if (take('#')) return read_ordinal(low);
    int high = low;
    const bool range = take('-');
    if (range) high = read_value();
    if (high < 0) return;
    const bool open = !range && peek() == '/';
    add_range(low, open ? (weekdays() ? 6 : limits_.high) : high, read_step());
  }

  // Anything over four digits is as wrong as four.
  constexpr int read_digits() {
    int number = 0;
    for (; is_digit(peek()); ++at_) {
      if (number < 10000) number = number * 10 + (peek() - '0');
    }
    return number;
  }

  // A number or a name; -1 after a problem.
  constexpr int read_value() {
    const std::size_t begin = at_;
    if (is_digit(peek())) {
      const int number = read_digits();
      if (number >= limits_.low && number <= limits_.high) return number;
      fail(CronFault::kRange, begin);
      return -1;
    }
    std::size_t end = at_;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    // `friL` is the name and the letter behind it.
    if (end - at_ > 3 && number_of_name(field_, text_.substr(at_, end - at_)) < 0 &&
        lower(text_[end - 1]) == 'l') {
      --end;
    }
    const int number = number_of_name(field_, text_.substr(at_, end - at_));
    at_ = end;
    if (number >= 0) return number;
    fail(end == begin ? CronFault::kEmpty : CronFault::kValue, begin);
    return -1;
  }

  // 1 without one, 0 after a problem.
  constexpr int read_step() {
    const std::size_t begin = at_;
    if (!take('/')) return 1;
    const int step = read_digits();
    const int values = weekdays() ? 7 : limits_.high - limits_.low + 1;
    if (step >= 1 && step <= values) return step;
    fail(CronFault::kStep, begin);
    return 0;
  }

  constexpr void read_last() {
    const std::size_t begin = at_;
    take('l');
    if (weekdays()) {  // `L5` is written too
      if (at_ == text_.size() || peek() == ',') return fail(CronFault::kBareLast, begin);
      const int weekday = read_value();
      if (weekday >= 0) add_last_weekday(weekday, begin);
      return;
    }
    if (!days()) return fail(CronFault::kOnlyDay, begin);
    if (take('w')) {
      cron_->last_workday = true;
      return;
    }
    int before = 0;
    if (take('-')) before = read_value();
    if (before < 0) return;
    if (before > 30) return fail(CronFault::kRange, begin);
    cron_->days_to_last |= 1U << before;
  }

  constexpr void read_nearest(int day, std::size_t begin) {
    take('w');
    if (!days()) return fail(CronFault::kOnlyDay, begin);
    cron_->near_days |= 1U << day;
  }

  constexpr void add_last_weekday(int weekday, std::size_t begin) {
    if (!weekdays()) return fail(CronFault::kOnlyDay, begin);
    cron_->last_weekdays = std::uint8_t(cron_->last_weekdays | 1U << weekday % 7);
  }

  constexpr void read_ordinal(int weekday) {
    const std::size_t begin = at_ - 1;
    const char n = peek();
    if (n != '\0') ++at_;
    if (!weekdays()) return fail(CronFault::kOnlyDay, begin);
    if (n < '1' || n > '5' || is_digit(peek())) return fail(CronFault::kOrdinal, begin);
    cron_->nth_weekdays |= std::uint64_t(1) << (weekday % 7 * 5 + (n - '1'));
  }

  constexpr void add_range(int low, int high, int step) {
    if (step != 0) bits_ |= bits_of_range(field_, low, high, step);
  }

  constexpr void store() {
    switch (field_) {
      case CronField::kSecond:
        cron_->seconds = bits_;
        break;
      case CronField::kMinute:
        cron_->minutes = bits_;
        break;
      case CronField::kHour:
        cron_->hours = std::uint32_t(bits_);
        break;
      case CronField::kDay:
        cron_->days = std::uint32_t(bits_);
        break;
      case CronField::kMonth:
        cron_->months = std::uint32_t(bits_);
        break;
      default:
        cron_->weekdays = std::uint8_t(bits_);
        break;
    }
  }

  CronField field_;
  FieldLimits limits_;
  std::string_view text_;
  std::size_t offset_;
  Cron* cron_;
  std::size_t at_ = 0;
  std::uint64_t bits_ = 0;
  CronProblem problem_;
};

}  // namespace weir::calendar::impl
