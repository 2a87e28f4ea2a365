// Freshness policies of a manifest: the way through JSON, and what is refused of one, member by
// member. The text of messages is held where people act on it.
// Each test changes one thing of a policy that is valid.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "module/manifest.h"

namespace weir::module {
namespace {

using base::Json;
using base::Status;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

FreshnessSpec daily() { return {.asset = "report", .fail_ms = 26 * 3'600'000}; }

FreshnessSpec full_age() {
  FreshnessSpec out = daily();
  out.warn_ms = 25 * 3'600'000;
  out.required_after_ms = 0;
  out.action = FreshnessAction::kObserve;
  out.expected_ms = 1'200'000;
  return out;
}

FreshnessSpec full_by() {
  FreshnessSpec out;
  out.asset = "raw";
  out.kind = FreshnessKind::kBy;
  out.cron = "0 9 * * mon-fri";
  out.zone = "Europe/Berlin";
  out.lower_bound_ms = 3'600'000;
  out.warn_margin_ms = 1'800'000;
  out.required_after_ms = 7'200'000;
  return out;
}

Manifest with_policies(std::vector<FreshnessSpec> policies) {
  Manifest out;
  out.pipeline = "p";
  for (const char* asset : {"raw", "report"}) {
    StageSpec& stage = out.stages.emplace_back();
    stage.name = asset;
    stage.outputs = {{asset, "t", "i64"}};
  }
  out.stages.emplace_back().name = "mail";
  out.externals = {{"rates", "t", "i64"}};
  out.freshness = std::move(policies);
  return out;
}

TEST(Freshness, PoliciesSurviveTheWayThroughJson) {
  const Json json = manifest_to_json(with_policies({full_age(), full_by()}));
  const auto back = manifest_from_json(json);
  ASSERT_TRUE(back.ok()) << back.status().text();
  ASSERT_EQ(back->freshness.size(), 2u);
  EXPECT_EQ(back->freshness[0], full_age());
  EXPECT_EQ(back->freshness[1], full_by());
}

TEST(Freshness, PoliciesWriteWhatIsNoDefault) {
  const std::string text = manifest_to_json(with_policies({daily()})).dump();
  EXPECT_THAT(text,
              HasSubstr(R"("freshness":[{"asset":"report","kind":"max_age","fail_ms":93600000}])"));
  EXPECT_THAT(manifest_to_json(with_policies({})).dump(), Not(HasSubstr("freshness")));
}

TEST(Freshness, WrongMembersAreNamedByPath) {
  const auto message = [](const std::string& policy) {
    const auto result = manifest_from_json(
        Json::parse(R"({"format":3,"pipeline":"p","freshness":[)" + policy + "]}").value());
    return result.ok() ? "" : result.status().message();
  };
  EXPECT_THAT(message(R"({"kind":"by"})"), HasSubstr("freshness[0].asset: a string"));
  EXPECT_THAT(message(R"({"asset":"a","kind":"often"})"),
              HasSubstr("freshness[0].kind: unknown value \"often\""));
  EXPECT_THAT(message(R"({"asset":"a"})"), HasSubstr("freshness[0].kind"));
  EXPECT_THAT(message(R"({"asset":"a","kind":"by","fail_ms":"1h"})"),
              HasSubstr("freshness[0].fail_ms: an integer"));
}

// What is said of a policy with one thing changed.
Status judged(FreshnessSpec spec, const std::function<void(FreshnessSpec&)>& change) {
  change(spec);
  return validate_manifest(with_policies({spec}));
}
std::string age_refusal(const std::function<void(FreshnessSpec&)>& change) {
  return judged(full_age(), change).message();
}
std::string by_refusal(const std::function<void(FreshnessSpec&)>& change) {
  return judged(full_by(), change).message();
}

TEST(ValidateFreshness, AcceptsWhatUsesEverything) {
  const Status status = validate_manifest(with_policies({full_age(), full_by()}));
  EXPECT_TRUE(status.ok()) << status.text();
}

TEST(ValidateFreshness, TheAssetIsOneThatThePipelineMakes) {
  const auto wrong = [](const char* asset) {
    return judged(daily(), [&](auto& spec) { spec.asset = asset; });
  };
  EXPECT_EQ(wrong("reprot").error(), base::kErrFreshness);
  EXPECT_THAT(wrong("reprot").message(),
              AllOf(HasSubstr("an asset that nothing makes"), HasSubstr("Did you mean 'report'?")));
  EXPECT_THAT(wrong("rates").message(), HasSubstr("an asset that nothing makes"));
  EXPECT_THAT(wrong("mail").message(), HasSubstr("an asset that nothing makes"));
}

TEST(ValidateFreshness, AnAssetTakesOnePolicy) {
  EXPECT_THAT(validate_manifest(with_policies({daily(), daily()})).message(),
              HasSubstr("'report': it has two policies"));
}

TEST(ValidateFreshness, AgesAreAMinuteAtLeastAndWarnFirst) {
  EXPECT_THAT(age_refusal([](auto& spec) { spec.fail_ms = 60'000, spec.warn_ms = 59'999; }),
              IsEmpty());
  EXPECT_THAT(age_refusal([](auto& spec) { spec.fail_ms = 59'999, spec.warn_ms = 0; }),
              HasSubstr("its largest age is 59 s 999 ms; it must be a minute at least"));
  EXPECT_THAT(age_refusal([](auto& spec) { spec.warn_ms = spec.fail_ms; }),
              HasSubstr("it must warn before it fails"));
  EXPECT_THAT(age_refusal([](auto& spec) { spec.warn_ms = -1; }), HasSubstr("more than nothing"));
}

TEST(ValidateFreshness, DeadlinesKeepTheirCaretAndTheirZone) {
  const Status cron = judged(full_by(), [](auto& spec) { spec.cron = "0 25 * * *"; });
  EXPECT_EQ(cron.error(), base::kErrCron);
  EXPECT_THAT(cron.message(), AllOf(HasSubstr("freshness of 'raw': cron '0 25 * * *', hour: '25'"),
                                    HasSubstr("    0 25 * * *\n      ^~")));
  const Status zone = judged(full_by(), [](auto& spec) { spec.zone = "Europe/Berlim"; });
  EXPECT_EQ(zone.error(), base::kErrTimeZone);
  EXPECT_THAT(zone.message(), HasSubstr("Did you mean 'Europe/Berlin'?"));
}

TEST(ValidateFreshness, BoundsAndMarginsHold) {
  EXPECT_THAT(by_refusal([](auto& spec) { spec.lower_bound_ms = 60'000; }), IsEmpty());
  EXPECT_THAT(by_refusal([](auto& spec) { spec.lower_bound_ms = 59'999; }),
              HasSubstr("its lower bound is 59 s 999 ms"));
  EXPECT_THAT(by_refusal([](auto& spec) { spec.warn_margin_ms = -1; }),
              HasSubstr("before a deadline"));
  EXPECT_THAT(by_refusal([](auto& spec) { spec.required_after_ms = -1; }), IsEmpty());
  EXPECT_THAT(by_refusal([](auto& spec) { spec.required_after_ms = -2; }),
              HasSubstr("required must not be negative"));
  EXPECT_THAT(by_refusal([](auto& spec) { spec.expected_ms = -1; }), HasSubstr("expected"));
}

TEST(ValidateFreshness, APolicyIsOfOneKind) {
  EXPECT_THAT(age_refusal([](auto& spec) { spec.cron = "@daily"; }), HasSubstr("one of them"));
  EXPECT_THAT(by_refusal([](auto& spec) { spec.fail_ms = 60'000; }), HasSubstr("one of them"));
}

TEST(ValidateFreshness, EverythingIsSaidAtOnce) {
  FreshnessSpec wrong;
  wrong.asset = "nothing";
  wrong.kind = FreshnessKind::kBy;
  wrong.cron = "never";
  wrong.zone = "Mars/Base";
  EXPECT_THAT(validate_manifest(with_policies({wrong})).message(),
              AllOf(HasSubstr("nothing makes"), HasSubstr("cron 'never'"), HasSubstr("Mars/Base"),
                    HasSubstr("lower bound")));
}

}  // namespace
}  // namespace weir::module
