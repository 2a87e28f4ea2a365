// Every codec gives back what it was given, and the same bytes for equal values.
// The examples are in sample_types.h.
// Pure.
#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

#include "tests/unit/sdk/sample_types.h"
#include "weir/testing.h"

namespace {

using sample::Everything;
using sample::Node;
using sample::Point;
using weir::testing::codec_problem;

TEST(CodecRoundTrip, DefaultValueOfEveryKindComesBack) {
  EXPECT_EQ(codec_problem(Everything{}), "");
}

TEST(CodecRoundTrip, FullValueOfEveryKindComesBack) {
  EXPECT_EQ(codec_problem(sample::full()), "");
}

TEST(CodecRoundTrip, ExtremeNumbersComeBack) {
  EXPECT_EQ(codec_problem(std::numeric_limits<std::int64_t>::min()), "");
  EXPECT_EQ(codec_problem(std::numeric_limits<std::uint64_t>::max()), "");
  EXPECT_EQ(codec_problem(std::numeric_limits<double>::denorm_min()), "");
  EXPECT_EQ(codec_problem(std::numeric_limits<float>::infinity()), "");
  const double nan = weir::decode<double>(weir::encode(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_NE(nan, nan);
}

TEST(CodecRoundTrip, EmptyContainersComeBack) {
  EXPECT_EQ(codec_problem(std::vector<Point>{}), "");
  EXPECT_EQ(codec_problem(std::string{}), "");
  EXPECT_EQ(codec_problem(std::map<std::string, std::vector<int>>{}), "");
  EXPECT_EQ(codec_problem(std::optional<std::string>{}), "");
  EXPECT_EQ(codec_problem(std::vector<sample::Keep>(1000)), "");
}

TEST(CodecRoundTrip, LargeVectorsComeBack) {
  std::vector<double> numbers(1'000'000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i) * 0.5;
  EXPECT_EQ(codec_problem(numbers), "");
  std::vector<std::string> texts(20'000, std::string(100, 'x'));
  EXPECT_EQ(codec_problem(texts), "");
}

TEST(CodecRoundTrip, VectorsOfPackedStructsTakeNoMoreThanTheirFields) {
  const std::vector<Point> points(1000, Point{1, 2});
  const std::size_t head = weir::encode(std::vector<Point>{}).size();
  EXPECT_EQ(weir::encode(points).size(), head + 1 + points.size() * sizeof(Point));
}

TEST(CodecRoundTrip, PaddingDoesNotReachTheBytes) {
  struct Padded {
    char letter = 0;
    double number = 0;
  };
  static_assert(!weir::impl::kPacked<Padded>);
  alignas(Padded) unsigned char dirty[sizeof(Padded)];
  std::fill(std::begin(dirty), std::end(dirty), std::uint8_t{0xAB});
  auto* value = new (dirty) Padded;
  value->letter = 'x';
  value->number = 1;
  EXPECT_EQ(weir::encode(*value), weir::encode(Padded{'x', 1}));
}

TEST(CodecRoundTrip, UnorderedContainersHaveOneOrder) {
  std::unordered_map<std::string, int> forwards;
  std::unordered_map<std::string, int> backwards(4096);
  std::map<std::string, int> ordered;
  for (int i = 0; i < 500; ++i) forwards[std::to_string(i)] = i;
  for (int i = 499; i >= 0; --i) backwards[std::to_string(i)] = i;
  for (int i = 0; i < 500; ++i) ordered[std::to_string(i)] = i;
  EXPECT_EQ(weir::encode(forwards), weir::encode(backwards));
  EXPECT_EQ(weir::encode(forwards), weir::encode(ordered));
}

TEST(CodecRoundTrip, RecursiveTypesComeBackAndEndAtALimit) {
  Node tree{1, {{2, {}}, {3, {{4, {}}}}}};
  EXPECT_EQ(codec_problem(tree), "");
  for (int i = 0; i < 98; ++i) {
    Node around;
    around.children.push_back(std::move(tree));
    tree = std::move(around);
  }
  EXPECT_THROW(weir::encode(tree), weir::CodecError);
}

TEST(CodecRoundTrip, NamedFieldsComeBack) {
  sample::Account account(7, 12.5);
  account.history[2] = 3;
  const auto back = weir::decode<sample::Account>(weir::encode(account));
  EXPECT_EQ(back.id, 7);
  EXPECT_EQ(back.balance(), 12.5);
  EXPECT_EQ(back.history[2], 3);
  EXPECT_EQ(weir::schema_of<sample::Account>(), "{id:i32,balance_:f64,history:[f64*3]}");
}

TEST(CodecRoundTrip, OwnCodecsComeBackInsideOfStructs) {
  EXPECT_EQ(codec_problem(std::vector<sample::Money>{sample::Money(5), sample::Money(-1)}), "");
  EXPECT_EQ(weir::schema_of<sample::Money>(), "custom<sample.Money/1>");
}

TEST(CodecRoundTrip, JsonKeepsNumbersAndTextAsWritten) {
  const auto json = weir::Json::parse("{ \"n\" : 12345678901234567890.10 , \"t\": \"a \\\" b\" }");
  EXPECT_EQ(json.text(), "{\"n\":12345678901234567890.10,\"t\":\"a \\\" b\"}");
  EXPECT_EQ(codec_problem(json), "");
  EXPECT_THROW(weir::Json::parse("{"), weir::Failure);
}

}  // namespace
