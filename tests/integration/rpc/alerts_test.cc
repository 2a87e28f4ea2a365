// Alerts through the API, over the real engine, store, outbox and a receiver on the loopback
// device: rules made, changed and refused; a failed run told and its end too; silences; a test of a
// rule. Waits for what the receiver gets, not for a time.
#include <fstream>

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "tests/integration/rpc/fixture.h"
#include "tests/support/loopback_http.h"
#include "weir/v1/alert_service.grpc.pb.h"

namespace weir::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::LoopbackHttp;

class AlertsTest : public SchedulerTest {
 protected:
  using Stub = v1::AlertService::Stub;

  void SetUp() override {
    SchedulerTest::SetUp();
    alerts_ = v1::AlertService::NewStub(channel_);
  }

  template <class Request, class Response>
  grpc::Status ask(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response* response) {
    Call call(scheduler_->token());
    return (alerts_.get()->*method)(call.get(), request, response);
  }
  grpc::Status create(const v1::AlertRule& rule) {
    v1::CreateAlertRuleRequest request;
    *request.mutable_rule() = rule;
    request.set_by("ann@laptop");
    v1::CreateAlertRuleResponse response;
    return ask(&Stub::CreateAlertRule, request, &response);
  }
  v1::AlertRule failed(const std::string& name, const std::string& webhook = "") {
    v1::AlertRule rule;
    rule.set_name(name);
    rule.set_event(v1::ALERT_EVENT_RUN_FAILED);
    rule.add_selection("etl/*");
    rule.set_webhook(webhook);
    return rule;
  }
  std::vector<v1::Alert> listed(const v1::ListAlertsRequest& request = {}) {
    v1::ListAlertsResponse response;
    const auto status = ask(&Stub::ListAlerts, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return {response.alerts().begin(), response.alerts().end()};
  }
  v1::Alert get(std::int64_t id) {
    v1::GetAlertRequest request;
    request.set_id(id);
    v1::GetAlertResponse response;
    const auto status = ask(&Stub::GetAlert, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.alert();
  }
  std::int64_t test_rule(const std::string& name) {
    v1::TestAlertRuleRequest request;
    request.set_name(name);
    v1::TestAlertRuleResponse response;
    const auto status = ask(&Stub::TestAlertRule, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.alert_id();
  }
  // One run of the job, ended by a worker that the test is.
  void run(TestWorker& worker, bool succeeds) {
    const std::string id = create_run();
    if (!succeeds) {
      worker.report_failure(worker.next_assign(), "boom");
    } else {
      worker.report_success(worker.next_assign(), "1");
      worker.report_success(worker.next_assign(), "2");
    }
    wait_until_finished(id);
  }

  // The pipeline with a rule that tells the channel; what the registration was answered.
  grpc::Status register_telling(const std::string& channel, v1::RegisterModulesResponse* response) {
    module::Manifest declared = manifest();
    module::AlertSpec rule;
    rule.name = "daily/run_failed";
    rule.about = "daily";
    rule.channel = channel;
    declared.alerts.push_back(rule);
    const v1::RegisterModulesRequest request = upload_manifest(declared);
    Call call(scheduler_->token());
    return modules_->RegisterModules(call.get(), request, response);
  }
  void start_with(const std::string& alerts_config) {
    scheduler_.reset();
    SchedulerOptions wanted = options();
    wanted.alerts_config = directory_.path() + "/alerts.json";
    std::ofstream(wanted.alerts_config) << alerts_config;
    start(wanted);
    alerts_ = v1::AlertService::NewStub(channel_);
  }
  v1::HealthItem doctor(const std::string& name) {
    Call call(scheduler_->token());
    v1::GetHealthResponse response;
    const auto status = system_->GetHealth(call.get(), v1::GetHealthRequest(), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    for (const v1::HealthItem& item : response.items()) {
      if (item.name() == name) return item;
    }
    ADD_FAILURE() << "doctor says nothing of " << name;
    return {};
  }

  std::unique_ptr<Stub> alerts_;
};

std::optional<std::string> take(const tests::HttpRequest&, std::size_t) {
  return LoopbackHttp::reply(200);
}

TEST_F(AlertsTest, AFailedRunIsToldOnceAndSoIsItsEnd) {
  LoopbackHttp receiver(take);
  register_module();
  ASSERT_TRUE(create(failed("bad", receiver.url())).ok());
  TestWorker worker(*protocol_, scheduler_->token());
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  run(worker, false);
  receiver.wait_for(1);
  run(worker, false);
  auto alerts = listed();
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].state(), v1::ALERT_STATE_FIRING);
  EXPECT_EQ(alerts[0].subject(), "etl/daily");
  EXPECT_EQ(alerts[0].count(), 2);
  EXPECT_THAT(alerts[0].text(), HasSubstr("boom"));
  EXPECT_THAT(alerts[0].next(), HasSubstr("weir logs "));
  run(worker, true);
  const auto got = receiver.wait_for(2);
  EXPECT_THAT(got[0].body, HasSubstr(R"("state":"firing")"));
  EXPECT_THAT(got[1].body, HasSubstr(R"("state":"resolved")"));
  v1::ListAlertsRequest firing;
  firing.set_firing(true);
  EXPECT_THAT(listed(firing), IsEmpty());
  EXPECT_EQ(get(alerts[0].id()).state(), v1::ALERT_STATE_RESOLVED);
}

TEST_F(AlertsTest, RulesAreMadeShownChangedAndDeleted) {
  v1::AlertRule slow = failed("slow");
  slow.set_event(v1::ALERT_EVENT_RUN_SLOW);
  slow.mutable_limit()->set_seconds(7200);
  ASSERT_TRUE(create(slow).ok());
  ASSERT_TRUE(create(failed("bad", "https://hooks.example/x")).ok());
  EXPECT_EQ(create(failed("bad")).error_code(), grpc::StatusCode::ALREADY_EXISTS);
  v1::ListAlertRulesRequest list;
  list.set_page_size(1);
  v1::ListAlertRulesResponse page;
  ASSERT_TRUE(ask(&Stub::ListAlertRules, list, &page).ok());
  ASSERT_EQ(page.rules_size(), 1);
  EXPECT_EQ(page.rules(0).name(), "bad");
  EXPECT_EQ(page.rules(0).changed_by(), "ann@laptop");
  list.set_page_token(page.next_page_token());
  ASSERT_TRUE(ask(&Stub::ListAlertRules, list, &page).ok());
  EXPECT_EQ(page.rules(0).limit().seconds(), 7200);
  EXPECT_EQ(page.next_page_token(), "");
  v1::EditAlertRuleRequest edit;
  *edit.mutable_rule() = slow;
  edit.mutable_rule()->mutable_limit()->set_seconds(60);
  v1::EditAlertRuleResponse edited;
  ASSERT_TRUE(ask(&Stub::EditAlertRule, edit, &edited).ok());
  v1::GetAlertRuleRequest get_rule;
  get_rule.set_name("slow");
  v1::GetAlertRuleResponse got;
  ASSERT_TRUE(ask(&Stub::GetAlertRule, get_rule, &got).ok());
  EXPECT_EQ(got.rule().limit().seconds(), 60);
  v1::DeleteAlertRuleRequest gone;
  gone.set_name("slow");
  v1::DeleteAlertRuleResponse deleted;
  ASSERT_TRUE(ask(&Stub::DeleteAlertRule, gone, &deleted).ok());
  const auto again = ask(&Stub::GetAlertRule, get_rule, &got);
  EXPECT_EQ(again.error_code(), grpc::StatusCode::NOT_FOUND);
  get_rule.set_name("bat");
  EXPECT_THAT(ask(&Stub::GetAlertRule, get_rule, &got).error_message(),
              HasSubstr("Did you mean 'bad'?"));
}

TEST_F(AlertsTest, WhatCannotBeMeantIsRefused) {
  const auto refused = [&](const v1::AlertRule& rule, const std::string& said) {
    const auto status = create(rule);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr(said));
  };
  v1::AlertRule rule = failed("bad");
  rule.clear_event();
  refused(rule, "names no event");
  rule = failed("bad");
  rule.set_attempts(2);
  refused(rule, "only task_failed counts attempts");
  rule = failed("bad");
  rule.mutable_limit()->set_seconds(-1);
  refused(rule, "no length of time");
  rule = failed("bad");
  rule.mutable_limit()->set_seconds(60);
  refused(rule, "run_failed has no limit");
  refused(failed("bad", "ftp://x"), "https:// or http://");
  rule = failed("bad", "https://x");
  rule.set_secret("hunter2");
  refused(rule, "reference");
  rule = failed("bad");
  rule.set_channel("pager");
  const auto unknown = create(rule);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(unknown.error_message(), HasSubstr("--alerts-config"));
}

TEST_F(AlertsTest, ARegistrationThatTellsAnUnknownChannelIsRefusedWhereThereAreChannels) {
  start_with(R"({"channels": {"team": {"command": "true"}}})");
  v1::RegisterModulesResponse response;
  const auto refused = register_telling("taem", &response);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(),
              HasSubstr("alert rule 'etl/daily/run_failed': the operator"));
  EXPECT_THAT(refused.error_message(), HasSubstr("Did you mean 'team'?"));
  v1::ListAlertRulesResponse rules;
  ASSERT_TRUE(ask(&Stub::ListAlertRules, v1::ListAlertRulesRequest(), &rules).ok());
  EXPECT_THAT(rules.rules(), IsEmpty());
  const auto known = register_telling("team", &response);
  EXPECT_TRUE(known.ok()) << known.error_message();
  EXPECT_THAT(response.warnings(), testing::Not(testing::Contains(HasSubstr("channel"))));
  EXPECT_TRUE(doctor("channels").ok());
}

TEST_F(AlertsTest, WhereThereAreNoChannelsARegistrationIsWarnedAndDoctorSaysSo) {
  EXPECT_TRUE(doctor("channels").ok());
  v1::RegisterModulesResponse response;
  const auto taken = register_telling("team", &response);
  ASSERT_TRUE(taken.ok()) << taken.error_message();
  EXPECT_THAT(response.warnings(),
              testing::Contains(HasSubstr("tell channel 'team', and this scheduler has no")));
  EXPECT_FALSE(doctor("channels").ok());
  EXPECT_THAT(doctor("channels").value(),
              HasSubstr("rule 'etl/daily/run_failed' tells channel 'team'"));
  start_with(R"({"channels": {"team": {"command": "true"}}})");
  EXPECT_TRUE(doctor("channels").ok()) << "the operator has added it since";
}

TEST_F(AlertsTest, DoctorSaysWhetherThereIsAHeartbeatAndHowItFares) {
  EXPECT_EQ(doctor("heartbeat").value(), "not configured");
  LoopbackHttp receiver(take);
  start_with(R"({"heartbeat": {"webhook": ")" + receiver.url() + R"(", "every_s": 3600}})");
  EXPECT_EQ(doctor("heartbeat").value(), "none was taken yet");
  EXPECT_TRUE(doctor("heartbeat").ok());
}

TEST_F(AlertsTest, SilencedAlertsAreRecordedAndATestIsSentAllTheSame) {
  LoopbackHttp receiver(take);
  register_module();
  ASSERT_TRUE(create(failed("bad", receiver.url())).ok());
  v1::CreateSilenceRequest silence;
  silence.set_rule("b*");
  silence.set_reason("maintenance");
  silence.set_by("bob@desk");
  v1::CreateSilenceResponse silenced;
  ASSERT_TRUE(ask(&Stub::CreateSilence, silence, &silenced).ok());
  v1::ListSilencesResponse silences;
  ASSERT_TRUE(ask(&Stub::ListSilences, v1::ListSilencesRequest(), &silences).ok());
  ASSERT_EQ(silences.silences_size(), 1);
  EXPECT_EQ(silences.silences(0).id(), silenced.id());
  EXPECT_EQ(silences.silences(0).subject(), "*");
  TestWorker worker(*protocol_, scheduler_->token());
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  run(worker, false);
  EXPECT_EQ(listed().at(0).delivery(), v1::ALERT_DELIVERY_SILENCED);
  const std::int64_t number = test_rule("bad");
  const auto got = receiver.wait_for(1);
  EXPECT_THAT(got[0].body, HasSubstr(R"("state":"test")"));
  EXPECT_EQ(get(number).state(), v1::ALERT_STATE_NOTICE);
  v1::DeleteSilenceRequest end;
  end.set_id(silenced.id());
  v1::DeleteSilenceResponse ended;
  ASSERT_TRUE(ask(&Stub::DeleteSilence, end, &ended).ok());
  EXPECT_EQ(ask(&Stub::DeleteSilence, end, &ended).error_code(), grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace weir::test
