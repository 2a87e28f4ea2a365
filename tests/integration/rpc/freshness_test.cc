// Freshness through the API, over the real engine and store: shown, filtered, paused; assets from
// outside observed; and what each bad request gets. Policies only observe, or are of ages that do
// not come while a test runs, so that no test waits for a clock.
#include <chrono>

#include <google/protobuf/timestamp.pb.h>

#include "tests/integration/rpc/fixture.h"
#include "weir/v1/freshness_service.grpc.pb.h"
#include "weir/v1/schedule_service.grpc.pb.h"

namespace weir::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class FreshnessTest : public SchedulerTest {
 protected:
  void SetUp() override {
    SchedulerTest::SetUp();
    freshness_ = v1::FreshnessService::NewStub(channel_);
    declared_ = manifest();
    module::Manifest& declared = declared_;
    declared.externals.push_back(
        {"rates", declared.stages[0].outputs[0].type, declared.stages[0].outputs[0].schema});
    declared.freshness = {observed_age("a"), by_leap_day("b")};
    registered_ = register_manifest(declared);
  }

  static module::FreshnessSpec observed_age(const std::string& asset) {
    module::FreshnessSpec spec;
    spec.asset = asset;
    spec.fail_ms = 26 * 3'600'000;
    spec.action = module::FreshnessAction::kObserve;
    return spec;
  }
  static module::FreshnessSpec by_leap_day(const std::string& asset) {
    module::FreshnessSpec spec;
    spec.asset = asset;
    spec.kind = module::FreshnessKind::kBy;
    spec.cron = "0 9 29 2 *";
    spec.zone = "Europe/Berlin";
    spec.lower_bound_ms = 3'600'000;
    spec.required_after_ms = 0;
    spec.action = module::FreshnessAction::kObserve;
    return spec;
  }

  template <class Stub, class Request, class Response>
  grpc::Status ask(Stub& stub,
                   grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response* response) {
    Call call(scheduler_->token());
    return (stub.*method)(call.get(), request, response);
  }
  v1::Freshness get(const std::string& asset) {
    v1::GetFreshnessRequest request;
    request.set_asset(asset);
    v1::GetFreshnessResponse response;
    const auto status = ask(*freshness_, &Stub::GetFreshness, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.freshness();
  }
  std::vector<std::string> listed(const v1::ListFreshnessRequest& request = {}) {
    v1::ListFreshnessResponse response;
    const auto status = ask(*freshness_, &Stub::ListFreshness, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> assets;
    for (const auto& one : response.freshness()) assets.push_back(one.asset());
    return assets;
  }
  std::vector<std::string> pause(const std::vector<std::string>& assets, bool all = false) {
    v1::PauseFreshnessRequest request;
    request.mutable_assets()->Add(assets.begin(), assets.end());
    request.set_all(all);
    request.set_reason("the source moves");
    request.set_by("bob@desk");
    v1::PauseFreshnessResponse response;
    const auto status = ask(*freshness_, &Stub::PauseFreshness, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return {response.assets().begin(), response.assets().end()};
  }
  grpc::Status observe(const std::string& asset, std::int64_t at, const std::string& version) {
    v1::ObserveAssetRequest request;
    request.set_asset(asset);
    request.mutable_at()->set_seconds(at);
    request.set_version(version);
    request.set_by("ann@laptop");
    v1::ObserveAssetResponse response;
    return ask(*assets_, &v1::AssetService::Stub::ObserveAsset, request, &response);
  }
  v1::Asset asset(const std::string& name) {
    v1::GetAssetRequest request;
    request.set_asset(name);
    v1::GetAssetResponse response;
    const auto status = ask(*assets_, &v1::AssetService::Stub::GetAsset, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.asset();
  }

  module::Manifest declared_;
  v1::RegisterModulesResponse registered_;
  using Stub = v1::FreshnessService::Stub;
  std::unique_ptr<v1::FreshnessService::Stub> freshness_;
};

TEST_F(FreshnessTest, ARegistrationSaysWhichPoliciesItChanges) {
  EXPECT_THAT(registered_.changes(0).added(),
              UnorderedElementsAre("a", "b", "freshness a", "freshness b"));
  declared_.freshness = {by_leap_day("a")};
  const v1::RegisterModulesResponse changed = register_manifest(declared_);
  EXPECT_THAT(changed.changes(0).added(), IsEmpty());
  EXPECT_THAT(changed.changes(0).changed(), ElementsAre("freshness a"));
  EXPECT_THAT(changed.changes(0).removed(), ElementsAre("freshness b"));
}

TEST_F(FreshnessTest, APolicyIsShownWithHowItStands) {
  const v1::Freshness unknown = get("a");
  EXPECT_EQ(unknown.pipeline(), "etl");
  EXPECT_EQ(unknown.state(), v1::FRESHNESS_STATE_UNKNOWN);
  EXPECT_EQ(unknown.description(), "at most 26 h old; observed only");
  EXPECT_FALSE(unknown.has_last_at());
  EXPECT_FALSE(unknown.has_next_change_at());
  EXPECT_EQ(unknown.problem(), "");
  const v1::Freshness required = get("b");
  EXPECT_EQ(required.state(), v1::FRESHNESS_STATE_FAIL);
  EXPECT_EQ(required.policy().zone(), "Europe/Berlin");
  EXPECT_EQ(required.problem(), "") << "its zone came with the registration";
}

TEST_F(FreshnessTest, WhatIsMadePassesAndSaysWhenItWillNot) {
  TestWorker worker(*protocol_, scheduler_->token());
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  const std::string run = create_run();
  worker.report_success(worker.next_assign(), "one");
  worker.report_success(worker.next_assign(), "two");
  wait_until_finished(run);
  const v1::Freshness made = get("a");
  EXPECT_EQ(made.state(), v1::FRESHNESS_STATE_PASS);
  ASSERT_TRUE(made.has_last_at());
  EXPECT_TRUE(made.has_age_ms());
  EXPECT_EQ(made.next_state(), v1::FRESHNESS_STATE_FAIL);
  EXPECT_EQ(made.next_change_at().seconds(), made.last_at().seconds() + 26 * 3600);
  EXPECT_EQ(get("b").state(), v1::FRESHNESS_STATE_PASS);
}

TEST_F(FreshnessTest, PeopleSetAPolicyAndTakeItBack) {
  v1::SetFreshnessRequest set;
  set.set_asset("a");
  set.set_by("ann@laptop");
  set.mutable_policy()->set_kind(v1::FRESHNESS_KIND_BY);
  set.mutable_policy()->set_cron("0 9 29 2 *");
  set.mutable_policy()->set_zone("Europe/Berlin");
  set.mutable_policy()->set_lower_bound_ms(3'600'000);
  v1::SetFreshnessResponse answer;
  ASSERT_TRUE(ask(*freshness_, &Stub::SetFreshness, set, &answer).ok());
  const v1::Freshness changed = get("a");
  EXPECT_EQ(changed.set_by(), "ann@laptop");
  EXPECT_EQ(changed.policy().zone(), "Europe/Berlin");
  EXPECT_EQ(changed.policy().action(), v1::FRESHNESS_ACTION_REFRESH);
  v1::UnsetFreshnessRequest unset;
  unset.set_asset("a");
  v1::UnsetFreshnessResponse unset_answer;
  ASSERT_TRUE(ask(*freshness_, &Stub::UnsetFreshness, unset, &unset_answer).ok());
  EXPECT_EQ(get("a").description(), "at most 26 h old; observed only");
  EXPECT_EQ(get("a").set_by(), "");
  EXPECT_EQ(ask(*freshness_, &Stub::UnsetFreshness, unset, &unset_answer).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(FreshnessTest, APlannedRunIsAmongWhatIsToCome) {
  v1::SetFreshnessRequest set;
  set.set_asset("a");
  set.mutable_policy()->set_kind(v1::FRESHNESS_KIND_BY);
  set.mutable_policy()->set_cron("0 9 29 2 *");
  set.mutable_policy()->set_zone("Europe/Berlin");
  set.mutable_policy()->set_lower_bound_ms(3'600'000);
  v1::SetFreshnessResponse answer;
  ASSERT_TRUE(ask(*freshness_, &Stub::SetFreshness, set, &answer).ok());
  // It is planned as soon as the durations have been read.
  while (!get("a").has_refresh_at()) continue;
  const std::unique_ptr<v1::ScheduleService::Stub> schedules =
      v1::ScheduleService::NewStub(channel_);
  v1::ListUpcomingRequest request;
  *request.mutable_until() = get("a").deadline_at();
  v1::ListUpcomingResponse upcoming;
  ASSERT_TRUE(ask(*schedules, &v1::ScheduleService::Stub::ListUpcoming, request, &upcoming).ok());
  ASSERT_EQ(upcoming.upcoming_size(), 1);
  EXPECT_EQ(upcoming.upcoming(0).asset(), "a");
  EXPECT_EQ(upcoming.upcoming(0).schedule(), "");
  EXPECT_EQ(upcoming.upcoming(0).due_at().seconds(), get("a").refresh_at().seconds());
  // A schedule makes it before: there will be nothing to refresh.
  v1::CreateScheduleRequest create;
  create.set_name("early");
  create.mutable_definition()->set_job("daily");
  create.mutable_definition()->add_crons("30 7 29 2 *");
  create.mutable_definition()->set_zone("Europe/Berlin");
  v1::CreateScheduleResponse created;
  ASSERT_TRUE(ask(*schedules, &v1::ScheduleService::Stub::CreateSchedule, create, &created).ok());
  ASSERT_TRUE(ask(*schedules, &v1::ScheduleService::Stub::ListUpcoming, request, &upcoming).ok());
  ASSERT_EQ(upcoming.upcoming_size(), 1);
  EXPECT_EQ(upcoming.upcoming(0).schedule(), "etl/early");
}

TEST_F(FreshnessTest, APolicyThatCannotBeIsNotSet) {
  v1::SetFreshnessRequest set;
  v1::SetFreshnessResponse answer;
  const auto refused = [&] { return ask(*freshness_, &Stub::SetFreshness, set, &answer); };
  set.set_asset("a");
  EXPECT_THAT(refused().error_message(), HasSubstr("kind"));
  set.mutable_policy()->set_kind(v1::FRESHNESS_KIND_MAX_AGE);
  set.mutable_policy()->set_fail_ms(1'000);
  EXPECT_THAT(refused().error_message(), HasSubstr("a minute"));
  set.mutable_policy()->set_fail_ms(3'600'000);
  set.mutable_policy()->set_warn_ms(3'600'000);
  EXPECT_EQ(refused().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  set.mutable_policy()->set_warn_ms(0);
  set.set_asset("aa");
  EXPECT_EQ(refused().error_code(), grpc::StatusCode::NOT_FOUND);
  set.set_asset("a");
  set.mutable_policy()->set_kind(v1::FRESHNESS_KIND_BY);
  set.mutable_policy()->set_fail_ms(0);
  set.mutable_policy()->set_cron("0 9 * * *");
  set.mutable_policy()->set_zone("Europe/Brelin");
  EXPECT_THAT(refused().error_message(), HasSubstr("Europe/Berlin"));
  EXPECT_EQ(get("a").set_by(), "");
}

TEST_F(FreshnessTest, ListsAreFiltered) {
  EXPECT_THAT(listed(), ElementsAre("a", "b"));
  v1::ListFreshnessRequest request;
  request.set_state(v1::FRESHNESS_STATE_FAIL);
  EXPECT_THAT(listed(request), ElementsAre("b"));
  request.set_state(v1::FRESHNESS_STATE_PASS);
  EXPECT_THAT(listed(request), IsEmpty());
  request.clear_state();
  request.set_pipeline("etl");
  EXPECT_THAT(listed(request), ElementsAre("a", "b"));
  request.set_pipeline("other");
  EXPECT_THAT(listed(request), IsEmpty());
}

TEST_F(FreshnessTest, PausesAreKeptWithWhoAndWhy) {
  EXPECT_THAT(pause({"a", "a"}), ElementsAre("a"));
  EXPECT_THAT(pause({"a"}), IsEmpty());
  const v1::Freshness paused = get("a");
  EXPECT_TRUE(paused.paused());
  EXPECT_EQ(paused.paused_by(), "bob@desk");
  EXPECT_EQ(paused.pause_reason(), "the source moves");
  EXPECT_THAT(pause({}, true), ElementsAre("b"));
  v1::ResumeFreshnessRequest resume;
  resume.set_all(true);
  v1::ResumeFreshnessResponse resumed;
  ASSERT_TRUE(ask(*freshness_, &Stub::ResumeFreshness, resume, &resumed).ok());
  EXPECT_THAT(resumed.assets(), ElementsAre("a", "b"));
  EXPECT_FALSE(get("a").paused());
  resume.add_assets("a");
  const auto both = ask(*freshness_, &Stub::ResumeFreshness, resume, &resumed);
  EXPECT_EQ(both.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(FreshnessTest, AnAssetWithoutAPolicyIsNotFound) {
  v1::GetFreshnessRequest request;
  request.set_asset("aa");
  v1::GetFreshnessResponse response;
  const auto status = ask(*freshness_, &Stub::GetFreshness, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("no freshness policy on 'aa'"));
}

TEST_F(FreshnessTest, WhatComesFromOutsideIsFreshFromItsLastObservation) {
  EXPECT_TRUE(asset("rates").external());
  EXPECT_FALSE(asset("rates").has_verified_at());
  const auto told = observe("rates", 1'700'000'000, "2023-11");
  ASSERT_TRUE(told.ok()) << told.error_message();
  EXPECT_EQ(asset("rates").verified_at().seconds(), 1'700'000'000);
  EXPECT_EQ(asset("rates").observed(), "2023-11");
  ASSERT_TRUE(observe("rates", 1'600'000'000, "older").ok());
  EXPECT_EQ(asset("rates").observed(), "2023-11");
  EXPECT_EQ(observe("a", 1, "").error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(observe("rats", 1, "").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(observe("rates", 7'000'000'000, "").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(observe("rates", 1, std::string(201, 'x')).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(FreshnessTest, PoliciesAndObservationsAreThereAfterARestart) {
  pause({"b"});
  ASSERT_TRUE(observe("rates", 1'700'000'000, "2023-11").ok());
  scheduler_.reset();
  start();
  freshness_ = v1::FreshnessService::NewStub(channel_);
  EXPECT_THAT(listed(), ElementsAre("a", "b"));
  EXPECT_TRUE(get("b").paused());
  EXPECT_EQ(get("b").state(), v1::FRESHNESS_STATE_FAIL);
  EXPECT_EQ(asset("rates").observed(), "2023-11");
}

TEST_F(FreshnessTest, ChangesAreEventsOfTheirKind) {
  ASSERT_TRUE(observe("rates", 1'700'000'000, "2023-11").ok());
  v1::ListEventsRequest request;
  v1::ListEventsResponse events;
  ASSERT_TRUE(ask(*events_, &v1::EventService::Stub::ListEvents, request, &events).ok());
  std::vector<std::string> found;
  for (const auto& event : events.events()) {
    if (event.kind() == v1::EVENT_KIND_FRESHNESS_CHANGED) {
      found.push_back(event.subject() + " " + event.state());
    } else if (event.kind() == v1::EVENT_KIND_ASSET_OBSERVED) {
      found.push_back(event.subject() + " observed");
      EXPECT_THAT(event.message(), HasSubstr("ann@laptop"));
    }
  }
  EXPECT_THAT(found, ElementsAre("b fail", "rates observed"));
}

}  // namespace
}  // namespace weir::test
