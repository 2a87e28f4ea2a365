// The order in which a worker is sent what waits for it. Every test adds messages, fills values in
// or not, and reads the frames that come out as a line of words. No threads, no clock: the order is
// the proof.
#include "scheduler/rpc/session/outgoing_queue.h"

#include <string>

#include <gtest/gtest.h>

namespace weir::rpc {
namespace {

namespace wire = worker::v1;
using Message = wire::SchedulerMessage;
using Instant = OutgoingQueue::Instant;
constexpr FlowLimits kLimits{.frame_bytes_max = 1 << 20,
                             .messages_max = 2,
                             .bytes_max = 1 << 20,
                             .messages_hard_max = 4,
                             .bytes_hard_max = 1 << 20,
                             .stall_max = std::chrono::seconds(30)};

Message assign(int task) {
  Message out;
  out.mutable_assign()->mutable_attempt()->set_task(task);
  return out;
}
Message stop(int task) {
  Message out;
  out.mutable_stop()->mutable_attempt()->set_task(task);
  return out;
}
Message acknowledge(int task) {
  Message out;
  out.mutable_acknowledge()->mutable_attempt()->set_task(task);
  return out;
}
Message revoke(int task) {
  Message out;
  out.mutable_revoke()->mutable_attempt()->set_task(task);
  return out;
}

// The next frame: "heard stop2 assign1", empty when there is none. It is taken at once.
std::string next(OutgoingQueue& queue) {
  std::string out;
  const auto frame = queue.next_frame(Instant());
  if (!frame) return out;
  queue.written(Instant());
  for (const Message& message : frame->messages()) {
    if (!out.empty()) out += ' ';
    if (message.has_heard()) out += "heard";
    if (message.has_welcome()) out += "welcome";
    if (message.has_assign()) out += "assign" + std::to_string(message.assign().attempt().task());
    if (message.has_stop()) out += "stop" + std::to_string(message.stop().attempt().task());
    if (message.has_revoke()) out += "revoke" + std::to_string(message.revoke().attempt().task());
    if (message.has_acknowledge()) {
      out += "acknowledge" + std::to_string(message.acknowledge().attempt().task());
    }
  }
  return out;
}

TEST(OutgoingQueue, ControlOvertakesAssignmentsWhoseInputsAreBeingLoaded) {
  OutgoingQueue queue(kLimits);
  const auto loading = queue.add(assign(1), 60'000);
  queue.add(assign(2), 0);
  queue.add(stop(7), 0);
  queue.add(acknowledge(8), 0);
  queue.add(revoke(9), 0);
  EXPECT_EQ(next(queue), "stop7 acknowledge8 revoke9");
  EXPECT_EQ(next(queue), "") << "assignments keep their order";
  queue.filled(*loading);
  EXPECT_EQ(next(queue), "assign1 assign2");
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(OutgoingQueue, AnAssignmentThatWasStoppedOrAnsweredBeforeItWasSentIsNotSent) {
  OutgoingQueue queue(kLimits);
  const auto loading = queue.add(assign(1), 60'000);
  queue.add(assign(2), 0);
  queue.add(assign(3), 0);
  queue.add(stop(1), 0);
  queue.add(acknowledge(2), 0);
  EXPECT_EQ(next(queue), "stop1 acknowledge2 assign3");
  queue.filled(*loading);
  EXPECT_EQ(next(queue), "");
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(OutgoingQueue, ARevocationStaysBehindItsAssignment) {
  OutgoingQueue queue(kLimits);
  const auto loading = queue.add(assign(1), 60'000);
  queue.add(revoke(1), 0);
  EXPECT_EQ(next(queue), "");
  queue.filled(*loading);
  EXPECT_EQ(next(queue), "assign1 revoke1");
}

TEST(OutgoingQueue, TheWelcomeIsFirstAndAHeartbeatsAnswerBeforeAllThatWaits) {
  OutgoingQueue queue(kLimits);
  Message welcome;
  welcome.mutable_welcome();
  queue.add(std::move(welcome), 0);
  queue.add(stop(1), 0);
  EXPECT_EQ(next(queue), "welcome stop1");
  queue.add(assign(2), 60'000);
  queue.add(stop(3), 0);
  queue.answer_heartbeat(5);
  queue.answer_heartbeat(6);
  EXPECT_EQ(next(queue), "heard stop3");
}

TEST(OutgoingQueue, AFrameIsBoundedAndHoldsOneMessageAtLeast) {
  OutgoingQueue queue({.frame_bytes_max = 1});
  for (int task = 1; task <= 2; ++task) queue.add(assign(task), 0);
  EXPECT_EQ(next(queue), "assign1");
  EXPECT_EQ(next(queue), "assign2");
}

TEST(OutgoingQueue, OneFrameIsUnderWayAtATime) {
  OutgoingQueue queue(kLimits);
  queue.add(stop(1), 0);
  ASSERT_TRUE(queue.next_frame(Instant()));
  queue.add(stop(2), 0);
  queue.add(stop(3), 0);
  EXPECT_FALSE(queue.next_frame(Instant()));
  queue.written(Instant());
  EXPECT_EQ(next(queue), "stop2 stop3");
}

TEST(OutgoingQueue, AWorkerThatTakesNothingIsCutOffAndOneThatTakesTooLittle) {
  OutgoingQueue queue(kLimits);
  queue.add(assign(1), 0);
  ASSERT_TRUE(queue.next_frame(Instant()));  // it is not taken
  for (int task = 2; task <= 4; ++task) queue.add(assign(task), 0);
  const Instant stalled = Instant() + kLimits.stall_max;
  EXPECT_FALSE(queue.overfull(stalled)) << "three wait, but it may still take the frame";
  EXPECT_TRUE(queue.overfull(stalled + std::chrono::milliseconds(1)));
  queue.written(stalled);
  EXPECT_FALSE(queue.overfull(stalled + std::chrono::milliseconds(1))) << "it takes, slowly";
  for (int task = 5; task <= 6; ++task) queue.add(assign(task), 0);
  EXPECT_TRUE(queue.overfull(stalled)) << "five wait";
}

}  // namespace
}  // namespace weir::rpc
