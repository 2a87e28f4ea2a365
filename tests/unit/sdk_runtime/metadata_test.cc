// Metadata and log lines as the JSON that is stored, and as the text that people
// read. The names of kinds are held exactly: what was stored under one must still
// be readable later.
#include "sdk/src/metadata.h"

#include <gtest/gtest.h>

namespace weir::sdk_impl {
namespace {

TEST(Metadata, EveryKindHasItsName) {
  const std::vector<Meta> entries{{"rows", 3},
                                  {"share", 0.5},
                                  {"ok", true},
                                  {"note", "hi"},
                                  {"size", ByteCount{2048}},
                                  {"link", Url{"http://x"}},
                                  {"took", std::chrono::milliseconds(2)}};
  const base::Json json = metadata_to_json(entries);
  EXPECT_EQ(json["rows"].dump(), R"({"kind":"int","value":3})");
  EXPECT_EQ(json["share"].dump(), R"({"kind":"float","value":0.5})");
  EXPECT_EQ(json["ok"].dump(), R"({"kind":"bool","value":true})");
  EXPECT_EQ(json["note"].dump(), R"({"kind":"text","value":"hi"})");
  EXPECT_EQ(json["size"].dump(), R"({"kind":"bytes","value":2048})");
  EXPECT_EQ(json["link"].dump(), R"({"kind":"url","value":"http://x"})");
  EXPECT_EQ(json["took"].dump(), R"({"kind":"duration_ns","value":2000000})");
  EXPECT_EQ(metadata_text(json),
            "rows 3 · share 0.5 · ok true · note hi · size 2.0 KiB · link http://x · took 2.0 ms");
}

TEST(Metadata, TheLastValueOfANameCounts) {
  EXPECT_EQ(metadata_text(metadata_to_json({{"rows", 1}, {"rows", 2}})), "rows 2");
}

TEST(LogLine, IsOneJsonObjectOnOneLine) {
  const base::WallTime at{std::chrono::microseconds(1'767'323'045'678'901)};
  EXPECT_EQ(log_line(at, impl::LogLevel::kWarn, "two\nlines", {{"n", 1}}),
            R"({"at":"2026-01-02T03:04:05.678901Z","level":"warn","text":"two\nlines",)"
            R"("fields":{"n":{"kind":"int","value":1}}})");
}

TEST(LogLine, WhatIsTooLongIsCutWithAMark) {
  const std::string huge = "x" + std::string(1u << 20, '\x01');
  const auto text = [](const std::string& line) {
    return base::Json::parse(line).value()["text"].as_string();
  };
  EXPECT_EQ(text(log_line({}, impl::LogLevel::kInfo, huge, {})),
            huge.substr(0, kLogTextBytesMax) + "… (983041 bytes cut)");
  // Not within a character.
  const std::string umlauts = "x" + std::string(kLogTextBytesMax - 2, 'x') + "ää";
  EXPECT_EQ(text(log_line({}, impl::LogLevel::kInfo, umlauts, {})),
            umlauts.substr(0, kLogTextBytesMax - 1) + "… (4 bytes cut)");

  const std::vector<Meta> fields{{"a", 1}, {"b", huge}, {"c", Url{huge}}};
  const std::string line = log_line({}, impl::LogLevel::kInfo, "short", fields);
  EXPECT_EQ(text(line), "short… (1 fields cut)");
  const auto shown = base::Json::parse(line).value()["fields"];
  EXPECT_EQ(shown["a"]["value"].as_int(), 1);
  EXPECT_TRUE(shown["b"]["value"].as_string().ends_with(" bytes cut)"));
  EXPECT_LT(shown["b"]["value"].as_string().size(), kLogFieldsBytesMax);
}

}  // namespace
}  // namespace weir::sdk_impl
