// Stages and checks called through their erased records: what arrives as arguments and what is made
// of the result. The host of the context is the one that a default-constructed Context makes.
// Single-threaded; files only in the context's own scratch folder.
#include <cstdlib>
#include <filesystem>
#include <span>

#include <gtest/gtest.h>

#include "tests/compat/samples/tickets.h"
#include "weir/weir.h"

namespace {

using namespace weir::impl;

template <class T>
Slot slot(T value) {
  return {weir::State::kSucceeded, std::make_shared<T>(std::move(value)), "", "digest"};
}
Slot absent(weir::State state, std::string reason) {
  return {state, nullptr, std::move(reason), ""};
}

struct Caller {
  weir::Pipeline p{"calls"};
  weir::Context context;

  Produced call(std::vector<Slot> arguments) {
    return p.record().stages.back().call({context, arguments});
  }
  template <class T>
  const T& value(const Produced& produced, std::size_t index = 0) {
    return *static_cast<const T*>(produced.values.at(index).get());
  }
};

weir::Asset<tickets::Tickets> rows_of(weir::Pipeline& p) {
  return p.asset("rows", [] { return tickets::Tickets{}; });
}

TEST(StageCall, ArgumentsArriveInEveryForm) {
  Caller caller;
  auto rows = rows_of(caller.p);
  auto text = caller.p.asset("text", [] { return std::string(); });
  caller.p.asset(
      "all",
      [](weir::Context& ctx, const tickets::Tickets& ref, tickets::Tickets copy,
         std::shared_ptr<const tickets::Tickets> shared, std::span<const tickets::Ticket> span,
         std::string_view view, const weir::Input<tickets::Tickets>& input) {
        EXPECT_EQ(ctx.attempt(), 1);
        EXPECT_EQ(input.version(), "digest");
        EXPECT_EQ(&ref, shared.get());  // shared, not copied
        EXPECT_EQ(span.data(), ref.data());
        EXPECT_NE(copy.data(), ref.data());
        return ref.size() + copy.size() + shared->size() + span.size() + view.size() +
               input->size();
      },
      rows, rows, rows, rows, text, rows);
  const auto one = slot(tickets::Tickets{{1, "a"}});
  const auto made = caller.call({one, one, one, one, slot(std::string("xyz")), one});
  EXPECT_EQ(caller.value<std::size_t>(made), 8u);
}

TEST(StageCall, AbsentInputsSayWhy) {
  Caller caller;
  auto rows = rows_of(caller.p);
  caller.p.asset(
      "reason",
      [](const weir::Input<tickets::Tickets>& input) {
        return std::string(weir::state_name(input.state())) + ": " + input.reason();
      },
      weir::all_done(rows));
  const auto made = caller.call({absent(weir::State::kUpstreamFailed, "raw: 429")});
  EXPECT_EQ(caller.value<std::string>(made), "upstream_failed: raw: 429");
}

TEST(StageCall, ReadingAnAbsentInputIsAPermanentFailure) {
  const weir::Input<int> input(weir::State::kSkipped, nullptr, "no drift", "");
  try {
    (void)*input;
    FAIL();
  } catch (const weir::Failure& failure) {
    EXPECT_TRUE(failure.is_permanent());
    EXPECT_NE(std::string(failure.what()).find("no drift"), std::string::npos);
  }
}

TEST(StageCall, ResourcesAndCursorsAreGivenAsTheyAre) {
  Caller caller;
  auto db = caller.p.resource("db", [](const weir::Start&) { return tickets::Db{}; });
  caller.p.asset("raw", tickets::extract, db, weir::cursor<tickets::Offset>());
  const CursorRecord& cursor = *caller.p.record().stages.back().dependencies.at(1).cursor;
  const auto at = std::make_shared<const tickets::Offset>(tickets::Offset{5});
  const Slot position{weir::State::kSucceeded, cursor.make(at), "", ""};
  const auto made = caller.call({slot(tickets::Db{}), position});
  EXPECT_EQ(caller.value<tickets::Tickets>(made).size(), 2u);
  const auto next = cursor.next(position.value.get());
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(static_cast<const tickets::Offset*>(next.get())->lsn, 2);
  EXPECT_EQ(cursor.next(cursor.make(nullptr).get()), nullptr);
}

TEST(StageCall, OutcomesKeepTheirMeaning) {
  Caller caller;
  int which = 0;
  caller.p.asset("asset", [&which]() -> weir::Outcome<int> {
    if (which == 0) return weir::skip("nothing new");
    if (which == 1) return weir::unchanged;
    return 5;
  });
  auto made = caller.call({});
  EXPECT_EQ(made.kind, Produced::Kind::kSkipped);
  EXPECT_EQ(made.reason, "nothing new");
  which = 1;
  EXPECT_EQ(caller.call({}).kind, Produced::Kind::kUnchanged);
  which = 2;
  made = caller.call({});
  EXPECT_EQ(made.kind, Produced::Kind::kValues);
  EXPECT_EQ(caller.value<int>(made), 5);
}

TEST(StageCall, TuplesBecomeSeveralValues) {
  Caller caller;
  caller.p.assets({"a", "b"}, []() -> weir::Outcome<std::tuple<int, std::string>> {
    return std::tuple(1, std::string("two"));
  });
  const auto made = caller.call({});
  ASSERT_EQ(made.values.size(), 2u);
  EXPECT_EQ(caller.value<int>(made, 0), 1);
  EXPECT_EQ(caller.value<std::string>(made, 1), "two");
}

TEST(StageCall, TasksMakeNothingAndMaySkip) {
  Caller caller;
  caller.p.task("plain", [] {});
  EXPECT_TRUE(caller.call({}).values.empty());
  caller.p.task("skipping", []() -> weir::Outcome<void> { return weir::skip("not today"); });
  EXPECT_EQ(caller.call({}).kind, Produced::Kind::kSkipped);
  caller.p.task("doing", []() -> weir::Outcome<void> { return {}; });
  EXPECT_EQ(caller.call({}).kind, Produced::Kind::kValues);
}

TEST(StageCall, ExceptionsPassThrough) {
  Caller caller;
  caller.p.asset("a", []() -> int { throw weir::retry_after(std::chrono::seconds(30), "429"); });
  try {
    caller.call({});
    FAIL();
  } catch (const weir::Failure& failure) {
    EXPECT_FALSE(failure.is_permanent());
    EXPECT_EQ(failure.retry_after(), std::chrono::seconds(30));
  }
}

TEST(StageCall, ChecksGiveVerdicts) {
  weir::Pipeline p("checks");
  auto params = p.params<tickets::TrainParams>("train");
  auto rows = p.asset("rows", [] { return tickets::Tickets{}; })
                  .check("volume", tickets::volume, weir::blocking)
                  .check("short_enough", tickets::short_enough, weir::warn, params);
  const auto& checks = p.record().stages.at(0).checks;
  ASSERT_EQ(checks.size(), 2u);
  EXPECT_EQ(checks[0].asset, "rows");
  EXPECT_EQ(checks[0].severity, weir::blocking);
  const weir::Verdict few = checks[0].run(slot(tickets::Tickets{}), {});
  EXPECT_FALSE(few.passed());
  EXPECT_EQ(few.reason(), "too few");
  EXPECT_EQ(std::get<std::int64_t>(few.metadata().at(0).value), 0);
  const std::vector<Slot> arguments{slot(tickets::TrainParams{})};
  EXPECT_TRUE(checks[1].run(slot(tickets::Tickets{}), arguments).passed());
  EXPECT_EQ(checks[1].dependencies.at(0).name, "train");
}

TEST(StageCall, ResourcesAreMadeInEveryShape) {
  struct Fixed {
    explicit Fixed(int number) : value(number) {}
    Fixed(const Fixed&) = delete;
    int value;
  };
  weir::Pipeline p("resources");
  p.resource("plain", [](const weir::Start&) { return tickets::Db{"dsn"}; });
  p.resource("unique", [](const weir::Start&) { return std::make_unique<Fixed>(3); });
  p.resource("shared", [](const weir::Start&) { return std::make_shared<Fixed>(4); });
  const auto& made = p.record().resources;
  EXPECT_EQ(std::static_pointer_cast<tickets::Db>(made.at(0).make(weir::Start{}))->dsn, "dsn");
  EXPECT_EQ(std::static_pointer_cast<Fixed>(made.at(1).make(weir::Start{}))->value, 3);
  EXPECT_EQ(std::static_pointer_cast<Fixed>(made.at(2).make(weir::Start{}))->value, 4);
}

TEST(Context, OfATestHasAScratchFolderThatGoesAway) {
  std::filesystem::path scratch;
  {
    weir::Context context;
    scratch = context.scratch();
    EXPECT_TRUE(std::filesystem::is_directory(scratch));
    context.meta("rows", 3);
    context.progress(1, 2);
    EXPECT_FALSE(context.canceled());
    EXPECT_EQ(context.idempotency_key(), context.run() + "/" + context.task());
  }
  EXPECT_FALSE(std::filesystem::exists(scratch));
}

TEST(Context, MetadataWidensToFewTypes) {
  using std::get;
  EXPECT_EQ(get<std::int64_t>(weir::Meta("n", std::size_t{3}).value), 3);
  EXPECT_EQ(get<double>(weir::Meta("n", 0.5f).value), 0.5);
  EXPECT_TRUE(get<bool>(weir::Meta("n", true).value));
  EXPECT_EQ(get<std::string>(weir::Meta("n", "text").value), "text");
  EXPECT_EQ(get<weir::ByteCount>(weir::Meta("n", weir::ByteCount{7}).value).bytes, 7u);
  EXPECT_EQ(get<std::chrono::nanoseconds>(weir::Meta("n", std::chrono::seconds(1)).value).count(),
            1'000'000'000);
}

TEST(Start, SecretsComeFromTheEnvironment) {
  ::setenv("WEIR_SECRET_CRM_DSN", "host=db", 1);
  EXPECT_EQ(weir::Start{}.secret("crm_dsn"), "host=db");
  EXPECT_THROW(weir::Start{}.secret("no_such_secret"), weir::Failure);
  EXPECT_EQ(weir::Start{}.find_secret("crm_dsn"), "host=db");
  EXPECT_EQ(weir::Start{}.find_secret("no_such_secret"), std::nullopt);
}

}  // namespace
