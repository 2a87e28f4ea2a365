// The cache of decoded values keeps to its bound, gives up what was used longest
// ago, and tells types apart even when their bytes are the same. Sizes are given,
// never measured.
#include "sdk/src/value_cache.h"

#include <string>

#include <gtest/gtest.h>

namespace weir::sdk_impl {
namespace {

using base::sha256;

std::shared_ptr<const void> value() { return std::make_shared<const int>(1); }

TEST(ValueCache, GivesBackTheSameObject) {
  ValueCache cache(100);
  const impl::ValueCodec codec;
  const auto held = value();
  cache.put(sha256("a"), codec, held, 10);
  EXPECT_EQ(cache.find(sha256("a"), codec), held);
  EXPECT_EQ(cache.find(sha256("b"), codec), nullptr);
}

TEST(ValueCache, TypesWithTheSameBytesAreApart) {
  ValueCache cache(100);
  const impl::ValueCodec one;
  const impl::ValueCodec other;
  cache.put(sha256("a"), one, value(), 10);
  EXPECT_EQ(cache.find(sha256("a"), other), nullptr);
}

TEST(ValueCache, DropsTheLeastRecentlyUsed) {
  ValueCache cache(30);
  const impl::ValueCodec codec;
  for (const char* name : {"a", "b", "c"}) cache.put(sha256(name), codec, value(), 10);
  EXPECT_NE(cache.find(sha256("a"), codec), nullptr);
  cache.put(sha256("d"), codec, value(), 10);
  EXPECT_EQ(cache.find(sha256("b"), codec), nullptr);
  EXPECT_NE(cache.find(sha256("a"), codec), nullptr);
  EXPECT_EQ(cache.bytes(), 30);
}

TEST(ValueCache, ValuesOverTheBoundAreNotKept) {
  ValueCache cache(30);
  const impl::ValueCodec codec;
  cache.put(sha256("small"), codec, value(), 10);
  cache.put(sha256("huge"), codec, value(), 31);
  EXPECT_EQ(cache.find(sha256("huge"), codec), nullptr);
  EXPECT_NE(cache.find(sha256("small"), codec), nullptr);
}

}  // namespace
}  // namespace weir::sdk_impl
