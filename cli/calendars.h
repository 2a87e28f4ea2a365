// Calendars that a command names for a schedule to leave out: an iCalendar file, or one of those
// that schedules have already. Their days are copied: what becomes of the file or of the other
// schedule later changes nothing. Main thread; asks the scheduler where a name is to be found.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sdk/client/api.h"

namespace weir::cli {

struct GivenCalendar {
  std::string name;
  bool is_file = false;
  std::vector<std::string> days;  // of a file
};

// "NAME", "FILE.ics" or "NAME=FILE.ics", the files read; a file without a name has that of its
// stem. INVALID_ARGUMENT or NOT_FOUND with what was typed and, in a file, its line.
base::Result<std::vector<GivenCalendar>> read_calendars(const std::vector<std::string>& given);

// The days of all of them. A name is looked for among the schedules of the pipeline first, then of
// all: NOT_FOUND with the nearest, INVALID_ARGUMENT where several pipelines have one.
base::Result<std::vector<v1::DayOff>> calendar_days(client::Api& api,
                                                    const std::vector<GivenCalendar>& calendars,
                                                    std::string_view pipeline);

}  // namespace weir::cli
