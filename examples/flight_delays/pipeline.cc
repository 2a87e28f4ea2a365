// The stages as Weir calls them: each wraps one pure function and attaches the figures that a
// person wants to see beside the asset. Called by an executor, one attempt at a time. A stage must
// not read anything but its arguments; only the two raw ones open files.
#include "pipeline.h"

#include <chrono>
#include <filesystem>
#include <utility>

#include "audit.h"
#include "civil_time.h"
#include "clean.h"
#include "evaluate.h"
#include "input.h"

namespace flight_delays {
namespace {

std::vector<RawFlight> read_flights(weir::Context& ctx, const Source& source) {
  const auto path = std::filesystem::path(source.data_dir) / "flights-20k.json";
  auto rows = parse_flights(read_file(path));
  ctx.meta("rows", rows.size());
  ctx.meta("path", path.string());
  return rows;
}

std::vector<Airport> read_airports(weir::Context& ctx, const Source& source) {
  const auto path = std::filesystem::path(source.data_dir) / "airports.csv";
  auto rows = parse_airports(read_file(path));
  ctx.meta("rows", rows.size());
  ctx.meta("path", path.string());
  return rows;
}

std::vector<Flight> clean_flights(weir::Context& ctx, const std::vector<RawFlight>& raw) {
  Cleaned cleaned = clean(raw);
  ctx.meta("rows", cleaned.flights.size());
  ctx.meta("dropped", raw.size() - cleaned.flights.size());
  ctx.meta("duplicates", cleaned.duplicates);
  ctx.meta("bad_date", cleaned.bad_date);
  ctx.meta("bad_airport", cleaned.bad_airport);
  ctx.meta("missing_delay", cleaned.missing_delay);
  ctx.meta("bad_distance", cleaned.bad_distance);
  return std::move(cleaned.flights);
}

std::vector<FeatureRow> make_features(weir::Context& ctx, const std::vector<Flight>& flights,
                                      const std::vector<Airport>& airports,
                                      const FeatureParams& params) {
  Features features = build_features(flights, airports, params);
  ctx.meta("rows", features.rows.size());
  ctx.meta("unknown_airport", features.unknown_airport);
  ctx.meta("window_days", params.window_days);
  return std::move(features.rows);
}

weir::Verdict verdict(const Audit& audit, std::size_t rows) {
  weir::Verdict result(audit.ok());
  result.because(audit.problem);
  result.meta("rows", rows);
  result.meta("offending_rows", audit.offending_rows);
  return result;
}

using Rows = std::vector<FeatureRow>;
weir::Verdict not_null(const Rows& rows) { return verdict(audit_not_null(rows), rows.size()); }
weir::Verdict unique(const Rows& rows) { return verdict(audit_unique(rows), rows.size()); }
weir::Verdict ranges(const Rows& rows) { return verdict(audit_ranges(rows), rows.size()); }
weir::Verdict row_count(const Rows& rows) { return verdict(audit_row_count(rows), rows.size()); }

TrainingDataset split(weir::Context& ctx, const Rows& rows, const TrainParams& params) {
  TrainingDataset dataset = split_by_time(rows, params);
  ctx.meta("train_rows", dataset.train.size());
  ctx.meta("held_out_rows", dataset.held_out.size());
  ctx.meta("held_out_from", format_minute(dataset.split_minute));
  return dataset;
}

DelayModel train(weir::Context& ctx, const TrainingDataset& dataset, const TrainParams& params) {
  DelayModel model = fit(dataset.train, params.lambda);
  ctx.meta("rows", model.rows);
  ctx.meta("lambda", model.lambda);
  ctx.meta("intercept_minutes", model.intercept);
  for (std::size_t i = 0; i < model.features.size(); ++i) {
    ctx.meta("weight_" + model.features[i], model.weights[i]);
  }
  return model;
}

Evaluation judge(weir::Context& ctx, const DelayModel& model, const TrainingDataset& dataset) {
  Evaluation result = evaluate(model, dataset);
  ctx.meta("flights", result.flights);
  ctx.meta("rmse_minutes", result.model.rmse);
  ctx.meta("mae_minutes", result.model.mae);
  for (const Score& baseline : result.baselines) {
    ctx.meta("rmse_minutes_" + baseline.predictor, baseline.rmse);
    ctx.meta("mae_minutes_" + baseline.predictor, baseline.mae);
  }
  ctx.meta("rmse_beaten", result.rmse_beaten);
  ctx.meta("mae_beaten", result.mae_beaten);
  ctx.meta("verdict", result.verdict);
  return result;
}

std::vector<Prediction> foretell(weir::Context& ctx, const DelayModel& model,
                                 const TrainingDataset& dataset) {
  auto predictions = predict_all(model, dataset);
  ctx.meta("rows", predictions.size());
  return predictions;
}

}  // namespace

Assets define(weir::Pipeline& p) {
  const auto source = p.params<Source>("source");
  const auto windows = p.params<FeatureParams>("features");
  const auto training = p.params<TrainParams>("train");
  const auto raw_flights = p.asset("raw_flights", read_flights, source);
  const auto raw_airports = p.asset("raw_airports", read_airports, source);
  const auto cleaned = p.asset("cleaned_flights", clean_flights, raw_flights);
  const auto features = p.asset("features", make_features, cleaned, raw_airports, windows)
                            .check("not_null", not_null, weir::blocking)
                            .check("unique", unique, weir::blocking)
                            .check("ranges", ranges, weir::blocking)
                            .check("row_count", row_count, weir::blocking);
  const auto dataset =
      p.asset("training_dataset", split, features, training)
          .freshness(weir::max_age(std::chrono::hours(26)).warn_after(std::chrono::hours(25)));
  const auto model = p.asset("delay_model", train, dataset, training);
  const auto evaluation = p.asset("evaluation", judge, model, dataset);
  const auto predictions = p.asset("predictions", foretell, model, dataset);
  p.job("train", weir::upstream_of(evaluation, predictions))
      .cron("0 2 * * *", "America/New_York");  // the airports' own clock
  return {source,  raw_flights, raw_airports, cleaned,    features,
          dataset, model,       evaluation,   predictions};
}

}  // namespace flight_delays
