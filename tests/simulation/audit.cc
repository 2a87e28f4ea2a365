// Checks every row and every transaction: see audit.h. What a transaction touched is collected
// while it writes and judged when it commits. One thread, that of the simulation; reads the tables
// and ends the process at the first broken rule, never repairs.
#include "tests/simulation/audit.h"

#include <algorithm>
#include <array>
#include <string>

#include "engine/plan/run_plan.h"
#include "tests/simulation/require.h"

namespace weir::simulation {

using engine::AttemptKey;
using engine::Decision;
using engine::OutcomeClass;
using engine::RunState;
using engine::TaskState;

namespace {

template <class Key, class Row>
std::int64_t last_key(const sdk_impl::MemoryTable<Key, Row>& table) {
  return table.rows().empty() ? 0 : table.rows().rbegin()->first;
}

bool succeeded(TaskState state) {
  return state == TaskState::kSucceeded || state == TaskState::kCached;
}

}  // namespace

void Audit::on_begin() {
  runs_.clear();
  tasks_.clear();
  ends_.clear();
  leases_.clear();
  made_.clear();
  partitions_.clear();
  finished_events_.clear();
  run_finished_events_.clear();
  planned_.clear();
  outbox_rows_ = 0;
  const auto& runs = tables_.runs.rows();
  last_run_ = runs.empty() ? base::RunId() : runs.rbegin()->first;
}

void Audit::on_write(const engine::Record& record) {
  std::visit([this](const auto& its) { row(its); }, record);
}

void Audit::row(const engine::TaskRow& row) {
  const auto* old = tables_.tasks.find({row.run, row.index});
  runs_.insert(row.run);
  tasks_.insert({row.run, row.index});
  if (engine::terminal(row.state) && (old == nullptr || !engine::terminal(old->state))) {
    ends_.insert({row.run, row.index});
  }
  if (old == nullptr) return;
  require(row.epoch >= old->epoch, "an epoch goes back", row);
  require(row.author_budget_used >= old->author_budget_used, "a used attempt is given back", row);
  require(row.executor_deaths >= old->executor_deaths, "an executor's death is forgotten", row);
  if (!engine::terminal(old->state)) return;
  require(row.state == old->state && row.epoch == old->epoch && row.outputs == old->outputs &&
              row.finished_at == old->finished_at,
          "a terminal task changes", row);
}

void Audit::row(const engine::AttemptRow& row) {
  runs_.insert(row.key.run);
  tasks_.insert({row.key.run, row.key.task});
  const auto* old = tables_.attempts.find(row.key);
  if (old != nullptr) {
    require(old->outcome == OutcomeClass::kNone ||
                (old->outcome == row.outcome && old->message == row.message),
            "an attempt's outcome changes", row);
    require(old->worker == row.worker, "an attempt moves to another worker", row);
    return;
  }
  require(row.outcome == OutcomeClass::kNone, "an attempt begins with an outcome", row);
  AttemptKey before = row.key;
  before.epoch -= 1;
  require(row.key.epoch == 1 || tables_.attempts.find(before) != nullptr, "an epoch was left out",
          row);
  leases_.push_back(row.key);
}

void Audit::row(const engine::RunRow& row) {
  runs_.insert(row.id);
  const auto* old = tables_.runs.find(row.id);
  if (old == nullptr) {
    require(last_run_ < row.id, "ids of runs are not in the order of their commits", row);
    if (row.queued_for != engine::QueueReason::kNone) coverage_.add(Seen::kRunQueued);
    if (row.origin.kind == engine::OriginKind::kFreshness) return;  // nobody has asked
    for (const auto& [id, other] : tables_.runs.rows()) {
      require(row.reason.empty() || other.reason != row.reason, "one request made two runs", row);
    }
    return;
  }
  require(row.params == old->params && row.origin == old->origin, "what was asked for changes",
          row);
  const bool waited = old->queued_for != engine::QueueReason::kNone;
  require(waited || (row.modules == old->modules && row.pins == old->pins),
          "what a run has pinned changes", row);
  require(waited || row.queued_for == engine::QueueReason::kNone, "a planned run is queued", row);
  require(!engine::terminal(old->state) || row.state == old->state, "a terminal run changes", row);
  const bool back = (row.state == RunState::kQueued && old->state != RunState::kQueued) ||
                    (row.state == RunState::kRunning && old->state == RunState::kCanceling);
  require(!back, "a run goes back to an earlier state", row);
  require(old->state != RunState::kCanceling || row.state == RunState::kCanceling ||
              row.state == RunState::kCanceled,
          "a run that is being canceled ends otherwise", row);
}

void Audit::row(const engine::EventRow& row) {
  require(row.seq == last_key(tables_.events) + 1, "seq has a gap", row);
  count(row);
  if (!row.run) return;
  runs_.insert(row.run);
  const auto* last = tables_.run_seq.find(row.run);
  require(row.run_seq == (last == nullptr ? 0 : *last) + 1, "run_seq has a gap", row);
  const auto* run = tables_.runs.find(row.run);
  require(run == nullptr || !engine::terminal(run->state) || !run_finished_events_.empty() ||
              row.kind == engine::EventKind::kRunFinished,
          "an event after the end of its run", row);
  if (row.kind == engine::EventKind::kTaskFinished) finished_events_.insert({row.run, row.task});
  if (row.kind == engine::EventKind::kRunFinished) run_finished_events_.insert(row.run);
}

void Audit::row(const engine::MaterializationRow& row) {
  require(row.id == last_key(tables_.materializations) + 1, "a materialization id is left out",
          row);
  made_.push_back(row);
}

void Audit::row(const engine::CursorRow& row) {
  const auto* old = tables_.cursors.find(row.key);
  require(row.version == (old == nullptr ? 0 : old->version) + 1, "a cursor's version jumps", row);
  coverage_.add(Seen::kCursorAdvanced);
}

void Audit::row(const engine::ReplyRow& row) {
  const auto* old = tables_.replies.find(row.key);
  require(old == nullptr || (old->payload == row.payload && old->request_hash == row.request_hash),
          "a stored reply changes", row);
}

void Audit::row(const engine::AssetPartitionRow& row) {
  const auto* old = tables_.asset_partitions.find(row.key);
  require(old == nullptr || row.materialization >= old->materialization,
          "an asset goes back to an older version", row);
  partitions_.insert(row.key);
}

void Audit::row(const engine::OutboxRow& row) {
  const bool of_an_end = row.payload.find(R"("state":"notice")") != std::string::npos;
  outbox_rows_ += of_an_end && !row.delivered ? 1 : 0;
}

void Audit::count(const engine::EventRow& row) {
  if (row.kind == engine::EventKind::kRunAdmitted) coverage_.add(Seen::kRunAdmitted);
  if (row.kind == engine::EventKind::kTaskRetry) {
    coverage_.add(row.message.starts_with("load_error") ? Seen::kLoadErrorRetried : Seen::kRetried);
  }
  if (row.kind == engine::EventKind::kWorkerLost) coverage_.add(Seen::kLeaseExpired);
  if (row.kind == engine::EventKind::kTaskAssigned && row.message.starts_with("taken up again")) {
    coverage_.add(Seen::kReadopted);
  }
}

const RunGraph& Audit::graph_of(const engine::RunRow& run) {
  const auto found = graphs_.find(run.id);
  if (found != graphs_.end()) return found->second;
  const auto manifest_of = [&](const base::Digest& digest) { return manifests_.at(digest); };
  const auto row_of = [&](std::int32_t i) -> const engine::TaskRow& { return task(run.id, i); };
  return graphs_.emplace(run.id, RunGraph(run, row_of, manifest_of)).first->second;
}

const engine::TaskRow& Audit::task(base::RunId run, std::int32_t index) const {
  if (const auto* row = tables_.tasks.find({run, index})) return *row;
  const auto* row = tables_.runs.find(run);
  const auto plan = row == nullptr ? engine::RunPlan() : engine::RunPlan::of(*row).value();
  expect_that(index < plan.size(),
              [&] { return "a task of " + run.text() + " has neither a row nor a plan"; });
  return planned_.insert_or_assign({run, index}, plan.task(*row, index)).first->second;
}

void Audit::on_commit(const std::set<base::RunId>& set_aside) {
  for (const auto& key : leases_) {
    check_lease(key);
    check_one_writer(key, set_aside);
  }
  for (const auto& [run, index] : tasks_) check_live_attempts(run, index);
  for (const auto& [run, index] : ends_) check_end(run, index);
  for (const auto& row : made_) check_materialization(row);
  for (const auto& key : partitions_) check_partition(*tables_.asset_partitions.find(key));
  for (const base::RunId id : runs_) {
    const auto* run = tables_.runs.find(id);
    expect_that(run != nullptr, [&] { return "rows of an unknown run " + id.text(); });
    check_run(*run);
  }
}

void Audit::check_lease(const AttemptKey& key) {
  const auto& row = task(key.run, key.task);
  // It may have ended in the same transaction, but not in another epoch.
  require(row.epoch >= key.epoch, "an attempt is ahead of its task", row);
  const auto& run = *tables_.runs.find(key.run);
  const auto row_of = [&](std::int32_t i) -> const engine::TaskRow& { return task(key.run, i); };
  require(graph_of(run).decision(key.task, row_of) == Decision::kFire,
          "a task was leased although its rule does not allow it", row);
  coverage_.add(Seen::kRuleFired);
}

// From its first lease to its end nobody else writes the same partition of what a task makes.
void Audit::check_one_writer(const AttemptKey& key, const std::set<base::RunId>& set_aside) {
  const auto& mine = task(key.run, key.task);
  const auto& graph = graph_of(*tables_.runs.find(key.run));
  const bool writes = !graph.nodes[std::size_t(key.task)].spec->outputs.empty();
  if (engine::terminal(mine.state) || !writes) return;
  for (const auto& [other, row] : tables_.tasks.rows()) {
    if (row.run == key.run || row.name != mine.name || row.epoch == 0) continue;
    if (engine::terminal(row.state) || set_aside.contains(row.run)) continue;
    require(row.partition != mine.partition, "two tasks write one partition of an asset", row);
    coverage_.add(Seen::kPartitionsWrittenApart);
  }
}

void Audit::check_live_attempts(base::RunId run, std::int32_t index) const {
  const auto& row = task(run, index);
  int live = 0, successes = 0;
  const auto& attempts = tables_.attempts.rows();
  for (auto it = attempts.lower_bound({run, index, 0});
       it != attempts.end() && it->first.run == run && it->first.task == index; ++it) {
    live += it->second.outcome == OutcomeClass::kNone ? 1 : 0;
    successes += it->second.outcome == OutcomeClass::kSucceeded ? 1 : 0;
    const bool latest = it->first.epoch == row.epoch;
    require(latest || it->second.outcome != OutcomeClass::kNone, "an old attempt is still live",
            it->second);
    require(it->first.epoch <= row.epoch, "an attempt of an epoch that never was", it->second);
  }
  require(live <= 1, "a task has two live leases", row);
  require(successes <= 1, "a task has two committed results", row);
  const bool leased = row.state == TaskState::kAssigned || row.state == TaskState::kRunning;
  require(!leased || live == 1, "a leased task has no live attempt", row);
  const bool may_live = leased || row.state == TaskState::kReady;
  require(may_live || live == 0, "a task has a live attempt in a state that cannot", row);
  require(successes == 0 || engine::terminal(row.state), "a success did not end its task", row);
}

void Audit::check_end(base::RunId run, std::int32_t index) {
  const auto& row = task(run, index);
  require(finished_events_.count({run, index}) == 1, "an end and its event are apart", row);
  if (row.state == TaskState::kCached) return check_passed_over(row);
  if (succeeded(row.state)) check_result(row);
  if (row.epoch > 0 || row.state == TaskState::kCanceled) return;
  const auto row_of = [&](std::int32_t i) -> const engine::TaskRow& { return task(run, i); };
  const Decision decision = graph_of(*tables_.runs.find(run)).decision(index, row_of);
  const bool skipped = row.state == TaskState::kSkipped;
  require(skipped || row.state == TaskState::kUpstreamFailed, "a task ended without an attempt",
          row);
  // Parents that ended later in the same transaction may have made a skip an upstream_failed.
  require(decision == (skipped ? Decision::kSkip : Decision::kUpstreamFailed) ||
              (skipped && decision == Decision::kUpstreamFailed),
          "a task ended otherwise than its rule says", row);
  coverage_.add(skipped ? Seen::kRuleSkipped : Seen::kRuleUpstreamFailed);
}

// Only refreshes ask for what is stale alone, and what is passed over is there.
void Audit::check_passed_over(const engine::TaskRow& row) {
  const engine::RunRow& run = *tables_.runs.find(row.run);
  require(run.origin.kind == engine::OriginKind::kFreshness && row.epoch == 0,
          "a task that is to run was passed over", row);
  const auto row_of = [&](std::int32_t i) -> const engine::TaskRow& { return task(run.id, i); };
  const RunGraph& graph = graph_of(run);
  require(graph.decision(row.index, row_of) == Decision::kFire,
          "a task was passed over although its rule does not allow it", row);
  for (const auto& output : graph.nodes[std::size_t(row.index)].spec->outputs) {
    const auto* there = tables_.asset_partitions.find({output.asset, row.partition});
    require(there != nullptr && there->materialization != 0, "what was never made is up to date",
            row);
  }
  coverage_.add(Seen::kPassedOver);
}

bool Audit::will_make(const engine::RunRow& run, const std::string& asset) {
  if (engine::terminal(run.state)) return false;
  if (run.queued_for != engine::QueueReason::kNone) return run.origin.reference == asset;
  const RunGraph& graph = graph_of(run);
  for (std::int32_t i = 0; i < run.task_count; ++i) {
    const auto& outputs = graph.nodes[std::size_t(i)].spec->outputs;
    const bool makes = std::any_of(outputs.begin(), outputs.end(),
                                   [&](const auto& output) { return output.asset == asset; });
    if (makes && !engine::terminal(task(run.id, i).state)) return true;
  }
  return false;
}

void Audit::check_result(const engine::TaskRow& row) const {
  const AttemptKey key{row.run, row.index, row.epoch};
  const auto* attempt = tables_.attempts.find(key);
  require(attempt != nullptr && attempt->outcome == OutcomeClass::kSucceeded,
          "a success without a successful attempt", row);
  for (const auto& output : row.outputs) {
    if (output.unchanged) continue;
    const engine::AssetPartition of{output.asset, row.partition};
    const auto made = std::find_if(made_.begin(), made_.end(), [&](const auto& its) {
      return its.id == output.materialization && its.of == of;
    });
    require(made != made_.end() && made->value == output.value && made->attempt == key,
            "a result and its materialization are apart", row);
  }
}

void Audit::check_materialization(const engine::MaterializationRow& row) const {
  const auto* attempt = tables_.attempts.find(row.attempt);
  require(attempt != nullptr && attempt->outcome == OutcomeClass::kSucceeded,
          "a materialization by an attempt that did not succeed", row);
  const auto* artifact = tables_.artifacts.find(row.value.digest);
  const bool inlined = artifact != nullptr && artifact->bytes != nullptr;
  // blobs_ is asked through a reference to const because a simulation's store only answers.
  const bool held = const_cast<ports::BlobStore&>(blobs_).contains(row.value.digest);
  require(inlined || held, "a success without its artifact", row);
  if (inlined) {
    require(base::sha256(*artifact->bytes) == row.value.digest, "an artifact of other bytes", row);
  }
  for (const auto& input : row.inputs) {
    const auto* source = tables_.materializations.find(input.materialization);
    require(source != nullptr && source->value == input.value && source->of == input.of,
            "lineage names a version that never was", row);
    require(input.of.partition == row.of.partition, "another partition was read", row);
  }
}

void Audit::check_partition(const engine::AssetPartitionRow& row) const {
  const auto* current = tables_.materializations.find(row.materialization);
  require(row.materialization == 0 || (current != nullptr && current->of == row.key),
          "a current version is of another partition", row);
}

void Audit::check_counts(const engine::RunRow& run) const {
  const auto* row = tables_.run_counts.find(run.id);
  std::array<std::int32_t, engine::kTaskStates> counts{};
  for (std::int32_t i = 0; i < run.task_count; ++i) counts[std::size_t(task(run.id, i).state)] += 1;
  require(row != nullptr && row->by_state() == counts, "a run's tasks are counted otherwise", run);
}

void Audit::check_run(const engine::RunRow& run) {
  if (run.task_count > 0) check_counts(run);
  if (engine::terminal(run.state)) return check_ended_run(run);
  if (run.queued_for != engine::QueueReason::kNone) {
    const bool bare = run.task_count == 0 && run.modules.empty() && run.pins.empty();
    return require(bare && run.state == RunState::kQueued, "a queued run is planned", run);
  }
  const RunGraph& graph = graph_of(run);
  const auto row_of = [&](std::int32_t i) -> const engine::TaskRow& { return task(run.id, i); };
  int unfinished = 0;
  for (std::int32_t i = 0; i < run.task_count; ++i) {
    const auto& row = row_of(i);
    if (engine::terminal(row.state)) continue;
    ++unfinished;
    const Decision decision = graph.decision(i, row_of);
    if (row.state == TaskState::kWaiting) {
      require(decision == Decision::kWait, "downstream readiness was not committed with its cause",
              row);
    } else {
      require(decision == Decision::kFire, "a task is on its way although its rule forbids", row);
    }
    const bool stopping = row.state == TaskState::kAssigned || row.state == TaskState::kRunning;
    require(run.state != RunState::kCanceling || stopping, "a canceled run still plans", row);
  }
  require(unfinished > 0, "a run is live without live tasks", run);
}

void Audit::check_ended_run(const engine::RunRow& run) {
  if (run.task_count == 0) {  // it never left the queue
    require(run.state != RunState::kSucceeded, "a run without tasks succeeded", run);
    if (run.state == RunState::kCanceled) coverage_.add(Seen::kQueuedRunCanceled);
    return check_end_is_told(run);
  }
  bool failed = false;
  const RunGraph& graph = graph_of(run);
  for (std::int32_t i = 0; i < run.task_count; ++i) {
    const auto& row = task(run.id, i);
    require(engine::terminal(row.state), "a run ended before its task", row);
    const bool bad = row.state == TaskState::kFailed || row.state == TaskState::kUpstreamFailed;
    failed = failed || (bad && graph.nodes[std::size_t(i)].decides);
  }
  if (run.state != RunState::kCanceled) {
    require((run.state == RunState::kFailed) == failed, "the leaves decide otherwise", run);
    coverage_.add(failed ? Seen::kRunFailed : Seen::kRunSucceeded);
  }
  check_end_is_told(run);
}

void Audit::check_end_is_told(const engine::RunRow& run) const {
  require(run_finished_events_.count(run.id) == 1, "a run's end and its event are apart", run);
  require(!notify_ || outbox_rows_ >= std::ssize(run_finished_events_),
          "a run ended without its outbox row", run);
}

void Audit::at_the_end(const std::function<bool(base::RunId)>& set_aside) const {
  std::map<base::RunId, std::int32_t> run_seq;
  std::int64_t seq = 0;
  for (const auto& [key, event] : tables_.events.rows()) {
    require(event.seq == ++seq, "seq has a gap", event);
    if (event.run) require(event.run_seq == ++run_seq[event.run], "run_seq has a gap", event);
  }
  for (const auto& [id, run] : tables_.runs.rows()) {
    require(engine::terminal(run.state) || set_aside(id), "a run did not end", run);
  }
  for (const auto& [key, attempt] : tables_.attempts.rows()) {
    require(attempt.outcome != OutcomeClass::kNone || set_aside(key.run),
            "an attempt has no outcome", attempt);
  }
  std::map<std::tuple<base::RunId, std::int32_t, std::string>, int> results;
  for (const auto& [id, row] : tables_.materializations.rows()) {
    const int count = ++results[{row.attempt.run, row.attempt.task, row.of.asset}];
    require(count == 1, "a task has two results for one asset", row);
  }
}

}  // namespace weir::simulation
