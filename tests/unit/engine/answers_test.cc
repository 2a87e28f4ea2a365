// Answers that are kept and read back, explanations and the words of each kind, who sends commands,
// and which steps may be committed without a sync. The engine alone: no store and no clock, on the
// test's thread.
#include <gtest/gtest.h>

#include "base/errors.h"
#include "engine/engine.h"
#include "engine/replies/replies.h"
#include "tests/support/graph_text.h"

namespace weir::engine {
namespace {

TEST(KeptAnswers, AreReadBackAsTheyWere) {
  ModuleChange change;
  change.pipeline = "shop";
  change.module = base::sha256("new");
  change.replaces = base::sha256("old");
  change.added = {"a"};
  change.removed = {"b", "c"};
  change.changed = {"d: inputs"};
  change.breaking = {"pipeline 'x' reads \"a\""};
  change.unchanged = true;
  const ReplyPayload answers[] = {std::monostate(), base::RunId{77},
                                  std::vector<ModuleChange>{change, ModuleChange{}}};
  for (const ReplyPayload& answer : answers) {
    const auto back = parse_payload(payload_text(answer));
    ASSERT_TRUE(back.ok()) << back.status().text();
    EXPECT_EQ(*back, answer);
  }
  EXPECT_EQ(parse_payload("[1]").status().code(), base::Code::kDataLoss);
}

TEST(Explanations, EveryKindHasWordsThatAskForNothingUnknown) {
  for (std::size_t kind = 0; kind < base::kWords<ExplainKind>.size(); ++kind) {
    ExplainItem item;
    item.kind = ExplainKind(kind);
    item.subject = "RUN/task";
    item.references = {"one", "two"};
    item.text = "{subject} [text?x]";  // what others say is no template
    const std::string words = words_of(item);
    EXPECT_FALSE(words.empty()) << base::kWords<ExplainKind>[kind];
    const std::size_t said = words.find(item.text);
    const std::string rest = said == std::string::npos
                                 ? words
                                 : words.substr(0, said) + words.substr(said + item.text.size());
    EXPECT_EQ(rest.find_first_of("{}["), std::string::npos) << words;
  }
}

TEST(Explanations, NumbersAreCountedAndDepthIndents) {
  ExplainItem item;
  item.kind = ExplainKind::kWorkers;
  item.numbers = {{"workers", 1}, {"slots", 4}, {"leases", 0}};
  item.depth = 1;
  EXPECT_EQ(words_of(item), "  1 worker is connected with 4 slots; 0 attempts are leased");
  item.kind = ExplainKind::kQueuedUntil;
  item.subject = "RUN";
  item.numbers = {{"start_at", 1'700'000'000'000'000}};
  EXPECT_EQ(words_of(item),
            "  run RUN is queued and not planned: it starts at 2023-11-14 22:13:20 UTC");
}

// Who writes, touches or emits something is durable unless it says otherwise: these say so.
class Durabilities : public testing::Test {
 protected:
  Effects step(CommandBody body) {
    now_.boot += std::chrono::seconds(1);
    return engine_.step({now_, ++seed_, std::move(body)}, {});
  }

  Engine engine_;
  base::Now now_{base::WallTime(std::chrono::hours(1)), base::BootTime(std::chrono::hours(1))};
  std::uint64_t seed_ = 0;
};

TEST_F(Durabilities, OnlyStartsProgressAndBeatsAreLazy) {
  const base::SessionId session{1};
  RegisterModules upload;
  upload.modules = {test::upload_of("shop", "a\n")};
  EXPECT_EQ(step(upload).durability, Durability::kSync);
  CreateRun create;
  create.spec.selection = "a";
  EXPECT_EQ(step(create).durability, Durability::kSync);
  const Effects connected = step(ConnectWorker{session, {"w", "w", 1, 0}, {}});
  EXPECT_EQ(connected.durability, Durability::kSync);
  const AttemptKey key = std::get<Assign>(connected.sends.back().message).key;
  EXPECT_EQ(step(AttemptStarted{session, key, now_.wall}).durability, Durability::kLazy);
  const Effects progressed = step(AttemptsProgressed{session, {{key, make_progress(0.5, "")}}});
  EXPECT_EQ(progressed.durability, Durability::kLazy);
  ASSERT_EQ(progressed.records.size(), 1u) << "its attempt's row, and no event";
  EXPECT_EQ(std::get<AttemptRow>(progressed.records.front()).progress.millionths, 500'000);
  EXPECT_EQ(step(Heartbeat{session, {key}}).durability, Durability::kLazy);
  AttemptFinished report;
  report.session = session;
  report.key = key;
  report.outcome = OutcomeClass::kFailed;
  EXPECT_EQ(step(report).durability, Durability::kSync);
}

TEST(Commands, EachSaysWhoSendsItAndWhetherItAddsWork) {
  EXPECT_EQ(sender_of(CancelRun{}), Sender::kPeople);
  EXPECT_EQ(sender_of(DrainWorker{}), Sender::kPeople);
  EXPECT_EQ(sender_of(Explain{}), Sender::kPeople);
  EXPECT_EQ(sender_of(Heartbeat{}), Sender::kWorkers);
  EXPECT_EQ(sender_of(FireTimers{}), Sender::kScheduler);
  EXPECT_TRUE(adds_work(CreateRun{}));
  EXPECT_FALSE(adds_work(CancelRun{}));
  RegisterModules upload;
  EXPECT_TRUE(adds_work(upload));
  upload.dry_run = true;
  EXPECT_FALSE(adds_work(upload));
}

}  // namespace
}  // namespace weir::engine
