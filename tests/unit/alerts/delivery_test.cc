// From an event to a receiver and back to the row: the real loop over SQLite, the real outbox and
// sender, a receiver on the loopback device. A scheduler that ends between the commit and the
// delivery loses no message. Waits for what is told and answered.
#include <atomic>
#include <semaphore>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/alerts/alert_outbox.h"
#include "scheduler/alerts/sender.h"
#include "scheduler/loop/loop.h"
#include "scheduler/store/sqlite_store.h"
#include "tests/support/loopback_http.h"
#include "tests/unit/store/sample_rows.h"

namespace weir::alerts_tests {
namespace {

using engine::AlertDelivery;
using tests::LoopbackHttp;

class NoSessions final : public ports::SessionSink {
 public:
  void send(const engine::Send&) override {}
  void batch_committed(std::int64_t) override {}
  void close_all_sessions(const base::Status&) override {}
};

// A scheduler's loop, store and outbox, from its start to its end.
class Scheduler final : public ports::Inbox {
 public:
  explicit Scheduler(const std::string& path, int attempts_max = 30) {
    auto opened = store::SqliteStore::open(path);
    EXPECT_TRUE(opened.ok()) << opened.status().text();
    store_ = std::move(*opened);
    alerts::AlertOutboxOptions wanted;
    wanted.deliver = [this](const engine::OutboxRow& row, const std::stop_token& stop) {
      return sender_.deliver(row.id, row.payload, stop);
    };
    wanted.retry_min = std::chrono::milliseconds(1);
    wanted.retry_max = std::chrono::milliseconds(4);
    wanted.attempts_max = attempts_max;
    wanted.clock = [] { return base::WallTime{}; };
    outbox_ = std::make_unique<alerts::AlertOutbox>(std::move(wanted));
    loop_ = std::make_unique<loop::Loop>(loop::LoopOptions{}, *store_, sessions_, nullptr,
                                         outbox_.get());
    EXPECT_TRUE(loop_->start().ok());
    outbox_->start(*this);
  }
  ~Scheduler() override {
    outbox_->stop();
    loop_->stop();
  }

  // What the outbox tells goes on to the loop; the last word on a message is also the test's.
  base::Status post(ports::CommandBody body, ports::ReplyHandler handler) override {
    const auto* failed = std::get_if<engine::OutboxUndelivered>(&body);
    const bool settled = failed == nullptr || failed->last;
    base::Status status = loop_->post(std::move(body), std::move(handler));
    if (status.ok() && settled) settled_.release();
    return status;
  }
  void wait_until_settled() { settled_.acquire(); }

  base::Status ask(ports::CommandBody body) {
    std::binary_semaphore answered(0);
    base::Status status;
    const base::Status posted = loop_->post(std::move(body), [&](const engine::Reply& reply) {
      status = reply.status;
      answered.release();
    });
    if (!posted.ok()) return posted;
    answered.acquire();
    return status;
  }
  base::Status make_rule(const std::string& url, bool create = true) {
    engine::PutAlertRule put;
    put.rule.name = "full";
    put.rule.event = engine::AlertEvent::kDiskLow;
    put.rule.webhook = url;
    put.create = create;
    return ask(std::move(put));
  }
  base::Status disk(bool low) { return loop_->post(engine::DiskChecked{low, "1 MiB free"}); }
  // Of the tables, when the loop has taken all that was posted before.
  std::vector<engine::AlertRow> live_alerts(const std::string& url) {
    EXPECT_TRUE(make_rule(url, false).ok());
    const auto snapshot = store_->restore();
    EXPECT_TRUE(snapshot.ok());
    EXPECT_TRUE(snapshot->outbox.empty());
    return snapshot->alerts;
  }

 private:
  NoSessions sessions_;
  std::unique_ptr<store::SqliteStore> store_;
  const alerts::Sender sender_{alerts::SenderOptions{}};
  std::unique_ptr<alerts::AlertOutbox> outbox_;
  std::unique_ptr<loop::Loop> loop_;
  std::counting_semaphore<> settled_{0};
};

TEST(AlertDelivery, FailsAndThenSucceedsAndTellsTheEndToo) {
  const store_tests::TemporaryDirectory directory;
  LoopbackHttp receiver(
      [](const auto&, std::size_t number) { return LoopbackHttp::reply(number == 1 ? 500 : 200); });
  Scheduler scheduler(directory.file("weir.db"));
  ASSERT_TRUE(scheduler.make_rule(receiver.url()).ok());
  ASSERT_TRUE(scheduler.disk(true).ok());
  ASSERT_TRUE(scheduler.disk(true).ok());  // the same again is no message
  scheduler.wait_until_settled();
  const auto firing = scheduler.live_alerts(receiver.url());
  ASSERT_EQ(firing.size(), 1u);
  EXPECT_EQ(firing[0].delivery, AlertDelivery::kDelivered);
  EXPECT_EQ(firing[0].failure, "");
  ASSERT_TRUE(scheduler.disk(false).ok());
  scheduler.wait_until_settled();
  EXPECT_TRUE(scheduler.live_alerts(receiver.url()).empty());
  const auto got = receiver.requests();
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].header("Weir-Delivery"), got[1].header("Weir-Delivery"));
  EXPECT_THAT(got[1].body, testing::HasSubstr(R"("state":"firing")"));
  EXPECT_THAT(got[2].body, testing::HasSubstr(R"("state":"resolved")"));
}

TEST(AlertDelivery, SurvivesAnEndBetweenTheCommitAndTheDelivery) {
  const store_tests::TemporaryDirectory directory;
  LoopbackHttp receiver([](const auto&, std::size_t number) -> std::optional<std::string> {
    if (number == 1) return std::nullopt;
    return LoopbackHttp::reply(200);
  });
  {
    Scheduler first(directory.file("weir.db"));
    ASSERT_TRUE(first.make_rule(receiver.url()).ok());
    ASSERT_TRUE(first.disk(true).ok());
    receiver.wait_for(1);  // it was taken and never answered
  }
  Scheduler second(directory.file("weir.db"));
  second.wait_until_settled();
  const auto alerts = second.live_alerts(receiver.url());
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].delivery, AlertDelivery::kDelivered);
  const auto got = receiver.requests();
  ASSERT_EQ(got.size(), 2u);
  // Whoever took it the first time knows it by its number.
  EXPECT_EQ(got[0].header("Weir-Delivery"), got[1].header("Weir-Delivery"));
  EXPECT_EQ(got[0].body, got[1].body);
}

TEST(AlertDelivery, WhatIsGivenUpIsADeadLetterThatSaysWhy) {
  const store_tests::TemporaryDirectory directory;
  LoopbackHttp receiver([](const auto&, auto) { return LoopbackHttp::reply(500); });
  Scheduler scheduler(directory.file("weir.db"), 3);
  ASSERT_TRUE(scheduler.make_rule(receiver.url()).ok());
  ASSERT_TRUE(scheduler.disk(true).ok());
  scheduler.wait_until_settled();
  const auto alerts = scheduler.live_alerts(receiver.url());
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].delivery, AlertDelivery::kUndelivered);
  EXPECT_THAT(alerts[0].failure, testing::HasSubstr("answered 500"));
  EXPECT_EQ(receiver.requests().size(), 3u);
}

}  // namespace
}  // namespace weir::alerts_tests
