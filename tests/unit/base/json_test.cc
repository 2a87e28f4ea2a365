// JSON reads back what it wrote, refuses what is malformed with the place, and stays within its
// depth whatever it is fed. Strictness is tested by example: each text is one that some other
// reader accepts.
#include "base/json.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace weir::base {
namespace {

Json parsed(std::string_view text) {
  auto result = Json::parse(text);
  EXPECT_TRUE(result.ok()) << text << ": " << result.status().text();
  return result.ok() ? result.value() : Json();
}

std::string problem(std::string_view text) {
  const auto result = Json::parse(text);
  EXPECT_FALSE(result.ok()) << text;
  return result.ok() ? "" : result.status().message();
}

TEST(Json, DocumentsRoundTrip) {
  for (const char* text :
       {"null", "true", "[]", "{}", "0", "-1", "9223372036854775807", "0.1", "1.0", "1e+300",
        R"({"b":1,"a":[true,null,"x"],"c":{"d":-2.5}})", R"("\"\\\n\t\u0001é")"}) {
    EXPECT_EQ(parsed(text).dump(), text);
    EXPECT_EQ(parsed(parsed(text).pretty()), parsed(text));
  }
}

TEST(Json, NumbersKeepTheirTypeAndValue) {
  for (const double value : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 12345678.0}) {
    const Json back = parsed(Json(value).dump());
    EXPECT_FALSE(back.is_int());
    EXPECT_EQ(back.as_number(), value);
  }
  EXPECT_TRUE(parsed("42").is_int());
  EXPECT_EQ(parsed("18446744073709551616").as_number(), 18446744073709551616.0);
  EXPECT_EQ(Json(std::nan("")).dump(), "null");
  EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump(), "null");
}

TEST(Json, EscapesAndSurrogatePairsBecomeUtf8) {
  EXPECT_EQ(parsed(R"("\u00e9\u20ac\ud83d\ude00\/")").as_string(), "é€😀/");
}

TEST(Json, ReadersFallBackOnOtherTypes) {
  const Json json = parsed(R"({"n":3,"r":2.5,"whole":4.0,"s":"x"})");
  EXPECT_EQ(json["n"].as_int(), 3);
  EXPECT_EQ(json["r"].as_int(7), 7);
  EXPECT_EQ(json["whole"].as_int(7), 4);
  EXPECT_EQ(json["s"].as_int(7), 7);
  EXPECT_TRUE(json["missing"]["deeper"].is_null());
  EXPECT_FALSE(json.contains("missing"));
  EXPECT_EQ(json["n"].as_string(), "");
}

TEST(Json, SetReplacesAndKeepsOrder) {
  Json json;
  json.set("b", 1).set("a", 2).set("b", 3);
  EXPECT_EQ(json.dump(), R"({"b":3,"a":2})");
}

TEST(Json, PrettyIndentsByTwo) {
  EXPECT_EQ(parsed(R"({"a":[1,{}],"b":[]})").pretty(),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

TEST(Json, MalformedTextNamesLineAndColumn) {
  EXPECT_EQ(problem("{\n  \"a\": tru\n}"), "2:8: a value was expected");
  EXPECT_EQ(problem("[1,]"), "1:4: a value was expected");
  EXPECT_EQ(problem(""), "1:1: the document ends where a value was expected");
  EXPECT_EQ(problem("{\"a\" 1}"), "1:6: ':' was expected");
  EXPECT_EQ(problem("[1 2]"), "1:4: ',' or ']' was expected");
  EXPECT_EQ(problem("1 2"), "1:3: text after the end of the document");
}

TEST(Json, StrictnessRefusesWhatOthersTolerate) {
  for (const char* text : {"01",           "+1",
                           "1.",           ".5",
                           "1e",           "--1",
                           "nul",          "'a'",
                           "{a:1}",        "{\"a\":1,}",
                           "\"\n\"",       "\"\\x\"",
                           "\"\\u12g4\"",  "\"\\ud800\"",
                           "\"\\udc00x\"", "\"\xff\"",
                           "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
                           "\"abc",        "[1",
                           "{\"a\":1",     "/**/1",
                           "NaN",          "1e999",
                           "\"\\",         "{\"a\":1,\"a\":2}"}) {
    EXPECT_FALSE(Json::parse(text).ok()) << text;
  }
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(Json::parse(nested(kJsonDepthMax)).ok());
  EXPECT_FALSE(Json::parse(nested(kJsonDepthMax + 2)).ok());
  EXPECT_FALSE(Json::parse(std::string(1'000'000, '[')).ok());
}

}  // namespace
}  // namespace weir::base
