// The order of transfers: those that fail step aside until their time, those that are canceled are
// gone from wherever they are.
// Time is a value here.
#include "worker/core/transfer_queue.h"

#include <gtest/gtest.h>

namespace weir::worker {
namespace {

using base::BootTime;
using std::chrono::seconds;
using Id = TransferQueue::Id;

const BootTime kStart{seconds(100)};

TEST(TransferQueue, FirstComeFirstServed) {
  TransferQueue queue;
  EXPECT_EQ(queue.take(kStart), std::nullopt);
  EXPECT_EQ(queue.next_at(), std::nullopt);
  const Id first = queue.add();
  const Id second = queue.add();
  EXPECT_EQ(queue.next_at(), BootTime::min());
  EXPECT_EQ(queue.take(kStart), first);
  EXPECT_EQ(queue.take(kStart), second);
  EXPECT_EQ(queue.take(kStart), std::nullopt) << "each is handed out once";
  EXPECT_TRUE(queue.finish(first));
  EXPECT_FALSE(queue.finish(first));
}

TEST(TransferQueue, OneThatIsTriedAgainLetsOthersGoFirst) {
  TransferQueue queue;
  const Id failing = queue.add();
  queue.take(kStart);
  EXPECT_TRUE(queue.retry(failing, kStart + seconds(5)));
  EXPECT_EQ(queue.next_at(), kStart + seconds(5));
  EXPECT_EQ(queue.take(kStart + seconds(4)), std::nullopt);
  const Id other = queue.add();
  EXPECT_EQ(queue.take(kStart + seconds(5)), other) << "it is due as well, but came back later";
  EXPECT_EQ(queue.take(kStart + seconds(5)), failing);
  EXPECT_EQ(queue.next_at(), std::nullopt);
}

TEST(TransferQueue, RetriesComeBackInOrderOfTheirTime) {
  TransferQueue queue;
  const Id first = queue.add();
  const Id second = queue.add();
  queue.take(kStart);
  queue.take(kStart);
  queue.retry(first, kStart + seconds(9));
  queue.retry(second, kStart + seconds(3));
  EXPECT_EQ(queue.next_at(), kStart + seconds(3));
  EXPECT_EQ(queue.take(kStart + seconds(3)), second);
  EXPECT_EQ(queue.next_at(), kStart + seconds(9));
}

TEST(TransferQueue, CanceledOneDoesNotComeBackFromAnywhere) {
  TransferQueue queue;
  const Id due = queue.add();
  queue.cancel(due);
  EXPECT_EQ(queue.take(kStart), std::nullopt);

  const Id in_hand = queue.add();
  queue.take(kStart);
  queue.cancel(in_hand);
  EXPECT_FALSE(queue.retry(in_hand, kStart)) << "its thread must drop it";
  EXPECT_FALSE(queue.finish(in_hand)) << "nobody is told of its end";

  const Id later = queue.add();
  queue.take(kStart);
  queue.retry(later, kStart + seconds(1));
  queue.cancel(later);
  EXPECT_EQ(queue.next_at(), std::nullopt);
  EXPECT_EQ(queue.take(kStart + seconds(1)), std::nullopt);
}

}  // namespace
}  // namespace weir::worker
