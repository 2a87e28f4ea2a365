// Values that one version of a type has written, read by another: fields are found by name.
// A changed type is refused with the place and both types.
// Pure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sdk/sample_types.h"
#include "weir/codec.h"

namespace {

using ::testing::HasSubstr;

namespace v1 {
struct Inner {
  int a = 0;
  std::string gone;
};
struct Row {
  long id = 0;
  std::string message;
  Inner inner;
};
struct Tree {
  int value = 0;
  std::vector<Tree> children;
};
}  // namespace v1

namespace v2 {
struct Inner {
  int a = 0;
  double added = 2.5;
};
struct Row {
  std::string source = "unknown";
  long id = 0;
  Inner inner;
  std::string message;  // another order
  std::vector<int> more = {1, 2};
};
struct Tree {
  int weight = 7;
  int value = 0;
  std::vector<Tree> children;
};
}  // namespace v2

std::string refusal(const std::function<void()>& read) {
  try {
    read();
  } catch (const weir::CodecError& error) {
    return error.what();
  }
  return "read";
}

TEST(CodecEvolution, AddedFieldsTakeTheirInitialiserAndRemovedOnesAreSkipped) {
  const std::vector<v1::Row> old = {{1, "one", {10, "gone"}}, {2, "two", {20, "gone"}}};
  const auto rows = weir::decode<std::vector<v2::Row>>(weir::encode(old));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].id, 2);
  EXPECT_EQ(rows[1].message, "two");
  EXPECT_EQ(rows[1].source, "unknown");
  EXPECT_EQ(rows[1].more, (std::vector<int>{1, 2}));
  EXPECT_EQ(rows[1].inner.a, 20);
  EXPECT_EQ(rows[1].inner.added, 2.5);
}

TEST(CodecEvolution, OlderReadersSkipWhatTheyDoNotKnow) {
  v2::Row row;
  row.id = 5;
  row.message = "m";
  row.inner.a = 3;
  const auto old = weir::decode<v1::Row>(weir::encode(row));
  EXPECT_EQ(old.id, 5);
  EXPECT_EQ(old.message, "m");
  EXPECT_EQ(old.inner.a, 3);
  EXPECT_EQ(old.inner.gone, "");
}

TEST(CodecEvolution, ReachesIntoEveryContainer) {
  using Old = std::tuple<std::map<std::string, v1::Inner>, std::optional<v1::Inner>,
                         std::variant<int, v1::Inner>, std::array<v1::Inner, 2>>;
  using New = std::tuple<std::map<std::string, v2::Inner>, std::optional<v2::Inner>,
                         std::variant<int, v2::Inner, double>, std::array<v2::Inner, 2>>;
  const v1::Inner inner{4, "gone"};
  const Old old{{{"k", inner}}, inner, inner, {inner, inner}};
  const auto now = weir::decode<New>(weir::encode(old));
  EXPECT_EQ(std::get<0>(now).at("k").a, 4);
  EXPECT_EQ(std::get<1>(now)->added, 2.5);
  EXPECT_EQ(std::get<v2::Inner>(std::get<2>(now)).a, 4);
  EXPECT_EQ(std::get<3>(now)[1].a, 4);
}

TEST(CodecEvolution, WorksInRecursiveTypes) {
  const v1::Tree old{1, {{2, {}}, {3, {{4, {}}}}}};
  const auto now = weir::decode<v2::Tree>(weir::encode(old));
  EXPECT_EQ(now.children[1].children[0].value, 4);
  EXPECT_EQ(now.children[1].children[0].weight, 7);
}

TEST(CodecEvolution, FieldsMayAllComeOrGo) {
  EXPECT_EQ(weir::decode<sample::Point>(weir::encode(sample::Keep{})), sample::Point{});
  EXPECT_EQ(weir::decode<sample::Keep>(weir::encode(sample::Point{1, 2})), sample::Keep{});
  const std::vector<sample::Keep> three(3);
  EXPECT_EQ(weir::decode<std::vector<sample::Point>>(weir::encode(three)).size(), 3u);
}

TEST(CodecEvolution, ChangedTypesAreRefusedWithPlaceAndTypes) {
  struct Before {
    long id = 0;
    std::vector<v1::Inner> inner;
  };
  struct Changed {
    double a = 0;
  };
  struct After {
    long id = 0;
    std::vector<Changed> inner;
  };
  const std::string bytes = weir::encode(Before{1, {{}}});
  EXPECT_THAT(refusal([&] { weir::decode<After>(bytes); }),
              HasSubstr("inner[].a was i32 when written and is f64 now"));
  EXPECT_THAT(refusal([&] { weir::decode<After>(bytes); }), HasSubstr("WEIR-E0602"));
}

TEST(CodecEvolution, OtherChangesOfTypeAreRefused) {
  const auto reads = [](const auto& written, auto as) {
    return refusal([&] { weir::decode<decltype(as)>(weir::encode(written)); });
  };
  EXPECT_THAT(reads(1, 1L), HasSubstr("was i32 when written and is i64 now"));
  EXPECT_THAT(reads(std::vector<int>{}, std::array<int, 2>{}), HasSubstr("an array of 2"));
  EXPECT_THAT(reads(std::array<int, 3>{}, std::array<int, 2>{}), HasSubstr("an array of 3"));
  EXPECT_THAT(reads(std::optional<int>{}, 1), HasSubstr("an optional"));
  EXPECT_THAT(reads(std::chrono::seconds(1), std::chrono::milliseconds(1)), HasSubstr("1/1000"));
  EXPECT_THAT(reads(sample::Money(1), std::string()), HasSubstr("custom<sample.Money/1>"));
  using Two = std::variant<int, double>;
  using Three = std::variant<int, double, bool>;
  EXPECT_THAT(reads(Three(1), Two(1)), HasSubstr("one of 3"));
  EXPECT_EQ(reads(Two(1), Three(1)), "read");
  EXPECT_THAT(reads(sample::Color::kRed, std::uint8_t{1}), HasSubstr("enum<u8>"));
}

}  // namespace
