// Ridge regression by the normal equations, solved with Eigen's LDLᵀ: ten features, so the matrix
// is tiny and, with λ > 0, positive definite. A constant feature gets weight 0 through its scale.
// Pure functions, any thread.
#include "model.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include <Eigen/Dense>

#include "civil_time.h"

namespace flight_delays {
namespace {

struct Column {
  const char* name;
  double FeatureRow::*field;
};

constexpr Column kColumns[] = {
    {"hour_sin", &FeatureRow::hour_sin},
    {"hour_cos", &FeatureRow::hour_cos},
    {"half_day_sin", &FeatureRow::half_day_sin},
    {"half_day_cos", &FeatureRow::half_day_cos},
    {"weekday_sin", &FeatureRow::weekday_sin},
    {"weekday_cos", &FeatureRow::weekday_cos},
    {"distance_miles", &FeatureRow::distance_miles},
    {"origin_delay", &FeatureRow::origin_delay},
    {"destination_delay", &FeatureRow::destination_delay},
    {"network_delay", &FeatureRow::network_delay},
};
constexpr Eigen::Index kColumnCount = static_cast<Eigen::Index>(std::size(kColumns));

Eigen::MatrixXd design_matrix(const std::vector<FeatureRow>& rows) {
  Eigen::MatrixXd matrix(static_cast<Eigen::Index>(rows.size()), kColumnCount);
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    for (Eigen::Index j = 0; j < kColumnCount; ++j) {
      matrix(i, j) = rows[static_cast<std::size_t>(i)].*(kColumns[j].field);
    }
  }
  return matrix;
}

Eigen::VectorXd labels(const std::vector<FeatureRow>& rows) {
  Eigen::VectorXd vector(static_cast<Eigen::Index>(rows.size()));
  for (Eigen::Index i = 0; i < vector.size(); ++i) {
    vector(i) = rows[static_cast<std::size_t>(i)].delay_minutes;
  }
  return vector;
}

double median(Eigen::VectorXd values) {
  auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<double> to_vector(const Eigen::VectorXd& from) { return {from.begin(), from.end()}; }

}  // namespace

TrainingDataset split_by_time(const std::vector<FeatureRow>& rows, const TrainParams& params) {
  if (!(params.train_share > 0 && params.train_share < 1)) {
    throw std::invalid_argument("train_share must lie between 0 and 1");
  }
  if (rows.empty()) throw std::invalid_argument("there is no flight to train on");
  const auto cut = static_cast<std::size_t>(params.train_share * static_cast<double>(rows.size()));
  const std::int64_t first = rows.front().minute + params.warm_up_days * kMinutesPerDay;
  TrainingDataset dataset;
  dataset.split_minute = rows[std::min(cut, rows.size() - 1)].minute;
  for (const FeatureRow& row : rows) {
    if (row.minute >= dataset.split_minute) {
      dataset.held_out.push_back(row);
    } else if (row.minute >= first) {
      dataset.train.push_back(row);
    }
  }
  if (dataset.train.empty()) {
    throw std::invalid_argument("no flight is left to train on: " + std::to_string(rows.size()) +
                                " rows, warm_up_days " + std::to_string(params.warm_up_days));
  }
  return dataset;
}

DelayModel fit(const std::vector<FeatureRow>& rows, double lambda) {
  if (!(lambda >= 0)) throw std::invalid_argument("lambda must not be negative");
  if (rows.size() < static_cast<std::size_t>(kColumnCount)) {
    throw std::invalid_argument(std::to_string(rows.size()) + " rows cannot carry " +
                                std::to_string(kColumnCount) + " features");
  }
  const auto count = static_cast<double>(rows.size());
  Eigen::MatrixXd z = design_matrix(rows);
  const Eigen::VectorXd y = labels(rows);
  const Eigen::VectorXd means = z.colwise().mean();
  z.rowwise() -= means.transpose();
  Eigen::VectorXd scales = (z.colwise().squaredNorm() / count).cwiseSqrt();
  for (double& scale : scales) {
    if (scale < 1e-12) scale = 1;
  }
  z.array().rowwise() /= scales.transpose().array();
  const Eigen::MatrixXd gram =
      z.transpose() * z / count + lambda * Eigen::MatrixXd::Identity(kColumnCount, kColumnCount);
  const Eigen::VectorXd moment = z.transpose() * (y.array() - y.mean()).matrix() / count;
  DelayModel model;
  for (const Column& column : kColumns) model.features.emplace_back(column.name);
  model.means = to_vector(means);
  model.scales = to_vector(scales);
  model.weights = to_vector(gram.ldlt().solve(moment));
  model.intercept = y.mean();
  model.median_delay = median(y);
  model.lambda = lambda;
  model.rows = static_cast<std::int64_t>(rows.size());
  return model;
}

double predict(const DelayModel& model, const FeatureRow& row) {
  double minutes = model.intercept;
  for (std::size_t j = 0; j < model.weights.size(); ++j) {
    minutes += model.weights[j] * (row.*(kColumns[j].field) - model.means[j]) / model.scales[j];
  }
  return minutes;
}

}  // namespace flight_delays
