// The scheduler under test and those who talk to it. Deadlines are generous, because
// machines are slow under sanitizers; nothing here sleeps or polls but for what a test
// says.
#include "tests/integration/rpc/fixture.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <unistd.h>

#include "base/json.h"
#include "base/sha256.h"
#include "value/json.h"

namespace weir::test {
namespace {

constexpr std::chrono::seconds kCallDeadline{30};
constexpr const char* kProgram =
    "\x7f"
    "ELF, for all the scheduler knows";
constexpr const char* kSchema = "i64";

module::StageSpec stage(const std::string& name) {
  module::StageSpec out;
  out.name = name;
  module::OutputSpec output;
  output.asset = name;
  output.schema = kSchema;
  output.type = base::sha256(kSchema).hex().substr(0, 32);
  out.outputs.push_back(output);
  out.code_version = "1";
  return out;
}

class GrpcCarrier final : public Carrier {
 public:
  GrpcCarrier(wire::WorkerProtocolService::Stub& stub, const std::string& token)
      : call_(token), stream_(stub.Session(call_.get())) {}
  void write(wire::SessionRequest frame) override { stream_->Write(frame); }
  bool read(wire::SessionResponse* frame) override { return stream_->Read(frame); }
  void close() override { stream_->WritesDone(); }
  grpc::Status status() override { return stream_->Finish(); }
  void cancel() override {
    call_.get()->TryCancel();
    stream_->Finish();
  }

 private:
  Call call_;
  std::unique_ptr<grpc::ClientReaderWriter<wire::SessionRequest, wire::SessionResponse>> stream_;
};

class LocalCarrier final : public Carrier {
 public:
  explicit LocalCarrier(const base::OpenLocalSession& open) {
    base::LocalSession::Handlers handlers;
    handlers.received = [this](const std::shared_ptr<wire::SessionResponse>& frame) {
      const std::lock_guard lock(mutex_);
      frames_.push_back(*frame);
      news_.notify_one();
    };
    handlers.ended = [this](const base::Status& status) {
      const std::lock_guard lock(mutex_);
      EXPECT_FALSE(ended_) << "a session ends once";
      ended_ = status;
      news_.notify_one();
    };
    session_ = open(handlers);
  }
  ~LocalCarrier() override { session_.reset(); }

  void write(wire::SessionRequest frame) override { session_->send(std::move(frame)); }
  bool read(wire::SessionResponse* frame) override {
    {
      std::unique_lock lock(mutex_);
      const bool heard =
          news_.wait_for(lock, kCallDeadline, [&] { return !frames_.empty() || ended_; });
      EXPECT_TRUE(heard) << "neither a frame nor the end of the session came";
      if (frames_.empty()) return false;
      *frame = std::move(frames_.front());
      frames_.pop_front();
    }
    session_->taken();
    return true;
  }
  void close() override { session_->end(); }
  grpc::Status status() override {
    const std::lock_guard lock(mutex_);
    const base::Status status = ended_.value_or(base::Status(base::Code::kInternal, 0, "none"));
    return {static_cast<grpc::StatusCode>(status.code()), status.text()};
  }
  void cancel() override { session_.reset(); }

 private:
  std::unique_ptr<base::LocalSession> session_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<wire::SessionResponse> frames_;  // guarded by mutex_
  std::optional<base::Status> ended_;         // guarded by mutex_
};

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  path_ = std::filesystem::temp_directory_path() / "weir-rpc-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << "no temporary directory";
}

TemporaryDirectory::~TemporaryDirectory() { std::filesystem::remove_all(path_); }

Call::Call(const std::string& token) {
  context_.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  if (!token.empty()) context_.AddMetadata("authorization", "Bearer " + token);
}

TestWorker::TestWorker(wire::WorkerProtocolService::Stub& stub, const std::string& token)
    : carrier_(std::make_unique<GrpcCarrier>(stub, token)) {}

TestWorker::TestWorker(const base::OpenLocalSession& open)
    : carrier_(std::make_unique<LocalCarrier>(open)) {}

TestWorker::~TestWorker() {
  if (!ended_) carrier_->cancel();
}

wire::Hello TestWorker::hello(const std::string& id) {
  wire::Hello out;
  out.set_protocol_version(1);
  out.set_worker_id(id);
  out.set_name(id);
  out.set_slots(1);
  out.mutable_platform()->set_architecture("x86_64");
  out.mutable_platform()->set_glibc("2.36");
  out.mutable_platform()->add_libraries("libc.so.6");
  return out;
}

void TestWorker::send(const wire::WorkerMessage& message) {
  wire::SessionRequest frame;
  *frame.add_messages() = message;
  send(frame);
}

void TestWorker::send_hello(const wire::Hello& message) {
  wire::WorkerMessage out;
  *out.mutable_hello() = message;
  send(out);
}

bool TestWorker::next(wire::SchedulerMessage* message) {
  while (received_.empty()) {
    wire::SessionResponse frame;
    if (!carrier_->read(&frame)) return false;
    received_.assign(frame.messages().begin(), frame.messages().end());
  }
  *message = received_.front();
  received_.erase(received_.begin());
  return true;
}

wire::Assign TestWorker::next_assign() {
  wire::SchedulerMessage message;
  while (next(&message)) {
    if (message.has_assign()) return message.assign();
    if (!message.has_acknowledge()) break;
  }
  ADD_FAILURE() << "no assignment came but: " << message.ShortDebugString();
  return {};
}

wire::Welcome TestWorker::expect_welcome() {
  wire::SchedulerMessage message;
  if (!next(&message) || !message.has_welcome()) {
    ADD_FAILURE() << "no welcome came but: " << message.ShortDebugString();
  }
  return message.welcome();
}

void TestWorker::report_success(const wire::Assign& assign, const std::string& bytes,
                                bool is_inline, const std::string& metadata) {
  wire::WorkerMessage message;
  wire::Finished* finished = message.mutable_finished();
  *finished->mutable_attempt() = assign.attempt();
  finished->set_outcome(wire::OUTCOME_SUCCEEDED);
  finished->set_success(wire::SUCCESS_KIND_VALUE);
  finished->set_metadata(metadata);
  wire::Output* output = finished->add_outputs();
  output->set_asset(assign.task());
  wire::ValueRef* value = output->mutable_value();
  value->set_digest(std::string(base::sha256(bytes).raw()));
  value->set_size(static_cast<std::int64_t>(bytes.size()));
  value->set_kind(wire::ARTIFACT_KIND_BYTES);
  value->set_type(base::sha256(kSchema).hex().substr(0, 32));
  if (is_inline) value->set_inline_bytes(bytes);
  value->set_is_inline(is_inline);
  send(message);
}

void TestWorker::report_failure(const wire::Assign& assign, const std::string& why) {
  wire::WorkerMessage message;
  wire::Finished* finished = message.mutable_finished();
  *finished->mutable_attempt() = assign.attempt();
  finished->set_outcome(wire::OUTCOME_FAILED);
  finished->set_message(why);
  send(message);
}

grpc::Status TestWorker::finish() {
  carrier_->close();
  wire::SessionResponse ignored;
  while (carrier_->read(&ignored)) received_.clear();
  ended_ = true;
  return carrier_->status();
}

void SchedulerTest::SetUp() { start(); }

SchedulerOptions SchedulerTest::options() const {
  SchedulerOptions out;
  out.data_dir = directory_.path() + "/data";
  out.grpc_address = "127.0.0.1:0";
  out.http_address = "127.0.0.1:0";
  out.min_free_bytes = 0;
  out.publish_endpoint = false;
  return out;
}

void SchedulerTest::start(const SchedulerOptions& wanted) {
  auto started = Scheduler::start(wanted);
  ASSERT_TRUE(started.ok()) << started.status().text();
  scheduler_ = std::move(started).value();
  channel_ = grpc::CreateChannel(scheduler_->grpc_address(), grpc::InsecureChannelCredentials());
  runs_ = v1::RunService::NewStub(channel_);
  assets_ = v1::AssetService::NewStub(channel_);
  modules_ = v1::ModuleService::NewStub(channel_);
  events_ = v1::EventService::NewStub(channel_);
  logs_ = v1::LogService::NewStub(channel_);
  system_ = v1::SystemService::NewStub(channel_);
  workers_ = v1::WorkerService::NewStub(channel_);
  protocol_ = wire::WorkerProtocolService::NewStub(channel_);
}

std::shared_ptr<grpc::Channel> SchedulerTest::narrow_channel() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  return grpc::CreateCustomChannel(scheduler_->grpc_address(), grpc::InsecureChannelCredentials(),
                                   arguments);
}

module::Manifest SchedulerTest::manifest() {
  module::Manifest out;
  out.pipeline = "etl";
  out.architecture = "x86_64";
  out.stages.push_back(stage("a"));
  out.stages.push_back(stage("b"));
  module::DependencySpec dependency;
  dependency.name = "a";
  dependency.type = out.stages[0].outputs[0].type;
  out.stages[1].dependencies.push_back(dependency);
  module::JobSpec job;
  job.name = "daily";
  job.selection = "*";
  out.jobs.push_back(job);
  return out;
}

grpc::Status SchedulerTest::upload(const std::string& bytes, const std::string& digest,
                                   std::int64_t size) {
  Call call(scheduler_->token());
  v1::UploadFileResponse response;
  const auto writer = modules_->UploadFile(call.get(), &response);
  v1::UploadFileRequest request;
  request.set_digest(digest);
  request.set_size_bytes(size);
  for (std::size_t at = 0; at <= bytes.size(); at += 1 << 20) {
    request.set_chunk(bytes.substr(at, 1 << 20));
    if (!writer->Write(request)) break;
    request.Clear();
  }
  writer->WritesDone();
  return writer->Finish();
}

v1::RegisterModulesRequest SchedulerTest::register_request() {
  v1::RegisterModulesRequest request;
  v1::ModuleSpec* module = request.add_modules();
  module->set_manifest_json(module::manifest_to_json(manifest()).dump());
  v1::ModuleFile* file = module->add_files();
  file->set_path("etl");
  file->set_digest(base::sha256(kProgram).hex());
  file->set_size_bytes(static_cast<std::int64_t>(std::string_view(kProgram).size()));
  file->set_executable(true);
  module->set_architecture("x86_64");
  return request;
}

v1::RegisterModulesResponse SchedulerTest::register_module() {
  const std::string program = kProgram;
  const grpc::Status uploaded =
      upload(program, base::sha256(program).hex(), static_cast<std::int64_t>(program.size()));
  EXPECT_TRUE(uploaded.ok()) << uploaded.error_message();
  Call call(scheduler_->token());
  v1::RegisterModulesResponse response;
  const grpc::Status registered =
      modules_->RegisterModules(call.get(), register_request(), &response);
  EXPECT_TRUE(registered.ok()) << registered.error_message();
  return response;
}

v1::RegisterModulesRequest SchedulerTest::upload_manifest(const module::Manifest& declared) {
  const std::string text = module::manifest_to_json(declared).dump();
  const std::string program = "program of " + text;
  const std::string digest = base::sha256(program).hex();
  EXPECT_TRUE(upload(program, digest, std::ssize(program)).ok());
  v1::RegisterModulesRequest request = register_request();
  request.mutable_modules(0)->mutable_files(0)->set_digest(digest);
  request.mutable_modules(0)->mutable_files(0)->set_size_bytes(std::ssize(program));
  request.mutable_modules(0)->set_manifest_json(text);
  return request;
}

v1::RegisterModulesResponse SchedulerTest::register_manifest(const module::Manifest& declared) {
  const v1::RegisterModulesRequest request = upload_manifest(declared);
  Call call(scheduler_->token());
  v1::RegisterModulesResponse response;
  const grpc::Status status = modules_->RegisterModules(call.get(), request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

std::string SchedulerTest::create_run() {
  Call call(scheduler_->token());
  v1::CreateRunRequest request;
  request.set_job("etl/daily");
  v1::CreateRunResponse response;
  const grpc::Status created = runs_->CreateRun(call.get(), request, &response);
  EXPECT_TRUE(created.ok()) << created.error_message();
  return response.run_id();
}

void SchedulerTest::wait_until_finished(const std::string& run) {
  Call call(scheduler_->token());
  v1::WatchEventsRequest request;
  request.set_run(run);
  const auto stream = events_->WatchEvents(call.get(), request);
  v1::WatchEventsResponse response;
  while (stream->Read(&response)) continue;
  const grpc::Status ended = stream->Finish();
  EXPECT_TRUE(ended.ok()) << ended.error_message();
}

std::uint64_t SchedulerTest::store_generation() {
  Call call(scheduler_->token());
  v1::GetInfoResponse response;
  const grpc::Status status = system_->GetInfo(call.get(), v1::GetInfoRequest(), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return std::stoull(response.store_generation());
}

}  // namespace weir::test
