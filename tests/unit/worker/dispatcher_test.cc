// The executor pool's state machine, driven by hand: no process, no clock, no socket. Each test
// tells one rule as a short story of events and looks at the actions that came out; the
// invariants are checked throughout.
#include "worker/core/dispatcher.h"

#include <gtest/gtest.h>

namespace weir::worker {
namespace {

using namespace std::chrono_literals;

Digest module_named(std::uint8_t name) {
  Digest digest;
  digest.bytes[0] = name;
  return digest;
}

using Taken = Dispatcher::Taken;

struct Harness {
  explicit Harness(DispatcherLimits limits) : dispatcher(limits) {}

  AttemptKey launch(int task, std::uint8_t module = 1, Duration timeout = {},
                    bool side_effects = false) {
    const AttemptKey key{{7}, task, 1};
    dispatcher.launch({key, module_named(module), timeout, side_effects}, now, out);
    return key;
  }
  void pass(Duration duration) {
    now.boot += duration;
    now.wall += duration;
    dispatcher.advance(now, out);
  }
  void ready(ExecutorId id) { dispatcher.ready(id, now, out); }
  void finish(ExecutorId id) {
    ASSERT_EQ(dispatcher.result_arrived(id), Taken::kYes);
    dispatcher.settled(id, true, now, out);
  }
  // Its death, and that of all that it left.
  void gone(ExecutorId id, bool untouched = false, bool fenced = false) {
    dispatcher.exited(id, fenced, now, out);
    dispatcher.strays_ended(id, 0, now, out);
    dispatcher.gone(id, untouched, now, out);
  }
  // The only action of that kind since the last call of clear().
  template <class T>
  std::optional<T> only() {
    std::optional<T> found;
    for (const Action& action : out) {
      if (const T* it = std::get_if<T>(&action)) {
        EXPECT_FALSE(found.has_value()) << "more than one such action";
        found = *it;
      }
    }
    dispatcher.check_invariants();
    return found;
  }
  template <class T>
  int count() {
    int n = 0;
    for (const Action& action : out) n += std::holds_alternative<T>(action) ? 1 : 0;
    return n;
  }
  void clear() { out.clear(); }

  Dispatcher dispatcher;
  Actions out;
  Now now{base::WallTime(1000s), BootTime(1000s)};
};

DispatcherLimits slots(int n) {
  DispatcherLimits limits;
  limits.slots = n;
  limits.executors_max = n;
  return limits;
}

TEST(Dispatcher, AttemptStartsAnExecutorAndRunsWhenItIsReady) {
  Harness h(slots(1));
  const AttemptKey key = h.launch(0);
  const auto spawn = h.only<SpawnExecutor>();
  ASSERT_TRUE(spawn);
  EXPECT_EQ(spawn->module, module_named(1));
  EXPECT_FALSE(h.only<RunAttempt>());
  h.ready(spawn->executor);
  ASSERT_TRUE(h.only<RunAttempt>());
  EXPECT_EQ(h.only<RunAttempt>()->key, key);
  h.finish(spawn->executor);
  ASSERT_TRUE(h.only<ReportEnded>());
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kResult);
  EXPECT_EQ(h.dispatcher.occupied(), 0);
}

TEST(Dispatcher, NextAttemptOfTheModuleUsesTheWarmExecutor) {
  Harness h(slots(1));
  h.launch(0);
  h.launch(1);
  h.ready(1);
  h.clear();
  h.finish(1);
  ASSERT_TRUE(h.only<RunAttempt>());
  EXPECT_EQ(h.only<RunAttempt>()->executor, 1u);
  EXPECT_FALSE(h.only<SpawnExecutor>());
}

TEST(Dispatcher, SlotsBoundWhatRuns) {
  Harness h(slots(2));
  for (int i = 0; i < 5; ++i) h.launch(i);
  EXPECT_EQ(h.count<SpawnExecutor>(), 2);
  EXPECT_EQ(h.dispatcher.queued(), 3u);
  h.dispatcher.check_invariants();
}

TEST(Dispatcher, AnotherModuleDisplacesTheIdleExecutor) {
  Harness h(slots(1));
  h.launch(0, 1);
  h.ready(1);
  h.finish(1);
  h.clear();
  h.launch(1, 2);
  ASSERT_TRUE(h.only<RetireExecutor>());
  EXPECT_EQ(h.only<RetireExecutor>()->executor, 1u);
  ASSERT_TRUE(h.only<SpawnExecutor>());
  EXPECT_EQ(h.only<SpawnExecutor>()->module, module_named(2));
}

TEST(Dispatcher, ExecutorThatIsNotReadyInTimeIsKilledAndSaysSo) {
  Harness h(slots(1));
  h.launch(0);
  h.clear();
  h.pass(60s);
  EXPECT_FALSE(h.only<KillTree>()) << "whoever starts it is slow, not the module";
  h.dispatcher.spawned(1, h.now);
  h.pass(10s);
  ASSERT_TRUE(h.only<KillTree>());
  EXPECT_FALSE(h.only<ReportEnded>()) << "not before it is dead";
  h.gone(1);
  ASSERT_TRUE(h.only<ReportEnded>());
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kTooSlow);
  EXPECT_FALSE(h.only<ReportEnded>()->started);
}

TEST(Dispatcher, ExecutorThatDiesBeforeItIsReadyIsNotReady) {
  Harness h(slots(1));
  h.launch(0);
  h.gone(1);
  ASSERT_TRUE(h.only<ReportEnded>());
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kNotReady);
}

TEST(Dispatcher, DeathOfABusyExecutorEndsItsAttemptAndFreesTheSlot) {
  Harness h(slots(1));
  h.launch(0);
  h.launch(1);
  h.ready(1);
  h.clear();
  h.gone(1);
  ASSERT_TRUE(h.only<ReportEnded>());
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kExit);
  EXPECT_TRUE(h.only<ReportEnded>()->started);
  ASSERT_TRUE(h.only<SpawnExecutor>());
  EXPECT_EQ(h.only<SpawnExecutor>()->executor, 2u);
}

TEST(Dispatcher, DeathAfterTheResultKeepsTheResult) {
  Harness h(slots(1));
  h.launch(0);
  h.ready(1);
  ASSERT_EQ(h.dispatcher.result_arrived(1), Taken::kYes);
  h.gone(1);
  ASSERT_TRUE(h.only<ReportEnded>());
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kResult);
}

TEST(Dispatcher, TimeoutTerminatesThenKillsThenReports) {
  auto limits = slots(1);
  limits.grace = 3s;
  Harness h(limits);
  h.launch(0, 1, 5s);
  h.ready(1);
  h.clear();
  h.pass(4999ms);
  EXPECT_FALSE(h.only<TerminateTree>());
  h.pass(1ms);
  EXPECT_TRUE(h.only<TerminateTree>());
  EXPECT_FALSE(h.only<KillTree>());
  h.pass(3s);
  EXPECT_TRUE(h.only<KillTree>());
  EXPECT_FALSE(h.only<ReportEnded>());
  EXPECT_EQ(h.dispatcher.occupied(), 1) << "the slot is held until the tree is dead";
  h.gone(1);
  ASSERT_TRUE(h.only<ReportEnded>());
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kTimeout);
}

TEST(Dispatcher, TimeoutOfAFinishedAttemptHitsNobody) {
  Harness h(slots(1));
  h.launch(0, 1, 5s);
  h.ready(1);
  h.finish(1);
  h.launch(1, 1);
  h.clear();
  h.pass(6s);
  EXPECT_FALSE(h.only<TerminateTree>());
}

TEST(Dispatcher, StopOfAQueuedAttemptReportsWithoutRunningIt) {
  Harness h(slots(1));
  h.launch(0);
  const AttemptKey key = h.launch(1);
  h.clear();
  EXPECT_TRUE(h.dispatcher.stop(key, "asked", h.now, h.out));
  ASSERT_TRUE(h.only<ReportEnded>());
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kStop);
  EXPECT_EQ(h.only<ReportEnded>()->reason, "asked");
  h.ready(1);
  h.clear();
  h.finish(1);
  EXPECT_FALSE(h.only<RunAttempt>());
}

TEST(Dispatcher, StopOfARunningAttemptBeatsAResultThatComesLater) {
  Harness h(slots(1));
  const AttemptKey key = h.launch(0);
  h.ready(1);
  EXPECT_TRUE(h.dispatcher.stop(key, "asked", h.now, h.out));
  EXPECT_EQ(h.dispatcher.result_arrived(1), Taken::kIgnored);
  h.dispatcher.settled(1, true, h.now, h.out);
  EXPECT_FALSE(h.only<ReportEnded>());
  h.gone(1);
  ASSERT_TRUE(h.only<ReportEnded>());
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kStop);
  EXPECT_FALSE(h.dispatcher.stop(key, "again", h.now, h.out));
}

TEST(Dispatcher, WithdrawGivesBackOnlyWhatNoExecutorHas) {
  Harness h(slots(1));
  const AttemptKey first = h.launch(0);
  const AttemptKey second = h.launch(1);
  h.clear();
  h.dispatcher.withdraw(first, h.out);
  EXPECT_FALSE(h.only<ReportReleased>());
  h.dispatcher.withdraw(second, h.out);
  ASSERT_TRUE(h.only<ReportReleased>());
  EXPECT_EQ(h.only<ReportReleased>()->key, second);
}

TEST(Dispatcher, DrainingReleasesWhatWaitsAndLetsTheRestFinish) {
  Harness h(slots(1));
  h.launch(0);
  h.launch(1);
  h.launch(2);
  h.ready(1);
  h.clear();
  h.dispatcher.drain(true, h.now, h.out);
  EXPECT_EQ(h.count<ReportReleased>(), 2);
  h.launch(3);
  EXPECT_EQ(h.count<ReportReleased>(), 3);
  h.finish(1);
  EXPECT_TRUE(h.only<ReportEnded>());
  EXPECT_EQ(h.dispatcher.occupied(), 0);
}

TEST(Dispatcher, StartedIsReportedOnlyOfAttemptsThatLast) {
  Harness h(slots(1));
  h.launch(0);
  h.ready(1);
  h.finish(1);
  h.launch(1);
  h.clear();
  h.pass(19ms);
  EXPECT_FALSE(h.only<ReportStarted>());
  h.pass(1ms);
  ASSERT_TRUE(h.only<ReportStarted>());
  EXPECT_EQ(h.only<ReportStarted>()->key.task, 1);
}

TEST(Dispatcher, SideEffectsEndWithTheLeaseAndOthersRunOn) {
  Harness h(slots(2));
  h.launch(0, 1, {}, true);
  h.launch(1, 1, {}, false);
  h.ready(1);
  h.ready(2);
  h.clear();
  h.dispatcher.set_lease(h.now.boot + 24s, h.now.boot + 600s);
  h.pass(23s);
  EXPECT_FALSE(h.only<KillTree>());
  h.pass(1s);
  ASSERT_TRUE(h.only<KillTree>());
  EXPECT_EQ(h.only<KillTree>()->executor, 1u);
  h.gone(1);
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kLease);
  h.clear();
  h.launch(2, 1, {}, true);
  EXPECT_TRUE(h.only<ReportReleased>()) << "its lease is over before it began";
  const auto next = h.dispatcher.next_deadline();
  ASSERT_TRUE(next);
  EXPECT_GT(*next, h.now.boot) << "a horizon that passed must not keep the loop awake";
}

// The agent slept: what the executor said meanwhile is looked at before any deadline.
TEST(Dispatcher, ExecutorThatIsReadyAfterTheLeaseBeginsNoSideEffects) {
  Harness h(slots(1));
  h.launch(0, 1, {}, true);
  h.dispatcher.set_lease(h.now.boot + 24s, h.now.boot + 600s);
  h.now.boot += 24s;
  h.ready(1);
  EXPECT_FALSE(h.only<RunAttempt>());
  ASSERT_TRUE(h.only<KillTree>());
  h.gone(1);
  ASSERT_TRUE(h.only<ReportEnded>());
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kLease);
}

TEST(Dispatcher, RenewedLeaseMovesTheHorizon) {
  Harness h(slots(1));
  h.launch(0, 1, {}, true);
  h.ready(1);
  h.dispatcher.set_lease(h.now.boot + 24s, h.now.boot + 600s);
  h.pass(20s);
  h.dispatcher.set_lease(h.now.boot + 24s, h.now.boot + 600s);
  h.pass(23s);
  EXPECT_FALSE(h.only<KillTree>());
}

TEST(Dispatcher, WornExecutorIsReplaced) {
  auto limits = slots(1);
  limits.tasks_per_executor = 2;
  Harness h(limits);
  h.launch(0);
  h.launch(1);
  h.launch(2);
  h.ready(1);
  h.finish(1);
  h.clear();
  h.finish(1);
  EXPECT_TRUE(h.only<RetireExecutor>());
  ASSERT_TRUE(h.only<SpawnExecutor>());
  h.clear();
  h.pass(2s);
  ASSERT_TRUE(h.only<KillTree>()) << "one that does not leave by itself is killed";
  EXPECT_EQ(h.only<KillTree>()->executor, 1u);
  h.gone(1);
  EXPECT_FALSE(h.only<ReportEnded>());
}

TEST(Dispatcher, GrowthOfMemoryReplacesAndTheLimitKills) {
  auto limits = slots(1);
  limits.rss_growth_max = 100;
  limits.memory_max = 1000;
  Harness h(limits);
  h.launch(0);
  h.ready(1);
  h.dispatcher.sampled_memory(1, 50, h.now, h.out);
  h.dispatcher.sampled_memory(1, 200, h.now, h.out);
  EXPECT_FALSE(h.only<RetireExecutor>()) << "not while it works";
  h.finish(1);
  EXPECT_TRUE(h.only<RetireExecutor>());
  h.launch(1);
  h.ready(2);
  h.clear();
  h.dispatcher.sampled_memory(2, 1001, h.now, h.out);
  EXPECT_TRUE(h.only<KillTree>());
  h.gone(2);
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kMemory);
}

TEST(Dispatcher, IdleExecutorLeavesAfterAWhile) {
  Harness h(slots(1));
  h.launch(0);
  h.ready(1);
  h.finish(1);
  h.clear();
  h.pass(5min);
  EXPECT_TRUE(h.only<RetireExecutor>());
  h.gone(1);
  EXPECT_EQ(h.dispatcher.executors(), 0u);
}

TEST(Dispatcher, CondemnedExecutorTakesItsAttemptWithIt) {
  Harness h(slots(1));
  h.launch(0);
  h.clear();
  h.dispatcher.condemn(1, EndedBy::kManifest, "another manifest", h.now, h.out);
  EXPECT_TRUE(h.only<KillTree>());
  h.gone(1);
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kManifest);
  EXPECT_EQ(h.only<ReportEnded>()->reason, "another manifest");
}

TEST(Dispatcher, ResultThatWasNotDueIsRefused) {
  Harness h(slots(1));
  h.launch(0);
  EXPECT_EQ(h.dispatcher.result_arrived(1), Taken::kNotDue);
  h.ready(1);
  h.finish(1);
  EXPECT_EQ(h.dispatcher.result_arrived(1), Taken::kNotDue);
}

TEST(Dispatcher, AttemptThatADyingExecutorNeverReadRunsElsewhere) {
  Harness h(slots(1));
  h.launch(0);
  h.ready(1);
  h.finish(1);
  const AttemptKey key = h.launch(1);
  h.clear();
  h.gone(1, true);
  ASSERT_TRUE(h.only<ReturnAttempt>());
  EXPECT_FALSE(h.only<ReportEnded>());
  ASSERT_TRUE(h.only<SpawnExecutor>());
  h.ready(2);
  ASSERT_TRUE(h.only<RunAttempt>());
  EXPECT_EQ(h.only<RunAttempt>()->key, key);
}

// The end of the attempt whose executor was killed by its fence.
EndedBy end_by_fence(bool side_effects, bool answered, bool untouched) {
  Harness h(slots(1));
  h.launch(0, 1, {}, side_effects);
  h.ready(1);
  if (answered) h.dispatcher.result_arrived(1);
  h.clear();
  h.gone(1, untouched, true);
  const auto ended = h.only<ReportEnded>();
  EXPECT_EQ(ended.has_value(), !untouched);
  return ended ? ended->by : EndedBy::kProtocol;
}

TEST(Dispatcher, AFenceEndsOnlyWhatRanOverItsLease) {
  EXPECT_EQ(end_by_fence(true, false, false), EndedBy::kLease);
  EXPECT_EQ(end_by_fence(true, true, false), EndedBy::kResult) << "it had answered";
  EXPECT_EQ(end_by_fence(false, false, false), EndedBy::kExit) << "the fence was another's";
  end_by_fence(true, false, true);  // it goes back to the queue
}

TEST(Dispatcher, AttemptThatNoExecutorEverReadsEndsAtLast) {
  Harness h(slots(1));
  h.launch(0);
  for (ExecutorId id = 1; id <= kReturnsMax + 1; ++id) {
    EXPECT_FALSE(h.only<ReportEnded>());
    h.ready(id);
    h.gone(id, true);
  }
  ASSERT_TRUE(h.only<ReportEnded>());
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kExit);
}

TEST(Dispatcher, AnAttemptIsOverWhenWhatItForkedIsDead) {
  Harness h(slots(1));
  h.launch(0);
  h.ready(1);
  ASSERT_EQ(h.dispatcher.result_arrived(1), Taken::kYes);
  h.clear();
  h.dispatcher.strays_ended(1, 2, h.now, h.out);
  EXPECT_FALSE(h.only<EndStrays>()) << "a moment later";
  h.pass(5ms);
  ASSERT_TRUE(h.only<EndStrays>());
  EXPECT_FALSE(h.only<EndStrays>()->with_helpers);
  EXPECT_FALSE(h.only<ReportEnded>());
  h.dispatcher.strays_ended(1, 0, h.now, h.out);
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kResult);
  EXPECT_FALSE(h.only<RetireExecutor>());
}

TEST(Dispatcher, AnExecutorWhoseStraysDoNotDieTakesNoOtherAttempt) {
  Harness h(slots(1));
  h.launch(0);
  h.ready(1);
  ASSERT_EQ(h.dispatcher.result_arrived(1), Taken::kYes);
  h.clear();
  h.dispatcher.strays_ended(1, 1, h.now, h.out);
  h.pass(5s);
  h.dispatcher.strays_ended(1, 1, h.now, h.out);
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kResult);
  EXPECT_TRUE(h.only<RetireExecutor>());
}

TEST(Dispatcher, ADeadExecutorIsBuriedWhenItsTreeIsDead) {
  Harness h(slots(1));
  h.launch(0);
  h.ready(1);
  h.clear();
  h.dispatcher.exited(1, false, h.now, h.out);
  ASSERT_TRUE(h.only<EndStrays>());
  EXPECT_TRUE(h.only<EndStrays>()->with_helpers);
  h.dispatcher.strays_ended(1, 3, h.now, h.out);
  EXPECT_FALSE(h.only<BuryExecutor>());
  h.clear();
  h.pass(5ms);
  EXPECT_TRUE(h.only<EndStrays>());
  h.dispatcher.strays_ended(1, 0, h.now, h.out);
  EXPECT_TRUE(h.only<BuryExecutor>());
  EXPECT_FALSE(h.only<ReportEnded>()) << "its last words may be the result";
  EXPECT_EQ(h.dispatcher.result_arrived(1), Taken::kYes);
  h.dispatcher.gone(1, false, h.now, h.out);
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kResult);
  EXPECT_TRUE(h.only<ForgetExecutor>());
}

TEST(Dispatcher, AnExecutorThatClosedItsSocketAndLivesOnIsEnded) {
  Harness h(slots(2));
  h.launch(0);
  h.ready(1);
  h.dispatcher.hung_up(1, h.now, h.out);
  h.clear();
  h.pass(2s);
  EXPECT_TRUE(h.only<KillTree>());
  h.gone(1);
  EXPECT_EQ(h.only<ReportEnded>()->by, EndedBy::kProtocol);
  h.launch(1);
  h.ready(2);
  h.finish(2);
  h.clear();
  h.dispatcher.hung_up(2, h.now, h.out);
  EXPECT_TRUE(h.only<RetireExecutor>()) << "an idle one is not given anything any more";
  h.launch(2);
  EXPECT_TRUE(h.only<SpawnExecutor>());
}

TEST(Dispatcher, DeadlinesGoWithTheAttemptsThatTheyAreOf) {
  Harness h(slots(1));
  for (int task = 0; task < 1000; ++task) {
    h.launch(task, 1, 1h);
    h.ready(1);
    h.finish(1);
  }
  EXPECT_LE(h.dispatcher.deadlines(), 1u) << "of the idle executor";
  h.gone(1);
  EXPECT_EQ(h.dispatcher.deadlines(), 0u);
  EXPECT_FALSE(h.dispatcher.next_deadline());
}

TEST(Dispatcher, DuplicateLaunchIsIgnored) {
  Harness h(slots(1));
  h.launch(0);
  h.launch(0);
  EXPECT_EQ(h.count<SpawnExecutor>(), 1);
  EXPECT_EQ(h.dispatcher.queued(), 0u);
}

TEST(Dispatcher, FullQueueGivesBack) {
  auto limits = slots(1);
  limits.queue_max = 1;
  Harness h(limits);
  h.launch(0);
  h.launch(1);
  h.launch(2);
  ASSERT_TRUE(h.only<ReportReleased>());
  EXPECT_EQ(h.only<ReportReleased>()->key.task, 2);
}

}  // namespace
}  // namespace weir::worker
