// Why a schedule fires when it does, why it does not, and what became of one of its times. Ticks
// are read before the step; the rest is what the engine holds.
// Part of Engine's step, read-only: it adds to an answer and no row.
#include <optional>
#include <utility>

#include "calendar/read_time.h"
#include "engine/alerts/explain_alerts.h"
#include "engine/explain/teller.h"
#include "engine/schedules/occurrences.h"
#include "engine/schedules/schedule_step.h"

namespace weir::engine {
namespace {

using calendar::Instant;
using std::chrono::seconds;

constexpr std::size_t kRunsExplainedMax = 5;

// "nightly@2026-11-28T02:00:00Z": a time without an offset is by the schedule's zone.
struct Reference {
  Schedule* schedule = nullptr;
  std::optional<WallTime> nominal;
};

std::optional<Reference> read_reference(State& state, const std::string& text) {
  const auto sign = text.find('@');
  const auto schedule = find_schedule(state, text.substr(0, sign));
  if (!schedule.ok()) return std::nullopt;
  Reference reference{*schedule, std::nullopt};
  if (sign == std::string::npos) return reference;
  const auto zone = state.zones.find((*schedule)->spec().zone);
  if (zone == state.zones.end()) return std::nullopt;
  const auto at = calendar::read_time(text.substr(sign + 1), *zone->second);
  if (!at.ok()) return std::nullopt;
  reference.nominal = *at;
  return reference;
}

class ScheduleExplainer : private Teller {
 public:
  ScheduleExplainer(const Schedule& schedule, Explanation& out)
      : Teller(schedule.name(), out), schedule_(schedule) {}

  void explain(const State& state, WallTime now) {
    const module::ScheduleSpec& spec = schedule_.spec();
    say(ExplainKind::kSchedule, {spec.job}, description_of(spec));
    explain_state();
    explain_runs();
    const auto about = [&](const AlertRow& alert) {
      const bool own = alert.event == AlertEvent::kTickMissed && alert.subject == schedule_.name();
      return own || alert_about_job(alert, spec.job);
    };
    add_firing_alerts(state.alerts, now, about, out_);
    say(ExplainKind::kScheduleHistory, {}, "");
  }

  void explain_tick(const std::vector<TickRow>& ticks, WallTime nominal, WallTime now) {
    for (const TickRow& tick : ticks) {
      if (tick.nominal == nominal) return say_tick(tick);
      if (tick.until && tick.nominal < nominal && *tick.until >= nominal) {
        return say(ExplainKind::kTickStretch, {std::string(base::word_of(tick.outcome))},
                   tick.reason,
                   {{"nominal", us_of(nominal)},
                    {"first", us_of(tick.nominal)},
                    {"last", us_of(*tick.until)}});
      }
    }
    const Instant at = std::chrono::floor<seconds>(nominal);
    const auto next = schedule_.occurrences() == nullptr
                          ? std::nullopt
                          : schedule_.occurrences()->next_after(at - seconds(1));
    if (next && next->at == nominal && nominal > now) {
      say(ExplainKind::kTickToCome, {}, "", {{"nominal", us_of(nominal)}});
      return explain_state();
    }
    // One of long ago may have gone: the newest of a schedule alone are kept.
    const bool past = next && next->at == nominal;
    say(ExplainKind::kTickUnknown, {}, "",
        {{"nominal", us_of(nominal)},
         {"past", past ? 1 : 0},
         {"next", next && !past ? us_of(next->at) : 0}});
  }

 private:
  void explain_state() {
    if (schedule_.retired) return say(ExplainKind::kScheduleRetired, {}, "");
    if (schedule_.occurrences() == nullptr) {
      return say(ExplainKind::kScheduleNoZone, {schedule_.spec().zone}, "");
    }
    if (const SchedulePause* pause = schedule_.pause.get()) {
      return say(ExplainKind::kSchedulePaused, {pause->by}, pause->reason,
                 {{"since", us_of(pause->at)}, {"until", pause->until ? us_of(*pause->until) : 0}});
    }
    if (!schedule_.due) return say(ExplainKind::kScheduleOver, {}, "");
    say(ExplainKind::kScheduleNext, {}, "",
        {{"nominal", us_of(schedule_.next)},
         {"due", us_of(*schedule_.due)},
         {"jitter", schedule_.spec().jitter_ms}});
    const calendar::Occurrence next = schedule_.occurrences()->at(schedule_.next);
    if (!next.day_off.empty()) say(ExplainKind::kScheduleDayOff, {}, next.day_off);
  }

  void explain_runs() {
    std::size_t explained = 0;
    for (const RunId run : schedule_.live) {
      if (++explained > kRunsExplainedMax) break;
      say(ExplainKind::kScheduleRun, {run.text()},
          std::string(base::word_of(schedule_.spec().overlap)), {{"overlap", 1}});
    }
    for (const RunId run : schedule_.waiting) {
      if (++explained > kRunsExplainedMax) break;
      say(ExplainKind::kScheduleRunWaits, {run.text()}, "");
    }
  }

  void say_tick(const TickRow& tick) {
    say(ExplainKind::kTick, {std::string(base::word_of(tick.outcome)), tick.run.text()},
        tick.reason,
        {{"nominal", us_of(tick.nominal)},
         {"evaluated", us_of(tick.evaluated_at)},
         {"run", tick.run ? 1 : 0}});
  }

  const Schedule& schedule_;
};

}  // namespace

std::vector<Reads::Ticks> ticks_to_explain(State& state, const std::string& text) {
  if (text.find('@') == std::string::npos) return {};
  const auto reference = read_reference(state, text);
  if (!reference) return {};
  return {{reference->schedule->name(), *reference->nominal, *reference->nominal}};
}

bool explain_schedule(const Step& step, const std::string& text, Explanation& out) {
  const auto reference = read_reference(step.state, text);
  if (!reference) return false;
  ScheduleExplainer explainer(*reference->schedule, out);
  if (!reference->nominal) {
    explainer.explain(step.state, step.now.wall);
    return true;
  }
  static const std::vector<TickRow> kNone;
  const auto found = step.facts.ticks.find(reference->schedule->name());
  explainer.explain_tick(found == step.facts.ticks.end() ? kNone : found->second,
                         *reference->nominal, step.now.wall);
  return true;
}

}  // namespace weir::engine
