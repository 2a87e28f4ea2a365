// Which words about progress are sent. Intervals are so long that they never end, or so short that
// they always do; what another thread sends is waited for.
// No test looks at a clock.
#include "sdk/src/progress_sender.h"

#include <atomic>
#include <future>
#include <limits>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace weir::sdk_impl {
namespace {

constexpr std::chrono::hours kNever{1};

impl::ProgressWord counted(std::int64_t done, std::int64_t total, std::string_view message = {}) {
  return {double(done) / double(total), true, done, total, message};
}

TEST(ProgressSender, SendsTheFirstWordAtOnceAndTellsTheLastAtTheEnd) {
  std::vector<engine::Progress> sent;
  ProgressSender sender([&](const engine::Progress& one) { sent.push_back(one); }, kNever);
  for (int i = 1; i <= 100'000; ++i) sender.say(counted(i, 100'000));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].message, "1 of 100000");
  const auto last = sender.end();
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->message, "100000 of 100000");
  EXPECT_EQ(last->millionths, engine::Progress::kWhole);
  EXPECT_EQ(sent.size(), 1u) << "the end is told to who asks for it";
}

// A stage that speaks twice and then computes for an hour.
TEST(ProgressSender, SendsAWordThatCameTooEarlyWhileTheStageIsSilent) {
  std::promise<void> first, second;
  ProgressSender sender(
      [&](const engine::Progress& one) { (one.message == "two" ? second : first).set_value(); },
      std::chrono::milliseconds(1));
  sender.say(counted(1, 3, "one"));
  first.get_future().get();
  sender.say(counted(2, 3, "two"));
  second.get_future().get();
}

TEST(ProgressSender, OfAShortStageNothingIsSentWhereTheFirstWordHasToWait) {
  ProgressSender sender([](const engine::Progress&) { FAIL(); }, kNever, kNever);
  sender.say(counted(1, 3, "one"));
  EXPECT_EQ(sender.end()->message, "one");
}

TEST(ProgressSender, HasNothingToTellOfAStageThatSaidNothing) {
  ProgressSender sender([](const engine::Progress&) { FAIL(); }, kNever);
  EXPECT_FALSE(sender.end().has_value());
}

TEST(ProgressSender, WithoutAReceiverOnlyTheLastWordIsKept) {
  ProgressSender sender({}, std::chrono::milliseconds(0));
  sender.say(counted(1, 2, "half"));
  sender.say({std::numeric_limits<double>::quiet_NaN(), true, 7, 0, {}});
  const auto last = sender.end();
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->message, "7");
  EXPECT_EQ(last->millionths, engine::Progress::kUnknown);
}

TEST(ProgressSender, MayBeSpokenToByManyThreads) {
  std::atomic<int> sent = 0;
  ProgressSender sender([&](const engine::Progress&) { ++sent; }, kNever);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) sender.say(counted(1, 1, "all"));
      });
    }
  }
  EXPECT_EQ(sent, 1);
  EXPECT_EQ(sender.end()->message, "all");
}

}  // namespace
}  // namespace weir::sdk_impl
