// The wiring, by weir/testing.h: the same engine as the scheduler's, in memory, with values given
// instead of files; and once on the real files.
// No clock, no server; a run ends when nothing is left to do.
#include "pipeline.h"

#include <string>

#include <gtest/gtest.h>

#include "input.h"
#include <weir/testing.h>

namespace flight_delays {
namespace {

RawFlight flight(int hour) {
  char date[32];
  std::snprintf(date, sizeof date, "2001/01/%02d %02d:00", 1 + hour / 24, hour % 24);
  return {date, hour % 40, 337, "SFO", "LAX"};
}

const std::vector<Airport> kAirports = {{"SFO", "", "", "", "", 37.61900194, -122.3748433},
                                        {"LAX", "", "", "", "", 33.94253611, -118.4080744}};

TEST(Pipeline, ShortInputFailsItsBlockingCheckAndStopsThere) {
  weir::Pipeline p("flight_delays");
  const Assets assets = define(p);
  weir::testing::Run run(p);
  run.given(assets.raw_flights, {flight(1), flight(2)}).given(assets.raw_airports, kAirports);
  run.materialize(assets.evaluation);
  EXPECT_EQ(run.value(assets.cleaned_flights).size(), 2u);
  EXPECT_EQ(run.state(assets.features), weir::State::kFailed);
  EXPECT_NE(run.reason(assets.features).find("row_count"), std::string::npos)
      << run.reason(assets.features);
  EXPECT_EQ(run.state(assets.evaluation), weir::State::kUpstreamFailed);
}

TEST(Pipeline, RealFlightsGiveAModelThatBeatsTheMean) {
  weir::Pipeline p("flight_delays");
  const Assets assets = define(p);
  weir::testing::Run run(p);
  run.all();
  ASSERT_EQ(run.state(assets.evaluation), weir::State::kSucceeded) << run.reason(assets.evaluation);
  const Evaluation& evaluation = run.value(assets.evaluation);
  EXPECT_EQ(evaluation.flights, 4'000);
  EXPECT_TRUE(evaluation.rmse_beaten) << evaluation.verdict;
  EXPECT_LT(evaluation.model.rmse, 30.8) << evaluation.verdict;
  EXPECT_EQ(run.value(assets.predictions).size(), 4'000u);
}

TEST(Pipeline, MissingInputFolderFailsTheRawStage) {
  weir::Pipeline p("flight_delays");
  const Assets assets = define(p);
  weir::testing::Run run(p);
  run.given(assets.source, Source{"/nonexistent"});
  run.materialize(assets.cleaned_flights);
  EXPECT_EQ(run.state(assets.raw_flights), weir::State::kFailed);
  EXPECT_NE(run.reason(assets.raw_flights).find("npm ci"), std::string::npos)
      << run.reason(assets.raw_flights);
}

}  // namespace
}  // namespace flight_delays
