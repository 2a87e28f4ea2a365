// Synchronous gRPC: one thread per call is simplest, and a test has few. Everything that the test
// looks at is guarded by one mutex, and every arrival wakes whoever waits. Nothing here judges:
// the tests do.
#include "tests/integration/worker/fake_scheduler.h"

#include <fstream>
#include <sstream>

#include "module/bundle.h"
#include "worker/executors/attempt.h"

namespace weir::worker {
namespace {
constexpr std::chrono::milliseconds kCancelPoll{20};  // gRPC wakes nobody when a call is canceled
}  // namespace

FakeScheduler::FakeScheduler() : address_("127.0.0.1:0") {}
FakeScheduler::~FakeScheduler() { stop(); }

void FakeScheduler::start() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address_, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  if (server_ != nullptr && address_ == "127.0.0.1:0")
    address_ = "127.0.0.1:" + std::to_string(port);
}

void FakeScheduler::stop() {
  if (server_ == nullptr) return;
  cut();
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

base::Digest FakeScheduler::add_module(const std::string& program, const std::string& manifest) {
  std::ifstream file(program, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  Module module;
  module.bytes = bytes.str();
  const base::Digest digest = base::sha256(module.bytes);
  v1::ModuleFile* entry = module.list.add_files();
  entry->set_path("good");
  entry->set_digest(std::string(digest.raw()));
  entry->set_size(std::int64_t(module.bytes.size()));
  entry->set_executable(true);
  module.list.set_manifest_json(manifest);
  const std::vector<module::BundleEntry> entries{{"good", digest, true}};
  const base::Digest bundle = module::bundle_digest(entries);
  modules_[std::string(bundle.raw())] = std::move(module);
  return bundle;
}

v1::Assign FakeScheduler::make_assign(const base::Digest& module, const std::string& verb) {
  v1::Assign assign;
  set_key({{77}, next_task_++, 1}, assign.mutable_attempt());
  {
    const std::lock_guard lock(mutex);
    assign.mutable_attempt()->set_store_generation(store_generation);
  }
  assign.set_module(std::string(module.raw()));
  assign.set_params(verb);
  assign.set_task("task " + std::to_string(assign.attempt().task()));
  return assign;
}

void FakeScheduler::assign(const v1::Assign& assign) {
  send([&](v1::SchedulerMessage& message) { *message.mutable_assign() = assign; });
}

void FakeScheduler::assign_all(const std::vector<v1::Assign>& assigns) {
  constexpr int kPerFrame = 256;
  v1::SessionResponse response;
  for (std::size_t i = 0; i < assigns.size(); ++i) {
    *response.add_messages()->mutable_assign() = assigns[i];
    if (response.messages_size() < kPerFrame && i + 1 < assigns.size()) continue;
    const std::lock_guard lock(mutex);
    if (stream_ != nullptr) stream_->Write(response);
    response.Clear();
  }
}

void FakeScheduler::send(const std::function<void(v1::SchedulerMessage&)>& fill) {
  v1::SessionResponse response;
  fill(*response.add_messages());
  const std::lock_guard lock(mutex);
  if (stream_ != nullptr) stream_->Write(response);
}

void FakeScheduler::cut() {
  const std::lock_guard lock(mutex);
  if (context_ != nullptr) context_->TryCancel();
}

bool FakeScheduler::wait(std::function<bool()> done, int seconds) {
  std::unique_lock lock(mutex);
  return changed_.wait_for(lock, std::chrono::seconds(seconds), done);
}

grpc::Status FakeScheduler::check_token(grpc::ServerContext* context) {
  const auto& metadata = context->client_metadata();
  const auto found = metadata.find("authorization");
  if (found != metadata.end() &&
      std::string(found->second.data(), found->second.size()) == "Bearer " + token) {
    return grpc::Status::OK;
  }
  return {grpc::StatusCode::UNAUTHENTICATED, "WEIR-E0502: wrong token"};
}

grpc::Status FakeScheduler::Session(grpc::ServerContext* context, Stream* stream) {
  if (grpc::Status status = check_token(context); !status.ok()) return status;
  v1::SessionRequest request;
  while (stream->Read(&request)) {
    const std::lock_guard lock(mutex);
    stream_ = stream;
    context_ = context;
    v1::SessionResponse answers;
    for (const v1::WorkerMessage& message : request.messages()) take(message, answers);
    if (answers.messages_size() > 0) stream->Write(answers);
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex);
  if (stream_ == stream) stream_ = nullptr;
  if (context_ == context) context_ = nullptr;
  changed_.notify_all();
  return grpc::Status::OK;
}

void FakeScheduler::take(const v1::WorkerMessage& message, v1::SessionResponse& answers) {
  if (message.has_hello()) {
    hellos.push_back(message.hello());
    v1::Welcome& welcome = *answers.add_messages()->mutable_welcome();
    welcome.set_protocol_version(1);
    welcome.set_lease_ms(1500);
    welcome.set_heartbeat_ms(200);
    welcome.set_store_generation(store_generation);
    welcome.set_artifact_dir(artifact_dir);
    welcome.set_cancel_grace_ms(300);
  }
  if (message.has_started()) ++started[key_of(message.started().attempt())];
  if (message.has_heartbeat()) {
    heartbeats.push_back(message.heartbeat());
    if (hear) {
      answers.add_messages()->mutable_heard()->set_sent_at_us(message.heartbeat().sent_at_us());
    }
  }
  for (const v1::AttemptProgress& one : message.progressed().attempts()) progress.push_back(one);
  if (message.has_released()) {
    released[key_of(message.released().attempt())] = message.released().reason();
  }
  if (message.has_finished()) {
    finished[key_of(message.finished().attempt())].push_back(message.finished());
    if (acknowledge) {
      *answers.add_messages()->mutable_acknowledge()->mutable_attempt() =
          message.finished().attempt();
    }
  }
}

grpc::Status FakeScheduler::FetchFile(grpc::ServerContext* context,
                                      const v1::FetchFileRequest* request,
                                      grpc::ServerWriter<v1::FetchFileResponse>* writer) {
  if (grpc::Status status = check_token(context); !status.ok()) return status;
  const auto found = modules_.find(request->module());
  if (found == modules_.end()) return {grpc::StatusCode::NOT_FOUND, "WEIR-E0211: unknown module"};
  writer->Write(found->second.list);
  if (request->file().empty()) return grpc::Status::OK;
  bool corrupt = false;
  {
    const std::lock_guard lock(mutex);
    ++file_fetches;
    corrupt = std::exchange(corrupt_files, false);
  }
  const std::string& bytes = found->second.bytes;
  for (std::size_t at = 0; at < bytes.size(); at += 1 << 20) {
    v1::FetchFileResponse chunk;
    chunk.set_chunk(bytes.substr(at, 1 << 20));
    if (corrupt && at == 0) chunk.mutable_chunk()->front() ^= 1;
    writer->Write(chunk);
  }
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::FetchArtifact(grpc::ServerContext* context,
                                          const v1::FetchArtifactRequest* request,
                                          grpc::ServerWriter<v1::FetchArtifactResponse>* writer) {
  if (grpc::Status status = check_token(context); !status.ok()) return status;
  v1::FetchArtifactResponse response;
  {
    const std::lock_guard lock(mutex);
    const auto found = artifacts.find(request->digest());
    if (found == artifacts.end())
      return {grpc::StatusCode::NOT_FOUND, "WEIR-E0407: unknown artifact"};
    response.set_chunk(found->second);
  }
  response.set_kind(v1::ARTIFACT_KIND_BYTES);
  response.set_size(std::int64_t(response.chunk().size()));
  writer->Write(response);
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::UploadArtifact(grpc::ServerContext* context,
                                           grpc::ServerReader<v1::UploadArtifactRequest>* reader,
                                           v1::UploadArtifactResponse*) {
  if (grpc::Status status = check_token(context); !status.ok()) return status;
  v1::UploadArtifactRequest request;
  std::string digest;
  std::string bytes;
  while (reader->Read(&request)) {
    if (digest.empty()) digest = request.digest();
    bytes += request.chunk();
  }
  std::unique_lock lock(mutex);
  ++upload_tries[digest];
  changed_.notify_all();
  if (refused_uploads.contains(digest))
    return {grpc::StatusCode::RESOURCE_EXHAUSTED, "WEIR-E0401: no space left"};
  if (stuck_uploads.contains(digest)) {
    while (!context->IsCancelled()) changed_.wait_for(lock, kCancelPoll);
    ++canceled_uploads;
    changed_.notify_all();
    return grpc::Status::CANCELLED;
  }
  artifacts[digest] = bytes;
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::AppendLogs(grpc::ServerContext* context,
                                       const v1::AppendLogsRequest* request,
                                       v1::AppendLogsResponse*) {
  if (grpc::Status status = check_token(context); !status.ok()) return status;
  const std::lock_guard lock(mutex);
  if (refuse_logs) return {grpc::StatusCode::UNAVAILABLE, "no room for logs"};
  for (const v1::LogChunk& chunk : request->chunks()) {
    if (chunk.attempt().store_generation() != store_generation) {
      ++refused_chunks;
      changed_.notify_all();
      return {grpc::StatusCode::FAILED_PRECONDITION, "WEIR-E0304: of another store"};
    }
    const std::pair id(key_of(chunk.attempt()), int(chunk.stream()));
    std::string& log = logs[id];
    if (chunk.offset() > std::int64_t(log.size())) return {grpc::StatusCode::OUT_OF_RANGE, "a gap"};
    log.resize(std::size_t(chunk.offset()));
    log += chunk.data();
    if (chunk.last()) complete_logs.insert(id);
  }
  changed_.notify_all();
  return grpc::Status::OK;
}

}  // namespace weir::worker
