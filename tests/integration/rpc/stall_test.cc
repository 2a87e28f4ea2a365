// Readers that take nothing: of a value, of events, of HTTP answers. With a short limit they are
// cut off and what they held is free again; nothing here reads before that.
// The test's thread waits for the ends; it does not sleep.
#include <future>

#include <grpcpp/alarm.h>

#include "base/sha256.h"
#include "scheduler/rpc/limits.h"
#include "tests/integration/rpc/fixture.h"
#include "tests/integration/rpc/raw_http.h"

namespace weir::test {
namespace {

constexpr std::chrono::milliseconds kLimit{300};
constexpr int kValueChunks = 8;
constexpr std::size_t kChunkBytes = 1 << 20;

// A stream that is opened and never read, which its client does not even notice the end of.
template <class Response>
class Unread final : public grpc::ClientReadReactor<Response> {
 public:
  explicit Unread(const std::string& token) : call_(token) {}
  ~Unread() override {
    call_.get()->TryCancel();
    ended_.get_future().wait();
  }
  grpc::ClientContext* context() { return call_.get(); }
  // Whether the scheduler serves it: it has begun to write.
  bool served() { return begun_.get_future().get(); }

  void OnReadInitialMetadataDone(bool ok) override { begun_.set_value(ok); }
  void OnDone(const grpc::Status&) override { ended_.set_value(); }

 private:
  Call call_;
  std::promise<bool> begun_;
  std::promise<void> ended_;
};

// Asks until the answer is another than that all places are taken; what it is then.
grpc::Status ask_for_a_place(const std::function<grpc::Status()>& ask) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  grpc::Status status = ask();
  while (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
         std::chrono::steady_clock::now() < deadline) {
    status = ask();
  }
  return status;
}

class StallTest : public SchedulerTest {
 protected:
  void SetUp() override {
    SchedulerOptions wanted = options();
    wanted.reader_stall_max = kLimit;
    start(wanted);
    register_module();
  }

  // Makes a's value one of several MiB, which no window of a connection holds.
  void materialize_large_value() {
    TestWorker worker(*protocol_, scheduler_->token());
    worker.send_hello(TestWorker::hello());
    worker.expect_welcome();
    create_run();
    const wire::Assign assign = worker.next_assign();
    const std::string bytes(kValueChunks * kChunkBytes, 'v');
    Call call(scheduler_->token());
    wire::UploadArtifactResponse response;
    const auto writer = protocol_->UploadArtifact(call.get(), &response);
    for (int i = 0; i < kValueChunks; ++i) {
      wire::UploadArtifactRequest message;
      if (i == 0) {
        message.set_digest(std::string(base::sha256(bytes).raw()));
        message.set_kind(wire::ARTIFACT_KIND_BYTES);
        message.set_size(std::ssize(bytes));
      }
      message.set_chunk(std::string(kChunkBytes, 'v'));
      ASSERT_TRUE(writer->Write(message));
    }
    writer->WritesDone();
    ASSERT_TRUE(writer->Finish().ok());
    worker.report_success(assign, bytes, false);
    worker.next_assign();  // b: the value of a can be read now
  }

  std::int64_t read_value(grpc::Status* status) {
    Call call(scheduler_->token());
    v1::ReadValueRequest request;
    request.set_asset("a");
    const auto reader = assets_->ReadValue(call.get(), request);
    std::int64_t size = 0;
    v1::ReadValueResponse response;
    while (reader->Read(&response)) size += std::ssize(response.chunk());
    *status = reader->Finish();
    return size;
  }
};

TEST_F(StallTest, ReadersOfAValueThatTakeNothingAreCutOffAndTheirPlacesFree) {
  materialize_large_value();
  v1::ReadValueRequest request;
  request.set_asset("a");
  std::vector<std::unique_ptr<Unread<v1::ReadValueResponse>>> unread;
  for (int i = 0; i < rpc::kValueReadsMax; ++i) {
    auto& reader =
        *unread.emplace_back(std::make_unique<Unread<v1::ReadValueResponse>>(scheduler_->token()));
    assets_->async()->ReadValue(reader.context(), &request, &reader);
    reader.StartCall();
  }
  for (const auto& reader : unread) EXPECT_TRUE(reader->served());
  std::int64_t size = 0;
  const grpc::Status status = ask_for_a_place([&] {
    grpc::Status end;
    size = read_value(&end);
    return end;
  });
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(size, std::int64_t{kValueChunks * kChunkBytes});
}

TEST_F(StallTest, ReadersOfEventsThatTakeNothingAreCutOffAndTheirPlacesFree) {
  TestWorker worker(*protocol_, scheduler_->token());
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  for (int i = 0; i < 4; ++i) {  // more than a stream's window
    const std::string run = create_run();
    worker.report_failure(worker.next_assign(), std::string(100'000, 'x'));
    wait_until_finished(run);
  }
  worker.finish();  // its stream would be one too many for the connection
  const v1::WatchEventsRequest request;
  // Windows that grow with what a connection carries would take it all in on a slow machine.
  grpc::ChannelArguments fixed_windows;
  fixed_windows.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  fixed_windows.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto unread_events = v1::EventService::NewStub(grpc::CreateCustomChannel(
      scheduler_->grpc_address(), grpc::InsecureChannelCredentials(), fixed_windows));
  std::vector<std::unique_ptr<Unread<v1::WatchEventsResponse>>> unread;
  for (int i = 0; i < rpc::kWatchersMax; ++i) {
    auto& reader = *unread.emplace_back(
        std::make_unique<Unread<v1::WatchEventsResponse>>(scheduler_->token()));
    unread_events->async()->WatchEvents(reader.context(), &request, &reader);
    reader.StartCall();
  }
  for (const auto& reader : unread) EXPECT_TRUE(reader->served());
  grpc::ChannelArguments apart;  // the connection has as many streams as it may have
  apart.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto events = v1::EventService::NewStub(grpc::CreateCustomChannel(
      scheduler_->grpc_address(), grpc::InsecureChannelCredentials(), apart));
  const grpc::Status status = ask_for_a_place([&] {
    Call call(scheduler_->token());
    const auto stream = events->WatchEvents(call.get(), request);
    v1::WatchEventsResponse response;
    if (!stream->Read(&response)) return stream->Finish();
    call.get()->TryCancel();
    stream->Finish();
    return grpc::Status::OK;
  });
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(StallTest, AFollowerWithNothingToTakeIsNotStalled) {
  Call call(scheduler_->token());
  const auto stream = events_->WatchEvents(call.get(), v1::WatchEventsRequest());
  v1::WatchEventsResponse response;
  ASSERT_TRUE(stream->Read(&response));
  std::promise<void> over_the_limit;
  grpc::Alarm alarm;
  alarm.Set(std::chrono::system_clock::now() + 3 * kLimit,
            [&](bool) { over_the_limit.set_value(); });
  over_the_limit.get_future().get();
  create_run();
  EXPECT_TRUE(stream->Read(&response));
  call.get()->TryCancel();
  stream->Finish();
}

TEST_F(StallTest, ABrowserThatTakesNothingIsCutOff) {
  RawHttp http(scheduler_->http_address());
  EXPECT_TRUE(http.flood_until_reset("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
}

}  // namespace
}  // namespace weir::test
