// What is said of alerts: of those that fire about a run, a task, a schedule or an asset, an item
// each, and of one alert all that its rows say. For the engine, out of what it holds, and for
// whoever has read the rows. Pure functions.
#pragma once

#include <functional>
#include <string>

#include "engine/alerts/alert_state.h"
#include "engine/explain/explanation.h"

namespace weir::engine {

inline constexpr std::size_t kAlertsExplainedMax = 10;

// Null: none that matches it and has not ended by then.
const SilenceRow* silence_of(const std::map<std::int64_t, SilenceRow>& silences,
                             const AlertRow& alert, base::WallTime now);
// One that fires. `rule` and `silence` may be null.
ExplainItem firing_alert(const AlertRow& alert, const AlertRuleRow* rule,
                         const SilenceRow* silence);
// One alert whatever became of it.
Explanation explain_alert(const AlertRow& alert, const AlertRuleRow* rule,
                          const SilenceRow* silence);
// Those that fire and are `about` it, the oldest first.
void add_firing_alerts(const Alerts& alerts, base::WallTime now,
                       const std::function<bool(const AlertRow&)>& about, Explanation& out);

// Whether the alert is about the asset, by what its event is of: itself, or one of its checks.
bool alert_about_asset(const AlertRow& alert, const std::string& asset);
// About the task of the pipeline.
bool alert_about_task(const AlertRow& alert, const std::string& task);  // "pipeline:task"
// About the job's runs.
bool alert_about_job(const AlertRow& alert, const std::string& job);

}  // namespace weir::engine
