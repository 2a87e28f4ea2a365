// References: what splits where, what is refused, and which pasted addresses mean what.
// Pure; one thread; no files.
// Each test stands alone: none writes a file or keeps state for the next.
#include "cli/text/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::cli {
namespace {

Reference parsed_reference(std::string_view text) {
  const base::Result<Reference> reference = parse_reference(text);
  EXPECT_TRUE(reference.ok()) << text << ": " << reference.status().text();
  return reference.ok() ? *reference : Reference{};
}

TEST(ReferenceTest, FirstSlashSplitsRunAndTask) {
  EXPECT_EQ(parsed_reference("01hx"), (Reference{"01hx", "", 0}));
  EXPECT_EQ(parsed_reference("01hx/features"), (Reference{"01hx", "features", 0}));
  EXPECT_EQ(parsed_reference("@last/crm/customers"), (Reference{"@last", "crm/customers", 0}));
}

TEST(ReferenceTest, HashNamesTheAttempt) {
  EXPECT_EQ(parsed_reference("@last-failed/crm/customers#3"),
            (Reference{"@last-failed", "crm/customers", 3}));
}

TEST(ReferenceTest, MalformedReferencesAreRefused) {
  for (const char* text : {"", "/task", "run/", "run/task#", "run/task#0", "run/task#x", "run#2",
                           "run/task#99999999999", "run/task#-1"}) {
    const base::Result<Reference> reference = parse_reference(text);
    EXPECT_FALSE(reference.ok()) << text;
    EXPECT_EQ(reference.status().code(), base::Code::kInvalidArgument) << text;
    EXPECT_THAT(reference.status().message(), ::testing::HasSubstr("RUN/TASK#ATTEMPT")) << text;
  }
}

TEST(ReferenceTest, PastedAddressesOfRunsAndLogs) {
  EXPECT_EQ(unpaste("http://127.0.0.1:7600/runs/01hx"), "01hx");
  EXPECT_EQ(unpaste("https://weir.example/runs/01hx?tab=graph#L3"), "01hx");
  EXPECT_EQ(unpaste("http://h:1/runs/01hx/logs/crm%2Fcustomers/2#L120"), "01hx/crm/customers#2");
  EXPECT_EQ(unpaste("http://h:1/runs/01hx/logs/crm/customers/2"), "01hx/crm/customers#2");
  EXPECT_EQ(unpaste("http://h:1/runs/01hx/logs/features"), "01hx/features");
  EXPECT_EQ(parsed_reference("http://h:1/runs/01hx/logs/features/4"),
            (Reference{"01hx", "features", 4}));
}

TEST(ReferenceTest, PastedAddressesOfAssetsLoseTheirTab) {
  EXPECT_EQ(unpaste("http://h:1/assets/crm/customers/lineage"), "crm/customers");
  EXPECT_EQ(unpaste("http://h:1/assets/crm%2Fcustomers"), "crm/customers");
}

TEST(ReferenceTest, AMistypedAliasGetsTheNearest) {
  const auto parsed = parse_reference("@lst/a");
  ASSERT_FALSE(parsed.ok());
  EXPECT_NE(parsed.status().message().find("Did you mean '@last'?"), std::string::npos);
}

TEST(ReferenceTest, OtherTextStaysAsItIs) {
  EXPECT_EQ(unpaste("crm/customers"), "crm/customers");
  EXPECT_EQ(unpaste("http://h:1/"), "http://h:1/");
  EXPECT_EQ(unpaste("http://h:1/workers/x"), "http://h:1/workers/x");
}

}  // namespace
}  // namespace weir::cli
