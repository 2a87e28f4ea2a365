// The engine's front: dispatches a command to its family, gathers the rows that the step dirtied,
// and answers what it would need to know first. Also the small helpers of a step: write, send,
// reply, emit, find. One owner, not thread-safe; no I/O, and no rule of a family of events.
#include "engine/engine.h"

#include <utility>

#include "base/check.h"
#include "base/errors.h"
#include "base/planted.h"
#include "engine/alerts/alert_step.h"
#include "engine/freshness/freshness_step.h"
#include "engine/schedules/schedule_step.h"
#include "engine/step.h"

namespace weir::engine {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

constexpr std::size_t kMeasuredPerStepMax =
    256;  // assets, and jobs; more of them wait for the next step
constexpr std::size_t kRecordsOfAStep = 16;  // of most; room for them is made at once

void apply(Step& step, const Command& command) {
  std::visit(Overloaded{
                 [&](const RegisterModules& c) { register_modules(step, c); },
                 [&](const PutSchedule& c) { put_schedule(step, c); },
                 [&](const DeleteSchedule& c) { delete_schedule(step, c); },
                 [&](const PauseSchedules& c) { pause_schedules(step, c); },
                 [&](const TriggerSchedule& c) { trigger_schedule(step, c); },
                 [&](const PauseFreshness& c) { pause_freshness(step, c); },
                 [&](const SetFreshness& c) { set_freshness(step, c); },
                 [&](const ObserveAsset& c) { observe_asset(step, c); },
                 [&](const CreateRun& c) { create_run(step, c); },
                 [&](const CancelRun& c) { cancel_run(step, c); },
                 [&](const ConnectWorker& c) { connect_worker(step, c); },
                 [&](const DisconnectWorker& c) { disconnect_worker(step, c); },
                 [&](const Heartbeat& c) { heartbeat(step, c); },
                 [&](const DrainWorker& c) { drain_worker(step, c); },
                 [&](const AttemptStarted& c) { attempt_started(step, c); },
                 [&](const AttemptsProgressed& c) { attempts_progressed(step, c); },
                 [&](const AttemptFinished& c) { attempt_finished(step, c); },
                 [&](const AttemptReleased& c) { attempt_released(step, c); },
                 [&](const FireTimers&) { fire_timers(step); },
                 [&](const OutboxDelivered& c) { outbox_delivered(step, c); },
                 [&](const OutboxUndelivered& c) { outbox_undelivered(step, c); },
                 [&](const Explain& c) { explain(step, c); },
                 [&](const PutAlertRule& c) { put_alert_rule(step, c); },
                 [&](const DeleteAlertRule& c) { delete_alert_rule(step, c); },
                 [&](const TestAlertRule& c) { test_alert_rule(step, c); },
                 [&](const SilenceAlerts& c) { silence_alerts(step, c); },
                 [&](const UnsilenceAlerts& c) { unsilence_alerts(step, c); },
                 [&](const DiskChecked& c) { disk_checked(step, c); },
             },
             command.body);
}

void write_events(Step& step) {
  for (Raised& raised : step.events) {
    EventRow row = event_row(std::move(raised.event));
    row.seq = raised.seq;
    row.at = step.now.wall;
    step.effects.records.push_back(std::move(row));
  }
}

// Rows of entities are written once a step, in their final state.
void write_dirty(Step& step) {
  for (const RunId id : step.dirty_runs) {
    if (const Run* run = find_run(step.state, id)) step.effects.records.push_back(run->row);
  }
  for (const RunId id : step.recounted) {
    if (const Run* run = find_run(step.state, id)) step.effects.records.push_back(counts_row(*run));
  }
  for (const TaskRef& ref : step.dirty_tasks) {
    const Run* run = find_run(step.state, ref.run);
    if (run == nullptr) continue;
    step.effects.records.push_back(task_row(*run, run->tasks[std::size_t(ref.index)]));
  }
}

void drop_ended(Step& step) {
  for (const RunId id : step.ended_runs) {
    const auto found = step.state.runs.find(id);
    if (found == step.state.runs.end()) continue;
    const auto modules = std::move(found->second.modules);
    step.state.resident_tasks -= found->second.row.task_count;
    const Digest plan = found->second.links->plan;
    step.state.runs.erase(found);
    if (const auto links = step.state.links.find(plan); links->second.expired()) {
      step.state.links.erase(links);
    }
    for (const auto& module : modules) {
      module->live_runs -= 1;
      release_module(step.state, module);
    }
  }
}

}  // namespace

Engine::Engine(Options options) : state_(std::make_unique<State>()) { state_->options = options; }
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

Reads Engine::reads(const Command& command) const {
  Reads reads;
  const auto request = [&](const RequestInfo& info) {
    if (!info.idempotency_key.empty()) reads.replies.push_back(info.idempotency_key);
  };
  std::visit(Overloaded{
                 [&](const RegisterModules& c) {
                   request(c.request);
                   reads.ticks = ticks_of_new(*state_, c, command.now.wall);
                 },
                 [&](const PutSchedule& c) {
                   request(c.request);
                   reads.ticks = ticks_of_new(*state_, c, command.now.wall);
                 },
                 [&](const DeleteSchedule& c) { request(c.request); },
                 [&](const PauseSchedules& c) { request(c.request); },
                 [&](const TriggerSchedule& c) {
                   request(c.request);
                   reads.ticks = ticks_to_trigger(*state_, c, command.now.wall);
                 },
                 [&](const PauseFreshness& c) { request(c.request); },
                 [&](const SetFreshness& c) { request(c.request); },
                 [&](const ObserveAsset& c) { request(c.request); },
                 [&](const CreateRun& c) { request(c.request); },
                 [&](const DrainWorker& c) { request(c.request); },
                 [&](const PutAlertRule& c) { request(c.request); },
                 [&](const DeleteAlertRule& c) { request(c.request); },
                 [&](const TestAlertRule& c) { request(c.request); },
                 [&](const SilenceAlerts& c) { request(c.request); },
                 [&](const UnsilenceAlerts& c) { request(c.request); },
                 [&](const CancelRun& c) {
                   request(c.request);
                   if (!state_->runs.contains(c.run)) reads.runs.push_back(c.run);
                 },
                 [&](const AttemptFinished& c) {
                   for (const auto& output : c.outputs) {
                     const auto kind = output.value.kind;
                     if (output.bytes == nullptr && kind != ArtifactKind::kExternal) {
                       reads.artifacts.push_back(output.value.digest);
                     }
                   }
                 },
                 [&](const FireTimers&) {
                   reads.queued = next_admissions(*state_);
                   const auto ending = next_withdrawals(*state_);
                   reads.queued.insert(reads.queued.end(), ending.begin(), ending.end());
                   for (const std::string& asset : state_->unmeasured) {
                     if (reads.durations.size() == kMeasuredPerStepMax) break;
                     reads.durations.push_back(asset);
                   }
                   for (const std::string& job : state_->alerts.unmeasured) {
                     if (reads.job_durations.size() == kMeasuredPerStepMax) break;
                     reads.job_durations.push_back(job);
                   }
                   if (state_->rebase_timer) reads.ticks = ticks_ahead(*state_, command.now.wall);
                 },
                 [&](const Explain& c) {
                   reads.ticks = ticks_to_explain(*state_, c.reference);
                   const auto& made = current_version(*state_, {c.reference, c.partition});
                   if (made.materialization != 0) {
                     reads.materializations.push_back(made.materialization);
                   }
                 },
                 [](const auto&) {},
             },
             command.body);
  return reads;
}

Effects Engine::step(const Command& command, const Facts& facts) {
  Step step{.state = *state_,
            .now = command.now,
            .seed = command.seed,
            .facts = facts,
            .effects = {},
            .events = {},
            .dirty_tasks = {},
            .dirty_runs = {},
            .recounted = {},
            .renewed = {},
            .ended_runs = {},
            .maybe_up_to_date = {},
            .reacted = 0,
            .requested = {},
            .dispatch = false,
            .drawn = 0};
  step.effects.records.reserve(kRecordsOfAStep);
  observe_clock(step);
  apply(step, command);
  do {
    react(step);
    review_renewed(step);
  } while (pass_over_up_to_date(step));
  if (step.dispatch) dispatch(step);
  react_alerts(step);
  write_events(step);
  write_dirty(step);
  drop_ended(step);
  arm_admission(*state_, step.now);
  arm_reads(*state_, step.now);
  return std::move(step.effects);
}

Deadlines Engine::next_deadlines() const {
  Deadlines next = state_->timers.next();
  const bool depends = !state_->schedules.empty() || !state_->freshness.empty();
  if (depends && state_->last_now) next.reached = state_->last_now->wall;
  return next;
}

bool Engine::disk_full() const { return state_->disk_full; }

std::vector<OutboxRow> Engine::outbox(std::int64_t from, std::size_t limit) const {
  std::vector<OutboxRow> rows;
  const auto& all = state_->outbox;
  for (auto it = all.lower_bound(from); it != all.end() && rows.size() < limit; ++it) {
    rows.push_back(it->second);
  }
  return rows;
}

// ---- helpers of every family ----

void write(Step& step, Record record) {
  step.effects.durability = Durability::kSync;
  step.effects.records.push_back(std::move(record));
}

void write_lazy(Step& step, Record record) { step.effects.records.push_back(std::move(record)); }

void send(Step& step, SessionId to, decltype(Send::message) message) {
  if (to) step.effects.sends.push_back({to, std::move(message)});
}

void reply(Step& step, const RequestInfo& request, base::Status status, ReplyPayload payload) {
  // Only what changed something is kept: a refusal is judged afresh when it is repeated.
  if (!request.idempotency_key.empty() && status.ok() && !PLANTED(kReplyNotStored)) {
    write(step, ReplyRow{request.idempotency_key, request.hash, status, payload_text(payload),
                         step.now.wall});
  }
  if (request.reply_to != 0) {
    step.effects.replies.push_back({request.reply_to, std::move(status), std::move(payload)});
  }
}

bool answered_before(Step& step, const RequestInfo& request) {
  if (request.idempotency_key.empty()) return false;
  const auto found = step.facts.replies.find(request.idempotency_key);
  if (found == step.facts.replies.end()) return false;
  const ReplyRow& kept = found->second;
  if (request.reply_to == 0) return true;
  Reply again{request.reply_to, kept.status};
  if (kept.request_hash != request.hash) {
    again.status = base::Status(base::Code::kInvalidArgument, base::kErrIdempotency,
                                "idempotency key '" + request.idempotency_key +
                                    "' was used for another request; use a new key");
  } else if (auto payload = parse_payload(kept.payload); payload.ok()) {
    again.payload = std::move(*payload);
  } else {
    again.status = payload.status();
  }
  step.effects.replies.push_back(std::move(again));
  return true;
}

std::string who(const std::string& by) { return by.empty() ? "somebody" : by; }

void touch(Step& step, const Run& run) {
  step.effects.durability = Durability::kSync;
  step.dirty_runs.insert(run.row.id);
}

void touch(Step& step, const Run& run, const Task& task) {
  step.effects.durability = Durability::kSync;
  touch_lazy(step, run, task);
}

void touch_lazy(Step& step, const Run& run, const Task& task) {
  step.recounted.insert(run.row.id);
  step.dirty_tasks.insert({run.row.id, index_of(run, task)});
}

void emit(Step& step, Event event) {
  if (!is_lazy(event)) step.effects.durability = Durability::kSync;
  step.events.push_back({++step.state.last_seq, std::move(event)});
}

std::uint32_t draw(Step& step) {
  // SplitMix64: a good mixer, and the same everywhere.
  std::uint64_t z = step.seed + ++step.drawn * 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return std::uint32_t((z ^ (z >> 31)) >> 32);
}

OfRun of_run(const RunRow& run, std::int32_t& run_seq) {
  return {run.id, ++run_seq, run.job.empty() ? run.selection : run.job};
}

OfTask of_task(Run& run, const Task& task) {
  return {run.row.id, ++run.run_seq, index_of(run, task), task.epoch, task.spec->name};
}

std::int32_t index_of(const Run& run, const Task& task) {
  return std::int32_t(&task - run.tasks.data());
}

Partitions::value_type& partition_entry(State& state, AssetPartitionView of) {
  const auto at = state.partitions.lower_bound(of);
  if (at != state.partitions.end() && AssetPartitionView(at->first) == of) return *at;
  return *state.partitions.try_emplace(at, of.own());
}

const CurrentVersion& current_version(const State& state, AssetPartitionView of) {
  static const CurrentVersion kNone;
  const auto at = state.partitions.find(of);
  return at == state.partitions.end() ? kNone : at->second.current;
}

StagePartition cursor_of(const Run& run, const Task& task) {
  const auto& pipeline = run.modules[std::size_t(task.module)]->manifest->pipeline;
  return {pipeline + ":" + task.spec->name, partition_of(run, task)};
}

Run* find_run(State& state, RunId run) {
  const auto found = state.runs.find(run);
  return found == state.runs.end() ? nullptr : &found->second;
}

Task* find_task(State& state, const TaskRef& ref) {
  Run* run = find_run(state, ref.run);
  if (run == nullptr || ref.index < 0 || std::size_t(ref.index) >= run->tasks.size()) {
    return nullptr;
  }
  return &run->tasks[std::size_t(ref.index)];
}

}  // namespace weir::engine
