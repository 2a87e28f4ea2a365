// See schedule_text.h. Times come twice where people may want to paste one: by the zone of --tz
// and in UTC. What others wrote goes through printable().
// Main thread: it prints.
#include "cli/display/schedule_text.h"

#include <algorithm>
#include <chrono>

#include <google/protobuf/timestamp.pb.h>

#include "base/text.h"
#include "calendar/utc_text.h"
#include "cli/text/duration.h"
#include "cli/values.h"

namespace weir::cli {
namespace {

bool is_late(const v1::Occurrence& occurrence) {
  return to_wall(occurrence.due_at()) != to_wall(occurrence.nominal_at());
}

// "2026-11-30T01:00:00Z"
std::string utc_cell(const google::protobuf::Timestamp& at) {
  return calendar::utc_text(std::chrono::floor<std::chrono::seconds>(to_wall(at)));
}

}  // namespace

Cell schedule_state(const v1::Schedule& schedule) {
  if (schedule.retired()) return {"retired", Color::kDim};
  if (!schedule.paused()) return {"active", Color::kGreen};
  if (!schedule.has_paused_until()) return {"paused", Color::kYellow};
  return {"paused until " + time_cell(schedule.paused_until()), Color::kYellow};
}

std::string occurrence_text(const v1::Occurrence& occurrence) {
  std::string text = time_cell(occurrence.nominal_at());
  if (is_late(occurrence)) text += ", due " + time_cell(occurrence.due_at());
  if (!occurrence.day_off().empty()) text += ", left out: " + printable(occurrence.day_off());
  return text;
}

std::string nominal_text(const v1::Tick& tick) {
  std::string text = time_cell(tick.nominal_at());
  if (tick.has_until()) text += " … " + time_cell(tick.until());
  return text;
}

Cell outcome_cell(const v1::Tick& tick) {
  return state_cell(v1::TickOutcome_Name(tick.outcome()), "TICK_OUTCOME_");
}

std::string catch_up_text(const v1::ScheduleDefinition& definition) {
  std::string text = enum_word(v1::CatchUp_Name(definition.catch_up()), "CATCH_UP_");
  if (definition.catch_up() == v1::CATCH_UP_LAST) {
    text += " " + std::to_string(definition.catch_up_runs());
  }
  if (definition.catch_up() == v1::CATCH_UP_NONE) return text;
  return text + " within " +
         base::span_words(std::chrono::milliseconds(definition.catch_up_window_ms()));
}

std::string overlap_text(const v1::ScheduleDefinition& definition) {
  return enum_word(v1::Overlap_Name(definition.overlap()), "OVERLAP_");
}

int print_preview(Invocation& invocation, const v1::PreviewScheduleResponse& preview) {
  const auto& all = preview.occurrences();
  const bool late = std::any_of(all.begin(), all.end(), is_late);
  const bool off =
      std::any_of(all.begin(), all.end(), [](const auto& one) { return !one.day_off().empty(); });
  std::vector<Column> columns{{"FIRES"}, {"UTC"}};
  if (late) columns.push_back({"DUE"});
  columns.push_back({"IN", Align::kRight});
  if (off) columns.push_back({"LEFT OUT BY"});
  Listing listing(std::move(columns));
  listing.nothing = "it never fires again";
  const base::WallTime now = wall_now();
  for (const v1::Occurrence& one : all) {
    std::vector<Cell> row{{time_cell(one.nominal_at())}, {utc_cell(one.nominal_at())}};
    if (late) row.push_back({time_cell(one.due_at())});
    row.push_back({format_duration(to_wall(one.due_at()) - now)});
    if (off) row.push_back({one.day_off(), Color::kDim});
    listing.table.add(std::move(row));
    listing.names.push_back(utc_cell(one.nominal_at()));
    listing.items.push_back(&one);
  }
  const int code = invocation.print(listing, preview);
  if (!invocation.structured() && invocation.options.output != OutputFormat::kName) {
    invocation.note(printable(preview.description()));
  }
  return code;
}

}  // namespace weir::cli
