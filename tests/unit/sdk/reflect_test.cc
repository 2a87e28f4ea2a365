// Reflection of plain structs: counts, names, and what it must recognise as beyond it.
// Mostly decided at compile time; the tests say which case is which.
// Pure.
#include <any>
#include <functional>

#include <gtest/gtest.h>

#include "tests/unit/sdk/sample_types.h"
#include "weir/codec.h"

namespace {

namespace reflect = weir::reflect;

template <class T>
struct Generic {
  T value{};
  std::vector<T> rest;
};
struct Wide {  // 64 fields
  int f00, f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15;
  int f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31;
  int f32, f33, f34, f35, f36, f37, f38, f39, f40, f41, f42, f43, f44, f45, f46, f47;
  int f48, f49, f50, f51, f52, f53, f54, f55, f56, f57, f58, f59, f60, f61, f62, f63;
};
struct TooWide {
  Wide wide;
  std::array<int, 64> more;
  int f00, f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15;
  int f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31;
  int f32, f33, f34, f35, f36, f37, f38, f39, f40, f41, f42, f43, f44, f45, f46, f47;
  int f48, f49, f50, f51, f52, f53, f54, f55, f56, f57, f58, f59, f60, f61, f62, f63;
};
struct Greedy {  // fields with converting constructors of their own
  std::any anything;
  std::function<void()> callback;
  std::optional<std::any> maybe;
  std::variant<int, std::string> choice;
  int last = 0;
};

TEST(Reflect, NamesAreAsInTheSource) {
  EXPECT_EQ(reflect::kNames<sample::Everything>[0], "truth");
  EXPECT_EQ(reflect::kNames<sample::Everything>.back(), "tree");
  EXPECT_EQ(reflect::kNames<Generic<sample::Point>>[1], "rest");
  struct Local {
    int inside = 0;
    Generic<int> other_2;
  };
  EXPECT_EQ(reflect::kNames<Local>[0], "inside");
  EXPECT_EQ(reflect::kNames<Local>[1], "other_2");
}

TEST(Reflect, CountsUpToSixtyFourFields) {
  EXPECT_EQ(reflect::Shape<Wide>::kBraces, 64u);
  EXPECT_TRUE(reflect::Shape<Wide>::kReadable);
  EXPECT_EQ(reflect::kNames<Wide>[63], "f63");
  EXPECT_TRUE(reflect::Shape<TooWide>::kTooMany);
  EXPECT_EQ(reflect::Shape<Greedy>::kBraces, 5u);
}

TEST(Reflect, BasesAndCArraysAreRecognised) {
  struct Derived : sample::Point {
    int z = 0;
  };
  struct Text {
    int id = 0;
    char name[8] = {};
  };
  struct Numbers {
    double values[3] = {};
    sample::Point point;
  };
  EXPECT_TRUE(reflect::Shape<Derived>::kBase);
  EXPECT_TRUE(reflect::Shape<Text>::kArray);
  EXPECT_TRUE(reflect::Shape<Numbers>::kArray);
  struct Fine {
    std::array<double, 3> values;
    sample::Point point;
  };
  EXPECT_TRUE(reflect::Shape<Fine>::kReadable);
}

TEST(Reflect, FieldsOfABaseAreNotTakenForThoseOfTheDerivedClass) {
  struct Named {
    WEIR_FIELDS(id)
    int id = 0;
  };
  struct Derived : Named {
    int more = 0;
  };
  static_assert(weir::impl::Declared<Named>);
  static_assert(!weir::impl::Declared<Derived>);
  EXPECT_EQ(weir::schema_of<Named>(), "{id:i32}");
}

TEST(Reflect, PackedMeansWithoutPaddingAndWithoutTraps) {
  struct Padded {
    char letter;
    int number;
  };
  struct Flagged {
    bool flag;
  };
  EXPECT_TRUE(weir::impl::kPacked<sample::Point>);
  EXPECT_FALSE(weir::impl::kPacked<Padded>);
  EXPECT_FALSE(weir::impl::kPacked<Flagged>);
  EXPECT_FALSE(weir::impl::kPacked<std::string>);
}

}  // namespace
