// Training and evaluation: a model that must be found again in data made from it, what the penalty
// does, the split by time, and an evaluation that admits defeat.
// Pure values, no clock, no files; the noise is a fixed sequence.
#include "model.h"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include "civil_time.h"
#include "evaluate.h"

namespace flight_delays {
namespace {

// Rows an hour apart whose delay is 4 + 3·hour_cos + 0.01·distance, plus `noise` times a wave.
std::vector<FeatureRow> rows_of_a_known_model(std::size_t count, double noise = 0) {
  std::vector<FeatureRow> rows(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto x = static_cast<double>(i);
    FeatureRow& row = rows[i];
    row.minute = static_cast<std::int64_t>(i) * kMinutesPerHour;
    row.hour_sin = std::sin(x);
    row.hour_cos = std::cos(x);
    row.half_day_sin = std::sin(2 * x);
    row.half_day_cos = std::cos(2 * x);
    row.weekday_sin = std::sin(x / 7);
    row.weekday_cos = std::cos(x / 7);
    row.distance_miles = 500 + 300 * std::sin(1.7 * x);
    row.origin_delay = 5 * std::sin(2.3 * x);
    row.destination_delay = 5 * std::cos(3.1 * x);
    row.network_delay = std::sin(0.3 * x);
    row.delay_minutes =
        4 + 3 * row.hour_cos + 0.01 * row.distance_miles + noise * std::sin(1e4 * x * x);
  }
  return rows;
}

TEST(Fit, FindsTheModelThatMadeTheData) {
  const auto rows = rows_of_a_known_model(500);
  const DelayModel model = fit(rows, 0);
  for (const FeatureRow& row : rows) EXPECT_NEAR(predict(model, row), row.delay_minutes, 1e-8);
  EXPECT_EQ(model.rows, 500);
}

TEST(Fit, PenaltyShrinksWeightsTowardsTheMean) {
  const auto rows = rows_of_a_known_model(500, 1);
  const auto size = [&rows](double lambda) {
    double sum = 0;
    for (double weight : fit(rows, lambda).weights) sum += weight * weight;
    return sum;
  };
  EXPECT_GT(size(0), size(0.1));
  EXPECT_GT(size(0.1), size(10));
  const DelayModel flat = fit(rows, 1e9);
  EXPECT_NEAR(predict(flat, rows[3]), flat.intercept, 1e-3);
}

TEST(Fit, GivesAConstantFeatureNoWeight) {
  auto rows = rows_of_a_known_model(100);
  for (FeatureRow& row : rows) row.network_delay = 7;
  const DelayModel model = fit(rows, 0.01);
  EXPECT_NEAR(model.weights.back(), 0, 1e-12);
  EXPECT_TRUE(std::isfinite(predict(model, rows[0])));
}

TEST(Fit, RefusesWhatItCannotFit) {
  EXPECT_THROW(fit(rows_of_a_known_model(9), 0.1), std::invalid_argument);
  EXPECT_THROW(fit(rows_of_a_known_model(100), -1), std::invalid_argument);
}

TEST(Split, NeverTrainsOnAnythingLaterThanWhatIsHeldOut) {
  const TrainParams params{.lambda = 0, .train_share = 0.75, .warm_up_days = 1};
  const auto dataset = split_by_time(rows_of_a_known_model(100), params);
  EXPECT_EQ(dataset.train.size(), 75u - 24u);
  EXPECT_EQ(dataset.held_out.size(), 25u);
  EXPECT_LT(dataset.train.back().minute, dataset.split_minute);
  EXPECT_GE(dataset.held_out.front().minute, dataset.split_minute);
}

TEST(Split, KeepsFlightsOfOneMinuteTogether) {
  auto rows = rows_of_a_known_model(10);
  for (FeatureRow& row : rows) row.minute = row.minute < 5 * 60 ? 0 : 1'000;
  const auto dataset = split_by_time(rows, {.lambda = 0, .train_share = 0.7, .warm_up_days = 0});
  EXPECT_EQ(dataset.train.size(), 5u);
  EXPECT_EQ(dataset.held_out.size(), 5u);
}

TEST(Split, RefusesAnEmptySide) {
  const auto rows = rows_of_a_known_model(10);
  EXPECT_THROW(split_by_time({}, {}), std::invalid_argument);
  EXPECT_THROW(split_by_time(rows, {.lambda = 0, .train_share = 1}), std::invalid_argument);
  EXPECT_THROW(split_by_time(rows, {.lambda = 0, .train_share = 0.5, .warm_up_days = 9}),
               std::invalid_argument);
}

TEST(Evaluate, SaysThatTheModelWinsWhereItDoes) {
  const auto dataset =
      split_by_time(rows_of_a_known_model(400, 0.1), {.lambda = 0, .warm_up_days = 0});
  const Evaluation evaluation = evaluate(fit(dataset.train, 0.001), dataset);
  EXPECT_TRUE(evaluation.rmse_beaten);
  EXPECT_TRUE(evaluation.mae_beaten);
  EXPECT_EQ(evaluation.flights, 80);
  EXPECT_EQ(evaluation.baselines.size(), 3u);
  EXPECT_EQ(evaluation.verdict.find("not beaten"), std::string::npos) << evaluation.verdict;
}

TEST(Evaluate, AdmitsThatABaselineIsBetter) {
  const auto dataset = split_by_time(rows_of_a_known_model(400), {.lambda = 0, .warm_up_days = 0});
  DelayModel model = fit(dataset.train, 0);
  for (double& weight : model.weights) weight *= -20;
  const Evaluation evaluation = evaluate(model, dataset);
  EXPECT_FALSE(evaluation.rmse_beaten);
  EXPECT_FALSE(evaluation.mae_beaten);
  EXPECT_NE(evaluation.verdict.find("not beaten"), std::string::npos) << evaluation.verdict;
}

TEST(Evaluate, ComputesBothErrors) {
  TrainingDataset dataset;
  dataset.held_out = rows_of_a_known_model(2);
  dataset.held_out[0].delay_minutes = 3;
  dataset.held_out[1].delay_minutes = -4;
  DelayModel model;  // predicts 0: no weights, no intercept
  const Evaluation evaluation = evaluate(model, dataset);
  EXPECT_DOUBLE_EQ(evaluation.model.mae, 3.5);
  EXPECT_DOUBLE_EQ(evaluation.model.rmse, std::sqrt(12.5));
  EXPECT_EQ(predict_all(model, dataset).size(), 2u);
}

}  // namespace
}  // namespace flight_delays
