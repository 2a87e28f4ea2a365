// A forecast of 24 hours, and then those hours: the loop's turn over SQLite with a clock that the
// test moves from one deadline to the next, a worker that takes the same times and fails when it
// was said to, and a scheduler that dies in the middle. Ticks, runs with their times and ends, and
// changes of freshness are the same to the microsecond.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "dryrun/dry_run.h"
#include "engine/schedules/occurrences.h"
#include "scheduler/loop/turn.h"
#include "scheduler/store/sqlite_reader.h"
#include "scheduler/store/sqlite_store.h"
#include "tests/support/graph_text.h"
#include "tests/support/schedule_text.h"

namespace weir::test {
namespace {

using base::Duration;
using base::WallTime;
using engine::AttemptKey;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr base::SessionId kSession{7};

const char* const kPipeline = R"(
raw
clean <- raw [retry=2 delay=10m]
report <- clean
prices
index <- clean prices
job nightly = report+
job hourly = prices
schedule nightly = 30 2 * * * [job=nightly zone=Europe/Berlin]
schedule hourly = 7 * * * *; 0 12 * * sun [job=hourly jitter=4m overlap=skip]
freshness report = max_age [fail=20h warn=19h]
freshness index = by 0 9 * * * [bound=3h margin=30m zone=Europe/Berlin]
freshness prices = max_age [fail=80m]
)";

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-forecast-XXXXXX").string();
    CHECK_MSG(mkdtemp(name.data()) != nullptr, "no folder for the test");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;  // what is left is in the temporary directory
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// By task: what each attempt takes.
const std::map<std::string, Duration, std::less<>> kTakes = {{"raw", minutes(11)},
                                                             {"clean", minutes(7)},
                                                             {"report", minutes(23)},
                                                             {"prices", minutes(2)},
                                                             {"index", minutes(31)}};

// The scheduler's turn over a database, a worker, and both clocks.
class Driven final : public ports::SessionSink {
 public:
  Driven(std::string path, WallTime begin)
      : path_(std::move(path)), now_{begin, base::BootTime(hours(1))} {
    open();
  }

  void send(const engine::Send& message) override {
    if (const auto* assign = std::get_if<engine::Assign>(&message.message))
      taken_.push_back(*assign);
  }
  void batch_committed(std::int64_t) override {}
  void close_all_sessions(const base::Status&) override {}

  void fail(const std::string& task, WallTime from, WallTime until) {
    failing_[task] = {from, until};
  }

  void step(engine::CommandBody body) {
    const engine::Command command{now_, ++seed_, std::move(body)};
    ASSERT_EQ(turn_->run({&command, 1}, now_), 1u);
    ASSERT_TRUE(turn_->open()) << turn_->closed_by().text();
    // What was handed out begins at once.
    for (const engine::Assign& assign : std::exchange(taken_, {})) {
      held_[assign.key] = {now_.wall, now_.wall + kTakes.find(assign.task)->second, assign};
      step(engine::AttemptStarted{kSession, assign.key, now_.wall});
    }
  }

  void play_until(WallTime until) {
    while (true) {
      WallTime next = until;
      for (const auto& [key, held] : held_) next = std::min(next, held.ends);
      if (const auto wait = turn_->engine().next_deadlines().wait(now_)) {
        next = std::min(next, now_.wall + *wait);
      }
      now_.boot += next - now_.wall;
      now_.wall = next;
      if (next == until) return;
      report_ended();
      while (turn_->engine().next_deadlines().passed(now_)) step(engine::FireTimers{});
      ASSERT_FALSE(testing::Test::HasFatalFailure());
    }
  }

  // The process dies and another begins; the worker comes back with what it holds.
  void die() {
    turn_.reset();
    store_.reset();
    open();
  }

  const std::string& path() const { return path_; }

 private:
  struct Held {
    WallTime began{}, ends{};
    engine::Assign assign;
  };

  void open() {
    auto opened = store::SqliteStore::open(path_);
    ASSERT_TRUE(opened.ok()) << opened.status().text();
    store_ = std::move(opened).value();
    engine::Options options;
    options.lease = days(365);  // no heartbeats: a lease that ends is no part of a forecast
    loop::TurnPorts ports{*this,
                          [](const engine::Reply& reply) {
                            EXPECT_TRUE(reply.status.ok()) << reply.status.text(); },
                          {},
                          nullptr,
                          {},
                          [this] { return now_; }};
    ports.zone =
        [](const std::string& name) -> base::Result<std::shared_ptr<const calendar::Zone>> {
      return zones_of({name}).at(name);
    };
    turn_ = std::make_unique<loop::Turn>(options, *store_, std::move(ports));
    ASSERT_TRUE(turn_->start(now_).ok());
    engine::ConnectWorker command{kSession, {}, {}};
    command.worker.id = command.worker.name = "w1";
    command.worker.slots = 8;
    for (const auto& [key, held] : held_) command.held.push_back(key);
    step(std::move(command));
  }

  void report_ended() {
    std::vector<std::pair<WallTime, AttemptKey>> ended;
    for (const auto& [key, held] : held_) {
      if (held.ends <= now_.wall) ended.emplace_back(held.ends, key);
    }
    for (const auto& [at, key] : ended) {
      const Held held = held_.at(key);
      held_.erase(key);
      engine::AttemptFinished report;
      report.session = kSession;
      report.key = key;
      report.started_at = held.began;
      report.finished_at = now_.wall;
      const auto failing = failing_.find(held.assign.task);
      const bool fails = failing != failing_.end() && held.began >= failing->second.first &&
                         held.began < failing->second.second;
      report.outcome = fails ? engine::OutcomeClass::kFailed : engine::OutcomeClass::kSucceeded;
      if (!fails) {
        const auto text = std::make_shared<const std::string>(std::to_string(++values_));
        engine::OutputValue value{held.assign.task, {}, text};
        value.value.digest = base::sha256(*text);
        value.value.size = std::ssize(*text);
        value.value.type = "t";
        report.outputs.push_back(std::move(value));
      }
      step(std::move(report));
    }
  }

  const std::string path_;
  base::Now now_;
  std::unique_ptr<store::SqliteStore> store_;
  std::unique_ptr<loop::Turn> turn_;
  std::vector<engine::Assign> taken_;
  std::map<AttemptKey, Held> held_;
  std::map<std::string, std::pair<WallTime, WallTime>> failing_;
  std::uint64_t seed_ = 0, values_ = 0;
};

std::string time_of(const std::optional<WallTime>& at) {
  return at ? std::to_string(at->time_since_epoch().count()) : "-";
}

// Runs have other ids in a forecast: they are told by what asked for them and when.
using Lines = std::multiset<std::string>;

std::string run_line(const engine::Origin& origin, WallTime created, engine::RunState state,
                     const std::optional<WallTime>& started,
                     const std::optional<WallTime>& finished) {
  return "run " + std::string(base::word_of(origin.kind)) + " " + origin.reference + " " +
         time_of(created) + " " + std::string(base::word_of(state)) + " " + time_of(started) + " " +
         time_of(finished);
}

Lines foretold(const dryrun::Forecast& forecast, WallTime from) {
  Lines lines;
  for (const dryrun::ForecastItem& item : forecast.items) {
    if (const auto* tick = std::get_if<engine::TickRow>(&item.what)) {
      lines.insert("tick " + tick->schedule + " " + time_of(tick->nominal) + " " +
                   std::string(base::word_of(tick->outcome)) + " " + time_of(item.at));
    } else if (const auto* run = std::get_if<dryrun::ForecastRun>(&item.what)) {
      if (run->created_at <= from) continue;  // it was going on already
      lines.insert(
          run_line(run->origin, run->created_at, run->state, run->started_at, run->finished_at));
    } else {
      const auto& change = std::get<dryrun::FreshnessChange>(item.what);
      lines.insert("freshness " + change.asset + " " + std::string(base::word_of(change.to)) + " " +
                   time_of(item.at));
    }
  }
  return lines;
}

Lines happened(const std::string& path, WallTime from) {
  Lines lines;
  auto db = store::Connection::open(path, store::OpenMode::kReadOnly);
  EXPECT_TRUE(db.ok());
  const auto each = [&](const char* sql, const auto& line) {
    auto statement = db->prepare(sql);
    ASSERT_TRUE(statement.ok()) << statement.status().text();
    statement->query(from);
    for (auto more = statement->next(); more.ok() && *more; more = statement->next()) {
      lines.insert(line(*statement));
    }
  };
  const auto number = [](const store::Statement& row, int column) {
    return row.is_null(column) ? "-" : std::to_string(row.int64(column));
  };
  const auto word = [](const store::Statement& row, int column) {
    return std::string(row.text(column));
  };
  each("SELECT schedule, nominal, outcome, evaluated_at FROM ticks WHERE evaluated_at>?",
       [&](const auto& row) {
         return "tick " + word(row, 0) + " " + number(row, 1) + " " + word(row, 2) + " " +
                number(row, 3);
       });
  each(
      "SELECT origin, origin_reference, created_at, state, started_at, finished_at FROM runs "
      "WHERE created_at>?",
      [&](const auto& row) {
        return "run " + word(row, 0) + " " + word(row, 1) + " " + number(row, 2) + " " +
               word(row, 3) + " " + number(row, 4) + " " + number(row, 5);
      });
  each("SELECT subject, state, at FROM events WHERE kind='freshness_changed' AND at>?",
       [&](const auto& row) {
         return "freshness " + word(row, 0) + " " + word(row, 1) + " " + number(row, 2);
       });
  return lines;
}

TEST(ForecastTest, WhatIsForetoldIsWhatHappens) {
  const Folder directory;
  // Ten days before the clocks of Berlin are set forward, and the day on which they are.
  const WallTime begin{std::chrono::sys_days(std::chrono::year(2026) / 3 / 19)};
  const WallTime from = begin + days(9) + hours(12) + minutes(3);
  const WallTime until = from + hours(24);
  Driven driven(directory.file("weir.db"), begin);
  engine::RegisterModules command;
  command.modules = {upload_of("shop", kPipeline)};
  command.zones = zones_of({"Europe/Berlin", "UTC"});
  driven.step(std::move(command));
  driven.play_until(from);
  ASSERT_FALSE(HasFatalFailure());

  dryrun::World world;
  auto reader = store::SqliteReader::open(driven.path(), 1);
  ASSERT_TRUE(reader.ok()) << reader.status().text();
  auto snapshot = (*reader)->snapshot();
  ASSERT_TRUE(snapshot.ok()) << snapshot.status().text();
  world.now = from;
  world.snapshot = std::move(snapshot).value();
  world.zones = zones_of({"Europe/Berlin", "UTC"});
  auto history = (*reader)->durations({"raw", "clean", "report", "prices", "index"});
  ASSERT_TRUE(history.ok()) << history.status().text();
  world.history.insert(history->begin(), history->end());
  dryrun::Options options;
  options.from = from;
  options.span = until - from;
  options.slots = 8;
  const dryrun::Failure failure{"clean", from + hours(4), from + hours(21)};
  options.failures = {failure};
  const auto forecast = dryrun::simulate(world, options);
  ASSERT_TRUE(forecast.ok()) << forecast.status().text();
  EXPECT_TRUE(forecast->notes.empty()) << forecast->notes.front();
  EXPECT_EQ(forecast->cut, "");

  driven.fail("clean", failure.from, *failure.until);
  driven.play_until(from + hours(11) + minutes(17));
  driven.die();
  driven.play_until(until);
  ASSERT_FALSE(HasFatalFailure());

  const Lines said = foretold(*forecast, from), done = happened(driven.path(), from);
  const auto of_kind = [&](const char* kind) {
    return std::count_if(done.begin(), done.end(),
                         [&](const std::string& line) { return line.starts_with(kind); });
  };
  EXPECT_GE(of_kind("tick shop/hourly"), 24);
  EXPECT_GE(of_kind("run freshness"), 2);
  EXPECT_GE(of_kind("freshness "), 2);
  EXPECT_THAT(said, testing::ContainerEq(done));
}

}  // namespace
}  // namespace weir::test
