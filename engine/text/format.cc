// Commands and effects as lines of text: one overload per command, message and row that a reader of
// a trace cares about; the other rows are left out. Pure functions, safe from any thread. Scenario
// scripts compare this text, so it must hold no time and no address.
#include "engine/text/format.h"

#include <string_view>

#include "engine/schedules/occurrences.h"

namespace weir::engine {
namespace {

std::string quoted_reason(std::string_view reason) {
  return reason.empty() ? std::string() : " (" + std::string(reason) + ")";
}

std::string progress_text(const Progress& progress) {
  std::string text;
  if (progress.millionths != Progress::kUnknown) {
    text = " " + std::to_string(progress.millionths) + "/" + std::to_string(Progress::kWhole);
  }
  return text + quoted_reason(progress.message);
}

// Nothing of what is not split.
std::string in_partition(std::string_view partition) {
  return partition.empty() ? std::string() : "[" + std::string(partition) + "]";
}

struct CommandText {
  std::string operator()(const RegisterModules& c) const {
    std::string text = c.dry_run ? "register --dry-run" : "register";
    for (const auto& module : c.modules) text += " " + module.manifest->pipeline;
    return text;
  }
  std::string operator()(const CreateRun& c) const {
    return "run " + (c.spec.job.empty() ? c.spec.selection : c.spec.job);
  }
  std::string operator()(const PutSchedule& c) const {
    return (c.create ? "create schedule " : "edit schedule ") + c.spec.name;
  }
  std::string operator()(const DeleteSchedule& c) const { return "delete schedule " + c.name; }
  std::string operator()(const PauseSchedules& c) const {
    std::string text = c.pause ? "pause" : "resume";
    for (const std::string& name : c.names) text += " " + name;
    return text;
  }
  std::string operator()(const TriggerSchedule& c) const {
    return "trigger " + c.name + (c.nominal ? " " + utc_text(*c.nominal) : "");
  }
  std::string operator()(const PauseFreshness& c) const {
    std::string text = c.pause ? "pause freshness" : "resume freshness";
    for (const std::string& asset : c.assets) text += " " + asset;
    return text;
  }
  std::string operator()(const SetFreshness& c) const {
    return (c.spec ? "set freshness " : "unset freshness ") + c.asset;
  }
  std::string operator()(const ObserveAsset& c) const { return "observe " + c.asset; }
  std::string operator()(const CancelRun& c) const { return "cancel " + c.run.text(); }
  std::string operator()(const ConnectWorker& c) const {
    std::string text = "connect " + c.worker.id + " session=" + std::to_string(c.session.value) +
                       " slots=" + std::to_string(c.worker.slots);
    for (const auto& key : c.held) text += " held=" + to_text(key);
    return text;
  }
  std::string operator()(const DisconnectWorker& c) const {
    return "disconnect session=" + std::to_string(c.session.value);
  }
  std::string operator()(const Heartbeat& c) const {
    std::string text = "heartbeat session=" + std::to_string(c.session.value);
    for (const auto& key : c.held) text += " held=" + to_text(key);
    return text;
  }
  std::string operator()(const DrainWorker& c) const {
    return (c.drain ? "drain " : "undrain ") + c.worker;
  }
  std::string operator()(const AttemptStarted& c) const { return "started " + to_text(c.key); }
  std::string operator()(const AttemptsProgressed& c) const {
    std::string text = "progress";
    for (const auto& one : c.attempts) text += " " + to_text(one.key) + progress_text(one.progress);
    return text;
  }
  std::string operator()(const AttemptFinished& c) const {
    std::string text = "finished " + to_text(c.key) + " " + std::string(outcome_name(c.outcome));
    if (c.success == SuccessKind::kSkipped) text += " skipped";
    if (c.success == SuccessKind::kUnchanged) text += " unchanged";
    return text + quoted_reason(c.message);
  }
  std::string operator()(const AttemptReleased& c) const { return "released " + to_text(c.key); }
  std::string operator()(const FireTimers&) const { return "timers"; }
  std::string operator()(const OutboxDelivered& c) const {
    return "delivered outbox=" + std::to_string(c.id);
  }
  std::string operator()(const OutboxUndelivered& c) const {
    return "undelivered outbox=" + std::to_string(c.id) + (c.last ? " last" : "") +
           quoted_reason(c.why);
  }
  std::string operator()(const PutAlertRule& c) const {
    return (c.create ? "create alert " : "edit alert ") + c.rule.name;
  }
  std::string operator()(const DeleteAlertRule& c) const { return "delete alert " + c.name; }
  std::string operator()(const PauseAlertRules& c) const {
    std::string text = c.pause ? "pause alerts" : "resume alerts";
    for (const std::string& name : c.names) text += " " + name;
    return text;
  }
  std::string operator()(const TestAlertRule& c) const { return "test alert " + c.name; }
  std::string operator()(const SilenceAlerts& c) const {
    return "silence " + c.silence.rule + " " + c.silence.subject;
  }
  std::string operator()(const UnsilenceAlerts& c) const {
    return "unsilence " + std::to_string(c.id);
  }
  std::string operator()(const DiskChecked& c) const { return c.low ? "disk low" : "disk ok"; }
  std::string operator()(const Explain& c) const {
    return "explain " + c.reference + in_partition(c.partition);
  }
};

struct MessageText {
  std::string operator()(const Assign& m) const {
    return "assign " + to_text(m.key) + " " + m.task + in_partition(m.partition);
  }
  std::string operator()(const Stop& m) const {
    return "stop " + to_text(m.key) + quoted_reason(m.reason);
  }
  std::string operator()(const Acknowledge& m) const {
    return "acknowledge " + to_text(m.key) + (m.stale ? " stale" : "");
  }
  std::string operator()(const NeedArtifacts& m) const {
    std::string text = "need_artifacts " + to_text(m.key);
    for (const Digest& digest : m.digests) text += " " + digest.hex().substr(0, 12);
    return text;
  }
  std::string operator()(const Revoke& m) const { return "revoke " + to_text(m.key); }
  std::string operator()(const Welcome&) const { return "welcome"; }
  std::string operator()(const CloseSession& m) const { return "close " + m.reason.text(); }
  std::string operator()(const SetDraining& m) const { return m.draining ? "drain" : "resume"; }
};

// Rows that say something new; the rest ("") are the same facts in another table.
struct RowText {
  std::string operator()(const RunRow& r) const {
    std::string text = "run " + r.id.text() + " " + std::string(run_state_name(r.state));
    const bool waits = r.state == RunState::kQueued && r.queued_for != QueueReason::kNone;
    if (waits) text += " for " + std::string(base::word_of(r.queued_for));
    return text + quoted_reason(r.message);
  }
  std::string operator()(const TaskRow& r) const {
    std::string text =
        "task " + r.name + in_partition(r.partition) + " " + std::string(task_state_name(r.state));
    if (r.epoch > 0) text += " epoch=" + std::to_string(r.epoch);
    return text + quoted_reason(r.reason);
  }
  std::string operator()(const AttemptRow& r) const {
    std::string text = "attempt " + to_text(r.key) + " " + std::string(outcome_name(r.outcome)) +
                       quoted_reason(r.message);
    if (r.progress_at) text += " at" + progress_text(r.progress);
    return text;
  }
  std::string operator()(const MaterializationRow& r) const {
    return "materialization " + std::to_string(r.id) + " " + AssetPartitionView(r.of).text();
  }
  std::string operator()(const CheckRow& r) const {
    return "check " + r.asset + in_partition(r.partition) + "/" + r.name +
           (r.passed ? " passed" : " failed") + quoted_reason(r.reason);
  }
  std::string operator()(const CursorRow& r) const {
    return "cursor " + r.key.stage + in_partition(r.key.partition) +
           " version=" + std::to_string(r.version);
  }
  std::string operator()(const ModuleRow& r) const {
    return "module " + r.pipeline + (r.active ? " active" : " inactive");
  }
  std::string operator()(const AssetRow& r) const {
    return r.retired ? "asset " + r.name + " retired" : "";
  }
  std::string operator()(const OutboxRow& r) const {
    return "outbox " + std::to_string(r.id) + " " + r.kind + (r.delivered ? " delivered" : "");
  }
  std::string operator()(const ScheduleRow& r) const {
    return "schedule " + r.name +
           (r.deleted   ? " deleted"
            : r.retired ? " retired"
            : r.paused  ? " paused"
                        : "");
  }
  std::string operator()(const TickRow& r) const {
    std::string text = "tick " + r.schedule + " " + utc_text(r.nominal);
    if (r.until) text += " to " + utc_text(*r.until);
    text += r.withdrawn ? " withdrawn" : " " + std::string(base::word_of(r.outcome));
    if (r.run) text += " " + r.run.text();
    return text + quoted_reason(r.reason);
  }
  std::string operator()(const FreshnessRow& r) const {
    std::string text = "freshness " + r.asset + " " + std::string(base::word_of(r.state));
    if (r.deleted) text += " deleted";
    if (r.paused) text += " paused";
    if (r.failures > 0) text += " failures=" + std::to_string(r.failures);
    return text;
  }
  std::string operator()(const AlertRuleRow& r) const {
    return "alert rule " + r.name + (r.deleted ? " deleted" : r.paused ? " paused" : "");
  }
  std::string operator()(const AlertRow& r) const {
    std::string text = "alert " + r.rule + " " + r.subject + " " +
                       std::string(base::word_of(r.state)) + " " +
                       std::string(base::word_of(r.delivery));
    if (r.count > 1) text += " x" + std::to_string(r.count);
    return text + quoted_reason(r.failure.empty() ? r.text : r.failure);
  }
  std::string operator()(const SilenceRow& r) const {
    return "silence " + r.rule + " " + r.subject + (r.ended ? " ended" : "");
  }
  std::string operator()(const AssetPartitionRow&) const { return ""; }
  std::string operator()(const RunCountsRow&) const { return ""; }
  std::string operator()(const EventRow&) const { return ""; }
  std::string operator()(const ArtifactRow&) const { return ""; }
  std::string operator()(const WorkerRow&) const { return ""; }
  std::string operator()(const ReplyRow&) const { return ""; }
};

}  // namespace

std::string to_text(const AttemptKey& key) {
  return key.run.text() + "/" + std::to_string(key.task) + "#" + std::to_string(key.epoch);
}

std::string to_text(const Command& command) { return std::visit(CommandText{}, command.body); }

std::string to_text(const Effects& effects) {
  std::string text;
  for (const Record& record : effects.records) {
    if (std::string line = std::visit(RowText{}, record); !line.empty()) text += "  " + line + "\n";
  }
  for (const Send& message : effects.sends) {
    text += "  -> " + std::to_string(message.session.value) + " " +
            std::visit(MessageText{}, message.message) + "\n";
  }
  for (const Reply& answer : effects.replies) {
    text += "  reply " +
            (answer.status.ok() ? "ok " + payload_text(answer.payload) : answer.status.text()) +
            "\n";
  }
  return text;
}

}  // namespace weir::engine
