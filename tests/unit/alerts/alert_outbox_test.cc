// The outbox of alerts over a delivery that the test scripts: in order for each destination, again
// until it succeeds or is given up, told once, none lost to a restart. Waits for what is told, not
// for a time.
#include "scheduler/alerts/alert_outbox.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "base/errors.h"

namespace weir::alerts_tests {
namespace {

using alerts::AlertOutbox;
using base::Code;
using base::Status;
using std::chrono::milliseconds;

// An inbox that keeps what it is told, and can be full.
class Told final : public ports::Inbox {
 public:
  Status post(ports::CommandBody body, ports::ReplyHandler) override {
    if (refusals > 0) {
      --refusals;
      return {Code::kResourceExhausted, base::kErrQueueFull, "full"};
    }
    {
      const std::lock_guard lock(mutex_);
      if (const auto* done = std::get_if<engine::OutboxDelivered>(&body)) {
        lines_.push_back("delivered " + std::to_string(done->id));
      } else if (const auto* failed = std::get_if<engine::OutboxUndelivered>(&body)) {
        lines_.push_back((failed->last ? "given up " : "failed ") + std::to_string(failed->id));
      }
    }
    came_.notify_all();
    return {};
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return lines_.size() >= count; });
    return lines_;
  }

  std::atomic<int> refusals{0};

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

engine::OutboxRow row(std::int64_t id, const std::string& channel = "ops") {
  return {id, "alert", R"({"channel":")" + channel + R"(","message":{}})", false, {}};
}

const Status kRefused(Code::kUnavailable, base::kErrUnreachable, "https://h answered 500");

class AlertOutboxTest : public testing::Test {
 protected:
  using Deliver = std::function<Status(const engine::OutboxRow&, const std::stop_token&)>;

  alerts::AlertOutboxOptions options(Deliver deliver) {
    alerts::AlertOutboxOptions wanted;
    wanted.deliver = [this, deliver = std::move(deliver)](const engine::OutboxRow& sent,
                                                          const std::stop_token& stop) {
      tries_.push_back(sent.id);
      return deliver(sent, stop);
    };
    wanted.retry_min = milliseconds(1);
    wanted.retry_max = milliseconds(4);
    wanted.attempts_max = 5;
    wanted.clock = [this] { return wall_; };
    return wanted;
  }

  base::WallTime wall_{};
  std::vector<std::int64_t> tries_;  // of the outbox's thread; read when it has ended
  Told inbox_;
};

using Words = std::vector<std::string>;
using Ids = std::vector<std::int64_t>;

TEST_F(AlertOutboxTest, MessagesAreDeliveredInOrderAndToldOnce) {
  AlertOutbox outbox(options([](const auto&, const auto&) { return Status(); }));
  EXPECT_TRUE(outbox.offer(row(1)));
  EXPECT_TRUE(outbox.offer(row(2)));
  EXPECT_TRUE(outbox.offer(row(1)));
  outbox.start(inbox_);
  EXPECT_EQ(inbox_.wait_for(2), (Words{"delivered 1", "delivered 2"}));
  outbox.stop();
  EXPECT_TRUE(outbox.offer(row(1)));  // its deletion is still under way
  EXPECT_EQ(outbox.waiting(), 0u);
  EXPECT_EQ(tries_, (Ids{1, 2}));
}

TEST_F(AlertOutboxTest, WhatFailsIsTriedAgainUntilItSucceeds) {
  AlertOutbox outbox(options(
      [this](const auto&, const auto&) { return tries_.size() < 3 ? kRefused : Status(); }));
  outbox.start(inbox_);
  EXPECT_TRUE(outbox.offer(row(7)));
  EXPECT_EQ(inbox_.wait_for(3), (Words{"failed 7", "failed 7", "delivered 7"}));
  outbox.stop();
  EXPECT_EQ(tries_, (Ids{7, 7, 7}));
  EXPECT_EQ(outbox.last_failure(), "");
}

TEST_F(AlertOutboxTest, WhatFailsTooOftenIsGivenUpAndTheNextOneGoesOn) {
  AlertOutbox outbox(options([](const engine::OutboxRow& sent, const auto&) {
    return sent.id == 7 ? kRefused : Status();
  }));
  EXPECT_TRUE(outbox.offer(row(7)));
  EXPECT_TRUE(outbox.offer(row(8)));
  outbox.start(inbox_);
  EXPECT_EQ(inbox_.wait_for(6),
            (Words{"failed 7", "failed 7", "failed 7", "failed 7", "given up 7", "delivered 8"}));
  outbox.stop();
  EXPECT_EQ(tries_, (Ids{7, 7, 7, 7, 7, 8}));
}

TEST_F(AlertOutboxTest, WhatIsTooOldIsTriedOnceMoreAndGivenUp) {
  wall_ = base::WallTime(std::chrono::hours(7));
  AlertOutbox outbox(options([](const auto&, const auto&) { return kRefused; }));
  EXPECT_TRUE(outbox.offer(row(7)));  // of the time 0
  outbox.start(inbox_);
  EXPECT_EQ(inbox_.wait_for(1), Words{"given up 7"});
  outbox.stop();
  EXPECT_NE(outbox.last_failure().find("answered 500"), std::string::npos);
}

TEST_F(AlertOutboxTest, OneDestinationThatFailsHoldsUpNoOther) {
  AlertOutbox outbox(options([](const engine::OutboxRow& sent, const auto&) {
    return sent.id < 10 ? kRefused : Status();
  }));
  EXPECT_TRUE(outbox.offer(row(1, "broken")));
  EXPECT_TRUE(outbox.offer(row(2, "broken")));
  EXPECT_TRUE(outbox.offer(row(10, "good")));
  outbox.start(inbox_);
  EXPECT_EQ(inbox_.wait_for(2), (Words{"failed 1", "delivered 10"}));
}

TEST_F(AlertOutboxTest, AnOutcomeThatTheInboxRefusesIsToldLaterWithoutDeliveringAgain) {
  inbox_.refusals = 2;
  AlertOutbox outbox(options([](const auto&, const auto&) { return Status(); }));
  outbox.start(inbox_);
  EXPECT_TRUE(outbox.offer(row(7)));
  EXPECT_EQ(inbox_.wait_for(1), Words{"delivered 7"});
  outbox.stop();
  EXPECT_EQ(tries_, Ids{7});
}

TEST_F(AlertOutboxTest, WhatIsUnderWayWhenItStopsIsNeitherToldNorForgotten) {
  std::atomic<bool> begun{false};
  {
    AlertOutbox outbox(options([&](const auto&, const std::stop_token& stop) {
      begun = true;
      begun.notify_all();
      while (!stop.stop_requested()) std::this_thread::yield();
      return Status(Code::kCanceled, base::kErrShuttingDown, "the scheduler stops");
    }));
    EXPECT_TRUE(outbox.offer(row(7)));
    outbox.start(inbox_);
    begun.wait(false);
  }
  // Nothing was told, so the table has it still: it is offered at the next start.
  AlertOutbox again(options([](const auto&, const auto&) { return Status(); }));
  EXPECT_TRUE(again.offer(row(7)));
  again.start(inbox_);
  EXPECT_EQ(inbox_.wait_for(1), Words{"delivered 7"});
  again.stop();
  EXPECT_EQ(tries_, (Ids{7, 7}));
}

TEST_F(AlertOutboxTest, FullQueueRefuses) {
  AlertOutbox outbox(options([](const auto&, const auto&) { return Status(); }));
  for (std::size_t i = 0; i < alerts::kOutboxRowsMax; ++i) {
    ASSERT_TRUE(outbox.offer(row(std::int64_t(i))));
  }
  EXPECT_FALSE(outbox.offer(row(1 << 30)));
}

TEST_F(AlertOutboxTest, RowsThatNobodyTakesAreGivenUp) {
  AlertOutbox outbox(options([](const auto&, const auto&) { return Status(); }));
  outbox.start(inbox_);
  EXPECT_TRUE(outbox.offer({3, "run_finished", "{}", false, {}}));
  EXPECT_EQ(inbox_.wait_for(1), Words{"given up 3"});
  outbox.stop();
  EXPECT_TRUE(tries_.empty());
}

}  // namespace
}  // namespace weir::alerts_tests
