// Weeks of freshness on virtual time: every policy passes all the while, with hardly more tasks
// than there must be. What there must be is computed apart from the planner: below it no plan can
// keep the policies. Seeds and instants are named; one thread, no clock.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "calendar/cron_text.h"
#include "dryrun/dry_run.h"
#include "tests/support/graph_text.h"
#include "tests/support/schedule_text.h"

namespace weir::dryrun {
namespace {

using engine::FreshnessState;
using module::FreshnessKind;
using module::Manifest;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const WallTime kMonday{std::chrono::sys_days(std::chrono::year(2026) / 3 / 2)};

struct Week {
  World world;
  Options options;
  const Manifest& manifest() const { return *world.modules.back().manifest; }
};

// A week of the pipeline, all of which was made when it begins; `minutes_of` gives what tasks take.
Week week_of(const std::string& text, const std::map<std::string, int>& minutes_of) {
  Week week;
  week.world.now = kMonday;
  week.world.modules.push_back(test::upload_of("p", text));
  week.world.zones = test::zones_of(test::zone_names_of(week.manifest()));
  week.options.from = kMonday;
  week.options.span = days(7);
  for (const auto& stage : week.manifest().stages) {
    const auto given = minutes_of.find(stage.name);
    const int takes = given == minutes_of.end() ? 5 : given->second;
    week.options.durations[stage.name] = minutes(takes);
    week.world.history[stage.name].ms.assign(5, takes * 60'000);
    week.options.script.push_back({kMonday, Action::kMade, stage.name});
  }
  return week;
}

// ---- the least that any plan needs ----
//
// A policy of an age F, from which on it passes no more, whose asset was made at t0 needs a version
// in each [t, t + F): of a week floor((end - t0) / F). One with deadlines needs one for each, where
// a version counts for one alone. An asset that is made anew must have something newer to be made
// of, so each asset above it is made as often at least; and whatever a schedule makes, it makes.
class LeastTasks {
 public:
  explicit LeastTasks(const Week& week) : week_(week) {
    for (std::size_t i = 0; i < week.manifest().stages.size(); ++i) {
      by_name_[week.manifest().stages[i].name] = i;
    }
    least_.resize(by_name_.size());
  }

  std::int64_t count() {
    for (const auto& policy : week_.manifest().freshness) {
      raise(by_name_.at(policy.asset), needed(policy));
    }
    for (const auto& schedule : week_.manifest().schedules) {
      std::int64_t times = 0;
      for (const std::string& cron : schedule.crons) times += fires(cron, schedule.zone);
      for (const auto& job : week_.manifest().jobs) {
        // The jobs of these weeks are of one asset.
        if (job.name != schedule.job) continue;
        std::int64_t& own = least_[by_name_.at(job.selection)];
        own = std::max(own, times);
      }
    }
    std::int64_t sum = 0;
    for (const std::int64_t one : least_) sum += one;
    return sum;
  }

 private:
  std::int64_t fires(const std::string& text, const std::string& zone) const {
    const calendar::Occurrences times({calendar::read_cron(text).value()},
                                      week_.world.zones.at(zone), {}, {});
    std::int64_t count = 0;
    auto next = times.next_after(std::chrono::floor<seconds>(kMonday));
    for (; next && next->at <= kMonday + week_.options.span; next = times.next_after(next->at)) {
      ++count;
    }
    return count;
  }
  std::int64_t needed(const module::FreshnessSpec& policy) const {
    if (policy.kind == FreshnessKind::kMaxAge) {
      const std::int64_t age = policy.warn_ms > 0 ? policy.warn_ms : policy.fail_ms;
      return week_.options.span / Duration(milliseconds(age));
    }
    return fires(policy.cron, policy.zone);
  }
  void raise(std::size_t stage, std::int64_t times) {
    if (least_[stage] >= times) return;
    least_[stage] = times;
    for (const auto& dependency : week_.manifest().stages[stage].dependencies) {
      raise(by_name_.at(dependency.name), times);
    }
  }

  const Week& week_;
  std::map<std::string, std::size_t> by_name_;
  std::vector<std::int64_t> least_;
};

struct Outcome {
  std::int64_t tasks = 0;        // attempts of runs that nobody asked for by hand
  std::int64_t failures = 0;     // of them
  std::vector<std::string> bad;  // changes to anything but pass
  std::map<std::string, FreshnessState> last;
};

Outcome outcome_of(const Week& week) {
  Outcome out;
  const auto forecast = simulate(week.world, week.options);
  EXPECT_TRUE(forecast.ok()) << forecast.status().text();
  if (!forecast.ok()) return out;
  EXPECT_EQ(forecast->cut, "");
  for (const ForecastItem& item : forecast->items) {
    if (const auto* run = std::get_if<ForecastRun>(&item.what)) {
      if (run->origin.kind == engine::OriginKind::kManual) continue;  // the script's
      for (const ForecastTask& task : run->tasks) {
        out.tasks += task.attempts;
        out.failures += task.state == engine::TaskState::kFailed ? 1 : 0;
      }
    } else if (const auto* change = std::get_if<FreshnessChange>(&item.what)) {
      out.last[change->asset] = change->to;
      if (change->to == FreshnessState::kPass) continue;
      out.bad.push_back(change->asset + " " + std::string(base::word_of(change->to)) + ": " +
                        change->reason);
    }
  }
  return out;
}

double expect_kept(const Week& week, const char* name, double ratio_max) {
  const Outcome outcome = outcome_of(week);
  const std::int64_t least = LeastTasks(week).count();
  EXPECT_TRUE(outcome.bad.empty())
      << name << ": " << outcome.bad.front() << ", " << outcome.bad.size() << " in all";
  EXPECT_GE(outcome.tasks, least) << name << ": the bound is none";
  const double ratio = double(outcome.tasks) / double(least);
  EXPECT_LE(ratio, ratio_max) << name;
  std::printf("%s: %lld tasks, at least %lld: %.3f\n", name, static_cast<long long>(outcome.tasks),
              static_cast<long long>(least), ratio);
  return ratio;
}

const std::map<std::string, std::pair<std::string, std::map<std::string, int>>> kWeeks = {
    {"a chain and a diamond",
     {"raw\nclean <- raw\nleft <- clean\nright <- clean\nboth <- left right\nslow <- raw\n"
      "freshness both = max_age [fail=6h]\nfreshness slow = max_age [fail=26h warn=25h]",
      {{"raw", 3}, {"both", 12}, {"slow", 40}}}},
    {"deadlines and ages that share",
     {"orders\nrates\nprices <- orders rates\nreport <- prices\nledger <- orders\n"
      "morning <- report ledger\n"
      "freshness report = by 0 9 * * mon-fri [bound=2h margin=30m zone=Europe/Berlin]\n"
      "freshness morning = by 30 9 * * mon-fri [bound=2h zone=Europe/Berlin]\n"
      "freshness ledger = max_age [fail=8h]",
      {{"orders", 8}, {"rates", 1}, {"prices", 6}, {"report", 15}}}},
    {"a schedule above",
     {"events\nsessions <- events\nfeatures <- sessions\nmodel <- features\nscores <- model "
      "features\n"
      "job hourly = events\nschedule hourly = 0 */2 * * * [job=hourly]\n"
      "freshness features = max_age [fail=4h warn=3h]\nfreshness model = max_age [fail=24h]\n"
      "freshness scores = max_age [fail=24h]",
      {{"events", 6}, {"features", 9}, {"model", 50}}}},
};

TEST(FreshnessWeeks, EveryPolicyPassesWithHardlyMoreTasksThanThereMustBe) {
  for (const auto& [name, what] : kWeeks) {
    expect_kept(week_of(what.first, what.second), name.c_str(), 1.1);
  }
}

// For a day something fails whenever it is tried: no storm meanwhile, and all is well after.
TEST(FreshnessWeeks, FailuresPassWithoutAStorm) {
  const std::map<std::string, std::string> failing = {{"a chain and a diamond", "clean"},
                                                      {"deadlines and ages that share", "orders"},
                                                      {"a schedule above", "sessions"}};
  for (const auto& [name, what] : kWeeks) {
    Week week = week_of(what.first, what.second);
    const WallTime begins = kMonday + days(2);
    week.options.failures.push_back({failing.at(name), begins, begins + days(1)});
    const Outcome outcome = outcome_of(week);
    // A policy tries after 1, 2, 4, … 60 minutes: 24 hours are 5 tries and then one an hour.
    const auto policies = std::ssize(week.manifest().freshness);
    EXPECT_GT(outcome.failures, 0) << name;
    EXPECT_LE(outcome.failures, 30 * policies) << name;
    EXPECT_LE(outcome.tasks, LeastTasks(week).count() * 11 / 10 + 2 * outcome.failures + 20)
        << name;
    for (const auto& [asset, state] : outcome.last) {
      EXPECT_EQ(state, FreshnessState::kPass) << name << ": " << asset;
    }
  }
}

// At most 12 assets; some have policies, the others may stand above them.
Week random_week(std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](int n) { return int(random() % std::uint32_t(n)); };
  const int count = 3 + below(10);
  std::string text;
  std::map<std::string, int> takes;
  int policies = 0;
  for (int i = 0; i < count; ++i) {
    const std::string name = "a" + std::to_string(i);
    std::set<int> parents;
    for (int k = i == 0 ? 0 : below(std::min(i, 3) + 1); k > 0; --k) parents.insert(below(i));
    text += name;
    if (!parents.empty()) text += " <-";
    for (const int parent : parents) text += " a" + std::to_string(parent);
    text += "\n";
    takes[name] = 1 + below(10);
  }
  for (int i = count - 1; i >= 0; --i) {
    if (below(3) != 0 && !(i == 0 && policies == 0)) continue;
    ++policies;
    text += "freshness a" + std::to_string(i) +
            " = max_age [fail=" + std::to_string(3 + below(24)) + "h]\n";
  }
  return week_of(text, takes);
}

TEST(FreshnessWeeks, RandomGraphsToo) {
  double worst = 0, sum = 0;
  const std::uint32_t graphs = std::getenv("WEIR_NIGHTLY") != nullptr ? 200 : 40;
  for (std::uint32_t seed = 1; seed <= graphs; ++seed) {
    const std::string name = "graph " + std::to_string(seed);
    const double ratio = expect_kept(random_week(seed), name.c_str(), 1.3);
    worst = std::max(worst, ratio);
    sum += ratio;
  }
  std::printf("worst %.3f, mean %.3f\n", worst, sum / graphs);
}

}  // namespace
}  // namespace weir::dryrun
