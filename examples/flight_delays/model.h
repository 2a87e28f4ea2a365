// Training: the split by time and ridge regression. The model is linear over standardised features,
// so that its weights can be read and compared. Pure functions, any thread.
// It must not see a held-out flight: only `train` goes into fit().
#pragma once

#include <vector>

#include "values.h"

namespace flight_delays {

// How the data is split and the model fitted; `-p train.lambda=0.1` overrides one of them.
struct TrainParams {
  double lambda = 0.001;     // ridge penalty per row, on weights of standardised features
  double train_share = 0.8;  // of the flights, by departure; the rest is held out
  int warm_up_days = 8;      // first days without full rolling means: not trained on
};

// Rows must be in order of departure. Flights of one minute are never split. Throws
// std::invalid_argument when a side would be empty or a parameter is out of its range.
TrainingDataset split_by_time(const std::vector<FeatureRow>& rows, const TrainParams& params);

// Ridge regression: A. E. Hoerl and R. W. Kennard, Technometrics 12 (1970), 55. Minimises
// |y − b − Zw|² / n + λ|w|² over standardised Z; b is not penalised. Throws std::invalid_argument
// when there are fewer rows than features or λ is negative.
DelayModel fit(const std::vector<FeatureRow>& rows, double lambda);

// Minutes.
double predict(const DelayModel& model, const FeatureRow& row);

}  // namespace flight_delays
