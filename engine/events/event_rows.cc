// From events to their flat rows, words included: the one place where an event is told. Pure
// functions, safe from any thread. The words are stored and shown; rules read the events
// themselves.
#include <utility>

#include "engine/events/events.h"
#include "engine/records.h"
#include "engine/schedules/occurrences.h"

namespace weir::engine {
namespace {

EventRow row_of_run(EventKind kind, OfRun&& of, RunState state, std::string message) {
  EventRow row;
  row.kind = kind;
  row.run = of.run;
  row.run_seq = of.run_seq;
  row.subject = std::move(of.name);
  row.state = run_state_name(state);
  row.message = std::move(message);
  return row;
}

EventRow row_of_task(EventKind kind, OfTask&& of, std::string_view state, std::string message) {
  EventRow row;
  row.kind = kind;
  row.run = of.run;
  row.run_seq = of.run_seq;
  row.task = of.task;
  row.epoch = of.epoch;
  row.subject = std::move(of.name);
  row.state = state;
  row.message = std::move(message);
  return row;
}

EventRow row_of(EventKind kind, std::string subject, std::string message) {
  EventRow row;
  row.kind = kind;
  row.subject = std::move(subject);
  row.message = std::move(message);
  return row;
}

struct ToRow {
  EventRow operator()(RunCreated&& e) const {
    return row_of_run(EventKind::kRunCreated, std::move(e.of), RunState::kQueued,
                      std::move(e.reason));
  }
  EventRow operator()(RunAdmitted&& e) const {
    return row_of_run(EventKind::kRunAdmitted, std::move(e.of), RunState::kQueued, "");
  }
  EventRow operator()(RunStarted&& e) const {
    return row_of_run(EventKind::kRunStarted, std::move(e.of), RunState::kRunning, "");
  }
  EventRow operator()(RunCanceling&& e) const {
    return row_of_run(EventKind::kRunCanceling, std::move(e.of), RunState::kCanceling,
                      std::move(e.reason));
  }
  EventRow operator()(RunFinished&& e) const {
    return row_of_run(EventKind::kRunFinished, std::move(e.of), e.end, std::move(e.message));
  }
  EventRow operator()(TaskAssigned&& e) const {
    return row_of_task(EventKind::kTaskAssigned, std::move(e.of), "assigned",
                       (e.again ? "taken up again by " : "") + e.worker);
  }
  EventRow operator()(TaskStarted&& e) const {
    return row_of_task(EventKind::kTaskStarted, std::move(e.of), "running", "");
  }
  EventRow operator()(TaskRetry&& e) const {
    return row_of_task(EventKind::kTaskRetry, std::move(e.of), e.at_once ? "ready" : "up_for_retry",
                       std::move(e.reason));
  }
  EventRow operator()(TaskFinished&& e) const {
    return row_of_task(EventKind::kTaskFinished, std::move(e.of), task_state_name(e.end),
                       std::move(e.reason));
  }
  EventRow operator()(AssetMaterialized&& e) const {
    EventRow row =
        row_of_task(EventKind::kAssetMaterialized, std::move(e.of), e.asset.asset, e.version.hex());
    row.partition = std::move(e.asset.partition);
    return row;
  }
  EventRow operator()(CheckFailed&& e) const {
    EventRow row = row_of_task(EventKind::kCheckFailed, std::move(e.of), base::word_of(e.severity),
                               e.asset.asset + "/" + e.name + ": " + e.reason);
    row.partition = std::move(e.asset.partition);
    return row;
  }
  EventRow operator()(ModuleRegistered&& e) const {
    return row_of(EventKind::kModuleRegistered, std::move(e.pipeline), e.module.hex());
  }
  EventRow operator()(WorkerConnected&& e) const {
    return row_of(EventKind::kWorkerConnected, std::move(e.worker),
                  std::to_string(e.slots) + " slots");
  }
  EventRow operator()(WorkerLost&& e) const {
    return row_of(EventKind::kWorkerLost, std::move(e.worker),
                  std::to_string(e.attempts) + " attempts were leased to it");
  }
  EventRow operator()(WorkerDraining&& e) const {
    return row_of(EventKind::kWorkerDraining, std::move(e.worker),
                  e.draining ? "draining" : "resumed");
  }
  EventRow operator()(WorkerForgotten&& e) const {
    return row_of(EventKind::kWorkerForgotten, std::move(e.worker), "it was not seen for too long");
  }
  EventRow operator()(ScheduleChanged&& e) const {
    std::string message = e.change + " by " + e.by;
    if (!e.reason.empty()) message += ": " + e.reason;
    EventRow row = row_of(EventKind::kScheduleChanged, std::move(e.schedule), std::move(message));
    row.state = std::move(e.change);
    return row;
  }
  EventRow operator()(TickRecorded&& e) const {
    EventRow row = row_of(EventKind::kTickRecorded, std::move(e.schedule),
                          utc_text(e.nominal) + ": " + e.reason);
    row.state = base::word_of(e.outcome);
    return row;
  }
  EventRow operator()(AlertChanged&& e) const {
    if (!e.subject.empty()) e.text = e.subject + ": " + e.text;
    EventRow row = row_of(EventKind::kAlertChanged, std::move(e.rule), std::move(e.text));
    row.state = std::move(e.change);
    return row;
  }
  EventRow operator()(FreshnessChanged&& e) const {
    EventRow row = row_of(EventKind::kFreshnessChanged, std::move(e.asset), std::move(e.reason));
    row.state = base::word_of(e.to);
    return row;
  }
  EventRow operator()(AssetObserved&& e) const {
    return row_of(EventKind::kAssetObserved, std::move(e.asset),
                  (e.version.empty() ? "" : "version " + e.version + " ") + "of " +
                      utc_text(e.observed_at) + ", told by " + e.by);
  }
};

}  // namespace

EventRow event_row(Event event) { return std::visit(ToRow{}, std::move(event)); }

}  // namespace weir::engine
