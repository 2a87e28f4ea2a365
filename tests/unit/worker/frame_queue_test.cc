// Messages that wait for the stream travel together: how many frames there are is decided by what
// waits, never by the clock. The queue alone; that the session uses it is for the tests of the
// whole worker.
#include <string>

#include <gtest/gtest.h>

#include "worker/agent/session.h"

namespace weir::worker {
namespace {

v1::WorkerMessage finished(int task, std::size_t bytes = 0) {
  v1::WorkerMessage message;
  message.mutable_finished()->mutable_attempt()->set_task(task);
  message.mutable_finished()->set_message(std::string(bytes, 'x'));
  return message;
}

TEST(FrameQueue, MessagesThatWaitTravelInOneFrame) {
  FrameQueue queue;
  for (int task = 0; task < kFrameMessagesMax; ++task) queue.add(finished(task));
  const auto frame = queue.next();
  ASSERT_TRUE(frame);
  ASSERT_EQ(frame->messages_size(), kFrameMessagesMax);
  for (int task = 0; task < kFrameMessagesMax; ++task) {
    EXPECT_EQ(frame->messages(task).finished().attempt().task(), task);
  }
  EXPECT_FALSE(queue.next());
}

TEST(FrameQueue, AFrameHasSoManyMessagesAndBytesAndNoMore) {
  FrameQueue queue;
  for (int task = 0; task <= kFrameMessagesMax; ++task) queue.add(finished(task));
  EXPECT_EQ(queue.next()->messages_size(), kFrameMessagesMax);
  EXPECT_EQ(queue.next()->messages_size(), 1);
  EXPECT_FALSE(queue.next());
  for (int task = 0; task < 3; ++task) queue.add(finished(task, kFrameSoftBytes / 2));
  EXPECT_EQ(queue.next()->messages_size(), 1);
  EXPECT_EQ(queue.next()->messages_size(), 1);
}

TEST(FrameQueue, WhatComesAfterAFrameWasTakenGoesIntoTheNext) {
  FrameQueue queue;
  queue.add(finished(1));
  ASSERT_TRUE(queue.next());
  queue.add(finished(2));
  queue.add(finished(3));
  const auto frame = queue.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->messages_size(), 2);
  queue.add(finished(4));
  queue.clear();
  EXPECT_FALSE(queue.next());
}

}  // namespace
}  // namespace weir::worker
