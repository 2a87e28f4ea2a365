// Errors on held-out flights. Every predictor goes through the same score(), so that the model has
// no advantage by the way it is counted.
// Pure functions, any thread.
#include "evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "civil_time.h"
#include "model.h"

namespace flight_delays {
namespace {

template <class Predictor>
Score score(std::string name, const std::vector<FeatureRow>& rows, Predictor predictor) {
  double absolute = 0;
  double squared = 0;
  for (const FeatureRow& row : rows) {
    const double error = predictor(row) - row.delay_minutes;
    absolute += std::abs(error);
    squared += error * error;
  }
  const auto count = static_cast<double>(rows.size());
  return {std::move(name), absolute / count, std::sqrt(squared / count)};
}

// "RMSE 30.30 min, best baseline training_mean 31.00: beaten by 2.3 %"
std::string compare(const char* measure, double model, const Score& best, double baseline) {
  const double percent = 100 * std::abs(baseline - model) / baseline;
  char text[160];
  std::snprintf(text, sizeof text, "%s %.2f min, best baseline %s %.2f: %s by %.1f %%", measure,
                model, best.predictor.c_str(), baseline,
                model < baseline ? "beaten" : "not beaten, missed", percent);
  return text;
}

const Score& best_by(const std::vector<Score>& scores, double Score::*measure) {
  return *std::min_element(scores.begin(), scores.end(), [measure](const Score& a, const Score& b) {
    return a.*measure < b.*measure;
  });
}

}  // namespace

Evaluation evaluate(const DelayModel& model, const TrainingDataset& dataset) {
  const auto& rows = dataset.held_out;
  if (rows.empty()) throw std::invalid_argument("there is no held-out flight to evaluate on");
  Evaluation result;
  result.held_out_from = format_minute(dataset.split_minute);
  result.flights = static_cast<std::int64_t>(rows.size());
  result.model =
      score("ridge", rows, [&model](const FeatureRow& row) { return predict(model, row); });
  result.baselines = {
      score("training_mean", rows, [&model](const FeatureRow&) { return model.intercept; }),
      score("training_median", rows, [&model](const FeatureRow&) { return model.median_delay; }),
      score("origin_rolling_mean", rows, [](const FeatureRow& row) { return row.origin_delay; }),
  };
  const Score& rmse = best_by(result.baselines, &Score::rmse);
  const Score& mae = best_by(result.baselines, &Score::mae);
  result.rmse_beaten = result.model.rmse < rmse.rmse;
  result.mae_beaten = result.model.mae < mae.mae;
  result.verdict = compare("RMSE", result.model.rmse, rmse, rmse.rmse) + "; " +
                   compare("MAE", result.model.mae, mae, mae.mae);
  return result;
}

std::vector<Prediction> predict_all(const DelayModel& model, const TrainingDataset& dataset) {
  std::vector<Prediction> predictions;
  predictions.reserve(dataset.held_out.size());
  for (const FeatureRow& row : dataset.held_out) {
    predictions.push_back({format_minute(row.minute), row.origin, row.destination,
                           predict(model, row), row.delay_minutes});
  }
  return predictions;
}

}  // namespace flight_delays
