// The bounds of the API's queue, cache and list of watchers, and that
// nobody who waits is forgotten when they end. Threads meet at latches; nothing
// sleeps.
#include <latch>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "scheduler/rpc/inline_cache.h"
#include "scheduler/rpc/limits.h"
#include "scheduler/rpc/watchers.h"
#include "scheduler/rpc/work_pool.h"

namespace weir::rpc {
namespace {

TEST(WorkPool, RefusesRequestsPastItsLimitButNotSteps) {
  WorkPool pool("test", 1, 2);
  std::latch busy(1);
  std::latch release(1);
  ASSERT_TRUE(pool.submit([&] {
                    busy.count_down();
                    release.wait();
                  })
                  .ok());
  busy.wait();  // the only thread is taken: what follows waits
  std::latch ran(3);
  EXPECT_TRUE(pool.submit([&] { ran.count_down(); }).ok());
  EXPECT_TRUE(pool.submit([&] { ran.count_down(); }).ok());
  EXPECT_EQ(pool.submit([&] { ran.count_down(); }).code(), base::Code::kResourceExhausted);
  pool.submit_step([&] { ran.count_down(); });
  release.count_down();
  ran.wait();
  std::latch again(1);
  EXPECT_TRUE(pool.submit([&] { again.count_down(); }).ok());
  again.wait();
}

TEST(WorkPool, WhatAWorkerWaitsForGoesAheadOfRequests) {
  WorkPool pool("test", 1, 10);
  std::latch busy(1);
  std::latch release(1);
  ASSERT_TRUE(pool.submit([&] {
                    busy.count_down();
                    release.wait();
                  })
                  .ok());
  busy.wait();
  std::string order;
  std::latch ran(4);
  const auto append = [&](char name) {
    return [&order, &ran, name] {
      order += name;
      ran.count_down();
    };
  };
  EXPECT_TRUE(pool.submit(append('r')).ok());
  pool.submit_step(append('s'));
  pool.submit_ahead(append('1'));
  pool.submit_ahead(append('2'));
  release.count_down();
  ran.wait();
  EXPECT_EQ(order, "12rs");
}

TEST(WorkPool, StopDestroysWhatStillWaits) {
  WorkPool pool("test", 1, 10);
  std::latch busy(1);
  std::latch release(1);
  ASSERT_TRUE(pool.submit([&] {
                    busy.count_down();
                    release.wait();
                  })
                  .ok());
  busy.wait();
  auto waiting = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = waiting;
  pool.submit_step([waiting = std::move(waiting)] { ADD_FAILURE() << "ran after stop"; });
  // Not before the stop has begun, which is when the pool takes nothing more.
  std::jthread releaser([&] {
    while (pool.submit([] {}).code() != base::Code::kUnavailable) std::this_thread::yield();
    release.count_down();
  });
  pool.stop();
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(pool.submit([] {}).code(), base::Code::kUnavailable);
}

InlineCache::Bytes bytes(const std::string& text) {
  return std::make_shared<const std::string>(text);
}

TEST(InlineCache, ForgetsTheLeastRecentlyUsedFirst) {
  InlineCache cache(3 * (100 + 128));
  const auto key = [](int i) { return base::sha256(std::to_string(i)); };
  for (int i = 0; i < 3; ++i) cache.put(key(i), bytes(std::string(100, 'x')));
  EXPECT_NE(cache.find(key(0)), nullptr);  // now the newest
  cache.put(key(3), bytes(std::string(100, 'x')));
  EXPECT_EQ(cache.find(key(1)), nullptr);
  EXPECT_NE(cache.find(key(0)), nullptr);
  EXPECT_NE(cache.find(key(3)), nullptr);
}

TEST(InlineCache, StaysWithinItsBytes) {
  InlineCache cache(10'000);
  for (int i = 0; i < 1000; ++i) {
    cache.put(base::sha256(std::to_string(i)), bytes(std::string(500, 'x')));
    ASSERT_LE(cache.bytes(), 10'000u);
  }
  cache.put(base::sha256("large"), bytes(std::string(20'000, 'x')));
  EXPECT_EQ(cache.find(base::sha256("large")), nullptr);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(InlineCache, PuttingAValueTwiceCountsItOnce) {
  InlineCache cache(10'000);
  cache.put(base::sha256("a"), bytes("a"));
  const std::size_t once = cache.bytes();
  cache.put(base::sha256("a"), bytes("a"));
  EXPECT_EQ(cache.bytes(), once);
}

struct CountingWatcher : Watcher {
  void wake() override { ++woken; }
  void close(const base::Status&) override { ++closed; }
  int woken = 0;
  int closed = 0;
};

TEST(Watchers, AreWokenOncePerCommitThatBroughtEvents) {
  Watchers watchers;
  const auto watcher = std::make_shared<CountingWatcher>();
  ASSERT_TRUE(watchers.add(watcher).ok());
  watchers.committed(5);
  watchers.committed(5);
  EXPECT_EQ(watcher->woken, 1);
  watchers.committed(6);
  EXPECT_EQ(watcher->woken, 2);
  watchers.remove(watcher.get());
  watchers.committed(7);
  EXPECT_EQ(watcher->woken, 2);
}

TEST(Watchers, HaveALimitAndRefuseAfterTheEnd) {
  Watchers watchers;
  for (int i = 0; i < kWatchersMax; ++i) {
    ASSERT_TRUE(watchers.add(std::make_shared<CountingWatcher>()).ok());
  }
  const auto last = std::make_shared<CountingWatcher>();
  EXPECT_EQ(watchers.add(last).code(), base::Code::kResourceExhausted);
  watchers.close_all(base::Status(base::Code::kUnavailable, 0, "bye"));
  EXPECT_EQ(watchers.add(last).code(), base::Code::kUnavailable);
}

}  // namespace
}  // namespace weir::rpc
