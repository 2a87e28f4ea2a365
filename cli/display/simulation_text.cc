// See simulation_text.h. A timeline's column is as much time as fits; of what falls into one the
// worst is shown. What comes from definitions is made printable where it is not put into a table.
// Functions of messages; main thread.
#include "cli/display/simulation_text.h"

#include <algorithm>
#include <map>
#include <utility>

#include "cli/display/schedule_text.h"
#include "cli/text/duration.h"
#include "cli/values.h"

namespace weir::cli {
namespace {

using base::WallTime;
using std::chrono::milliseconds;

constexpr std::size_t kWidthDefault = 100;
constexpr std::size_t kColumnsMin = 20;
constexpr std::size_t kNameWidthMax = 40;

std::string run_name(const v1::SimulatedRun& run) {
  return run.job().empty() ? run.selection() : run.job();
}

// "for 02:00 of pipeline/nightly"
std::string origin_text(const v1::Origin& origin) {
  std::string text = enum_word(v1::OriginKind_Name(origin.kind()), "ORIGIN_KIND_");
  if (!origin.reference().empty()) text += " " + origin.reference();
  return text;
}

// "failed: a (3 attempts), 2 upstream_failed"
std::string tasks_text(const v1::SimulatedRun& run) {
  std::string text;
  for (const v1::SimulatedTask& task : run.tasks()) {
    const bool told = task.state() == v1::TASK_STATE_FAILED || task.attempts() > 1;
    if (!told) continue;
    text += (text.empty() ? "" : ", ") + task.name() + " " +
            enum_word(v1::TaskState_Name(task.state()), "TASK_STATE_");
    if (task.attempts() > 1) text += " after " + std::to_string(task.attempts()) + " attempts";
  }
  return text;
}

std::string run_text(const v1::SimulatedRun& run) {
  std::string text = origin_text(run.origin());
  if (run.has_finished_at()) {
    text +=
        ", " + format_duration(to_wall(run.finished_at()) -
                               to_wall(run.has_started_at() ? run.started_at() : run.created_at()));
  }
  const std::string tasks = tasks_text(run);
  return tasks.empty() ? text : text + "; " + tasks;
}

std::vector<Cell> cells_of(const v1::SimulatedItem& item) {
  if (item.has_tick()) {
    const v1::Tick& tick = item.tick();
    std::string detail = "for " + nominal_text(tick);
    if (!tick.reason().empty()) detail += ": " + in_local_time(tick.reason());
    return {{time_cell(item.at())}, {"tick"}, {tick.schedule()}, outcome_cell(tick), {detail}};
  }
  if (item.has_run()) {
    const v1::SimulatedRun& run = item.run();
    return {{time_cell(item.at())},
            {"run"},
            {run_name(run)},
            state_cell(v1::RunState_Name(run.state()), "RUN_STATE_"),
            {run_text(run)}};
  }
  if (item.has_alert()) {
    const v1::SimulatedAlert& alert = item.alert();
    return {{time_cell(item.at())},
            {"alert"},
            {alert.rule()},
            {alert.state(), alert.state() == "resolved" ? Color::kGreen : Color::kRed},
            {alert.subject() + ": " + in_local_time(alert.text())}};
  }
  const v1::SimulatedFreshness& change = item.freshness();
  return {{time_cell(item.at())},
          {"freshness"},
          {change.asset()},
          {change.to(), state_color(change.to())},
          {"was " + change.from() + "; " + in_local_time(change.reason())}};
}

std::string name_of(const v1::SimulatedItem& item) {
  if (item.has_tick()) return item.tick().schedule();
  if (item.has_alert()) return item.alert().rule();
  return item.has_run() ? run_name(item.run()) : item.freshness().asset();
}

// One side of a difference, in a few words.
std::string side_text(const v1::SimulatedItem& item, bool there) {
  if (!there) return "-";
  std::vector<Cell> cells = cells_of(item);
  std::string text = cells[3].text;
  if (item.has_run()) {
    text += " " + time_cell(item.run().started_at());
    if (item.run().has_finished_at()) text += " to " + time_cell(item.run().finished_at());
  }
  return text;
}

// ---- the timeline ----

class Timeline {
 public:
  Timeline(const v1::SimulateResponse& answer, std::size_t width)
      : answer_(answer), from_(to_wall(answer.from())), until_(to_wall(answer.until())) {
    collect_names();
    const std::size_t all = width == 0 ? kWidthDefault : width;
    columns_ = std::max(kColumnsMin, all > name_width_ + 2 ? all - name_width_ - 2 : 0);
  }

  std::string text() {
    for (const v1::SimulatedItem& item : answer_.items()) {
      if (item.has_run()) draw_run(item.run());
      if (item.has_tick()) draw_tick(item.tick());
      if (item.has_freshness()) draw_change(item);
    }
    for (auto& [asset, state] : states_) fill(rows_[asset], state.second, until_, state.first);
    std::string text = axis();
    for (const auto& [name, row] : rows_) {
      const std::string shown = cut(name, name_width_);
      text += shown + std::string(name_width_ + 2 - display_width(shown), ' ') + row + "\n";
    }
    return text + "# runs  x failed  ! no run for a time  . nothing\n" +
           "freshness: = pass  ~ warn  X fail  ? unknown\n";
  }

 private:
  void collect_names() {
    for (const v1::SimulatedItem& item : answer_.items()) {
      if (item.has_alert()) continue;  // they have no line
      const std::string name = line_of(item);
      name_width_ = std::max(name_width_, std::min(display_width(name), kNameWidthMax));
    }
  }
  // Runs of a schedule stand in its line, those of a policy in one of its asset.
  static std::string line_of(const v1::SimulatedItem& item) {
    const v1::OriginKind origin =
        item.has_run() ? item.run().origin().kind() : v1::ORIGIN_KIND_UNSPECIFIED;
    const std::string& reference = item.run().origin().reference();
    return printable(origin == v1::ORIGIN_KIND_SCHEDULE    ? reference
                     : origin == v1::ORIGIN_KIND_FRESHNESS ? reference + " (refresh)"
                     : item.has_freshness()                ? item.freshness().asset() + " (fresh)"
                                                           : name_of(item));
  }
  std::string& row(const std::string& name) {
    std::string& found = rows_[name];
    if (found.empty()) found.assign(columns_, '.');
    return found;
  }
  std::size_t column(WallTime at) const {
    const auto all = std::max<std::int64_t>((until_ - from_).count(), 1);
    const auto part = std::clamp<std::int64_t>((at - from_).count(), 0, all);
    return std::min(columns_ - 1, std::size_t(double(part) / double(all) * double(columns_)));
  }
  static int weight(char sign) {
    static const std::string kOrder = ".?=#!~xX";  // the worst last
    return static_cast<int>(kOrder.find(sign));
  }
  void put(std::string& row_text, std::size_t at, char sign) const {
    if (weight(sign) > weight(row_text[at])) row_text[at] = sign;
  }
  void fill(std::string& row_text, WallTime begin, WallTime end, char sign) const {
    if (row_text.empty()) row_text.assign(columns_, '.');
    for (std::size_t at = column(begin); at <= column(end); ++at) put(row_text, at, sign);
  }

  void draw_run(const v1::SimulatedRun& run) {
    v1::SimulatedItem item;
    *item.mutable_run() = run;
    std::string& line = row(line_of(item));
    if (!run.has_started_at()) return;
    const WallTime end = run.has_finished_at() ? to_wall(run.finished_at()) : until_;
    fill(line, to_wall(run.started_at()), end, '#');
    if (run.state() == v1::RUN_STATE_FAILED) put(line, column(end), 'x');
  }
  void draw_tick(const v1::Tick& tick) {
    std::string& line = row(printable(tick.schedule()));
    if (tick.outcome() != v1::TICK_OUTCOME_REQUESTED) {
      put(line, column(to_wall(tick.evaluated_at())), '!');
    }
  }
  static char sign_of(const std::string& state) {
    if (state == "pass") return '=';
    if (state == "warn") return '~';
    return state == "fail" ? 'X' : '?';
  }
  void draw_change(const v1::SimulatedItem& item) {
    const v1::SimulatedFreshness& change = item.freshness();
    const std::string name = line_of(item);
    const WallTime at = to_wall(item.at());
    const auto [known, first] = states_.try_emplace(name, sign_of(change.from()), from_);
    fill(row(name), known->second.second, at, known->second.first);
    known->second = {sign_of(change.to()), at};
  }
  std::string axis() const {
    const std::string begin = format_time(from_), end = format_time(until_);
    // Above the columns, or from further left where they are too few.
    const std::size_t whole = name_width_ + 2 + columns_;
    const std::size_t needed = begin.size() + 1 + end.size();
    const std::size_t indent = std::min(name_width_ + 2, whole > needed ? whole - needed : 0);
    const std::size_t gap = std::max(whole, needed + indent) - indent - needed + 1;
    return std::string(indent, ' ') + begin + std::string(gap, ' ') + end + "\n";
  }

  const v1::SimulateResponse& answer_;
  const WallTime from_, until_;
  std::size_t name_width_ = 0, columns_ = 0;
  std::map<std::string, std::string> rows_;
  std::map<std::string, std::pair<char, WallTime>> states_;  // of assets, and since when
};

}  // namespace

Listing simulation_listing(const v1::SimulateResponse& answer) {
  Listing listing({{"TIME"}, {"WHAT"}, {"WHICH"}, {"OUTCOME"}, {"DETAIL", Align::kLeft, true}});
  listing.nothing = "nothing happens by itself in that time";
  for (const v1::SimulatedItem& item : answer.items()) {
    listing.table.add(cells_of(item));
    listing.names.push_back(name_of(item));
    listing.items.push_back(&item);
  }
  return listing;
}

Listing difference_listing(const v1::SimulateResponse& answer) {
  Listing listing({{"TIME"}, {"WHAT"}, {"WHICH"}, {"BEFORE"}, {"AFTER"}});
  listing.nothing = "no tick, run or state of freshness differs";
  for (const v1::SimulatedDifference& one : answer.differences()) {
    const v1::SimulatedItem& item = one.has_after() ? one.after() : one.before();
    listing.table.add({{time_cell(one.at())},
                       {cells_of(item)[1].text},
                       {name_of(item)},
                       {side_text(one.before(), one.has_before())},
                       {side_text(one.after(), one.has_after())}});
    listing.names.push_back(name_of(item));
    listing.items.push_back(&one);
  }
  return listing;
}

std::string timeline_text(const v1::SimulateResponse& answer, std::size_t width) {
  return Timeline(answer, width).text();
}

std::string summary_text(const v1::SimulationSummary& summary) {
  std::string text = count_of(summary.ticks(), "tick") + ", " + count_of(summary.runs(), "run") +
                     ": " + std::to_string(summary.succeeded()) + " succeeded, " +
                     std::to_string(summary.failed()) + " failed";
  if (summary.canceled() > 0) text += ", " + std::to_string(summary.canceled()) + " canceled";
  if (summary.unfinished() > 0) text += ", " + std::to_string(summary.unfinished()) + " not ended";
  if (summary.alerts() > 0) text += "; " + count_of(summary.alerts(), "alert");
  if (summary.has_latest_end()) text += "; latest end " + time_cell(summary.latest_end());
  if (!summary.worst_asset().empty()) {
    text += "; worst freshness: " + printable(summary.worst_asset()) + " in " +
            summary.worst_state() + " for " + format_duration(milliseconds(summary.worst_ms()));
  }
  return text;
}

}  // namespace weir::cli
