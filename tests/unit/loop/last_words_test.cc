// Which rows of a batch are left out because a later one says it all, and which never are: history
// and what is sealed. Rows are made by hand and named by their index; there is no store and no
// thread in it.
#include "scheduler/loop/last_words.h"

#include <gtest/gtest.h>

namespace weir::loop {
namespace {

using engine::Record;
using engine::TaskState;

constexpr base::RunId kRun{7};

engine::TaskRow task(std::int32_t index, TaskState state) {
  engine::TaskRow row;
  row.run = kRun;
  row.index = index;
  row.state = state;
  return row;
}
engine::AttemptRow attempt(std::int32_t epoch, engine::OutcomeClass outcome) {
  engine::AttemptRow row;
  row.key = {kRun, 1, epoch};
  row.outcome = outcome;
  return row;
}
engine::RunCountsRow counts(std::uint64_t run) {
  engine::RunCountsRow row;
  row.run = base::RunId{run};
  return row;
}

// The indices that are left out.
std::vector<std::size_t> left_out(const std::vector<Record>& rows) {
  const std::vector<bool> out = superseded(rows);
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i]) indices.push_back(i);
  }
  return indices;
}
using Indices = std::vector<std::size_t>;

TEST(LastWords, OfOneEntityTheLastRowCounts) {
  EXPECT_EQ(left_out({task(1, TaskState::kAssigned), counts(7), task(2, TaskState::kAssigned),
                      task(1, TaskState::kRunning), counts(8), counts(7),
                      task(1, TaskState::kSucceeded)}),
            (Indices{0, 1, 3}));
}

TEST(LastWords, TablesAndKeysAreNotMixedUp) {
  EXPECT_EQ(left_out({task(1, TaskState::kRunning), attempt(1, engine::OutcomeClass::kNone),
                      attempt(2, engine::OutcomeClass::kNone), counts(7)}),
            Indices{});
}

TEST(LastWords, ASealedRowIsWrittenSoThatWhatFollowsIsRefused) {
  EXPECT_EQ(left_out({task(1, TaskState::kSucceeded), task(1, TaskState::kFailed),
                      attempt(1, engine::OutcomeClass::kSucceeded),
                      attempt(1, engine::OutcomeClass::kNone)}),
            Indices{});
}

TEST(LastWords, HistoryIsNeverLeftOut) {
  engine::EventRow event;
  event.seq = 3;
  EXPECT_EQ(left_out({event, event}), Indices{}) << "the store refuses the second";
}

}  // namespace
}  // namespace weir::loop
