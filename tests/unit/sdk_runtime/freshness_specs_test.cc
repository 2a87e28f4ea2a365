// From declared freshness policies to the manifest, and that what cannot be is refused there with
// the asset's name.
// Nothing runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdk/src/pipeline_manifest.h"
#include "weir/weir.h"

namespace weir::sdk_impl {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FreshnessSpecs : public ::testing::Test {
 protected:
  std::vector<module::FreshnessSpec> specs() {
    const auto manifest = full_manifest_of(pipeline_.record());
    EXPECT_TRUE(manifest.ok()) << manifest.status().text();
    EXPECT_TRUE(check_manifest(*manifest).ok()) << check_manifest(*manifest).text();
    return manifest->freshness;
  }
  template <class Policy>
  static std::string refusal(const Policy& policy) {
    Pipeline pipeline("p");
    pipeline.asset("numbers", [] { return 1; }).freshness(policy);
    return check_manifest(*full_manifest_of(pipeline.record())).message();
  }

  Pipeline pipeline_{"p"};
  Asset<int> numbers_ = pipeline_.asset("numbers", [] { return 1; });
  Asset<int> sums_ = pipeline_.asset("sums", [] { return 2; });
};

TEST_F(FreshnessSpecs, EverythingThatIsDeclaredArrives) {
  numbers_.freshness(
      max_age(26h).warn_after(25h).required_after(2h).observe_only().expected(20min));
  sums_.freshness(fresh_by("0 9 * * *", "Europe/Berlin").lower_bound(30min).warn_before(10min));
  EXPECT_THAT(specs(),
              ElementsAre(module::FreshnessSpec{.asset = "numbers",
                                                .fail_ms = 26 * 3'600'000,
                                                .warn_ms = 25 * 3'600'000,
                                                .required_after_ms = 7'200'000,
                                                .action = module::FreshnessAction::kObserve,
                                                .expected_ms = 1'200'000},
                          module::FreshnessSpec{.asset = "sums",
                                                .kind = module::FreshnessKind::kBy,
                                                .cron = "0 9 * * *",
                                                .zone = "Europe/Berlin",
                                                .lower_bound_ms = 1'800'000,
                                                .warn_margin_ms = 600'000}));
}

TEST_F(FreshnessSpecs, WhatAnExecutorSendsHasNone) {
  numbers_.freshness(max_age(1h));
  EXPECT_THAT(manifest_of(pipeline_.record()).freshness, IsEmpty());
}

TEST_F(FreshnessSpecs, WhatCannotBeIsRefused) {
  EXPECT_THAT(refusal(max_age(59s)), HasSubstr("freshness of 'numbers': its largest age is"));
  EXPECT_THAT(refusal(max_age(1h).warn_after(1h)), HasSubstr("warn before it fails"));
  EXPECT_THAT(refusal(max_age(1h).warn_after(0s)), HasSubstr("more than nothing"));
  EXPECT_THAT(refusal(max_age(1h).required_after(-1ms)), HasSubstr("must not be negative"));
  EXPECT_THAT(refusal(fresh_by("@daily").lower_bound(1s)), HasSubstr("its lower bound is"));
  EXPECT_THAT(refusal(fresh_by(cron_text("0 9 * * mno"))), HasSubstr("Did you mean 'mon'?"));
  EXPECT_THAT(refusal(fresh_by("@daily", zone_name("Europe/Berlim"))),
              HasSubstr("Did you mean 'Europe/Berlin'?"));
  EXPECT_THAT(refusal(max_age(1h).required_after(0s)), IsEmpty());
}

TEST_F(FreshnessSpecs, ASecondPolicyIsRefused) {
  numbers_.freshness(max_age(1h)).freshness(max_age(2h));
  EXPECT_THAT(check_manifest(*full_manifest_of(pipeline_.record())).message(),
              HasSubstr("two policies"));
}

}  // namespace
}  // namespace weir::sdk_impl
