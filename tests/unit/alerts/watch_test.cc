// The watch: what it says of the disk, and that a heartbeat leaves only while the loop takes what
// it is given. The loop is a counter of the test; waits are for what the watch does, the pauses of
// the watch itself are of a millisecond.
#include "scheduler/alerts/watch.h"

#include <atomic>

#include <gtest/gtest.h>

#include "base/errors.h"

namespace weir::alerts_tests {
namespace {

using base::Code;
using base::Status;

// Takes commands, or lets them lie.
class Taken final : public ports::Inbox {
 public:
  Status post(ports::CommandBody body, ports::ReplyHandler) override {
    low = std::get<engine::DiskChecked>(body).low;
    if (alive) ++count;
    ++posted;
    posted.notify_all();
    return {};
  }
  std::atomic<bool> alive{true}, low{false};
  std::atomic<std::uint64_t> count{0}, posted{0};
};

alerts::WatchOptions options(Taken& loop) {
  alerts::WatchOptions wanted;
  wanted.every = std::chrono::milliseconds(1);
  wanted.disk = [] { return engine::DiskChecked{true, "1 MiB free"}; };
  wanted.commands_taken = [&loop] { return loop.count.load(); };
  wanted.clock = [] { return base::WallTime(std::chrono::seconds(1'700'000'000)); };
  return wanted;
}

void wait_past(std::atomic<std::uint64_t>& number, std::uint64_t from) {
  for (std::uint64_t now = number; now <= from; now = number) number.wait(now);
}

TEST(Watch, TellsTheLoopOfTheDisk) {
  Taken loop;
  alerts::Watch watch(options(loop));
  watch.start(loop);
  wait_past(loop.posted, 0);
  watch.stop();
  EXPECT_TRUE(loop.low);
  EXPECT_FALSE(watch.heartbeats().configured);
}

TEST(Watch, HeartbeatEndsWithTheLoop) {
  Taken loop;
  std::atomic<std::uint64_t> beats{0};
  alerts::WatchOptions wanted = options(loop);
  wanted.beat = [&](const std::stop_token&) {
    ++beats;
    beats.notify_all();
    return Status();
  };
  alerts::Watch watch(std::move(wanted));
  watch.start(loop);
  wait_past(beats, 1);
  loop.alive = false;
  // What was posted before may still beat once; then the loop is found dead.
  const std::uint64_t then = loop.posted;
  wait_past(loop.posted, then + 1);
  const std::uint64_t last = beats;
  wait_past(loop.posted, then + 5);
  EXPECT_EQ(beats, last);
  watch.stop();
  EXPECT_NE(watch.heartbeats().failure.find("the loop has taken nothing"), std::string::npos);
  EXPECT_TRUE(watch.heartbeats().sent_at) << "an earlier one was taken";
}

TEST(Watch, AHeartbeatThatFailsIsKnown) {
  Taken loop;
  std::atomic<std::uint64_t> beats{0};
  alerts::WatchOptions wanted = options(loop);
  wanted.beat = [&](const std::stop_token&) {
    ++beats;
    beats.notify_all();
    return Status(Code::kUnavailable, base::kErrUnreachable, "https://beats answered 500");
  };
  alerts::Watch watch(std::move(wanted));
  watch.start(loop);
  wait_past(beats, 1);
  watch.stop();
  const alerts::Heartbeats known = watch.heartbeats();
  EXPECT_TRUE(known.configured && known.fails());
  EXPECT_NE(known.failure.find("answered 500"), std::string::npos);
  EXPECT_EQ(known.failed_at, base::WallTime(std::chrono::seconds(1'700'000'000)));
  EXPECT_FALSE(known.sent_at);
}

TEST(Watch, AFailureIsKnownAfterLaterOnesWereTaken) {
  Taken loop;
  std::atomic<std::uint64_t> beats{0};
  alerts::WatchOptions wanted = options(loop);
  wanted.beat = [&](const std::stop_token&) {
    const bool first = beats++ == 0;
    beats.notify_all();
    return first ? Status(Code::kUnavailable, base::kErrUnreachable, "no route") : Status();
  };
  std::atomic<std::int64_t> seconds{0};
  wanted.clock = [&] { return base::WallTime(std::chrono::seconds(++seconds)); };
  alerts::Watch watch(std::move(wanted));
  watch.start(loop);
  wait_past(beats, 2);
  watch.stop();
  const alerts::Heartbeats known = watch.heartbeats();
  EXPECT_FALSE(known.fails());
  EXPECT_EQ(known.failed_at, base::WallTime(std::chrono::seconds(1)));
  EXPECT_NE(known.failure.find("no route"), std::string::npos);
}

}  // namespace
}  // namespace weir::alerts_tests
