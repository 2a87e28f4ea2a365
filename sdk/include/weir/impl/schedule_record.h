// What a schedule is made of once it is declared: the seam between weir::Schedule, which fills
// these records, and the SDK's runtime, which makes the manifest of them. Not for users. Values;
// built on the thread that defines the pipeline.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "manifest_kinds.h"

namespace weir::impl {

struct CalendarRecord {
  std::string name;
  std::vector<std::string> days;
  std::string file;  // that has the days, of an .ics calendar; read when the module is described
};

struct ScheduleParam {
  std::string name;
  std::string value;  // all members, as JSON
};

struct ScheduleRecord {
  std::string name;
  bool unnamed = false;  // `name` was made from the job's
  std::string job;
  std::vector<std::string> crons;
  std::string zone = "UTC";
  std::vector<ScheduleParam> params;
  std::vector<std::string> time_params;  // "NAME.MEMBER", which take the time that a run is for
  std::vector<std::string> days_off;     // its own
  std::vector<CalendarRecord> calendars;
  std::string start, end;
  std::chrono::milliseconds jitter{0};
  CatchUpKind catch_up = CatchUpKind::kLatest;
  int catch_up_runs = 0;  // of kLast
  std::chrono::milliseconds catch_up_window{std::chrono::hours(24)};
  int overlap = 0;  // weir::Overlap
  bool paused = false;
};

}  // namespace weir::impl
