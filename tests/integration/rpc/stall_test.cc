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

  // By a timer of gRPC's, as the scheduler's are: those that are due before it have gone off.
  static void wait_past_the_limit() {
    std::promise<void> over;
    grpc::Alarm alarm;
    alarm.Set(std::chrono::system_clock::now() + 8 * kLimit, [&](bool) { over.set_value(); });
    over.get_future().get();
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
  const auto assets = v1::AssetService::NewStub(narrow_channel());
  std::vector<std::unique_ptr<Unread<v1::ReadValueResponse>>> unread;
  for (int i = 0; i < rpc::kValueReadsMax; ++i) {
    auto& reader =
        *unread.emplace_back(std::make_unique<Unread<v1::ReadValueResponse>>(scheduler_->token()));
    assets->async()->ReadValue(reader.context(), &request, &reader);
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

TEST_F(StallTest, AReaderOfEventsThatTakesNothingIsCutOffBeforeTheLast) {
  TestWorker worker(*protocol_, scheduler_->token());
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  for (int i = 0; i < kValueChunks; ++i) {  // more than any connection takes unread
    const std::string run = create_run();
    worker.report_failure(worker.next_assign(), std::string(kChunkBytes, 'x'));
    wait_until_finished(run);
  }
  Call listing(scheduler_->token());
  v1::ListEventsResponse listed;
  ASSERT_TRUE(events_->ListEvents(listing.get(), v1::ListEventsRequest(), &listed).ok());
  const auto events = v1::EventService::NewStub(narrow_channel());
  Call call(scheduler_->token());
  const auto stream = events->WatchEvents(call.get(), v1::WatchEventsRequest());
  stream->WaitForInitialMetadata();  // it has begun to write
  wait_past_the_limit();
  std::int64_t last = 0;
  v1::WatchEventsResponse response;
  while (last < listed.as_of_seq() && stream->Read(&response)) {
    if (response.events_size() > 0) last = response.events().rbegin()->seq();
  }
  EXPECT_LT(last, listed.as_of_seq()) << "it was served to the end";
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(StallTest, AFollowerWithNothingToTakeIsNotStalled) {
  Call call(scheduler_->token());
  const auto stream = events_->WatchEvents(call.get(), v1::WatchEventsRequest());
  v1::WatchEventsResponse response;
  ASSERT_TRUE(stream->Read(&response));
  wait_past_the_limit();
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
