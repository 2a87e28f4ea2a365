// Labels: what agents type, what words tell, which side of the split a text is on, and the lines
// that come of it. Then the checks: each passes on good values and fails on the one fault that it
// is for. Pure values, no clock; one test writes files below the test's folder.
#include "label.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "audit.h"
#include "training_files.h"

namespace ticket_intent {
namespace {

CleanTicket cleaned(std::int64_t id, std::string text, std::optional<std::string> intent) {
  return {id, "2026-11-27", std::move(text), std::move(intent)};
}

TEST(Intent, SpellingsOfAgentsAreKnown) {
  EXPECT_EQ(intent_of("billing"), "billing");
  EXPECT_EQ(intent_of(" Log-In "), "login");
  EXPECT_EQ(intent_of("REFUNDS"), "refund");
  EXPECT_EQ(intent_of("money back"), "refund");
  EXPECT_EQ(intent_of("other"), std::nullopt);
  EXPECT_EQ(intent_of(""), std::nullopt);
}

TEST(Intent, WordsDecideOnlyWhereTheyAgree) {
  EXPECT_EQ(intent_by_rule("Where is my parcel? The courier was not here."), "delivery");
  EXPECT_EQ(intent_by_rule("Refund my parcel"), std::nullopt);
  EXPECT_EQ(intent_by_rule("Nothing to see"), std::nullopt);
  EXPECT_EQ(intent_by_rule("It is uncancelled"), std::nullopt) << "inside of another word";
}

TEST(Label, AgentsGoBeforeRulesAndTheRestIsLeftOut) {
  const Labelled labelled =
      label({cleaned(1, "my parcel", "Refund"), cleaned(2, "my parcel!", std::nullopt),
             cleaned(3, "no word", std::nullopt), cleaned(4, "my parcel?", "other")},
            {});
  ASSERT_EQ(labelled.examples.size(), 3u);
  EXPECT_EQ(labelled.examples[0].intent, "refund");
  EXPECT_EQ(labelled.examples[0].labelled_by, "agent");
  EXPECT_EQ(labelled.examples[1].intent, "delivery");
  EXPECT_EQ(labelled.examples[1].labelled_by, "rule");
  EXPECT_EQ(labelled.by_agents, 1);
  EXPECT_EQ(labelled.by_rules, 2);
  EXPECT_EQ(labelled.unknown, 1);
  EXPECT_EQ(labelled.unlabelled, 1);
}

TEST(Label, RulesCanBeLeftOut) {
  const Labelled labelled = label({cleaned(1, "my parcel", std::nullopt)}, {.use_rules = false});
  EXPECT_TRUE(labelled.examples.empty());
  EXPECT_EQ(labelled.unlabelled, 1);
}

TEST(Label, RefusesASplitThatIsNone) {
  EXPECT_THROW(label({}, {.validation_percent = 0}), std::invalid_argument);
  EXPECT_THROW(label({}, {.validation_percent = 51}), std::invalid_argument);
}

TEST(Split, DependsOnTheTextAloneAndHoldsItsShare) {
  int held_out = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string text = "Ticket " + std::to_string(i);
    held_out += is_validation(text, 10) ? 1 : 0;
    EXPECT_EQ(is_validation(text, 10), is_validation("TICKET " + std::to_string(i), 10));
    EXPECT_TRUE(!is_validation(text, 10) || is_validation(text, 20)) << "a larger share adds only";
  }
  EXPECT_GT(held_out, 900);
  EXPECT_LT(held_out, 1'100);
}

TEST(Split, IsTheSameInEveryVersion) {
  std::string sides;
  for (char c = 'a'; c <= 'z'; ++c) sides += is_validation(std::string(1, c), 30) ? 'v' : 't';
  EXPECT_EQ(sides, "vvttttttttttvtttttvvttvvtt");
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(TrainingFiles, HoldEachExampleOnItsSide) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "training_files_test";
  std::filesystem::remove_all(folder);
  write_training_files({{1, "2026-11-27", "say \"hi\"\nnow", "login", "agent", false},
                        {2, "2026-11-28", "\xc3\xbc", "refund", "rule", true}},
                       folder);
  EXPECT_EQ(
      contents(folder / "train.jsonl"),
      "{\"id\":1,\"day\":\"2026-11-27\",\"text\":\"say \\\"hi\\\"\\nnow\",\"intent\":\"login\"}\n");
  EXPECT_EQ(contents(folder / "validation.jsonl"),
            "{\"id\":2,\"day\":\"2026-11-28\",\"text\":\"\xc3\xbc\",\"intent\":\"refund\"}\n");
  std::filesystem::remove_all(folder);
  EXPECT_THROW(write_training_files({}, "/proc/no/such"), std::exception);
}

using namespace std::chrono_literals;
constexpr Time kNoon = Time(std::chrono::sys_days(2026y / 11 / 27)) + 12h;

Ticket ticket(std::int64_t id) { return {id, kNoon, kNoon, "mail", "", "", std::nullopt}; }

Example example(std::int64_t id, const std::string& intent) {
  return {id, "2026-11-27", "text " + std::to_string(id), intent, "agent", false};
}

// As many of each intent.
std::vector<Example> examples(int of_each) {
  std::vector<Example> made;
  for (int i = 0; i < of_each; ++i) {
    for (const char* intent :
         {"billing", "cancellation", "delivery", "login", "refund", "technical"}) {
      made.push_back(example(static_cast<std::int64_t>(made.size()) + 1, intent));
    }
  }
  return made;
}

TEST(Schema, PassesGoodRowsAndNamesTheFirstBadOne) {
  EXPECT_TRUE(audit_schema({{ticket(1), ticket(5)}}).passed());
  EXPECT_TRUE(audit_schema({}).passed());
  const auto twice = audit_schema({{ticket(1), ticket(1)}});
  EXPECT_FALSE(twice.passed());
  EXPECT_EQ(twice.reason(), "ticket 1: its id occurs twice or is out of order");
  EXPECT_FALSE(audit_schema({{ticket(0)}}).passed());
  Ticket old = ticket(2);
  old.updated_at = Time{};
  EXPECT_FALSE(audit_schema({{ticket(1), old}}).passed());
}

TEST(Channels, NewOneIsNamed) {
  EXPECT_TRUE(audit_channels({{ticket(1)}}).passed());
  Ticket fax = ticket(2);
  fax.channel = "fax";
  const auto verdict = audit_channels({{ticket(1), fax}});
  EXPECT_FALSE(verdict.passed());
  EXPECT_EQ(verdict.reason(), "ticket 2: its channel 'fax' is not known");
}

TEST(NewTickets, FewerThanADayHasFail) {
  EXPECT_TRUE(audit_new_tickets({{}, 50, 0}, {}).passed());
  EXPECT_FALSE(audit_new_tickets({{}, 49, 300}, {}).passed());
  EXPECT_TRUE(audit_new_tickets({{}, 0, 0}, {.new_tickets_min = 0}).passed());
}

TEST(Kept, SourceThatSendsRubbishFails) {
  Cleaned cleaned;
  EXPECT_TRUE(audit_kept(cleaned, {}).passed()) << "of nothing nothing was dropped";
  cleaned.read = 10;
  cleaned.empty = 4;
  cleaned.tickets.resize(6);
  EXPECT_FALSE(audit_kept(cleaned, {}).passed());
  cleaned.tickets.resize(7);
  EXPECT_TRUE(audit_kept(cleaned, {}).passed());
}

TEST(Volume, TooFewExamplesFail) {
  EXPECT_TRUE(audit_volume(examples(17), {}).passed());
  EXPECT_FALSE(audit_volume(examples(16), {}).passed());
}

TEST(Intents, SharesAreBoundedOnBothSides) {
  EXPECT_TRUE(audit_intents(examples(10), {}).passed());
  auto without = examples(10);
  std::erase_if(without, [](const Example& each) { return each.intent == "login"; });
  const auto missing = audit_intents(without, {});
  EXPECT_FALSE(missing.passed());
  EXPECT_EQ(missing.reason(), "login has 0.0 %");
  EXPECT_EQ(missing.metadata().size(), 6u);
  auto flooded = examples(10);
  for (auto& each : flooded) {
    if (each.id > 20) each.intent = "refund";
  }
  EXPECT_FALSE(audit_intents(flooded, {}).passed());
  auto unknown = examples(10);
  unknown.push_back(example(100, "other"));
  EXPECT_FALSE(audit_intents(unknown, {}).passed());
  EXPECT_FALSE(audit_intents({}, {}).passed());
}

TEST(Texts, EncodingRepetitionAndPersonalDataAreFound) {
  EXPECT_TRUE(audit_texts(examples(10)).passed());
  for (const char* bad : {"\xfc", "mail to a@b.de", "TEXT 2"}) {
    auto spoilt = examples(10);
    spoilt.back().text = bad;
    EXPECT_FALSE(audit_texts(spoilt).passed()) << bad;
  }
}

TEST(Labellers, RulesMayNotTakeOver) {
  auto all = examples(10);
  EXPECT_TRUE(audit_labellers(all, {}).passed());
  for (auto& each : all) {
    if (each.id > 10) each.labelled_by = "rule";
  }
  EXPECT_FALSE(audit_labellers(all, {}).passed());
}

}  // namespace
}  // namespace ticket_intent
