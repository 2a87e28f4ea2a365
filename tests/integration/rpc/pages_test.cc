// Pages of the lists that are not rows with a token of the store: logs, which are files that appear
// meanwhile; plans and lineages, which are computed from the definitions for each page; events,
// which have a sequence. Through gRPC, as a client reads them.
#include "base/ids.h"
#include "base/json.h"
#include "scheduler/rpc/limits.h"
#include "tests/integration/rpc/fixture.h"
#include "tests/integration/rpc/raw_http.h"

namespace weir::test {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

class PagesTest : public SchedulerTest {
 protected:
  // The pipeline of the fixture and a third stage that reads its second.
  static module::Manifest longer_manifest() {
    module::Manifest out = manifest();
    module::StageSpec third = out.stages[1];
    third.name = "c";
    third.outputs[0].asset = "c";
    third.dependencies[0].name = "b";
    out.stages.push_back(third);
    return out;
  }

  void append_log(const std::string& run, int task, int epoch, wire::LogStream stream) {
    wire::AppendLogsRequest request;
    wire::LogChunk* chunk = request.add_chunks();
    chunk->mutable_attempt()->set_run(base::RunId::parse(run)->value);
    chunk->mutable_attempt()->set_task(task);
    chunk->mutable_attempt()->set_epoch(epoch);
    chunk->mutable_attempt()->set_store_generation(store_generation());
    chunk->set_stream(stream);
    chunk->set_data("hello\n");
    Call call(scheduler_->token());
    wire::AppendLogsResponse response;
    const grpc::Status status = protocol_->AppendLogs(call.get(), request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  grpc::Status plan(const v1::PlanRunRequest& request, v1::PlanRunResponse* response) {
    response->Clear();
    Call call(scheduler_->token());
    return runs_->PlanRun(call.get(), request, response);
  }

  grpc::Status lineage(const v1::GetLineageRequest& request, v1::GetLineageResponse* response) {
    response->Clear();
    Call call(scheduler_->token());
    return assets_->GetLineage(call.get(), request, response);
  }
};

TEST_F(PagesTest, LogsComeInPagesOfOneOrderAndRubbishIsNoToken) {
  register_module();
  const std::string run = create_run();
  append_log(run, 1, 1, wire::LOG_STREAM_STDOUT);
  append_log(run, 0, 2, wire::LOG_STREAM_STDOUT);
  append_log(run, 0, 1, wire::LOG_STREAM_LOG);
  append_log(run, 0, 1, wire::LOG_STREAM_STDERR);
  v1::ListLogsRequest request;
  request.set_run(run);
  request.set_page_size(3);
  v1::ListLogsResponse response;
  Call first_call(scheduler_->token());
  ASSERT_TRUE(logs_->ListLogs(first_call.get(), request, &response).ok());
  ASSERT_EQ(response.logs_size(), 3);
  EXPECT_EQ(response.logs(0).stream(), v1::LOG_STREAM_STDERR);
  EXPECT_EQ(response.logs(2).epoch(), 2);
  append_log(run, 1, 1, wire::LOG_STREAM_STDERR);
  request.set_page_token(response.next_page_token());
  Call second_call(scheduler_->token());
  ASSERT_TRUE(logs_->ListLogs(second_call.get(), request, &response).ok());
  ASSERT_EQ(response.logs_size(), 2);
  EXPECT_EQ(response.logs(0).task(), "b");
  EXPECT_EQ(response.logs(0).stream(), v1::LOG_STREAM_STDOUT);
  EXPECT_EQ(response.logs(1).stream(), v1::LOG_STREAM_STDERR);
  EXPECT_EQ(response.next_page_token(), "");

  request.set_page_token("rubbish");
  Call bad_call(scheduler_->token());
  const grpc::Status refused = logs_->ListLogs(bad_call.get(), request, &response);
  EXPECT_EQ(refused.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(refused.error_message(), StartsWith("WEIR-E0005: "));
  request.clear_page_token();
  request.set_page_size(-1);
  Call negative_call(scheduler_->token());
  EXPECT_EQ(logs_->ListLogs(negative_call.get(), request, &response).error_code(),
            grpc::INVALID_ARGUMENT);
}

TEST_F(PagesTest, APlanComesInPagesUntilTheDefinitionsChange) {
  register_manifest(longer_manifest());
  ASSERT_FALSE(HasFatalFailure());
  v1::PlanRunRequest request;
  request.set_selection("+c");
  request.set_page_size(2);
  v1::PlanRunResponse response;
  ASSERT_TRUE(plan(request, &response).ok());
  EXPECT_THAT(response.tasks(), ElementsAre("a", "b"));
  request.set_page_token(response.next_page_token());
  ASSERT_TRUE(plan(request, &response).ok());
  EXPECT_THAT(response.tasks(), ElementsAre("c"));
  EXPECT_EQ(response.next_page_token(), "");

  module::Manifest changed = longer_manifest();
  changed.stages[2].dependencies[0].name = "a";  // c no longer needs b
  register_manifest(changed);
  ASSERT_FALSE(HasFatalFailure());
  const grpc::Status stale = plan(request, &response);
  EXPECT_EQ(stale.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_THAT(stale.error_message(), StartsWith("WEIR-E0008: "));
  request.clear_page_token();
  ASSERT_TRUE(plan(request, &response).ok());
  EXPECT_THAT(response.tasks(), ElementsAre("a", "c"));

  for (const char* token : {"rubbish", "0123456789abcdef", "0123456789abcdef.", "2"}) {
    request.set_page_token(token);
    const grpc::Status refused = plan(request, &response);
    EXPECT_EQ(refused.error_code(), grpc::INVALID_ARGUMENT) << token;
    EXPECT_THAT(refused.error_message(), StartsWith("WEIR-E0005: ")) << token;
  }
}

// What a client gains over the parts of another registration that do not concern its plan.
TEST_F(PagesTest, APlanThatIsTheSameAfterARegistrationGoesOn) {
  register_module();
  v1::PlanRunRequest request;
  request.set_selection("+b");
  request.set_page_size(1);
  v1::PlanRunResponse response;
  ASSERT_TRUE(plan(request, &response).ok());
  request.set_page_token(response.next_page_token());
  register_manifest(longer_manifest());
  ASSERT_FALSE(HasFatalFailure());
  const grpc::Status second = plan(request, &response);
  ASSERT_TRUE(second.ok()) << second.error_message();
  EXPECT_THAT(response.tasks(), ElementsAre("b"));
}

TEST_F(PagesTest, ALineageComesInPagesUntilTheDefinitionsChange) {
  register_manifest(longer_manifest());
  ASSERT_FALSE(HasFatalFailure());
  v1::GetLineageRequest request;
  request.set_asset("b");
  request.set_up(-1);
  request.set_down(-1);
  request.set_page_size(2);
  std::vector<std::string> assets;
  std::vector<std::string> edges;
  std::string second_page;
  do {
    v1::GetLineageResponse response;
    const grpc::Status status = lineage(request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_LE(response.assets_size() + response.edges_size(), 2);
    assets.insert(assets.end(), response.assets().begin(), response.assets().end());
    for (const v1::LineageEdge& edge : response.edges()) {
      edges.push_back(edge.from() + ">" + edge.to());
    }
    request.set_page_token(response.next_page_token());
    if (second_page.empty()) second_page = response.next_page_token();
  } while (!request.page_token().empty());
  EXPECT_THAT(assets, ElementsAre("a", "b", "c"));
  EXPECT_THAT(edges, ElementsAre("a>b", "b>c"));

  register_module();  // without c
  request.set_page_token(second_page);
  v1::GetLineageResponse response;
  const grpc::Status stale = lineage(request, &response);
  EXPECT_EQ(stale.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_THAT(stale.error_message(), StartsWith("WEIR-E0008: "));
  request.set_page_token("rubbish");
  EXPECT_THAT(lineage(request, &response).error_message(), StartsWith("WEIR-E0005: "));
}

class LargeEventsTest : public PagesTest {
 protected:
  static constexpr std::size_t kMessageBytes = 1 << 20;
  static constexpr int kRuns = 12;

  // Runs whose first task fails with a message that is large, so that their events are.
  void fail_runs() {
    register_module();
    TestWorker worker(*protocol_, scheduler_->token());
    worker.send_hello(TestWorker::hello());
    worker.expect_welcome();
    for (int i = 0; i < kRuns; ++i) {
      const std::string run = create_run();
      worker.report_failure(worker.next_assign(), std::string(kMessageBytes, 'x'));
      wait_until_finished(run);
    }
    worker.finish();
  }

  // A client that takes no message larger than a page may be.
  std::unique_ptr<v1::EventService::Stub> narrow_client() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(static_cast<int>(rpc::kPageBytesMax) + 1000);
    return v1::EventService::NewStub(grpc::CreateCustomChannel(
        scheduler_->grpc_address(), grpc::InsecureChannelCredentials(), arguments));
  }

  static void take(const google::protobuf::RepeatedPtrField<v1::Event>& events,
                   std::int64_t* last_seq) {
    for (const v1::Event& event : events) {
      EXPECT_EQ(event.seq(), *last_seq + 1);
      *last_seq = event.seq();
    }
  }
};

TEST_F(LargeEventsTest, APageOfEventsIsCutToWhatAMessageTakesAndSkipsNone) {
  fail_runs();
  const auto client = narrow_client();
  v1::ListEventsRequest request;
  request.set_page_size(5000);
  std::int64_t last_seq = 0;
  int pages = 0;
  for (;;) {
    Call call(scheduler_->token());
    v1::ListEventsResponse response;
    const grpc::Status status = client->ListEvents(call.get(), request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    take(response.events(), &last_seq);
    EXPECT_EQ(response.next_since_seq(), last_seq);
    if (response.events().empty()) {
      EXPECT_EQ(last_seq, response.as_of_seq());
      break;
    }
    ++pages;
    request.set_since_seq(response.next_since_seq());
  }
  EXPECT_GE(pages, 2);
}

TEST_F(LargeEventsTest, AStreamOfEventsIsCutToWhatAMessageTakesAndSkipsNone) {
  fail_runs();
  Call list_call(scheduler_->token());
  v1::ListEventsRequest list;
  list.set_page_size(1);
  v1::ListEventsResponse listed;
  ASSERT_TRUE(events_->ListEvents(list_call.get(), list, &listed).ok());
  Call call(scheduler_->token());
  const auto client = narrow_client();
  const auto stream = client->WatchEvents(call.get(), v1::WatchEventsRequest());
  std::int64_t last_seq = 0;
  while (last_seq < listed.as_of_seq()) {
    v1::WatchEventsResponse response;
    ASSERT_TRUE(stream->Read(&response)) << "after " << last_seq;
    take(response.events(), &last_seq);
  }
}

TEST_F(PagesTest, PagesOfAPlanWorkOverHttpToo) {
  register_module();
  const std::string method = "/weir.v1.RunService/PlanRun";
  const std::string headers =
      "Content-Type: application/json\r\nAuthorization: Bearer " + scheduler_->token() + "\r\n";
  const HttpAnswer first =
      post(scheduler_->http_address(), method, "{\"selection\":\"+b\",\"pageSize\":1}", headers);
  ASSERT_EQ(first.status, 200) << first.body;
  const auto page = base::Json::parse(first.body);
  ASSERT_TRUE(page.ok());
  const std::string token = (*page)["nextPageToken"].as_string();
  ASSERT_NE(token, "");
  const HttpAnswer second =
      post(scheduler_->http_address(), method,
           "{\"selection\":\"+b\",\"pageSize\":1,\"pageToken\":\"" + token + "\"}", headers);
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_THAT(second.body, testing::HasSubstr("\"b\""));
  EXPECT_THAT(second.body, testing::Not(testing::HasSubstr("nextPageToken")));
}

}  // namespace
}  // namespace weir::test
