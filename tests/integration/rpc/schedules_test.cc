// Schedules through the API, over the real engine and store: made, shown, changed, paused,
// triggered and deleted, and what each bad request gets. Times are far from now, so that no test
// waits for a clock; those that fire are asked for by hand.
#include <chrono>
#include <map>
#include <string>

#include <google/protobuf/timestamp.pb.h>

#include "tests/integration/rpc/fixture.h"
#include "weir/v1/schedule_service.grpc.pb.h"

namespace weir::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SchedulesTest : public SchedulerTest {
 protected:
  void SetUp() override {
    SchedulerTest::SetUp();
    schedules_ = v1::ScheduleService::NewStub(channel_);
    register_module();
  }

  // The answer of a call that must succeed.
  template <class Request, class Response>
  Response ok(grpc::Status (v1::ScheduleService::Stub::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
              const Request& request) {
    Call call(scheduler_->token());
    Response response;
    const grpc::Status status = (schedules_.get()->*method)(call.get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  // The refusal of one that must not.
  template <class Request, class Response>
  std::string refused(grpc::Status (v1::ScheduleService::Stub::*method)(grpc::ClientContext*,
                                                                        const Request&, Response*),
                      const Request& request, grpc::StatusCode code) {
    Call call(scheduler_->token());
    Response response;
    const grpc::Status status = (schedules_.get()->*method)(call.get(), request, &response);
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    return status.error_message();
  }

  // Every four years, so that its time does not come while a test runs.
  static v1::CreateScheduleRequest rare(const std::string& name) {
    v1::CreateScheduleRequest request;
    request.set_name(name);
    request.set_by("ann@laptop");
    request.mutable_definition()->set_job("daily");
    request.mutable_definition()->add_crons("0 3 29 2 *");
    request.mutable_definition()->set_zone("Europe/Berlin");
    return request;
  }
  std::string create(const v1::CreateScheduleRequest& request) {
    return ok(&Stub::CreateSchedule, request).name();
  }
  v1::Schedule get(const std::string& name) {
    v1::GetScheduleRequest request;
    request.set_schedule(name);
    return ok(&Stub::GetSchedule, request).schedule();
  }
  std::vector<std::string> pause(const std::vector<std::string>& names, bool all = false) {
    v1::PauseSchedulesRequest request;
    request.mutable_schedules()->Add(names.begin(), names.end());
    request.set_all(all);
    request.set_reason("the source moves");
    request.set_by("bob@desk");
    const auto answer = ok(&Stub::PauseSchedules, request);
    return {answer.names().begin(), answer.names().end()};
  }
  std::string trigger(const std::string& name) {
    v1::TriggerScheduleRequest request;
    request.set_schedule(name);
    request.set_by("ann@laptop");
    return ok(&Stub::TriggerSchedule, request).run_id();
  }
  v1::ListTicksResponse ticks(const std::string& name) {
    v1::ListTicksRequest request;
    request.set_schedule(name);
    return ok(&Stub::ListTicks, request);
  }
  std::vector<std::string> listed(const v1::ListSchedulesRequest& request = {}) {
    std::vector<std::string> names;
    const auto answer = ok(&Stub::ListSchedules, request);
    for (const auto& one : answer.schedules()) {
      names.push_back(one.name());
    }
    return names;
  }

  using Stub = v1::ScheduleService::Stub;
  std::unique_ptr<v1::ScheduleService::Stub> schedules_;
};

TEST_F(SchedulesTest, OneThatIsMadeIsShownAsItWasMeant) {
  v1::CreateScheduleRequest request = rare("leap");
  request.mutable_definition()->add_days_off()->set_day("2028-02-29");
  request.mutable_definition()->set_jitter_ms(1000);
  request.mutable_definition()->set_overlap(v1::OVERLAP_SKIP);
  EXPECT_EQ(create(request), "etl/leap");
  const v1::Schedule made = get("leap");
  EXPECT_EQ(made.name(), "etl/leap");
  EXPECT_EQ(made.definition().job(), "etl/daily");
  EXPECT_THAT(made.definition().crons(), ElementsAre("0 3 29 2 *"));
  EXPECT_EQ(made.definition().overlap(), v1::OVERLAP_SKIP);
  EXPECT_EQ(made.definition().catch_up(), v1::CATCH_UP_LATEST);
  EXPECT_EQ(made.definition().catch_up_window_ms(), 24 * 3600 * 1000);
  EXPECT_FALSE(made.declared());
  EXPECT_FALSE(made.paused());
  EXPECT_EQ(made.changed_by(), "ann@laptop");
  EXPECT_THAT(made.description(), HasSubstr("Europe/Berlin time"));
  EXPECT_GT(made.next().nominal_at().seconds(), made.since().seconds());
  EXPECT_EQ(made.next().nominal_at().seconds() % 86400, 2 * 3600);
  EXPECT_GE(made.next().due_at().seconds(), made.next().nominal_at().seconds());
  EXPECT_EQ(made.problem(), "");
  EXPECT_FALSE(made.has_last_tick());
}

TEST_F(SchedulesTest, ListsAreFilteredAndComeInPages) {
  for (const char* name : {"c", "a", "b"}) create(rare(name));
  pause({"b"});
  EXPECT_THAT(listed(), ElementsAre("etl/a", "etl/b", "etl/c"));
  v1::ListSchedulesRequest request;
  request.set_paused(true);
  EXPECT_THAT(listed(request), ElementsAre("etl/b"));
  request.set_paused(false);
  request.set_job("daily");
  EXPECT_THAT(listed(request), ElementsAre("etl/a", "etl/c"));
  request.set_job("weekly");
  EXPECT_THAT(listed(request), IsEmpty());
  v1::ListSchedulesRequest page;
  page.set_page_size(2);
  const auto first = ok(&Stub::ListSchedules, page);
  ASSERT_EQ(first.schedules_size(), 2);
  page.set_page_token(first.next_page_token());
  const auto second = ok(&Stub::ListSchedules, page);
  ASSERT_EQ(second.schedules_size(), 1);
  EXPECT_EQ(second.schedules(0).name(), "etl/c");
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_F(SchedulesTest, ARepeatedRequestIsAnsweredAsBefore) {
  v1::CreateScheduleRequest request = rare("leap");
  request.set_idempotency_key("create");
  EXPECT_EQ(create(request), "etl/leap");
  EXPECT_EQ(create(request), "etl/leap");
  v1::DeleteScheduleRequest remove;
  remove.set_schedule("etl/leap");
  remove.set_idempotency_key("delete");
  EXPECT_EQ(ok(&Stub::DeleteSchedule, remove).name(), "etl/leap");
  EXPECT_EQ(ok(&Stub::DeleteSchedule, remove).name(), "etl/leap");
}

TEST_F(SchedulesTest, AnEditChangesTheFieldsThatItNamesAndNothingElse) {
  v1::CreateScheduleRequest made = rare("leap");
  made.mutable_definition()->set_jitter_ms(5000);
  made.mutable_definition()->set_catch_up_window_ms(1000);
  made.mutable_definition()->add_days_off()->set_day("2028-02-29");
  create(made);
  v1::EditScheduleRequest request;
  request.set_schedule("leap");
  request.set_by("bob@desk");
  request.mutable_fields()->add_paths("crons");
  request.mutable_fields()->add_paths("catch_up_window_ms");
  request.mutable_definition()->add_crons("0 4 29 2 *");
  request.mutable_definition()->add_crons("0 5 29 2 *");
  EXPECT_EQ(ok(&Stub::EditSchedule, request).name(), "etl/leap");
  const v1::Schedule after = get("etl/leap");
  EXPECT_THAT(after.definition().crons(), ElementsAre("0 4 29 2 *", "0 5 29 2 *"));
  EXPECT_EQ(after.definition().catch_up_window_ms(), 24 * 3600 * 1000);
  EXPECT_EQ(after.definition().zone(), "Europe/Berlin");
  EXPECT_EQ(after.definition().jitter_ms(), 5000);
  ASSERT_EQ(after.definition().days_off_size(), 1);
  EXPECT_EQ(after.definition().days_off(0).day(), "2028-02-29");
  EXPECT_EQ(after.changed_by(), "bob@desk");

  request.mutable_fields()->add_paths("colour");
  EXPECT_THAT(refused(&Stub::EditSchedule, request, grpc::StatusCode::INVALID_ARGUMENT),
              HasSubstr("'colour'"));
  request.clear_fields();
  EXPECT_THAT(refused(&Stub::EditSchedule, request, grpc::StatusCode::NOT_FOUND), HasSubstr("job"));
}

TEST_F(SchedulesTest, PausesAreKeptWithWhoAndWhyAndEnd) {
  create(rare("a"));
  create(rare("b"));
  EXPECT_THAT(pause({"a", "etl/a"}), ElementsAre("etl/a"));
  EXPECT_THAT(pause({"a"}), IsEmpty());
  const v1::Schedule paused = get("a");
  EXPECT_TRUE(paused.paused());
  EXPECT_EQ(paused.paused_by(), "bob@desk");
  EXPECT_EQ(paused.pause_reason(), "the source moves");
  EXPECT_FALSE(paused.has_next());
  EXPECT_THAT(pause({}, true), ElementsAre("etl/b"));
  v1::ResumeSchedulesRequest resume;
  resume.set_all(true);
  EXPECT_THAT(ok(&Stub::ResumeSchedules, resume).names(), ElementsAre("etl/a", "etl/b"));
  EXPECT_FALSE(get("a").paused());
  EXPECT_TRUE(get("a").has_next());

  v1::PauseSchedulesRequest until;
  until.add_schedules("a");
  until.mutable_until()->set_seconds(4'000'000'000);  // 2096
  ok(&Stub::PauseSchedules, until);
  EXPECT_EQ(get("a").paused_until().seconds(), 4'000'000'000);
  EXPECT_GT(get("a").next().nominal_at().seconds(), 4'000'000'000);
  until.mutable_until()->set_seconds(1'000'000'000);
  refused(&Stub::PauseSchedules, until, grpc::StatusCode::INVALID_ARGUMENT);
  until.clear_schedules();
  EXPECT_THAT(refused(&Stub::PauseSchedules, until, grpc::StatusCode::INVALID_ARGUMENT),
              HasSubstr("all"));
  until.clear_until();
  until.add_schedules("aa");
  EXPECT_THAT(refused(&Stub::PauseSchedules, until, grpc::StatusCode::NOT_FOUND),
              HasSubstr("WEIR-E0215"));
}

TEST_F(SchedulesTest, ATriggerMakesARunAndATickOfWhoAskedForIt) {
  create(rare("leap"));
  const std::string run = trigger("leap");
  const auto known = ticks("etl/leap");
  ASSERT_EQ(known.ticks_size(), 1);
  EXPECT_EQ(known.ticks(0).run_id(), run);
  EXPECT_EQ(known.ticks(0).outcome(), v1::TICK_OUTCOME_REQUESTED);
  EXPECT_EQ(known.ticks(0).triggered_by(), "ann@laptop");
  EXPECT_EQ(get("leap").last_tick().run_id(), run);

  const std::string other = create_run();
  Call call(scheduler_->token());
  v1::ListRunsRequest request;
  request.set_origin(v1::ORIGIN_KIND_SCHEDULE);
  request.set_origin_reference("leap");
  v1::ListRunsResponse runs;
  const grpc::Status listed = runs_->ListRuns(call.get(), request, &runs);
  ASSERT_TRUE(listed.ok()) << listed.error_message();
  ASSERT_EQ(runs.runs_size(), 1);
  EXPECT_EQ(runs.runs(0).id(), run);
  EXPECT_EQ(runs.runs(0).origin().reference(), "etl/leap");
  EXPECT_TRUE(runs.runs(0).origin().has_nominal_at());
}

TEST_F(SchedulesTest, ATriggerForATimeWantsOneOfItsTimes) {
  create(rare("leap"));
  v1::TriggerScheduleRequest request;
  request.set_schedule("leap");
  request.mutable_nominal_at()->set_seconds(1'709'172'001);
  EXPECT_THAT(refused(&Stub::TriggerSchedule, request, grpc::StatusCode::INVALID_ARGUMENT),
              HasSubstr("is no time of schedule 'etl/leap'"));
  request.mutable_nominal_at()->set_seconds(1'709'172'000);  // 2024-02-29 03:00 in Berlin
  const std::string run = ok(&Stub::TriggerSchedule, request).run_id();
  EXPECT_EQ(ticks("leap").ticks(0).nominal_at().seconds(), 1'709'172'000);
  EXPECT_THAT(refused(&Stub::TriggerSchedule, request, grpc::StatusCode::ALREADY_EXISTS),
              HasSubstr(run));
}

TEST_F(SchedulesTest, HistoryAndRunsStayWhenAScheduleIsDeleted) {
  create(rare("leap"));
  const std::string run = trigger("leap");
  v1::DeleteScheduleRequest request;
  request.set_schedule("leap");
  EXPECT_EQ(ok(&Stub::DeleteSchedule, request).name(), "etl/leap");
  v1::GetScheduleRequest gone;
  gone.set_schedule("etl/leap");
  refused(&Stub::GetSchedule, gone, grpc::StatusCode::NOT_FOUND);
  ASSERT_EQ(ticks("etl/leap").ticks_size(), 1);
  EXPECT_EQ(ticks("etl/leap").ticks(0).run_id(), run);
  EXPECT_THAT(listed(), IsEmpty());
  refused(&Stub::DeleteSchedule, request, grpc::StatusCode::NOT_FOUND);
}

TEST_F(SchedulesTest, APreviewShowsTheTimesOfWhatIsThereAndOfWhatIsTried) {
  create(rare("leap"));
  v1::PreviewScheduleRequest stored;
  stored.set_schedule("leap");
  stored.set_count(2);
  const auto times = ok(&Stub::PreviewSchedule, stored);
  ASSERT_EQ(times.occurrences_size(), 2);
  EXPECT_LT(times.occurrences(0).nominal_at().seconds(),
            times.occurrences(1).nominal_at().seconds());

  v1::PreviewScheduleRequest tried;
  tried.set_name("clock_change");
  tried.set_count(3);
  tried.mutable_after()->set_seconds(1'679'700'000);  // 2023-03-24 23:20 UTC
  tried.mutable_definition()->set_job("daily");
  tried.mutable_definition()->add_crons("30 2 * * *");
  tried.mutable_definition()->set_zone("Europe/Berlin");
  tried.mutable_definition()->add_days_off()->set_day("2023-03-27");
  const auto found = ok(&Stub::PreviewSchedule, tried);
  ASSERT_EQ(found.occurrences_size(), 3);
  EXPECT_EQ(found.occurrences(1).nominal_at().seconds(), 1'679'792'400);  // 03:00, after the gap
  EXPECT_EQ(found.occurrences(1).day_off(), "");
  EXPECT_EQ(found.occurrences(2).day_off(), "except");
  EXPECT_EQ(found.description(), "at 02:30, Europe/Berlin time");
  EXPECT_THAT(listed(), ElementsAre("etl/leap"));

  refused(&Stub::PreviewSchedule, v1::PreviewScheduleRequest(), grpc::StatusCode::INVALID_ARGUMENT);
  tried.set_schedule("leap");
  EXPECT_THAT(refused(&Stub::PreviewSchedule, tried, grpc::StatusCode::INVALID_ARGUMENT),
              HasSubstr("not both"));
}

TEST_F(SchedulesTest, WhatIsUpcomingIsMergedInTheOrderOfTime) {
  v1::CreateScheduleRequest early = rare("early");
  early.mutable_definition()->set_crons(0, "0 2 29 2 *");
  create(rare("late"));
  create(early);
  create(rare("paused"));
  pause({"paused"});
  v1::ListUpcomingRequest request;
  request.mutable_until()->set_seconds(get("early").next().nominal_at().seconds() + 7200);
  const auto upcoming = ok(&Stub::ListUpcoming, request);
  ASSERT_EQ(upcoming.upcoming_size(), 2);
  EXPECT_EQ(upcoming.upcoming(0).schedule(), "etl/early");
  EXPECT_EQ(upcoming.upcoming(1).schedule(), "etl/late");
  EXPECT_EQ(upcoming.upcoming(1).job(), "etl/daily");
  EXPECT_FALSE(upcoming.cut());
  EXPECT_THAT(upcoming.problems(), IsEmpty());
  request.set_limit(1);
  const auto cut = ok(&Stub::ListUpcoming, request);
  EXPECT_EQ(cut.upcoming_size(), 1);
  EXPECT_TRUE(cut.cut());
  request.set_limit(-1);
  refused(&Stub::ListUpcoming, request, grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(SchedulesTest, ABusyScheduleIsOneLineOfWhatIsToCome) {
  v1::CreateScheduleRequest busy = rare("busy");
  busy.mutable_definition()->set_crons(0, "@every 10s");
  create(busy);
  v1::CreateScheduleRequest calm = rare("calm");
  calm.mutable_definition()->set_crons(0, "@every 10m");
  create(calm);
  v1::CreateScheduleRequest uneven = rare("uneven");
  uneven.mutable_definition()->set_crons(0, "0,1 * * * *");
  create(uneven);
  v1::ListUpcomingRequest request;
  const auto hour = std::chrono::system_clock::now() + std::chrono::hours(1);
  request.mutable_until()->set_seconds(
      std::chrono::duration_cast<std::chrono::seconds>(hour.time_since_epoch()).count());
  const auto upcoming = ok(&Stub::ListUpcoming, request);
  EXPECT_FALSE(upcoming.cut());
  std::map<std::string, int> lines;
  for (const v1::Upcoming& one : upcoming.upcoming()) {
    ++lines[one.schedule()];
    if (one.schedule() != "etl/busy") {
      EXPECT_EQ(one.times(), 1);
      continue;
    }
    EXPECT_NEAR(static_cast<double>(one.times()), 360, 2);
    EXPECT_EQ(one.every_ms(), 10'000);
    EXPECT_FALSE(one.more());
    EXPECT_EQ(one.last_nominal_at().seconds() - one.nominal_at().seconds(), 10 * (one.times() - 1));
    EXPECT_LE(one.last_nominal_at().seconds(), request.until().seconds());
  }
  EXPECT_EQ(lines["etl/busy"], 1);
  EXPECT_GE(lines["etl/calm"], 5);
  EXPECT_GE(lines["etl/uneven"], 2);

  request.set_each(true);
  request.set_limit(5000);
  const auto each = ok(&Stub::ListUpcoming, request);
  EXPECT_GT(each.upcoming_size(), 360);
  EXPECT_EQ(each.upcoming(0).times(), 1);

  // Longer than is counted, and not at the same distance.
  request.set_each(false);
  request.mutable_until()->set_seconds(request.until().seconds() + 30 * 86'400);
  bool counted_out = false;
  const auto month = ok(&Stub::ListUpcoming, request);
  for (const v1::Upcoming& one : month.upcoming()) {
    if (one.schedule() == "etl/busy") {
      counted_out = one.more() && !one.has_last_nominal_at() && one.times() == 10'000;
    }
    if (one.schedule() == "etl/uneven") EXPECT_EQ(one.every_ms(), 0);
  }
  EXPECT_TRUE(counted_out);
}

TEST_F(SchedulesTest, WhatCannotBeMeantIsRefusedWithItsNumber) {
  const auto refusal = [&](auto change, grpc::StatusCode code) {
    v1::CreateScheduleRequest request = rare("bad");
    change(request);
    return refused(&Stub::CreateSchedule, request, code);
  };
  constexpr auto kInvalid = grpc::StatusCode::INVALID_ARGUMENT;
  const std::string cron =
      refusal([](auto& r) { r.mutable_definition()->set_crons(0, "0 0 30 2 *"); }, kInvalid);
  EXPECT_THAT(cron, HasSubstr("WEIR-E0213"));
  EXPECT_THAT(cron, HasSubstr("    0 0 30 2 *\n        ^~"));
  EXPECT_THAT(refusal([](auto& r) { r.mutable_definition()->set_zone("Europe/Berlim"); }, kInvalid),
              testing::AllOf(HasSubstr("WEIR-E0214"), HasSubstr("'Europe/Berlin'")));
  EXPECT_THAT(refusal([](auto& r) { r.mutable_definition()->set_job("dayly"); },
                      grpc::StatusCode::NOT_FOUND),
              testing::AllOf(HasSubstr("WEIR-E0201"), HasSubstr("'daily'")));
  refusal([](auto& r) { r.mutable_definition()->clear_crons(); }, kInvalid);
  refusal([](auto& r) { r.clear_name(); }, kInvalid);
  refusal([](auto& r) { r.set_name("Not A Name"); }, kInvalid);
  EXPECT_THAT(
      refusal([](auto& r) { r.mutable_definition()->add_days_off()->set_day("2026-02-30"); },
              kInvalid),
      HasSubstr("'2026-02-30'"));
  EXPECT_THAT(refusal([](auto& r) { r.mutable_definition()->set_start("tomorrow"); }, kInvalid),
              HasSubstr("'tomorrow'"));
  EXPECT_THAT(refusal([](auto& r) { r.mutable_definition()->set_jitter_ms(-1); }, kInvalid),
              HasSubstr("jitter_ms"));
  EXPECT_THAT(
      refusal([](auto& r) { (*r.mutable_definition()->mutable_params())["x"] = "{}"; }, kInvalid),
      HasSubstr("x"));
  EXPECT_THAT(refusal([](auto& r) { r.mutable_definition()->add_time_params("x.day"); }, kInvalid),
              HasSubstr("'x'"));
  EXPECT_THAT(refusal([](auto& r) { r.set_by(std::string(201, 'x')); }, kInvalid),
              HasSubstr("`by`"));
  create(rare("bad"));
  refusal([](auto&) {}, grpc::StatusCode::ALREADY_EXISTS);
}

TEST_F(SchedulesTest, WhatAModuleDeclaresIsChangedThereAlone) {
  module::Manifest declared = manifest();
  module::ScheduleSpec& spec = declared.schedules.emplace_back();
  spec.name = "leap";
  spec.job = "daily";
  spec.crons = {"0 3 29 2 *"};
  spec.zone = "Europe/Berlin";
  register_manifest(declared);
  const v1::Schedule made = get("leap");
  EXPECT_EQ(made.name(), "etl/leap");
  EXPECT_EQ(made.definition().job(), "etl/daily");
  EXPECT_TRUE(made.declared());
  EXPECT_TRUE(made.has_next());

  v1::EditScheduleRequest edit;
  edit.set_schedule("leap");
  edit.mutable_fields()->add_paths("jitter_ms");
  EXPECT_THAT(refused(&Stub::EditSchedule, edit, grpc::StatusCode::FAILED_PRECONDITION),
              HasSubstr("module"));
  v1::DeleteScheduleRequest remove;
  remove.set_schedule("leap");
  refused(&Stub::DeleteSchedule, remove, grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(pause({"leap"}), ElementsAre("etl/leap"));

  register_manifest(manifest());
  EXPECT_THAT(listed(), IsEmpty());
  v1::ListSchedulesRequest all;
  all.set_retired(true);
  EXPECT_THAT(listed(all), ElementsAre("etl/leap"));
  EXPECT_TRUE(get("leap").retired());
  EXPECT_FALSE(get("leap").has_next());
}

TEST_F(SchedulesTest, AModuleThatNamesAnUnknownZoneIsRefusedWithTheSchedule) {
  module::Manifest declared = manifest();
  module::ScheduleSpec& spec = declared.schedules.emplace_back();
  spec.name = "leap";
  spec.job = "daily";
  spec.crons = {"0 3 29 2 *"};
  spec.zone = "Europe/Berlim";
  v1::RegisterModulesRequest request = register_request();
  request.mutable_modules(0)->set_manifest_json(module::manifest_to_json(declared).dump());
  Call call(scheduler_->token());
  v1::RegisterModulesResponse response;
  const grpc::Status status = modules_->RegisterModules(call.get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(),
              testing::AllOf(HasSubstr("WEIR-E0214"), HasSubstr("schedule 'leap'"),
                             HasSubstr("'Europe/Berlin'")));
}

TEST_F(SchedulesTest, ARunIsForTheTimeThatItIsGiven) {
  Call call(scheduler_->token());
  v1::CreateRunRequest request;
  request.set_job("etl/daily");
  request.mutable_nominal_at()->set_seconds(1'700'000'000);
  v1::CreateRunResponse created;
  ASSERT_TRUE(runs_->CreateRun(call.get(), request, &created).ok());
  Call get_call(scheduler_->token());
  v1::GetRunRequest get_request;
  get_request.set_run(created.run_id());
  v1::GetRunResponse found;
  ASSERT_TRUE(runs_->GetRun(get_call.get(), get_request, &found).ok());
  EXPECT_EQ(found.run().origin().kind(), v1::ORIGIN_KIND_MANUAL);
  EXPECT_EQ(found.run().origin().nominal_at().seconds(), 1'700'000'000);
}

TEST_F(SchedulesTest, NamesAreCompletedInFullAndShort) {
  create(rare("leap"));
  Call call(scheduler_->token());
  v1::CompleteNameRequest request;
  request.set_kind("schedule");
  request.set_prefix("le");
  v1::CompleteNameResponse names;
  ASSERT_TRUE(system_->CompleteName(call.get(), request, &names).ok());
  EXPECT_THAT(names.names(), ElementsAre("leap"));
}

}  // namespace
}  // namespace weir::test
