// Parameters: defaults as JSON, and JSON over the defaults.
// Through the erased record, as the runtime uses it.
// Pure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sdk/sample_types.h"
#include "weir/weir.h"

namespace {

using ::testing::HasSubstr;

struct Optimiser {
  double rate = 0.01;
  std::string name = "adam";
};
struct Params {
  double lambda = 0.1;
  int epochs = 3;
  Optimiser optimiser;
  std::vector<int> layers = {64, 32};
  std::optional<std::string> note;
  std::chrono::seconds limit{90};
};

const weir::impl::ParamRecord& param_record() {
  static weir::Pipeline pipeline("params");
  static const auto handle = pipeline.params<Params>("train");
  return pipeline.record().params.at(0);
}

Params with(std::string_view json) {
  const auto made = param_record().from_json(param_record().defaults.get(), json);
  return *static_cast<const Params*>(made.get());
}

std::string refusal(std::string_view json) {
  try {
    with(json);
  } catch (const weir::Failure& failure) {
    EXPECT_TRUE(failure.is_permanent());
    return failure.what();
  }
  return "read";
}

TEST(Params, DefaultsAreJson) {
  EXPECT_EQ(param_record().to_json(param_record().defaults.get()),
            R"({"lambda":0.1,"epochs":3,"optimiser":{"rate":0.01,"name":"adam"},"layers":[64,32],)"
            R"("note":null,"limit":"90s"})");
}

TEST(Params, NothingGivenMeansTheDefaults) {
  for (const char* nothing : {"{}", "null"}) {
    EXPECT_EQ(with(nothing).epochs, 3);
    EXPECT_EQ(with(nothing).optimiser.name, "adam");
  }
}

TEST(Params, GivenMembersReplaceTheirDefaults) {
  const auto params =
      with(R"({"epochs":7,"optimiser":{"rate":0.5},"layers":[8],"note":"n","limit":"2m"})");
  EXPECT_EQ(params.epochs, 7);
  EXPECT_EQ(params.lambda, 0.1);
  EXPECT_EQ(params.optimiser.rate, 0.5);
  EXPECT_EQ(params.optimiser.name, "adam");
  EXPECT_EQ(params.layers, std::vector<int>{8});
  EXPECT_EQ(params.note, "n");
  EXPECT_EQ(params.limit, std::chrono::minutes(2));
}

TEST(Params, UnknownAndWrongMembersAreNamed) {
  EXPECT_THAT(refusal(R"({"epoch":7})"),
              HasSubstr("epoch is not a known member. Did you mean 'epochs'?"));
  EXPECT_THAT(refusal(R"({"optimiser":{"rat":1}})"), HasSubstr("optimiser.rat"));
  EXPECT_THAT(refusal(R"({"epochs":"many"})"), HasSubstr("epochs must be a whole number"));
  EXPECT_THAT(refusal(R"({"layers":5})"), HasSubstr("layers must be a list"));
  EXPECT_THAT(refusal("[]"), HasSubstr("must be an object"));
  EXPECT_THAT(refusal("{"), HasSubstr("1:"));
  EXPECT_THAT(refusal(R"({"epochs":7.5})"), HasSubstr("WEIR-E0209"));
}

}  // namespace
