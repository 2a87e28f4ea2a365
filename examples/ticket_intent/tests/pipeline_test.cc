// The generator: the same seed gives the same day, with every fault that the pipeline is to stand.
// And the wiring, by weir/testing.h: the same engine as the scheduler's, over a database in memory,
// day after day. Days are written out, long before the clock; no server, no files.
#include "pipeline.h"

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "clean.h"
#include "generator/ticket_maker.h"
#include "ticket_table.h"
#include <weir/testing.h>

namespace ticket_intent {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::sys_days kFriday(2026y / 11 / 27);

generator::Day day(std::uint64_t seed, std::chrono::sys_days date = kFriday) {
  return generator::TicketMaker(seed, date)
      .make(1'001, 400, true, {{7, "Refund for 123456"}, {8, "Help"}});
}

TEST(TicketMaker, SameSeedAndDayGiveTheSameTickets) {
  const generator::Day one = day(1);
  const generator::Day other = day(1);
  ASSERT_EQ(one.tickets.size(), other.tickets.size());
  for (std::size_t i = 0; i < one.tickets.size(); ++i) {
    EXPECT_EQ(one.tickets[i].body, other.tickets[i].body);
    EXPECT_EQ(one.tickets[i].updated_at, other.tickets[i].updated_at);
  }
  EXPECT_NE(one.tickets[10].body, day(2).tickets[10].body);
}

TEST(TicketMaker, SomeHundredsOnAWorkingDayAndFewerOnSunday) {
  EXPECT_GT(day(1).tickets.size(), 300u);
  EXPECT_LT(day(1).tickets.size(), 500u);
  EXPECT_LT(day(1, kFriday + std::chrono::days(2)).tickets.size(), 220u);
}

TEST(TicketMaker, IdsHaveNoGapAndTheLastTicketTellsTheDay) {
  const generator::Day made = day(1);
  for (std::size_t i = 0; i < made.tickets.size(); ++i) {
    EXPECT_EQ(made.tickets[i].id, 1'001 + static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(std::chrono::floor<std::chrono::days>(made.tickets.back().updated_at), kFriday);
}

TEST(TicketMaker, EveryFaultIsThere) {
  const generator::Day made = day(1);
  const Cleaned cleaned = clean(made.tickets);
  EXPECT_GT(cleaned.empty, 0);
  EXPECT_GT(cleaned.duplicates, 0);
  EXPECT_GT(cleaned.reencoded, 0);
  EXPECT_GT(cleaned.html, 0);
  EXPECT_GT(cleaned.masked_emails, 0);
  EXPECT_GT(cleaned.masked_phones, 0);
  EXPECT_GT(cleaned.masked_cards, 0);
  EXPECT_GT(cleaned.wrong_clocks, 0);
  EXPECT_EQ(cleaned.suspect, 0);
  const Labelled labelled = label(cleaned.tickets, {});
  EXPECT_GT(labelled.by_rules, 0);
  EXPECT_GT(labelled.unknown, 0);
  EXPECT_GT(labelled.unlabelled, 0);
  std::set<Time> times;
  for (const Ticket& ticket : made.tickets) times.insert(ticket.updated_at);
  EXPECT_LT(times.size(), made.tickets.size()) << "some times are equal";
  EXPECT_LT(made.tickets.front().updated_at, Time(kFriday)) << "some come late";
}

TEST(TicketMaker, AgentsLabelEarlierTicketsByTheirSubject) {
  int labels = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const generator::NewLabel& label : day(seed).labels) {
      ++labels;
      EXPECT_EQ(label.id, 7);
      EXPECT_EQ(label.intent, "refund");
      EXPECT_EQ(std::chrono::floor<std::chrono::days>(label.updated_at), kFriday);
    }
  }
  EXPECT_GT(labels, 0);
  EXPECT_LT(labels, 20);
}

constexpr std::chrono::sys_days kMonday(2020y / 6 / 1);

// A service desk whose days pass one by one.
class Desk {
 public:
  Desk() : database(open_sqlite(":memory:", Access::kWrite)) { create_tickets(*database); }

  void pass_day() {
    const auto last = last_ticket(*database);
    std::vector<generator::Unlabelled> waiting;
    for (const auto& row :
         database->query("SELECT id, subject FROM tickets WHERE intent IS NULL")) {
      waiting.push_back({std::stoll(*row[0]), *row[1]});
    }
    generator::TicketMaker maker(1, day_);
    day_ += std::chrono::days(1);
    const auto made = maker.make(last ? last->id + 1 : 1, 200, last.has_value(), waiting);
    for (const Ticket& ticket : made.tickets) insert_ticket(*database, ticket);
    for (const auto& label : made.labels) {
      set_intent(*database, label.id, label.intent, label.updated_at);
    }
  }
  std::size_t tickets() const { return database->query("SELECT id FROM tickets").size(); }

  const std::shared_ptr<Database> database;

 private:
  std::chrono::sys_days day_ = kMonday;
};

struct Refresh {
  explicit Refresh(const Desk& desk) : assets(define(pipeline)), run(pipeline) {
    run.given(assets.database, desk.database);
  }
  void now() { run.materialize(assets.training_set); }

  weir::Pipeline pipeline{"ticket_intent"};
  Assets assets;
  weir::testing::Run run;
};

TEST(Pipeline, DayAfterDayGivesWhatOneReadingOfAllGives) {
  Desk desk;
  Refresh daily(desk);
  for (int day = 0; day < 4; ++day) {
    desk.pass_day();
    daily.now();
    ASSERT_EQ(daily.run.state(daily.assets.training_set), weir::State::kSucceeded)
        << daily.run.reason(daily.assets.training_set);
  }
  Refresh at_once(desk);
  at_once.now();
  EXPECT_EQ(daily.run.value(daily.assets.tickets).tickets.size(), desk.tickets());
  EXPECT_EQ(weir::encode(daily.run.value(daily.assets.examples)),
            weir::encode(at_once.run.value(at_once.assets.examples)));
  for (const auto& check : daily.run.checks()) EXPECT_TRUE(check.passed) << check.name;
}

TEST(Pipeline, NothingNewIsUnchangedAndTheTrainingSetStands) {
  Desk desk;
  desk.pass_day();
  Refresh refresh(desk);
  refresh.now();
  const std::string before = weir::encode(refresh.run.value(refresh.assets.tickets));
  refresh.now();
  EXPECT_EQ(refresh.run.state(refresh.assets.training_set), weir::State::kSucceeded);
  EXPECT_EQ(weir::encode(refresh.run.value(refresh.assets.tickets)), before);
}

TEST(Pipeline, DayThatALaterStageRefusesIsNotLost) {
  Desk desk;
  desk.pass_day();
  Refresh refresh(desk);
  refresh.run.given(refresh.assets.limits, Limits{.examples_min = 100'000});
  refresh.now();
  EXPECT_EQ(refresh.run.state(refresh.assets.examples), weir::State::kFailed);
  EXPECT_NE(refresh.run.reason(refresh.assets.examples).find("volume"), std::string::npos);
  EXPECT_EQ(refresh.run.state(refresh.assets.training_set), weir::State::kUpstreamFailed);
  desk.pass_day();
  refresh.run.given(refresh.assets.limits, Limits{});
  refresh.now();
  EXPECT_EQ(refresh.run.state(refresh.assets.training_set), weir::State::kSucceeded);
  EXPECT_EQ(refresh.run.value(refresh.assets.tickets).tickets.size(), desk.tickets());
}

TEST(Pipeline, RowThatTheSchemaRefusesMovesNoCursor) {
  Desk desk;
  desk.pass_day();
  Refresh refresh(desk);
  refresh.now();
  insert_ticket(*desk.database, {1'000'000, Time{}, Time(std::chrono::sys_days(2150y / 1 / 1)),
                                 "web", "", "", std::nullopt});
  desk.database->query("DELETE FROM tickets WHERE id = 1000000 AND updated_at < 0");
  refresh.now();
  EXPECT_EQ(refresh.run.state(refresh.assets.tickets), weir::State::kFailed);
  EXPECT_NE(refresh.run.reason(refresh.assets.tickets).find("schema"), std::string::npos);
  desk.database->query("DELETE FROM tickets WHERE id = 1000000");
  desk.pass_day();
  refresh.now();
  EXPECT_EQ(refresh.run.value(refresh.assets.tickets).tickets.size(), desk.tickets());
}

}  // namespace
}  // namespace ticket_intent
