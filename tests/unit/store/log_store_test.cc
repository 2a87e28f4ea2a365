// Logs: appended by offset, repeated chunks are harmless, gaps are refused, the end is remembered,
// also by a store that is opened anew. Real files in a temporary directory; one log of one attempt
// unless lists are meant. One thread.
#include "scheduler/store/log_store.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/unit/store/sample_rows.h"

namespace weir::store_tests {
namespace {

using base::Code;
using ports::LogInfo;
using ports::LogStream;
using store::DiskLogStore;

class LogStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = DiskLogStore::open(directory_.file("logs"));
    ASSERT_TRUE(opened.ok());
    logs_ = std::move(opened).value();
  }
  base::Status append(std::int64_t offset, std::string_view data, bool last = false) {
    return logs_->append(key_, LogStream::kStdout, offset, data, last);
  }
  std::string read(std::int64_t offset, std::int64_t limit = 1000) {
    auto text = logs_->read(key_, LogStream::kStdout, offset, limit, info_);
    EXPECT_TRUE(text.ok()) << text.status().text();
    offset_ = offset;
    return text.ok() ? *text : std::string();
  }

  TemporaryDirectory directory_;
  std::unique_ptr<DiskLogStore> logs_;
  engine::AttemptKey key_{run_id(1), 3, 2};
  LogInfo info_;
  std::int64_t offset_ = 0;
};

TEST_F(LogStoreTest, ChunksAreJoinedAndRepeatsSkipped) {
  ASSERT_TRUE(append(0, "hello ").ok());
  ASSERT_TRUE(append(6, "world").ok());
  ASSERT_TRUE(append(0, "hello ").ok());
  ASSERT_TRUE(append(6, "world!").ok());  // overlaps by five
  EXPECT_EQ(read(0), "hello world!");
  EXPECT_EQ(info_.size, 12);
  EXPECT_FALSE(info_.complete);
}

TEST_F(LogStoreTest, GapIsRefused) {
  ASSERT_TRUE(append(0, "abc").ok());
  const base::Status status = append(4, "x");
  EXPECT_EQ(status.code(), Code::kOutOfRange);
  EXPECT_NE(status.message().find("send from 3"), std::string::npos);
  EXPECT_EQ(append(-1, "x").code(), Code::kOutOfRange);
  EXPECT_EQ(read(0), "abc");
}

TEST_F(LogStoreTest, LastChunkEndsTheLog) {
  ASSERT_TRUE(append(0, "abc", true).ok());
  EXPECT_EQ(read(0), "abc");
  EXPECT_TRUE(info_.complete);
  EXPECT_TRUE(append(0, "abc", true).ok());  // the acknowledgement was lost
  EXPECT_EQ(append(3, "d").code(), Code::kFailedPrecondition);
  auto reopened = DiskLogStore::open(directory_.file("logs"));
  ASSERT_TRUE(reopened.ok());
  EXPECT_TRUE((*reopened)->list(run_id(1), {}, {})->rows.front().complete);
}

TEST_F(LogStoreTest, EndWithoutBytesEndsALogThatExists) {
  ASSERT_TRUE(append(0, "abc").ok());
  ASSERT_TRUE(append(3, "", true).ok());
  read(0);
  EXPECT_TRUE(info_.complete);
}

TEST_F(LogStoreTest, AnEmptyLogThatHasEndedSaysSo) {
  ASSERT_TRUE(append(0, "", true).ok());
  const auto rows = logs_->list(run_id(1), {}, {})->rows;
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_TRUE(rows[0].complete);
  EXPECT_EQ(rows[0].size, 0);
  read(0);
  EXPECT_TRUE(info_.complete);
}

TEST_F(LogStoreTest, EmptyStreamMakesNoFile) {
  ASSERT_TRUE(append(0, "").ok());
  EXPECT_TRUE(logs_->list(run_id(1), {}, {})->rows.empty());
  EXPECT_EQ(read(0), "");
  EXPECT_EQ(info_.size, 0);
}

TEST_F(LogStoreTest, ReadsFromTheEndAndPastIt) {
  ASSERT_TRUE(append(0, "0123456789").ok());
  EXPECT_EQ(read(-3), "789");
  EXPECT_EQ(offset_, 7);
  EXPECT_EQ(read(-99), "0123456789");
  EXPECT_EQ(offset_, 0);
  EXPECT_EQ(read(4, 2), "45");
  EXPECT_EQ(read(50), "");
  EXPECT_EQ(offset_, 10);
}

TEST_F(LogStoreTest, ListsByRunAndTaskInOrder) {
  for (const engine::AttemptKey& key :
       {engine::AttemptKey{run_id(1), 10, 1}, engine::AttemptKey{run_id(1), 2, 2},
        engine::AttemptKey{run_id(1), 2, 1}, engine::AttemptKey{run_id(2), 0, 1}}) {
    ASSERT_TRUE(logs_->append(key, LogStream::kStderr, 0, "x", false).ok());
    ASSERT_TRUE(logs_->append(key, LogStream::kStdout, 0, "xy", false).ok());
  }
  auto all = logs_->list(run_id(1), {}, {});
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->rows.size(), 6u);
  EXPECT_EQ(all->rows.front().attempt, (engine::AttemptKey{run_id(1), 2, 1}));
  EXPECT_EQ(all->rows.front().stream, LogStream::kStdout);
  EXPECT_EQ(all->rows.front().size, 2);
  EXPECT_EQ(all->rows.back().attempt.task, 10);
  EXPECT_TRUE(all->next.empty());
  EXPECT_EQ(logs_->list(run_id(1), 2, {})->rows.size(), 4u);
  EXPECT_TRUE(logs_->list(run_id(9), {}, {})->rows.empty());
}

// Whatever the page's size, and although logs appear on both sides of the place that was reached.
TEST_F(LogStoreTest, PagesHoldEveryLogOnceWhileLogsAppear) {
  const auto add = [&](std::int32_t task, std::int32_t epoch, LogStream stream) {
    return logs_->append({run_id(1), task, epoch}, stream, 0, "x", false).ok();
  };
  for (const std::int32_t task : {9, 10, 100}) {
    ASSERT_TRUE(add(task, 1, LogStream::kStdout));
    ASSERT_TRUE(add(task, 1, LogStream::kLog));
    ASSERT_TRUE(add(task, 2, LogStream::kStderr));
  }
  for (const int size : {1, 2, 3, 4, 9}) {
    std::vector<std::string> seen;
    ports::PageRequest page{size, ""};
    do {
      const auto part = logs_->list(run_id(1), {}, page);
      ASSERT_TRUE(part.ok()) << part.status().text();
      EXPECT_LE(part->rows.size(), std::size_t(size));
      for (const LogInfo& log : part->rows) {
        seen.push_back(std::to_string(log.attempt.task) + "#" + std::to_string(log.attempt.epoch) +
                       "." + std::to_string(int(log.stream)));
      }
      page.after = part->next;
    } while (!page.after.empty());
    EXPECT_EQ(seen, (std::vector<std::string>{"9#1.0", "9#1.2", "9#2.1", "10#1.0", "10#1.2",
                                              "10#2.1", "100#1.0", "100#1.2", "100#2.1"}));
  }
  auto first = logs_->list(run_id(1), {}, {4, ""});  // as far as 10#1.0
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(add(9, 3, LogStream::kStdout));
  ASSERT_TRUE(add(10, 1, LogStream::kStderr));
  const auto second = logs_->list(run_id(1), {}, {2, first->next});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->rows[0].stream, LogStream::kStderr);  // the new one, in its place
  EXPECT_EQ(second->rows[1].stream, LogStream::kLog);
}

TEST_F(LogStoreTest, WhatIsNoPageTokenIsRefused) {
  for (const char* token :
       {"x", "1", "1.2", "1.2.", "1.2.x", "1.2.3.4", "1..2", ".1.2", " 1.2.3"}) {
    const auto page = logs_->list(run_id(1), {}, {5, token});
    EXPECT_EQ(page.status().code(), Code::kInvalidArgument) << token;
    EXPECT_EQ(page.status().error(), base::kErrPageToken) << token;
  }
}

TEST_F(LogStoreTest, ALogIsNotWrittenIntoTheReserveForCommits) {
  const store::DiskGuard full("/proc");  // a file system without a free byte
  auto opened = DiskLogStore::open(directory_.file("guarded"), &full);
  ASSERT_TRUE(opened.ok());
  const base::Status refused = (*opened)->append(key_, LogStream::kLog, 0, "lost", false);
  EXPECT_EQ(refused.code(), Code::kResourceExhausted);
  EXPECT_EQ(refused.error(), base::kErrDiskFull);
  EXPECT_TRUE((*opened)->append(key_, LogStream::kLog, 0, "", true).ok()) << "an end takes no room";
}

}  // namespace
}  // namespace weir::store_tests
