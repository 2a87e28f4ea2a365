// How good the model is on flights that it has not seen and that depart later, next to predictors
// that need no model. Pure functions, any thread.
// It must report what it finds: a baseline that is not beaten is named as such.
#pragma once

#include <vector>

#include "values.h"

namespace flight_delays {

// Errors of the model and of three baselines on dataset.held_out: `training_mean` (the best
// constant for RMSE), `training_median` (the best constant for MAE) and `origin_rolling_mean` (the
// feature of that meaning, taken as the prediction). Throws std::invalid_argument without a
// held-out flight.
Evaluation evaluate(const DelayModel& model, const TrainingDataset& dataset);

// What the model says of every held-out flight, in order of departure.
std::vector<Prediction> predict_all(const DelayModel& model, const TrainingDataset& dataset);

}  // namespace flight_delays
