// The pipeline: which stage computes which asset from which others. Called by main and by tests;
// the handles that define() returns let a test give and read values.
// No computation here: the stages call the pure functions of the other files.
#pragma once

#include <string>
#include <vector>

#include "flight_features.h"
#include "model.h"
#include "values.h"
#include <weir/weir.h>

namespace flight_delays {

// Where the input files are; `-p source.data_dir=DIR` names another folder.
struct Source {
  std::string data_dir = FLIGHT_DELAYS_DATA;
};

struct Assets {
  weir::Param<Source> source;
  weir::Asset<std::vector<RawFlight>> raw_flights;
  weir::Asset<std::vector<Airport>> raw_airports;
  weir::Asset<std::vector<Flight>> cleaned_flights;
  weir::Asset<std::vector<FeatureRow>> features;
  weir::Asset<TrainingDataset> training_dataset;
  weir::Asset<DelayModel> delay_model;
  weir::Asset<Evaluation> evaluation;
  weir::Asset<std::vector<Prediction>> predictions;
};

Assets define(weir::Pipeline& p);

}  // namespace flight_delays
