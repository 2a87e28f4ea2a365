// Reading by cursor, on a real database in memory: nothing is lost and nothing counts twice, with
// equal times, rows behind the mark, clocks that are ahead, and pages of any size.
// The database's own clock is the machine's; rows are dated well before it.
#include "extract.h"

#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "ticket_table.h"
#include <weir/values.h>

namespace ticket_intent {
namespace {

using namespace std::chrono_literals;
constexpr Time kNoon = Time(std::chrono::sys_days(2020y / 6 / 1)) + 12h;

class ExtractTest : public testing::Test {
 protected:
  ExtractTest() : database(open_sqlite(":memory:", Access::kWrite)) { create_tickets(*database); }

  void insert(std::int64_t id, Time updated_at) {
    insert_ticket(*database, {id, updated_at, updated_at, "web", "s", "b\xfc", std::nullopt});
  }
  // Reads on from where the last reading ended.
  void read(Reading reading = {}) {
    last = extract(*database, last.archive, mark, reading, [](std::int64_t) {});
    mark = last.mark;
  }
  std::string ids() const {
    std::string text;
    for (const Ticket& ticket : last.archive.tickets) text += std::to_string(ticket.id) + " ";
    return text;
  }

  std::unique_ptr<Database> database;
  Extraction last;
  std::optional<Mark> mark;
};

TEST_F(ExtractTest, ReadsEachRowAsItIs) {
  insert_ticket(*database,
                {3, kNoon, kNoon + 1us, "mail", "S\xc3\xbc", std::string("\0\xff'", 3), "login"});
  read();
  ASSERT_EQ(last.archive.tickets.size(), 1u);
  const Ticket& ticket = last.archive.tickets[0];
  EXPECT_EQ(ticket.id, 3);
  EXPECT_EQ(ticket.created_at, kNoon);
  EXPECT_EQ(ticket.updated_at, kNoon + 1us);
  EXPECT_EQ(ticket.channel, "mail");
  EXPECT_EQ(ticket.subject, "S\xc3\xbc");
  EXPECT_EQ(ticket.body, std::string("\0\xff'", 3));
  EXPECT_EQ(ticket.intent, "login");
}

TEST_F(ExtractTest, SecondReadingTakesOnlyWhatIsNew) {
  for (int id = 1; id <= 5; ++id) insert(id, kNoon + std::chrono::hours(id));
  read();
  EXPECT_EQ(last.archive.added, 5);
  insert(6, kNoon + 24h);
  read();
  EXPECT_EQ(last.archive.added, 1);
  EXPECT_EQ(last.archive.changed, 0);
  EXPECT_EQ(last.read, 4) << "three of the lookback and the new one";
  EXPECT_EQ(ids(), "1 2 3 4 5 6 ");
  read();
  EXPECT_FALSE(last.changed());
}

TEST_F(ExtractTest, EqualTimesAreAllReadWhateverThePage) {
  for (int id = 1; id <= 7; ++id) insert(id, kNoon);
  read({.page_rows = 2});
  EXPECT_EQ(ids(), "1 2 3 4 5 6 7 ");
  EXPECT_EQ(last.read, 7);
  insert(8, kNoon);
  read({.page_rows = 2, .lookback_minutes = 0});
  EXPECT_EQ(last.archive.added, 1);
  EXPECT_EQ(ids(), "1 2 3 4 5 6 7 8 ");
}

TEST_F(ExtractTest, RowCommittedBehindTheMarkIsFoundInTheLookback) {
  insert(2, kNoon);
  read();
  insert(1, kNoon - 119min);
  insert(3, kNoon - 121min);
  read();
  EXPECT_EQ(ids(), "1 2 ") << "later than the lookback is too late";
}

TEST_F(ExtractTest, LabelThatComesLaterReplacesTheRow) {
  insert(1, kNoon);
  insert(2, kNoon);
  read();
  set_intent(*database, 1, "refund", kNoon + 24h);
  read();
  EXPECT_EQ(last.archive.added, 0);
  EXPECT_EQ(last.archive.changed, 1);
  ASSERT_EQ(ids(), "1 2 ");
  EXPECT_EQ(last.archive.tickets[0].intent, "refund");
}

TEST_F(ExtractTest, ClockThatIsAheadHidesNothing) {
  const Time now = database_time(*database);
  insert(1, now + 24h * 365);
  read();
  EXPECT_EQ(ids(), "1 ");
  EXPECT_LE(mark->updated_at, database_time(*database));
  insert(2, now);
  read();
  EXPECT_EQ(ids(), "1 2 ");
  EXPECT_EQ(last.archive.added, 1) << "the other is read again and does not count";
}

TEST_F(ExtractTest, TicketsThatNobodyTouchesExpire) {
  insert(1, kNoon);
  read();
  insert(2, kNoon + 24h * 31);
  read({.keep_days = 30});
  EXPECT_EQ(ids(), "2 ");
  EXPECT_EQ(last.expired, 1);
}

TEST_F(ExtractTest, EmptyTableGivesAnEmptyArchive) {
  read();
  EXPECT_EQ(last.read, 0);
  EXPECT_FALSE(last.changed());
}

TEST_F(ExtractTest, WhatTheCallerThrowsEndsTheReadingAndItsTransaction) {
  insert(1, kNoon);
  const auto stop = [](std::int64_t) { throw std::runtime_error("canceled"); };
  EXPECT_THROW(extract(*database, {}, mark, {}, stop), std::runtime_error);
  read();
  EXPECT_EQ(ids(), "1 ");
}

TEST_F(ExtractTest, RefusesLimitsThatReadNothing) {
  EXPECT_THROW(read({.page_rows = 0}), weir::Failure);
  EXPECT_THROW(read({.lookback_minutes = -1}), weir::Failure);
  EXPECT_THROW(read({.keep_days = 0}), weir::Failure);
}

TEST(SqliteDatabase, WhatIsNotThereIsPermanent) {
  try {
    open_database("sqlite:/nonexistent/tickets.db", Access::kRead);
    FAIL();
  } catch (const weir::Failure& failure) {
    EXPECT_TRUE(failure.is_permanent()) << failure.what();
    EXPECT_NE(std::string(failure.what()).find("generate_tickets"), std::string::npos);
  }
  const auto empty = open_database(":memory:", Access::kWrite);
  try {
    tickets_after(*empty, {}, 1);
    FAIL();
  } catch (const weir::Failure& failure) {
    EXPECT_TRUE(failure.is_permanent()) << failure.what();
    EXPECT_NE(std::string(failure.what()).find("no such table"), std::string::npos);
  }
}

}  // namespace
}  // namespace ticket_intent
