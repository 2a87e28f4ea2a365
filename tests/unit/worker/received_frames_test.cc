// The order in which messages that came together are worked on: what ends an attempt first. Words
// stand for messages; the order of the visits is the proof. No session, no thread, no
// clock.
#include <string>

#include <gtest/gtest.h>

#include "worker/agent/session.h"

namespace weir::worker {
namespace {

void add_assign(v1::SessionResponse& frame, int task) {
  frame.add_messages()->mutable_assign()->mutable_attempt()->set_task(task);
}
void add_stop(v1::SessionResponse& frame, int task) {
  frame.add_messages()->mutable_stop()->mutable_attempt()->set_task(task);
}

TEST(ReceivedFrames, StopsOfKnownAttemptsOvertakeAssignmentsThatCameBefore) {
  ReceivedFrames frames{std::make_shared<v1::SessionResponse>(),
                        std::make_shared<v1::SessionResponse>()};
  add_assign(*frames[0], 1);
  add_stop(*frames[0], 7);
  add_assign(*frames[0], 2);
  add_stop(*frames[1], 2);
  add_assign(*frames[1], 3);
  add_stop(*frames[1], 8);
  std::string order;
  visit_by_urgency(
      frames,
      [](const v1::SchedulerMessage& message) {
        return message.has_stop() && message.stop().attempt().task() > 5;  // those are known
      },
      [&](v1::SchedulerMessage& message) {
        order += message.has_stop() ? " stop" + std::to_string(message.stop().attempt().task())
                                    : " assign" + std::to_string(message.assign().attempt().task());
      });
  EXPECT_EQ(order, " stop7 stop8 assign1 assign2 stop2 assign3");
}

}  // namespace
}  // namespace weir::worker
