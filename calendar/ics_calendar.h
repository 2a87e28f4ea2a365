// Days off from an iCalendar file (RFC 5545), as people export them: events of whole days, once or
// every year. What it does not understand is refused with the file and the line, so that no day is
// lost in silence. Files are those of whoever describes a module or types a command, read on the
// thread that does.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <string_view>

#include "base/status.h"

namespace weir::calendar {

inline constexpr std::size_t kIcsBytesMax = 4u << 20;
inline constexpr std::size_t kIcsDaysMax = 10'000;
// Events that return without an end do so up to here: the last year whose changes of the clock the
// scheduler knows, and the same whenever the file is read.
inline constexpr std::chrono::year kIcsLastYear{2099};

using IcsDays = std::set<std::chrono::sys_days>;

// INVALID_ARGUMENT "FILE:LINE: what" when the text is no such calendar; `path` is for that only.
base::Result<IcsDays> ics_days(std::string_view text, const std::string& path);

// The same of a file; NOT_FOUND when it cannot be read.
base::Result<IcsDays> read_ics(const std::string& path);

// "2026-12-25".
std::string day_text(std::chrono::sys_days day);

}  // namespace weir::calendar
