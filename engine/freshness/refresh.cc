// Runs that keep assets fresh: when they begin and what they are of. One begins so early that it
// has ended by the deadline, by what its tasks took lately along the longest path; it makes the
// asset and those above it that have nothing newer to give, and nothing else. Part of Engine's
// step.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/planted.h"
#include "engine/freshness/freshness_step.h"
#include "engine/schedules/occurrences.h"

namespace weir::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kGuessMs = 60'000;      // of a task that was never measured
constexpr std::int64_t kMarginMsMin = 30'000;  // between the expected end and the deadline
constexpr std::int64_t kMarginShare = 4;       // a quarter of what is expected
constexpr std::int64_t kPeriodShare = 10;      // never more than a tenth of the period
constexpr std::size_t kTasksMax = 1'000;       // of a refresh: its selection is a text

// How far apart refreshes are, about.
std::int64_t period_ms(const module::FreshnessSpec& spec) {
  return spec.kind == module::FreshnessKind::kMaxAge ? spec.fail_ms : spec.lower_bound_ms;
}

// Walks from the asset up, and takes in what must run.
class Planner {
 public:
  Planner(const State& state, const FreshnessPolicy& policy, WallTime now)
      : state_(state), policy_(policy), now_(now), graph_(state.catalog->whole()) {}

  RefreshPlan plan() {
    const auto own = graph_.by_asset.find(policy_.row.asset);
    if (own == graph_.by_asset.end()) return {};
    include(own->second);
    for (std::size_t i = 0; i < order_.size() && order_.size() < kTasksMax; ++i) look_above(i);
    for (const std::int32_t stage : order_) plan_.tasks.push_back(spec(stage).name);
    measure(own->second);
    return std::move(plan_);
  }

 private:
  const module::StageSpec& spec(std::int32_t stage) const {
    return graph_.stages[std::size_t(stage)].spec();
  }
  void include(std::int32_t stage) {
    if (!chosen_.insert(stage).second) return;
    order_.push_back(stage);
    for (const auto& output : spec(stage).outputs) plan_.assets.push_back(output.asset);
  }
  // The oldest of what the stage makes; none when something of it was never made.
  std::optional<WallTime> made_at(const module::StageSpec& stage) const {
    std::optional<WallTime> oldest;
    for (const auto& output : stage.outputs) {
      const auto last = last_of(state_, output.asset);
      if (!last) return std::nullopt;
      oldest = std::min(oldest.value_or(*last), *last);
    }
    return oldest;
  }
  // Too old by itself, whatever reads it.
  bool outdated(std::optional<WallTime> made) const {
    if (!made) return true;
    const auto& policy = policy_.row.spec;
    return policy.kind == module::FreshnessKind::kMaxAge &&
           now_ - *made >= milliseconds(policy.fail_ms);
  }

  void look_above(std::size_t i) {
    const module::StageSpec& consumer = spec(order_[i]);
    const auto consumed = made_at(consumer);
    for (const std::int32_t parent : graph_.graph[std::size_t(order_[i])].parents) {
      const auto made = made_at(spec(parent));
      const bool nothing_new = !made || !consumed || *made <= *consumed;
      if (spec(parent).outputs.empty() || nothing_new || outdated(made)) include(parent);
    }
    for (const auto& dependency : consumer.dependencies) {
      using Kind = module::DependencyKind;
      const bool reads = dependency.kind == Kind::kAsset || dependency.kind == Kind::kAfter ||
                         dependency.kind == Kind::kLastGood;
      if (!reads || graph_.by_asset.contains(dependency.name)) continue;
      const auto seen = last_of(state_, dependency.name);
      if (seen && outdated(seen)) plan_.silent = dependency.name;
    }
  }

  std::int64_t duration(const module::StageSpec& stage) {
    std::int64_t longest = -1;
    for (const auto& output : stage.outputs) {
      const auto known = state_.durations.find(output.asset);
      if (known == state_.durations.end()) {
        plan_.unmeasured.push_back(output.asset);
        continue;
      }
      if (known->second.ms.size() < Durations::kEnough) plan_.measured = false;
      longest = std::max(longest, known->second.p90().value_or(-1));
    }
    if (longest >= 0) return longest;
    plan_.measured = false;
    return kGuessMs;
  }

  // Along the longest path that ends at the asset; parents stand behind their children in no
  // particular order, so each is measured once and looked up.
  std::int64_t path_to(std::int32_t stage, std::map<std::int32_t, std::int64_t>& known) {
    const auto found = known.find(stage);
    if (found != known.end()) return found->second;
    std::int64_t before = 0;
    for (const std::int32_t parent : graph_.graph[std::size_t(stage)].parents) {
      if (chosen_.contains(parent)) before = std::max(before, path_to(parent, known));
    }
    return known[stage] = before + duration(spec(stage));
  }
  void measure(std::int32_t own) {
    std::map<std::int32_t, std::int64_t> known;
    plan_.expected_ms = path_to(own, known);
    if (!plan_.measured && policy_.row.spec.expected_ms > 0) {
      plan_.expected_ms = policy_.row.spec.expected_ms;
    }
  }

  const State& state_;
  const FreshnessPolicy& policy_;
  const WallTime now_;
  const StageGraph& graph_;
  RefreshPlan plan_;
  std::set<std::int32_t> chosen_;
  std::vector<std::int32_t> order_;
};

std::int64_t margin_ms(const FreshnessPolicy& policy, const RefreshPlan& plan) {
  const std::int64_t wanted = std::max(plan.expected_ms / kMarginShare, kMarginMsMin);
  return std::min(wanted, period_ms(policy.row.spec) / kPeriodShare);
}

bool makes(const module::StageSpec& stage, const std::string& asset) {
  return std::any_of(stage.outputs.begin(), stage.outputs.end(),
                     [&](const auto& output) { return output.asset == asset; });
}

// Whether jobs and selections make the asset, each looked at once: many schedules and queued runs
// may be of one.
class RunsThatMake {
 public:
  RunsThatMake(const State& state, const std::string& asset) : state_(state), asset_(asset) {}

  bool job(const std::string& job) { return contains(job, ""); }
  bool contains(const std::string& job, const std::string& selection) {
    const auto [known, fresh] = known_.try_emplace({job, selection}, false);
    if (fresh) known->second = look(job, selection);
    return known->second;
  }

 private:
  bool look(const std::string& job, const std::string& selection) const {
    if (job.empty() && selection.empty()) return false;
    const auto stages = plan_stages(*state_.catalog, job, selection);
    if (!stages.ok()) return false;
    return std::any_of(stages->begin(), stages->end(),
                       [&](const PlannedStage& planned) { return makes(planned.spec(), asset_); });
  }

  const State& state_;
  const std::string& asset_;
  std::map<std::pair<std::string, std::string>, bool> known_;
};

// A live run that will make the asset, or a queued one that begins before `latest`.
std::optional<RunId> run_that_brings(const State& state, const std::string& asset, WallTime latest,
                                     RunsThatMake& runs) {
  for (const auto& [id, run] : state.runs) {
    if (!run.row.origin.partition.empty() || run.row.state == RunState::kCanceling) continue;
    for (const Task& task : run.tasks) {
      if (!std::holds_alternative<Ended>(task.phase) && makes(*task.spec, asset)) return id;
    }
  }
  for (const auto& [id, queued] : state.queue.runs()) {
    const bool later = queued.start_at && *queued.start_at > latest;
    if (later || !queued.origin.partition.empty() || state.withdrawn.contains(id)) continue;
    if (runs.contains(queued.job, queued.selection)) return id;
  }
  return std::nullopt;
}

// The first tick that will bring the asset before `latest`.
std::optional<ScheduledRun> schedule_that_brings(const State& state, WallTime latest,
                                                 RunsThatMake& runs) {
  std::optional<ScheduledRun> first;
  for (const auto& [name, schedule] : state.schedules) {
    const bool comes = schedule.due && *schedule.due <= latest;
    if (!comes || (first && *schedule.due >= first->due)) continue;
    const bool off = !schedule.occurrences()->at(schedule.next).day_off.empty();
    if (!off && runs.job(schedule.spec().job)) first = {name, *schedule.due};
  }
  return first;
}

// One that is too long to be written out is of all that stands above the asset.
std::string selection_of(const std::string& asset, const std::vector<std::string>& tasks) {
  std::string text;
  for (const std::string& task : tasks) text += (text.empty() ? "" : " or ") + task;
  return tasks.size() < kTasksMax && text.size() <= kSelectionBytesMax ? text : "+" + asset;
}

bool may_refresh(const FreshnessPolicy& policy) {
  return policy.row.spec.action == module::FreshnessAction::kRefresh && !policy.row.paused &&
         policy.made && (!policy.refresh || PLANTED(kRefreshRequestedTwice));
}

// Other policies whose refresh is near and has something in common with this one join its run.
void join_others(Step& step, const FreshnessPolicy& first, RefreshPlan& plan,
                 std::vector<FreshnessPolicy*>& joined) {
  std::set<std::string> tasks(plan.tasks.begin(), plan.tasks.end());
  std::set<std::string> assets(plan.assets.begin(), plan.assets.end());
  for (auto& [asset, other] : step.state.freshness) {
    if (&other == &first || !may_refresh(other)) continue;
    if (assets.contains(asset)) {
      joined.push_back(&other);
      continue;
    }
    const Standing standing = standing_of(step.state, other, step.now.wall);
    if (!standing.deadline || standing.not_before > step.now.wall) continue;
    const RefreshPlan wanted = plan_refresh(step.state, other, step.now.wall);
    const bool shares = std::any_of(wanted.tasks.begin(), wanted.tasks.end(),
                                    [&](const auto& task) { return tasks.contains(task); });
    const auto near =
        milliseconds(std::max(wanted.expected_ms, period_ms(other.row.spec) / kPeriodShare));
    if (!shares || start_of(other, standing, wanted) > step.now.wall + near) continue;
    for (const std::string& task : wanted.tasks) {
      if (tasks.insert(task).second) plan.tasks.push_back(task);
    }
    assets.insert(wanted.assets.begin(), wanted.assets.end());
    joined.push_back(&other);
  }
}

void start_refresh(Step& step, FreshnessPolicy& policy, const Standing& standing,
                   RefreshPlan plan) {
  std::vector<FreshnessPolicy*> joined{&policy};
  join_others(step, policy, plan, joined);
  RunSpec spec;
  spec.selection = selection_of(policy.row.asset, plan.tasks);
  spec.origin = {OriginKind::kFreshness, policy.row.asset, standing.deadline, ""};
  spec.reason = "freshness of " + policy.row.asset + ", deadline " + utc_text(*standing.deadline);
  if (joined.size() > 1) {
    spec.reason += ", with " + std::to_string(joined.size() - 1) + " other policies";
  }
  const auto id = start_run(step, spec);
  if (id.ok()) {
    for (FreshnessPolicy* one : joined) wait_for_run(step.state, *one, *id);
    return;
  }
  policy.waits = id.status().text();
  policy.row.failures += 1;
  policy.row.retry_at = step.now.wall + refresh_backoff(policy.row.failures);
  write(step, policy.row);
}

}  // namespace

std::optional<ScheduledRun> schedule_before(const State& state, const std::string& asset,
                                            WallTime latest) {
  RunsThatMake runs(state, asset);
  return schedule_that_brings(state, latest, runs);
}

RefreshPlan plan_refresh(const State& state, const FreshnessPolicy& policy, WallTime now) {
  return Planner(state, policy, now).plan();
}

WallTime start_of(const FreshnessPolicy& policy, const Standing& standing,
                  const RefreshPlan& plan) {
  const WallTime ahead =
      standing.pass_until - milliseconds(plan.expected_ms) - milliseconds(margin_ms(policy, plan));
  WallTime start = std::max(ahead, standing.not_before);
  if (policy.row.retry_at) start = std::max(start, *policy.row.retry_at);
  return start;
}

std::optional<WallTime> refresh_if_due(Step& step, FreshnessPolicy& policy,
                                       const Standing& standing) {
  policy.waits.clear();
  if (!may_refresh(policy) || !standing.deadline) return std::nullopt;
  RefreshPlan plan = plan_refresh(step.state, policy, step.now.wall);
  if (!plan.unmeasured.empty()) {  // the next step reads what they took
    step.state.unmeasured.insert(plan.unmeasured.begin(), plan.unmeasured.end());
    step.state.measured_for.insert(policy.row.asset);
    return std::nullopt;
  }
  const WallTime start = start_of(policy, standing, plan);
  if (start > step.now.wall) {
    policy.row.refresh_at = start;
    return start;
  }
  if (!plan.silent.empty()) {
    policy.waits = "its source '" + plan.silent + "' was not observed for too long";
    return std::nullopt;
  }
  RunsThatMake runs(step.state, policy.row.asset);
  const WallTime latest = *standing.deadline - milliseconds(plan.expected_ms);
  const auto run = run_that_brings(step.state, policy.row.asset, latest, runs);
  if (run && !PLANTED(kRefreshRequestedTwice)) {
    policy.waits = "run " + run->text() + " will make it";
    wait_for_run(step.state, policy, *run);
    return std::nullopt;
  }
  if (const auto tick = schedule_that_brings(step.state, latest, runs)) {
    policy.waits = "schedule " + tick->schedule + " will make it at " + utc_text(tick->due);
    return tick->due + seconds(1);
  }
  start_refresh(step, policy, standing, std::move(plan));
  return policy.row.retry_at;
}

}  // namespace weir::engine
