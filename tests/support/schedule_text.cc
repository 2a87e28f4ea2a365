// Reading schedules from text: see schedule_text.h. What the engine would refuse is not refused
// here: stories ask what it says.
// One thread: the tables of zones are kept.
#include "tests/support/schedule_text.h"

#include <memory>
#include <sstream>

#include "base/check.h"
#include "scheduler/zones/zones.h"
#include "tests/support/graph_text.h"

namespace weir::test {
namespace {

std::int64_t milliseconds_of(const std::string& text) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(parse_duration(text)).count();
}

void set_catch_up(module::ScheduleSpec& spec, const std::string& text) {
  const auto colon = text.find(':');
  const auto known = base::parse_word<module::CatchUp>(text.substr(0, colon));
  CHECK_MSG(known.has_value(), "no catch-up is named " + text);
  spec.catch_up = *known;
  if (colon != std::string::npos) spec.catch_up_runs = std::stoi(text.substr(colon + 1));
}

void set_option(module::ScheduleSpec& spec, const std::string& name, const std::string& value) {
  if (name == "job") {
    spec.job = value;
  } else if (name == "zone") {
    spec.zone = value;
  } else if (name == "jitter") {
    spec.jitter_ms = milliseconds_of(value);
  } else if (name == "catch_up") {
    set_catch_up(spec, value);
  } else if (name == "window") {
    spec.catch_up_window_ms = milliseconds_of(value);
  } else if (name == "overlap") {
    spec.overlap = base::parse_word<module::Overlap>(value).value();
  } else if (name == "start") {
    spec.start = value;
  } else if (name == "end") {
    spec.end = value;
  } else if (name == "off") {
    const auto colon = value.find(':');
    spec.days_off.push_back({value.substr(0, colon), value.substr(colon + 1)});
  } else if (name == "params") {
    spec.params = value;
  } else if (name == "time_param") {
    spec.time_params.push_back(value);
  } else if (name == "paused") {
    spec.paused = true;
  }
}

}  // namespace

module::ScheduleSpec parse_schedule(const std::string& name, const std::string& crons,
                                    const std::multimap<std::string, std::string>& options) {
  module::ScheduleSpec spec;
  spec.name = name;
  std::istringstream in(crons);
  for (std::string cron; std::getline(in, cron, ';');) {
    const auto begin = cron.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    spec.crons.push_back(cron.substr(begin, cron.find_last_not_of(' ') - begin + 1));
  }
  for (const auto& [option, value] : options) set_option(spec, option, value);
  return spec;
}

module::FreshnessSpec parse_freshness(const std::string& asset, const std::string& text,
                                      const std::multimap<std::string, std::string>& options) {
  module::FreshnessSpec spec;
  spec.asset = asset;
  const auto begin = text.find("by ");
  if (begin != std::string::npos) {
    spec.kind = module::FreshnessKind::kBy;
    spec.cron = text.substr(begin + 3);
  }
  for (const auto& [option, value] : options) {
    if (option == "fail") spec.fail_ms = milliseconds_of(value);
    if (option == "warn") spec.warn_ms = milliseconds_of(value);
    if (option == "zone") spec.zone = value;
    if (option == "bound") spec.lower_bound_ms = milliseconds_of(value);
    if (option == "margin") spec.warn_margin_ms = milliseconds_of(value);
    if (option == "required") spec.required_after_ms = milliseconds_of(value);
    if (option == "expected") spec.expected_ms = milliseconds_of(value);
    if (option == "observe") spec.action = module::FreshnessAction::kObserve;
  }
  return spec;
}

module::AlertSpec parse_alert(const std::string& name, const std::string& about,
                              const std::multimap<std::string, std::string>& options) {
  module::AlertSpec spec;
  spec.name = name;
  spec.about = about;
  for (const auto& [option, value] : options) {
    if (option == "on") spec.event = base::parse_word<module::AlertEvent>(value).value();
    spec.over_usual = spec.over_usual || (option == "limit" && value == "p95");
    if (option == "limit" && value != "p95") spec.threshold = milliseconds_of(value);
    if (option == "times") spec.threshold = std::stoll(value);
    if (option == "to") spec.channel = value;
    if (option == "webhook") spec.webhook = value;
    if (option == "secret") spec.secret = value;
  }
  return spec;
}

engine::Zones zones_of(const std::vector<std::string>& names) {
  static engine::Zones known;  // tables are read once: a story asks after each of its steps
  engine::Zones zones;
  for (const std::string& name : names) {
    auto found = known.find(name);
    if (found == known.end()) {
      auto zone = zones::load_zone(name);
      if (!zone.ok()) continue;
      auto loaded = std::make_shared<const calendar::Zone>(std::move(*zone));
      found = known.emplace(name, std::move(loaded)).first;
    }
    zones.emplace(*found);
  }
  return zones;
}

std::vector<std::string> zone_names_of(const module::Manifest& manifest) {
  std::vector<std::string> names;
  for (const auto& schedule : manifest.schedules) names.push_back(schedule.zone);
  for (const auto& policy : manifest.freshness) names.push_back(policy.zone);
  return names;
}

}  // namespace weir::test
