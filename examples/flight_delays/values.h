// The values that the stages hand to each other: plain structs, encoded by Weir from their fields.
// Adding a field with an initialiser keeps old versions readable. No behaviour here; a value is
// immutable once a stage has returned it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flight_delays {

// A row of flights-20k.json as it stands there; nothing is judged yet.
struct RawFlight {
  std::string date;  // "2001/01/10 18:20", departure, local time of the origin
  std::optional<std::int64_t> delay_minutes;   // on arrival; negative is early
  std::optional<std::int64_t> distance_miles;  // as the airline states it
  std::string origin;                          // IATA code
  std::string destination;
};

// A row of airports.csv.
struct Airport {
  std::string iata;
  std::string name;
  std::string city;
  std::string state;
  std::string country;
  double latitude = 0;   // degrees, north positive
  double longitude = 0;  // degrees, east positive
};

// A flight that passed cleaning.
struct Flight {
  std::int64_t minute = 0;  // departure, minutes since 1970-01-01 00:00 of the origin's clock
  std::string origin;
  std::string destination;
  std::int64_t delay_minutes = 0;
};

// What the model sees of one flight, and the delay that it is to predict.
struct FeatureRow {
  std::int64_t minute = 0;
  std::string origin;
  std::string destination;
  double hour_sin = 0;  // time of day on the unit circle, once and twice around
  double hour_cos = 0;
  double half_day_sin = 0;
  double half_day_cos = 0;
  double weekday_sin = 0;  // day of the week on the unit circle
  double weekday_cos = 0;
  double distance_miles = 0;     // great circle between the airports
  double origin_delay = 0;       // rolling mean at the origin, minutes
  double destination_delay = 0;  // rolling mean of flights to the destination, minutes
  double network_delay = 0;      // rolling mean of all flights, minutes
  double delay_minutes = 0;      // the label
};

// Features split by time: nothing in `train` departs after anything in `held_out`.
struct TrainingDataset {
  std::int64_t split_minute = 0;  // the first minute that is held out
  std::vector<FeatureRow> train;
  std::vector<FeatureRow> held_out;
};

// A linear model over standardised features.
struct DelayModel {
  std::vector<std::string> features;
  std::vector<double> means;
  std::vector<double> scales;
  std::vector<double> weights;  // minutes per standard deviation of the feature
  double intercept = 0;         // minutes; the mean delay of the training rows
  double median_delay = 0;      // minutes; of the training rows, for the baseline
  double lambda = 0;
  std::int64_t rows = 0;
};

// Errors of one predictor on the held-out flights, in minutes.
struct Score {
  std::string predictor;
  double mae = 0;
  double rmse = 0;
};

// How the model does on later flights, next to predictors that need no model.
struct Evaluation {
  std::string held_out_from;  // "2001-03-14 16:36"
  std::int64_t flights = 0;
  Score model;
  std::vector<Score> baselines;
  bool rmse_beaten = false;  // the model's RMSE is below that of every baseline
  bool mae_beaten = false;
  std::string verdict;  // the same in a sentence
};

// One held-out flight with what the model says of it.
struct Prediction {
  std::string departure;
  std::string origin;
  std::string destination;
  double predicted_minutes = 0;
  double actual_minutes = 0;
};

}  // namespace flight_delays
