// Forecasts through the API, over the real engine and store: of what is registered, of modules that
// are only tried, compared with what is registered; and what each bad request gets. No test waits
// for a clock: every time is given.
#include <chrono>

#include <google/protobuf/timestamp.pb.h>

#include "tests/integration/rpc/fixture.h"
#include "weir/v1/simulation_service.grpc.pb.h"

namespace weir::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr std::int64_t kHour = 3'600;
constexpr std::int64_t kDayMs = 24 * kHour * 1'000;

// The midnight after the next, so that nothing of a simulation lies in the past.
std::int64_t midnight_to_come() {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  return std::chrono::sys_seconds(today + std::chrono::days(2)).time_since_epoch().count();
}

class SimulationTest : public SchedulerTest {
 protected:
  void SetUp() override {
    SchedulerTest::SetUp();
    simulation_ = v1::SimulationService::NewStub(channel_);
    register_manifest(scheduled("0 2 * * *"));
  }

  static module::Manifest scheduled(const std::string& cron) {
    module::Manifest declared = manifest();
    module::ScheduleSpec spec;
    spec.name = "nightly";
    spec.job = "daily";
    spec.crons = {cron};
    spec.zone = "UTC";
    declared.schedules = {spec};
    return declared;
  }

  v1::SimulateRequest asked(std::int64_t days) const {
    v1::SimulateRequest request;
    request.mutable_from()->set_seconds(from_);
    request.set_for_ms(days * kDayMs);
    return request;
  }

  grpc::Status simulate(const v1::SimulateRequest& request, v1::SimulateResponse* response) {
    Call call(scheduler_->token());
    return simulation_->Simulate(call.get(), request, response);
  }
  v1::SimulateResponse told(const v1::SimulateRequest& request) {
    v1::SimulateResponse response;
    const auto status = simulate(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  void expect_refused(const v1::SimulateRequest& request, grpc::StatusCode code,
                      const std::string& said) {
    v1::SimulateResponse response;
    const auto status = simulate(request, &response);
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(said));
    EXPECT_EQ(response.items_size(), 0);
  }

  const std::int64_t from_ = midnight_to_come();
  std::unique_ptr<v1::SimulationService::Stub> simulation_;
};

TEST_F(SimulationTest, WhatIsRegisteredHasItsTicksAndRuns) {
  const v1::SimulateResponse answer = told(asked(7));
  EXPECT_EQ(answer.from().seconds(), from_);
  EXPECT_EQ(answer.until().seconds(), from_ + 7 * 24 * kHour);
  EXPECT_EQ(answer.summary().ticks(), 7);
  EXPECT_EQ(answer.summary().succeeded(), 7);
  EXPECT_EQ(answer.cut(), "");
  ASSERT_THAT(answer.items(), SizeIs(14));
  EXPECT_EQ(answer.items(0).at().seconds(), from_ + 2 * kHour);
  EXPECT_EQ(answer.items(0).tick().schedule(), "etl/nightly");
  const v1::SimulatedRun& run = answer.items(1).run();
  EXPECT_EQ(run.job(), "etl/daily");
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED);
  ASSERT_THAT(run.tasks(), SizeIs(2));
  EXPECT_EQ(run.tasks(1).started_at().seconds(), run.tasks(0).finished_at().seconds());
  EXPECT_THAT(answer.notes(), testing::Contains(HasSubstr("without a history, 2 of them: a, b")));
}

TEST_F(SimulationTest, NothingOfItIsStored) {
  const auto before = store_generation();
  told(asked(30));
  EXPECT_EQ(store_generation(), before);
  Call call(scheduler_->token());
  v1::ListRunsResponse runs;
  ASSERT_TRUE(runs_->ListRuns(call.get(), {}, &runs).ok());
  EXPECT_EQ(runs.runs_size(), 0);
}

TEST_F(SimulationTest, FailuresDurationsAndScriptsAreObeyed) {
  v1::SimulateRequest request = asked(2);
  auto* duration = request.add_durations();
  duration->set_task("a");
  duration->set_ms(kHour * 1'000);
  auto* failure = request.add_failures();
  failure->set_task("b");
  failure->mutable_from()->set_seconds(from_ + 26 * kHour);
  auto* action = request.add_script();
  action->mutable_at()->set_seconds(from_ + 10 * kHour);
  action->set_action("pause");
  action->set_name("nightly");
  const v1::SimulateResponse paused = told(request);
  EXPECT_EQ(paused.summary().succeeded(), 1);
  EXPECT_EQ(paused.summary().failed(), 0) << "a paused schedule starts nothing that could fail";
  request.clear_script();
  const v1::SimulateResponse failed = told(request);
  EXPECT_EQ(failed.summary().succeeded(), 1);
  EXPECT_EQ(failed.summary().failed(), 1);
  EXPECT_EQ(failed.items(1).run().finished_at().seconds(), from_ + 3 * kHour + 60);
}

TEST_F(SimulationTest, AModuleThatIsTriedIsComparedWithTheOneThatIsThere) {
  v1::SimulateRequest request = asked(2);
  request.add_manifests(module::manifest_to_json(scheduled("0 3 * * *")).dump());
  const v1::SimulateResponse tried = told(request);
  ASSERT_THAT(tried.items(), SizeIs(4));
  EXPECT_EQ(tried.items(0).at().seconds(), from_ + 3 * kHour);
  request.set_against("etl");
  const v1::SimulateResponse compared = told(request);
  EXPECT_EQ(compared.items_size(), 0);
  EXPECT_EQ(compared.before().ticks(), 2);
  ASSERT_GE(compared.differences_size(), 4);
  EXPECT_TRUE(compared.differences(0).has_before());
  EXPECT_FALSE(compared.differences(0).has_after());
  EXPECT_EQ(compared.differences(0).at().seconds(), from_ + 2 * kHour);
  request.set_manifests(0, module::manifest_to_json(scheduled("0 2 * * *")).dump());
  EXPECT_EQ(told(request).differences_size(), 0);
}

TEST_F(SimulationTest, AnItemLimitCutsAndSaysSo) {
  v1::SimulateRequest request = asked(7);
  request.set_limit(3);
  const v1::SimulateResponse answer = told(request);
  EXPECT_EQ(answer.items_size(), 3);
  EXPECT_THAT(answer.cut(), HasSubstr("3"));
}

TEST_F(SimulationTest, WhatCannotBeMeantIsRefused) {
  const auto invalid = grpc::StatusCode::INVALID_ARGUMENT;
  v1::SimulateRequest request = asked(-1);
  expect_refused(request, invalid, "a year at most");
  expect_refused(asked(400), invalid, "a year at most");
  request = asked(1);
  request.add_failures()->set_task("b");
  request.mutable_failures(0)->mutable_from()->set_seconds(from_);
  request.mutable_failures(0)->set_task("bb");
  expect_refused(request, grpc::StatusCode::NOT_FOUND, "bb");
  request = asked(1);
  auto* action = request.add_script();
  action->set_action("explode");
  action->set_name("a");
  expect_refused(request, invalid, "explode");
  request = asked(1);
  request.add_manifests("{");
  expect_refused(request, invalid, "");
  request = asked(1);
  request.set_against("nobody");
  expect_refused(request, grpc::StatusCode::NOT_FOUND, "no registered module is 'nobody'");
  request = asked(1);
  request.set_alone(true);
  expect_refused(request, invalid, "needs a module");
  request.add_manifests(module::manifest_to_json(manifest()).dump());
  request.set_against("etl");
  expect_refused(request, invalid, "only a scheduler");
}

TEST_F(SimulationTest, AZoneOfATriedModuleThatIsNoneIsRefused) {
  module::Manifest declared = scheduled("0 2 * * *");
  declared.schedules[0].zone = "Europe/Brelin";
  v1::SimulateRequest request = asked(1);
  request.add_manifests(module::manifest_to_json(declared).dump());
  expect_refused(request, grpc::StatusCode::INVALID_ARGUMENT, "Europe/Berlin");
}

}  // namespace
}  // namespace weir::test
