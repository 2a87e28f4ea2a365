// Encoded values as JSON, and JSON as encoded values, from the schema alone.
// What `weir assets get` prints.
// Pure.
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/unit/sdk/sample_types.h"
#include "value/json.h"
#include "weir/codec.h"

namespace {

using ::testing::HasSubstr;
using weir::base::Json;

template <class T>
std::string shown(const T& value) {
  const auto json = weir::value::value_to_json(weir::encode(value));
  return json.ok() ? json->dump() : json.status().text();
}

template <class T>
T parsed(std::string_view text) {
  const auto json = Json::parse(text);
  const auto bytes = weir::value::value_from_json(weir::schema_of<T>(), *json);
  if (!bytes.ok()) throw std::runtime_error(bytes.status().text());
  return weir::decode<T>(*bytes);
}

template <class T>
std::string refusal(std::string_view text) {
  try {
    parsed<T>(text);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "read";
}

TEST(ValueJson, ShowsEveryKind) {
  EXPECT_EQ(shown(std::tuple(true, 'a', -5, std::uint64_t{7}, 0.5, 0.1f, sample::Color::kGreen)),
            "[true,97,-5,7,0.5,0.1,1]");
  EXPECT_EQ(shown(std::vector<sample::Point>{{1, 2}}), R"([{"x":1,"y":2}])");
  EXPECT_EQ(shown(std::map<std::string, int>{{"a", 1}, {"b", 2}}), R"({"a":1,"b":2})");
  EXPECT_EQ(shown(std::map<int, std::string>{{1, "a"}}), R"([[1,"a"]])");
  EXPECT_EQ(shown(std::set<int>{2, 1}), "[1,2]");
  EXPECT_EQ(shown(std::optional<int>{}), "null");
  EXPECT_EQ(shown(std::optional<int>{3}), "3");
  EXPECT_EQ(shown(std::variant<int, std::string>("x")), R"({"alternative":1,"value":"x"})");
  EXPECT_EQ(shown(weir::Bytes{std::byte{1}, std::byte{255}}), R"("Af8=")");
  EXPECT_EQ(shown(weir::Json::parse(R"({"k":[1]})")), R"({"k":[1]})");
  EXPECT_EQ(shown(weir::External{"u", "v"}), R"({"uri":"u","version":"v"})");
  EXPECT_EQ(shown(sample::Keep{}), "{}");
  EXPECT_EQ(shown(sample::Money(12)), R"("MTI=")");
}

TEST(ValueJson, ShowsTimesForPeople) {
  using namespace std::chrono;
  EXPECT_EQ(shown(sys_seconds(sys_days(year(2026) / 1 / 31) + hours(10))),
            R"("2026-01-31T10:00:00Z")");
  EXPECT_EQ(shown(sys_time<milliseconds>(milliseconds(-1))), R"("1969-12-31T23:59:59.999Z")");
  EXPECT_EQ(shown(sys_days(year(2024) / 2 / 29)), R"("2024-02-29T00:00:00Z")");
  EXPECT_EQ(shown(year(2024) / 2 / 29), R"("2024-02-29")");
  EXPECT_EQ(shown(milliseconds(1500)), R"("1.5s")");
  EXPECT_EQ(shown(minutes(2)), R"("120s")");
}

TEST(ValueJson, KeepsWhatJsonNumbersCannotHold) {
  EXPECT_EQ(shown(std::numeric_limits<std::uint64_t>::max()), R"("18446744073709551615")");
  EXPECT_EQ(shown(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(shown(std::numeric_limits<double>::quiet_NaN()), R"("NaN")");
  EXPECT_EQ(shown(-std::numeric_limits<double>::infinity()), R"("-Infinity")");
  EXPECT_EQ(shown(std::uint32_t{4294967295u}), "4294967295");
  EXPECT_EQ(shown(std::int32_t{-1}), "-1");
  EXPECT_EQ(shown(std::string("a\xFF")), "\"a\xEF\xBF\xBD\"");
}

TEST(ValueJson, EverythingComesBackFromItsJson) {
  auto value = sample::full();
  value.text = "plain";
  value.json = weir::Json::parse(R"({"a":[1,2.5]})");
  EXPECT_EQ(parsed<sample::Everything>(shown(value)), value);
  const sample::Everything empty;
  auto text = shown(empty);
  EXPECT_EQ(parsed<sample::Everything>(text), empty);
}

TEST(ValueJson, RefusesWhatIsNoValue) {
  EXPECT_THAT(weir::value::value_to_json("rubbish").status().text(), HasSubstr("WEIR-E0601"));
  EXPECT_FALSE(weir::value::value_to_json("").ok());
}

TEST(ValueJson, NamesTheMemberThatIsWrong) {
  struct Inner {
    std::uint8_t small = 0;
    std::string text;
  };
  struct Outer {
    std::vector<Inner> list;
    bool flag = false;
  };
  using testing::HasSubstr;
  EXPECT_THAT(
      refusal<Outer>(R"({"list":[{"small":1,"text":"a"},{"small":300,"text":""}],"flag":true})"),
      HasSubstr("list[1].small must be a whole number from 0 to 255, not 300"));
  EXPECT_THAT(refusal<Outer>(R"({"list":[]})"), HasSubstr("flag is missing"));
  EXPECT_THAT(refusal<Outer>(R"({"list":[],"flag":"maybe"})"),
              HasSubstr("flag must be true or false"));
  EXPECT_THAT(refusal<Outer>(R"({"list":[],"flg":true})"), HasSubstr("Did you mean 'flag'?"));
  EXPECT_THAT(refusal<int>("1.5"), HasSubstr("whole number"));
  EXPECT_THAT(refusal<int>("1e300"), HasSubstr("whole number"));
  EXPECT_THAT(refusal<float>("1e300"), HasSubstr("32-bit"));
  EXPECT_THAT(refusal<weir::Bytes>(R"("a")"), HasSubstr("base64"));
}

TEST(ValueJson, TakesTextForNumbersFromTheCommandLine) {
  EXPECT_EQ(parsed<int>(R"("5")"), 5);
  EXPECT_EQ(parsed<double>(R"("2.5")"), 2.5);
  EXPECT_EQ(parsed<bool>(R"("true")"), true);
  EXPECT_EQ(parsed<int>("3.0"), 3);
  EXPECT_THAT(refusal<int>(R"("5x")"), HasSubstr("whole number"));
}

}  // namespace
