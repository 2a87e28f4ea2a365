// Explanations out of rows: see explain_past.h. Nothing is guessed: what the rows do not say is
// left out. Read threads only, because it waits for the store; every list is bounded, and nothing
// is changed.
#include "scheduler/rpc/explain_past.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/names.h"
#include "engine/alerts/explain_alerts.h"

namespace weir::rpc {
namespace {

using base::Result;
using base::Status;
using engine::ExplainItem;
using engine::ExplainKind;
using engine::Explanation;

constexpr int kFailedTasksTold = 10;
constexpr int kAttemptsTold = 100;

std::int64_t micros(engine::WallTime at) { return at.time_since_epoch().count(); }

ExplainItem item(ExplainKind kind, std::string subject, std::string text) {
  ExplainItem made;
  made.kind = kind;
  made.subject = std::move(subject);
  made.text = std::move(text);
  return made;
}

ExplainItem asked_for(const engine::RunRow& run) {
  const bool manual = run.origin.kind == engine::OriginKind::kManual;
  std::string by = manual ? "a person" : std::string(base::word_of(run.origin.kind));
  if (!run.origin.reference.empty()) by += " " + run.origin.reference;
  ExplainItem asked = item(ExplainKind::kRunAskedFor, run.id.text(), run.reason);
  asked.references = {run.job.empty() ? "selection " + run.selection : "job " + run.job, by};
  asked.numbers["created_at"] = micros(run.created_at);
  if (run.started_at && run.finished_at) {
    asked.numbers["took"] =
        std::chrono::duration_cast<std::chrono::milliseconds>(*run.finished_at - *run.started_at)
            .count();
  }
  return asked;
}

// A rule and silences as the rows have them now.
struct AboutAlert {
  std::optional<engine::AlertRuleRow> rule;
  std::map<std::int64_t, engine::SilenceRow> silences;
};

Result<AboutAlert> rows_about(Backend& backend, const engine::AlertRow& alert) {
  AboutAlert found;
  auto rule = backend.reader.get_alert_rule(alert.rule);
  if (rule.ok()) found.rule = std::move(rule).value();
  if (!rule.ok() && rule.status().code() != base::Code::kNotFound) return rule.status();
  ports::PageRequest page;
  page.size = ports::kPageSizeMax;
  const auto silences = backend.reader.list_silences(page);
  if (!silences.ok()) return silences.status();
  for (const engine::SilenceRow& silence : silences->rows) {
    found.silences.emplace(silence.id, silence);
  }
  return found;
}

engine::WallTime now_of_alerts() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

// Those that fire and whose newest event was of the run, as far as a page of them goes.
Status add_alerts_of(Backend& backend, engine::RunId run,
                     const std::function<bool(const engine::AlertRow&)>& about, Explanation& out) {
  ports::PageRequest page;
  page.size = ports::kPageSizeMax;
  ports::AlertFilter filter;
  filter.firing = true;
  const auto alerts = backend.reader.list_alerts(filter, page);
  if (!alerts.ok()) return alerts.status();
  std::size_t told = 0;
  for (const engine::AlertRow& alert : alerts->rows) {
    if (alert.run != run || !about(alert)) continue;
    if (++told > engine::kAlertsExplainedMax) {
      out.push_back(item(ExplainKind::kMoreAlerts, "", ""));
      return {};
    }
    const auto rows = rows_about(backend, alert);
    if (!rows.ok()) return rows.status();
    out.push_back(engine::firing_alert(alert, rows->rule ? &*rows->rule : nullptr,
                                       engine::silence_of(rows->silences, alert, now_of_alerts())));
  }
  return {};
}

Result<Explanation> past_run(Backend& backend, const engine::RunRow& run) {
  Explanation out;
  out.push_back(item(ExplainKind::kRunEnded, run.id.text(), run.message));
  out.back().references = {std::string(engine::run_state_name(run.state))};
  out.push_back(asked_for(run));
  ports::PageRequest page;
  page.size = kFailedTasksTold;
  const auto failed = backend.reader.list_tasks(run.id, engine::TaskState::kFailed, "", page);
  if (!failed.ok()) return failed.status();
  for (const engine::TaskRow& task : failed->rows) {
    out.push_back(item(ExplainKind::kTaskFailed, run.id.text() + "/" + task.name, task.reason));
  }
  const auto any = [](const engine::AlertRow&) { return true; };
  if (Status told = add_alerts_of(backend, run.id, any, out); !told.ok()) return told;
  return out;
}

// What stands behind '#', 0 for nothing. INVALID_ARGUMENT when it is no number from 1.
Result<std::int32_t> attempt_number(const std::string& reference) {
  const std::size_t hash = reference.find('#');
  if (hash == std::string::npos) return 0;
  std::int32_t number = 0;
  const char* end = reference.data() + reference.size();
  const auto parsed = std::from_chars(reference.data() + hash + 1, end, number);
  if (parsed.ptr == end && parsed.ec == std::errc() && number >= 1) return number;
  return Status(base::Code::kInvalidArgument, base::kErrUsage,
                "'" + reference.substr(hash) + "' is not the number of an attempt");
}

Result<Explanation> past_task(Backend& backend, const engine::RunRow& run, const std::string& name,
                              std::int32_t attempt) {
  const std::string subject = run.id.text() + "/" + name;
  ports::PageRequest page;
  page.size = 1;
  const auto tasks = backend.reader.list_tasks(run.id, std::nullopt, name, page);
  if (!tasks.ok()) return tasks.status();
  if (tasks->rows.empty()) {
    return Status(base::Code::kNotFound, base::kErrUnknownTask,
                  "run " + run.id.text() + " has no task '" + name + "'; `weir runs show " +
                      run.id.text() + "` lists them");
  }
  const engine::TaskRow& task = tasks->rows.front();
  if (attempt > task.epoch) {
    return Status(base::Code::kNotFound, base::kErrUnknownTask,
                  "task " + subject + " has no attempt " + std::to_string(attempt) + "; it had " +
                      std::to_string(task.epoch));
  }
  Explanation out;
  out.push_back(item(ExplainKind::kTaskEndedInRun, subject, task.reason));
  out.back().references = {std::string(engine::task_state_name(task.state))};
  page.size = kAttemptsTold;
  const auto attempts = backend.reader.list_attempts(run.id, task.index, page);
  if (!attempts.ok()) return attempts.status();
  if (attempts->rows.empty()) out.push_back(item(ExplainKind::kNeverTried, subject, ""));
  for (const engine::AttemptRow& row : attempts->rows) {
    out.push_back(item(ExplainKind::kAttemptEnded, subject, row.message));
    out.back().references = {row.worker, std::string(engine::outcome_name(row.outcome))};
    out.back().numbers = {{"attempt", row.key.epoch}, {"leased_at", micros(row.leased_at)}};
  }
  const auto about = [&](const engine::AlertRow& alert) {
    const std::string& about_task = alert.subject;
    if (alert.event == engine::AlertEvent::kTaskFailed) return about_task.ends_with(":" + name);
    return std::any_of(task.outputs.begin(), task.outputs.end(), [&](const auto& output) {
      return engine::alert_about_asset(alert, output.asset);
    });
  };
  if (Status told = add_alerts_of(backend, run.id, about, out); !told.ok()) return told;
  return out;
}

}  // namespace

Result<Explanation> explain_alert(Backend& backend, std::int64_t id) {
  const auto alert = backend.reader.get_alert(id);
  if (!alert.ok()) return alert.status();
  const auto rows = rows_about(backend, *alert);
  if (!rows.ok()) return rows.status();
  return engine::explain_alert(*alert, rows->rule ? &*rows->rule : nullptr,
                               engine::silence_of(rows->silences, *alert, now_of_alerts()));
}

Result<Explanation> explain_past(Backend& backend, const engine::RunRow& run,
                                 const std::string& reference) {
  const std::size_t slash = reference.find('/');
  if (slash == std::string::npos) return past_run(backend, run);
  const Result<std::int32_t> attempt = attempt_number(reference);
  if (!attempt.ok()) return attempt.status();
  return past_task(backend, run, reference.substr(slash + 1, reference.find('#') - slash - 1),
                   *attempt);
}

Status unknown_reference(Backend& backend, const std::string& reference) {
  const auto definitions = backend.catalog.definitions();
  if (!definitions.ok()) return definitions.status();
  std::vector<std::string> known;
  for (const auto& [name, asset] : (*definitions)->assets) known.push_back(name);
  return Status(
      base::Code::kNotFound, base::kErrUnknownAsset,
      "'" + reference +
          "' is neither a run, a task of one, a schedule, an asset, nor the number of an alert." +
          base::did_you_mean(reference, known));
}

}  // namespace weir::rpc
