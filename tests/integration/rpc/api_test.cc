// The public API over gRPC: a pipeline from registration to its values, limits, streams of
// events. The scheduler is whole; the worker is the test.
// Who may call what is access_test.cc's subject.
#include <future>
#include <set>

#include "base/json.h"
#include "base/sha256.h"
#include "scheduler/rpc/limits.h"
#include "tests/integration/rpc/fixture.h"
#include "value/json.h"

namespace weir::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string encoded(std::int64_t value) {
  return value::value_from_json("i64", base::Json(value)).value();
}

class ApiTest : public SchedulerTest {
 protected:
  // Runs the job to its end; a's value is 41, b's 42.
  std::string complete_a_run() {
    register_module();
    TestWorker worker(*protocol_, scheduler_->token());
    worker.send_hello(TestWorker::hello());
    worker.expect_welcome();
    const std::string run = create_run();
    worker.report_success(worker.next_assign(), encoded(41));
    const wire::Assign second = worker.next_assign();
    EXPECT_EQ(second.task(), "b");
    EXPECT_EQ(second.inputs_size(), 1);
    EXPECT_TRUE(second.inputs(0).value().is_inline());
    EXPECT_EQ(second.inputs(0).value().inline_bytes(), encoded(41));
    worker.report_success(second, encoded(42));
    wait_until_finished(run);
    return run;
  }

  std::string read_value(v1::ReadValueRequest request) {
    Call call(scheduler_->token());
    const auto stream = assets_->ReadValue(call.get(), request);
    std::string out;
    v1::ReadValueResponse response;
    while (stream->Read(&response)) out += response.chunk();
    const grpc::Status status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return out;
  }
};

TEST_F(ApiTest, APipelineRunsFromRegistrationToItsValues) {
  const std::string run = complete_a_run();
  Call get_call(scheduler_->token());
  v1::GetRunRequest get;
  get.set_run("@last");
  v1::GetRunResponse got;
  ASSERT_TRUE(runs_->GetRun(get_call.get(), get, &got).ok());
  EXPECT_EQ(got.run().id(), run);
  EXPECT_EQ(got.run().state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(got.run().counts().succeeded(), 2);
  EXPECT_GT(got.as_of_seq(), 0);

  Call tasks_call(scheduler_->token());
  v1::ListTasksRequest list;
  list.set_run(run);
  v1::ListTasksResponse tasks;
  ASSERT_TRUE(runs_->ListTasks(tasks_call.get(), list, &tasks).ok());
  ASSERT_EQ(tasks.tasks_size(), 2);
  EXPECT_EQ(tasks.tasks(0).name(), "a");
  EXPECT_FALSE(tasks.tasks(0).worker().empty());

  Call attempts_call(scheduler_->token());
  v1::ListAttemptsRequest list_attempts;
  list_attempts.set_run(run);
  list_attempts.set_task("b");
  v1::ListAttemptsResponse attempts;
  ASSERT_TRUE(runs_->ListAttempts(attempts_call.get(), list_attempts, &attempts).ok());
  ASSERT_EQ(attempts.attempts_size(), 1);
  EXPECT_EQ(attempts.attempts(0).task(), "b");
  EXPECT_EQ(attempts.attempts(0).outcome(), v1::OUTCOME_SUCCEEDED);

  v1::ReadValueRequest read;
  read.set_asset("b");
  EXPECT_EQ(read_value(read), encoded(42));
  read.set_as_text(true);
  EXPECT_THAT(read_value(read), StartsWith("42"));
}

TEST_F(ApiTest, AssetsCarryTheirDefinitionLatestVersionAndLineage) {
  complete_a_run();
  Call call(scheduler_->token());
  v1::ListAssetsRequest request;
  request.set_selection("b");
  v1::ListAssetsResponse response;
  const grpc::Status listed = assets_->ListAssets(call.get(), request, &response);
  ASSERT_TRUE(listed.ok()) << listed.error_message();
  ASSERT_EQ(response.assets_size(), 1);
  const v1::Asset& asset = response.assets(0);
  EXPECT_EQ(asset.name(), "b");
  EXPECT_EQ(asset.pipeline(), "etl");
  EXPECT_EQ(asset.schema(), "i64");
  EXPECT_THAT(asset.depends_on(), testing::ElementsAre("a"));
  EXPECT_EQ(asset.latest().task(), "b");
  ASSERT_EQ(asset.latest().inputs_size(), 1);
  EXPECT_EQ(asset.latest().inputs(0).asset(), "a");

  Call lineage_call(scheduler_->token());
  v1::GetLineageRequest lineage;
  lineage.set_asset("b");
  lineage.set_up(-1);
  v1::GetLineageResponse graph;
  ASSERT_TRUE(assets_->GetLineage(lineage_call.get(), lineage, &graph).ok());
  EXPECT_THAT(graph.assets(), testing::ElementsAre("a", "b"));
  ASSERT_EQ(graph.edges_size(), 1);
  EXPECT_EQ(graph.edges(0).from(), "a");
  EXPECT_EQ(graph.edges(0).to(), "b");
}

TEST_F(ApiTest, AVersionIsThatOfThePartitionThatIsAskedFor) {
  complete_a_run();
  for (const char* partition : {"", "2026-11-27"}) {
    const bool made = *partition == '\0';
    Call get_call(scheduler_->token());
    v1::GetAssetRequest get;
    get.set_asset("b");
    get.set_partition(partition);
    v1::GetAssetResponse asset;
    ASSERT_TRUE(assets_->GetAsset(get_call.get(), get, &asset).ok());
    EXPECT_EQ(asset.asset().has_latest(), made);

    Call list_call(scheduler_->token());
    v1::ListMaterializationsRequest list;
    list.set_asset("b");
    list.set_partition(partition);
    v1::ListMaterializationsResponse versions;
    ASSERT_TRUE(assets_->ListMaterializations(list_call.get(), list, &versions).ok());
    EXPECT_EQ(versions.materializations_size(), made ? 1 : 0);
  }
  Call read_call(scheduler_->token());
  v1::ReadValueRequest read;
  read.set_asset("b");
  read.set_partition("2026-11-27");
  v1::ReadValueResponse none;
  const auto stream = assets_->ReadValue(read_call.get(), read);
  EXPECT_FALSE(stream->Read(&none));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("'b[2026-11-27]' has no version yet"));
}

TEST_F(ApiTest, AMistypedAssetIsNotFoundWithTheNearestName) {
  register_module();
  Call call(scheduler_->token());
  v1::GetAssetRequest request;
  request.set_asset("c");
  v1::GetAssetResponse response;
  const grpc::Status status = assets_->GetAsset(call.get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
  EXPECT_THAT(status.error_message(), StartsWith("WEIR-E0202: "));
}

TEST_F(ApiTest, WatchEventsPushesAndEndsWithTheRun) {
  register_module();
  TestWorker worker(*protocol_, scheduler_->token());
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  const std::string run = create_run();
  Call call(scheduler_->token());
  v1::WatchEventsRequest request;
  request.set_run(run);
  const auto stream = events_->WatchEvents(call.get(), request);
  v1::WatchEventsResponse response;
  ASSERT_TRUE(stream->Read(&response));  // what has happened, before the work goes on
  std::vector<v1::Event> events(response.events().begin(), response.events().end());
  worker.report_success(worker.next_assign(), encoded(1));
  worker.report_success(worker.next_assign(), encoded(2));
  while (stream->Read(&response)) {
    events.insert(events.end(), response.events().begin(), response.events().end());
  }
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().kind(), v1::EVENT_KIND_RUN_FINISHED);
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].run_seq(), static_cast<int>(i) + 1);
    EXPECT_EQ(events[i].run_id(), run);
  }

  // Resumed in the middle, the rest follows without a gap; resumed after the end, nothing does.
  Call resumed_call(scheduler_->token());
  request.set_since_seq(events[1].seq());
  const auto resumed = events_->WatchEvents(resumed_call.get(), request);
  ASSERT_TRUE(resumed->Read(&response));
  EXPECT_EQ(response.events(0).seq(), events[2].seq());
  while (resumed->Read(&response)) continue;
  EXPECT_TRUE(resumed->Finish().ok());
  request.set_since_seq(events.back().seq());
  wait_until_finished(run);
  Call after_call(scheduler_->token());
  const auto after = events_->WatchEvents(after_call.get(), request);
  while (after->Read(&response)) EXPECT_EQ(response.events_size(), 0);
  EXPECT_TRUE(after->Finish().ok());
}

TEST_F(ApiTest, AnEventCursorAheadOfTheLogIsRefused) {
  Call watch_call(scheduler_->token());
  v1::WatchEventsRequest watch;
  watch.set_since_seq(1'000'000);
  const auto stream = events_->WatchEvents(watch_call.get(), watch);
  v1::WatchEventsResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::OUT_OF_RANGE);
  Call list_call(scheduler_->token());
  v1::ListEventsRequest list;
  list.set_since_seq(1'000'000);
  v1::ListEventsResponse page;
  EXPECT_EQ(events_->ListEvents(list_call.get(), list, &page).error_code(), grpc::OUT_OF_RANGE);
}

TEST_F(ApiTest, AWatchOfEverythingEndsWhenTheSchedulerStops) {
  Call call(scheduler_->token());
  const auto stream = events_->WatchEvents(call.get(), v1::WatchEventsRequest());
  v1::WatchEventsResponse response;
  ASSERT_TRUE(stream->Read(&response));
  scheduler_->stop();
  while (stream->Read(&response)) continue;
  EXPECT_EQ(stream->Finish().error_code(), grpc::UNAVAILABLE);
}

TEST_F(ApiTest, TheSameKeyGivesTheSameRunAndAnotherPayloadIsRefused) {
  register_module();
  v1::CreateRunRequest request;
  request.set_idempotency_key("key-1");
  request.set_job("etl/daily");
  v1::CreateRunResponse first;
  v1::CreateRunResponse second;
  Call first_call(scheduler_->token());
  ASSERT_TRUE(runs_->CreateRun(first_call.get(), request, &first).ok());
  Call second_call(scheduler_->token());
  ASSERT_TRUE(runs_->CreateRun(second_call.get(), request, &second).ok());
  EXPECT_EQ(first.run_id(), second.run_id());
  request.set_priority(5);
  Call third_call(scheduler_->token());
  const grpc::Status other = runs_->CreateRun(third_call.get(), request, &second);
  EXPECT_EQ(other.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(other.error_message(), StartsWith("WEIR-E0004: "));
}

TEST_F(ApiTest, AMessageOverTheLimitIsRefusedBeforeItIsRead) {
  v1::CreateRunRequest request;
  request.set_reason(std::string(rpc::kMessageBytesMax, 'x'));
  Call call(scheduler_->token());
  v1::CreateRunResponse response;
  const grpc::Status status = runs_->CreateRun(call.get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
}

TEST_F(ApiTest, ParametersOfARunHaveALimitAltogether) {
  register_module();
  v1::CreateRunRequest request;
  request.set_job("etl/daily");
  for (const char* name : {"one", "two"}) {
    (*request.mutable_params())[name] = "{\"text\":\"" + std::string(40'000, 'x') + "\"}";
  }
  Call call(scheduler_->token());
  v1::CreateRunResponse response;
  const grpc::Status status = runs_->CreateRun(call.get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), StartsWith("WEIR-E0003: "));
  EXPECT_THAT(status.error_message(), HasSubstr("65536"));
}

TEST_F(ApiTest, APageOfLargeRowsIsCutToWhatAMessageTakes) {
  module::Manifest declared = manifest();
  module::ParamSpec param;
  param.name = "text";
  param.type = declared.stages[0].outputs[0].type;
  param.schema = "{x:string}";
  param.defaults = R"({"x":""})";
  declared.params.push_back(param);
  register_manifest(declared);
  constexpr int kRuns = 80;
  for (int i = 0; i < kRuns; ++i) {
    v1::CreateRunRequest create;
    create.set_job("etl/daily");
    (*create.mutable_params())["text"] = "{\"x\":\"" + std::string(60'000, 'x') + "\"}";
    Call call(scheduler_->token());
    v1::CreateRunResponse created;
    const grpc::Status accepted = runs_->CreateRun(call.get(), create, &created);
    ASSERT_TRUE(accepted.ok()) << accepted.error_message();
  }
  std::set<std::string> seen;
  v1::ListRunsRequest request;
  request.set_page_size(1000);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(rpc::kPageBytesMax) + 1000);
  const auto runs = v1::RunService::NewStub(grpc::CreateCustomChannel(
      scheduler_->grpc_address(), grpc::InsecureChannelCredentials(), arguments));
  do {
    Call call(scheduler_->token());
    v1::ListRunsResponse response;
    const grpc::Status listed = runs->ListRuns(call.get(), request, &response);
    ASSERT_TRUE(listed.ok()) << listed.error_message();
    for (const v1::Run& run : response.runs()) seen.insert(run.id());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen.size(), kRuns);
}

TEST_F(ApiTest, APageOfJobsIsCutToWhatAMessageTakes) {
  module::Manifest declared = manifest();
  constexpr int kJobs = 300;
  for (int i = 0; i < kJobs; ++i) {
    module::JobSpec job;
    job.name = "wide_" + std::to_string(i);
    job.selection = "*" + std::string(15'000, ' ');
    declared.jobs.push_back(job);
  }
  register_manifest(declared);
  std::set<std::string> seen;
  int pages = 0;
  v1::ListJobsRequest request;
  request.set_page_size(1000);
  do {
    Call call(scheduler_->token());
    v1::ListJobsResponse response;
    ASSERT_TRUE(modules_->ListJobs(call.get(), request, &response).ok());
    EXPECT_LE(response.ByteSizeLong(), rpc::kPageBytesMax + 1000);
    for (const v1::Job& job : response.jobs()) seen.insert(job.name());
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(seen.size(), kJobs + manifest().jobs.size());
  EXPECT_EQ(pages, 2);
}

TEST_F(ApiTest, PagesFollowEachOtherWithoutGapOrRepetition) {
  register_module();
  std::vector<std::string> created;
  for (int i = 0; i < 5; ++i) created.push_back(create_run());
  std::vector<std::string> seen;
  v1::ListRunsRequest request;
  request.set_page_size(2);
  do {
    Call call(scheduler_->token());
    v1::ListRunsResponse response;
    ASSERT_TRUE(runs_->ListRuns(call.get(), request, &response).ok());
    EXPECT_LE(response.runs_size(), 2);
    for (const v1::Run& run : response.runs()) seen.push_back(run.id());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  std::reverse(created.begin(), created.end());
  EXPECT_EQ(seen, created);
  request.set_page_token("rubbish");
  Call call(scheduler_->token());
  v1::ListRunsResponse response;
  EXPECT_EQ(runs_->ListRuns(call.get(), request, &response).error_code(), grpc::INVALID_ARGUMENT);
}

TEST_F(ApiTest, AJobWithoutAWorkerWaitsAndExplainSaysWhy) {
  const v1::RegisterModulesResponse registered = register_module();
  EXPECT_THAT(registered.warnings(), testing::Contains(HasSubstr("no worker is connected")));
  const std::string run = create_run();
  Call call(scheduler_->token());
  v1::ExplainRequest request;
  request.set_reference("@last/a");
  v1::ExplainResponse response;
  const grpc::Status status = system_->Explain(call.get(), request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_GT(response.items_size(), 0);
  EXPECT_EQ(response.items(0).kind(), "task_ready");
  EXPECT_EQ(response.items(0).subject(), run + "/a");

  Call plan_call(scheduler_->token());
  v1::PlanRunRequest plan;
  plan.set_selection("+b");
  v1::PlanRunResponse planned;
  ASSERT_TRUE(runs_->PlanRun(plan_call.get(), plan, &planned).ok());
  EXPECT_THAT(planned.tasks(), testing::ElementsAre("a", "b"));

  Call cancel_call(scheduler_->token());
  v1::CancelRunRequest cancel;
  cancel.set_run(run.substr(0, 10));  // a unique prefix
  v1::CancelRunResponse canceled;
  const grpc::Status ended = runs_->CancelRun(cancel_call.get(), cancel, &canceled);
  EXPECT_TRUE(ended.ok()) << ended.error_message();
  wait_until_finished(run);
}

TEST_F(ApiTest, ExplainOfAnAssetSaysWhyTheLastRunMadeNoVersionOfIt) {
  complete_a_run();
  TestWorker worker(*protocol_, scheduler_->token());
  worker.send_hello(TestWorker::hello("w2"));
  worker.expect_welcome();
  const std::string run = create_run();
  worker.report_failure(worker.next_assign(),
                        "no such column " + std::string(2000, 'x') + "\n  at line 7");
  wait_until_finished(run);
  const auto explained = [&](const std::string& asset) {
    Call call(scheduler_->token());
    v1::ExplainRequest request;
    request.set_reference(asset);
    v1::ExplainResponse response;
    const grpc::Status status = system_->Explain(call.get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> lines;
    for (const v1::ExplainItem& item : response.items()) lines.push_back(item.words());
    return lines;
  };
  const std::string start = "run " + run + ", the newest that is done with it, made no version of ";
  const std::vector<std::string> of_a = explained("a");
  ASSERT_GE(of_a.size(), 2u);
  EXPECT_THAT(of_a[0], StartsWith("a was last materialized by run "));
  EXPECT_THAT(of_a[1], StartsWith(start + "it: a failed: failed: no such column xxx"));
  EXPECT_THAT(of_a[1], testing::EndsWith("xxx… (cut) (weir explain " + run + "/a)"));
  EXPECT_LT(of_a[1].size(), 1000u);
  EXPECT_THAT(explained("b"), testing::Contains(start + "it: b upstream_failed: a failed (weir " +
                                                "explain " + run + "/b)"));
}

TEST_F(ApiTest, ExplainOfWhatHasEndedIsReadFromItsRows) {
  TestWorker worker(*protocol_, scheduler_->token());
  register_module();
  worker.send_hello(TestWorker::hello("w2"));
  worker.expect_welcome();
  const std::string run = create_run();
  worker.report_failure(worker.next_assign(), "no such column");
  wait_until_finished(run);
  const auto kinds = [&](const std::string& reference) {
    Call call(scheduler_->token());
    v1::ExplainRequest request;
    request.set_reference(reference);
    v1::ExplainResponse response;
    const grpc::Status status = system_->Explain(call.get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> found;
    for (const v1::ExplainItem& item : response.items()) found.push_back(item.kind());
    return found;
  };
  EXPECT_THAT(kinds(run), testing::ElementsAre("run_ended", "run_asked_for", "task_failed"));
  EXPECT_THAT(kinds(run + "/a"), testing::ElementsAre("task_ended_in_run", "attempt_ended"));
  EXPECT_THAT(kinds(run + "/b"), testing::ElementsAre("task_ended_in_run", "never_tried"));
  Call call(scheduler_->token());
  v1::ExplainRequest request;
  request.set_reference("nosuch");
  v1::ExplainResponse response;
  const grpc::Status status = system_->Explain(call.get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(),
              HasSubstr("neither a run, a task of one, a schedule, an asset, nor the"));
}

// What people give as a reason is theirs: it is told as it is, behind who asked.
TEST_F(ApiTest, ExplainOfAPastRunSaysWhoAskedForItAndWhy) {
  register_module();
  Call create_call(scheduler_->token());
  v1::CreateRunRequest create;
  create.set_job("etl/daily");
  create.set_reason("by hand");
  v1::CreateRunResponse created;
  ASSERT_TRUE(runs_->CreateRun(create_call.get(), create, &created).ok());
  Call cancel_call(scheduler_->token());
  v1::CancelRunRequest cancel;
  cancel.set_run(created.run_id());
  v1::CancelRunResponse canceled;
  ASSERT_TRUE(runs_->CancelRun(cancel_call.get(), cancel, &canceled).ok());
  wait_until_finished(created.run_id());
  Call call(scheduler_->token());
  v1::ExplainRequest request;
  request.set_reference(created.run_id());
  v1::ExplainResponse response;
  ASSERT_TRUE(system_->Explain(call.get(), request, &response).ok());
  ASSERT_GE(response.items_size(), 2);
  const v1::ExplainItem& asked = response.items(1);
  EXPECT_EQ(asked.kind(), "run_asked_for");
  EXPECT_THAT(asked.words(), testing::StartsWith("asked for by a person at "));
  EXPECT_THAT(asked.words(), testing::EndsWith(": by hand"));
  EXPECT_GT(asked.numbers().at("created_at"), 1e15) << "us since 1970";
}

TEST_F(ApiTest, SystemServiceTellsAboutTheSchedulerAndCompletesNames) {
  register_module();
  Call info_call(scheduler_->token());
  v1::GetInfoResponse info;
  ASSERT_TRUE(system_->GetInfo(info_call.get(), v1::GetInfoRequest(), &info).ok());
  EXPECT_EQ(info.grpc_address(), scheduler_->grpc_address());
  EXPECT_EQ(info.http_address(), scheduler_->http_address());
  EXPECT_EQ(info.data_dir(), scheduler_->data_dir());

  Call health_call(scheduler_->token());
  v1::GetHealthResponse health;
  ASSERT_TRUE(system_->GetHealth(health_call.get(), v1::GetHealthRequest(), &health).ok());
  std::map<std::string, v1::HealthItem> items;
  for (const v1::HealthItem& item : health.items()) items[item.name()] = item;
  for (const char* name : {"fsync", "disk", "loop", "database", "quarantine", "workers"}) {
    EXPECT_TRUE(items.contains(name)) << name;
  }
  EXPECT_FALSE(items["workers"].ok());
  EXPECT_FALSE(items["workers"].advice().empty());

  Call complete_call(scheduler_->token());
  v1::CompleteNameRequest request;
  request.set_kind("job");
  request.set_prefix("etl/");
  v1::CompleteNameResponse names;
  ASSERT_TRUE(system_->CompleteName(complete_call.get(), request, &names).ok());
  EXPECT_THAT(names.names(), testing::ElementsAre("etl/daily"));
}

TEST_F(ApiTest, ManyClientsAtOnceAreAllAnswered) {
  register_module();
  std::vector<std::future<int>> clients;
  for (int c = 0; c < 8; ++c) {
    clients.push_back(std::async(std::launch::async, [&] {
      int accepted = 0;
      for (int i = 0; i < 25; ++i) accepted += create_run().empty() ? 0 : 1;
      return accepted;
    }));
  }
  int accepted = 0;
  for (auto& client : clients) accepted += client.get();
  EXPECT_EQ(accepted, 200);
}

}  // namespace
}  // namespace weir::test
