// Tables, widths, words, parameters and templates: everything that turns values into text and back
// on the way to a person. Pure; one thread.
// Each test stands alone: none writes a file or keeps state for the next.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/display/log_tail.h"
#include "cli/text/init_templates.h"
#include "cli/text/params.h"
#include "cli/text/style.h"
#include "cli/text/table.h"
#include "cli/values.h"
#include "weir/v1/run_service.pb.h"

namespace weir::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kNarrow = 20;

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({{"RUN"}, {"TASKS", Align::kRight}, {"STATE"}});
  table.add({{"a"}, {"1/10"}, {"succeeded"}});
  table.add({{"longer"}, {"2"}, {"ok"}});
  EXPECT_EQ(table.render(Painter(false), 0),
            "RUN     TASKS  STATE\n"
            "a        1/10  succeeded\n"
            "longer      2  ok\n");
}

TEST(TableTest, OnlyALastColumnOfFreeTextIsCutAndOnlyOnATerminal) {
  const std::string id(40, 'x');
  const std::string words = "a message that is far too long for the width";
  Table table({{"ID"}, {"MESSAGE", Align::kLeft, true}});
  table.add({{id}, {words}});
  EXPECT_THAT(table.render(Painter(false), 0), HasSubstr(words));
  const std::string narrow = table.render(Painter(false), kNarrow);
  EXPECT_THAT(narrow, HasSubstr(id));
  EXPECT_THAT(narrow, HasSubstr("…"));
  EXPECT_THAT(narrow, Not(HasSubstr(words)));
}

TEST(TableTest, PaintDoesNotMoveColumnsAndControlCharactersGo) {
  Table table({{"STATE"}, {"NAME"}});
  table.add({{"failed", Color::kRed}, {"evil\x1b[2J\nname"}});
  const std::string text = table.render(Painter(true), 0);
  EXPECT_THAT(text, HasSubstr("\x1b[31mfailed\x1b[0m  evil name"));
}

TEST(ProgressText, SaysWhatIsKnown) {
  v1::Progress progress;
  EXPECT_EQ(progress_text(progress), "");
  progress.set_message("reading");
  EXPECT_EQ(progress_text(progress), "reading");
  progress.set_fraction(0.42);
  progress.set_message("epoch 3 of 10");
  EXPECT_EQ(progress_text(progress), "42 %  epoch 3 of 10");
  progress.clear_message();
  for (int percent = 0; percent <= 100; ++percent) {
    progress.set_fraction(percent / 100.0);
    EXPECT_EQ(progress_text(progress), std::to_string(percent) + " %");
  }
  progress.set_fraction(0.999999);
  EXPECT_EQ(progress_text(progress), "99 %");
}

TEST(StyleTest, WidthCountsCodePointsWithoutEscapes) {
  EXPECT_EQ(display_width("żółw"), 4u);
  EXPECT_EQ(display_width("\x1b[31m✗\x1b[0m x"), 3u);
  EXPECT_EQ(cut("żółwik", 4), "żół…");
  EXPECT_EQ(cut("short", 10), "short");
  EXPECT_EQ(cut("x", 0), "");
}

TEST(StyleTest, EscapeSequencesAreStrippedWhole) {
  EXPECT_EQ(printable("\x1b[1;31mred\x1b[0m and \x1b[38:2::1:2:3mrgb"), "red and rgb");
  EXPECT_EQ(printable("\x1b]0;title\atext"), "text");
  EXPECT_EQ(printable("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"), "link");
  EXPECT_EQ(printable("\x1b(Bset \x1b=keypad"), "set keypad");
  EXPECT_EQ(printable("cut \x1b[3"), "cut ");
  EXPECT_EQ(printable("open \x1b]0;title"), "open 0;title");
  EXPECT_EQ(printable("alone \x1b"), "alone ");
}

TEST(LogTailTest, FieldsOfTheStructuredLogAreShownByTheirKinds) {
  const std::string line =
      R"({"at":"now","level":"info","text":"b line","fields":{"i":{"kind":"int","value":12},)"
      R"("name":{"kind":"text","value":"x y"},"size":{"kind":"bytes","value":1536},)"
      R"("took":{"kind":"duration_ns","value":1500000000},"plain":7}})";
  EXPECT_EQ(render_log_line(v1::LOG_STREAM_LOG, line, false),
            "INFO b line i=12 name=x y size=1.5 KiB took=1.5 s plain=7");
  EXPECT_EQ(render_log_line(v1::LOG_STREAM_STDERR, line, false), line);
}

std::string log_json(v1::LogStream stream, const std::string& line) {
  v1::LogInfo info;
  info.set_task("load/pages");
  info.set_epoch(2);
  info.set_stream(stream);
  return log_line_json("r1", info, line);
}

TEST(LogTailTest, JsonLineNestsStructuredLinesAndQuotesOthers) {
  const std::string front = R"({"run":"r1","task":"load/pages","attempt":2,"stream":)";
  EXPECT_EQ(log_json(v1::LOG_STREAM_LOG, R"({"text":"x","n":18446744073709551615})"),
            front + R"("log","line":{"text":"x","n":18446744073709551615}})");
  EXPECT_EQ(log_json(v1::LOG_STREAM_STDOUT, R"({"text":"x"})"),
            front + R"("stdout","line":"{\"text\":\"x\"}"})");
  // A line that was cut, and one that is JSON but no object, stay text.
  EXPECT_EQ(log_json(v1::LOG_STREAM_LOG, R"({"te)"), front + R"("log","line":"{\"te"})");
  EXPECT_EQ(log_json(v1::LOG_STREAM_LOG, "7"), front + R"("log","line":"7"})");
  EXPECT_EQ(log_json(v1::LOG_STREAM_STDERR, "\xFF\tx"),
            front + "\"stderr\",\"line\":\"\xEF\xBF\xBD\\tx\"}");
}

TEST(StyleTest, WordsOfEnumsCountsAndBytes) {
  EXPECT_EQ(enum_word("TASK_STATE_UP_FOR_RETRY", "TASK_STATE_"), "up_for_retry");
  EXPECT_EQ(count_of(1, "task"), "1 task");
  EXPECT_EQ(count_of(0, "task"), "0 tasks");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(std::int64_t{3} << 30), "3.0 GiB");
}

std::string params_text(const std::vector<std::string>& arguments) {
  const auto params = parse_params(arguments);
  if (!params.ok()) return params.status().text();
  std::string text;
  for (const auto& [name, value] : *params) text += name + value.dump();
  return text;
}

TEST(ParamsTest, MembersAndObjectsMerge) {
  EXPECT_EQ(params_text({"train.lambda=0.5", "train.name=fast one", "train.on=true"}),
            R"(train{"lambda":0.5,"name":"fast one","on":true})");
  EXPECT_EQ(params_text({"train={\"a\": 1, \"b\": 2}", "train.b=3"}), R"(train{"a":1,"b":3})");
  EXPECT_EQ(params_text({"train.deep.er=\"7\"", "crm/load.n=2"}),
            R"(crm/load{"n":2}train{"deep":{"er":"7"}})");
  EXPECT_EQ(params_text({"train.text=a=b"}), R"(train{"text":"a=b"})");
}

TEST(ParamsTest, MalformedParametersNameTheArgument) {
  for (const char* argument :
       {"train", "train=5", "train={", "=1", "Train.x=1", "train.=1", "train..x=1", "train.x.=1"}) {
    const auto params = parse_params({"ok.x=1", argument});
    ASSERT_FALSE(params.ok()) << argument;
    EXPECT_EQ(params.status().code(), base::Code::kInvalidArgument);
    EXPECT_THAT(params.status().message(), HasSubstr(std::string("-p ") + argument));
  }
}

TEST(InitTest, EveryPlaceholderIsFilled) {
  for (const ProjectFile& file : project_files("tickets")) {
    EXPECT_THAT(file.text, Not(HasSubstr("@NAME@"))) << file.path;
    EXPECT_FALSE(file.text.empty()) << file.path;
  }
}

}  // namespace
}  // namespace weir::cli
