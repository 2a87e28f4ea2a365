// The worker protocol's other end, in memory: hands out what the test says and records what it is
// told. Streams are cut, files and artifacts corrupted on request. Calls come on gRPC's threads;
// the test's own thread reads the records under the mutex.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "base/ids.h"
#include "base/sha256.h"
#include "weir/worker/v1/worker.grpc.pb.h"

namespace weir::worker {

class FakeScheduler final : public v1::WorkerProtocolService::Service {
 public:
  FakeScheduler();
  ~FakeScheduler() override;
  // Listens on `address`; port 0 picks one. The address is kept over restarts.
  void start();
  void stop();
  const std::string& address() const { return address_; }

  // Registers the bytes of a program as a module; gives its digest.
  base::Digest add_module(const std::string& program, const std::string& manifest);
  v1::Assign make_assign(const base::Digest& module, const std::string& verb);
  void send(const std::function<void(v1::SchedulerMessage&)>& fill);
  void assign(const v1::Assign& assign);
  // In frames of many.
  void assign_all(const std::vector<v1::Assign>& assigns);
  // Ends the present stream from the server's side.
  void cut();

  // Waits until `done` holds, looked at whenever something arrives; with the lock held.
  bool wait(std::function<bool()> done, int seconds = 60);

  std::mutex mutex;
  // ---- guarded by mutex ----
  std::vector<v1::Hello> hellos;
  std::map<base::AttemptKey, std::vector<v1::Finished>> finished;
  std::map<base::AttemptKey, int> started;
  std::map<base::AttemptKey, std::string> released;
  std::vector<v1::AttemptProgress> progress;
  std::vector<v1::Heartbeat> heartbeats;
  std::map<std::pair<base::AttemptKey, int>, std::string> logs;
  std::set<std::pair<base::AttemptKey, int>> complete_logs;
  std::map<std::string, std::string> artifacts;  // raw digest -> bytes
  std::set<std::string> refused_uploads;         // raw digests that the disk has no room for
  std::set<std::string> stuck_uploads;           // raw digests whose calls end only when canceled
  std::map<std::string, int> upload_tries;       // raw digest -> calls
  int canceled_uploads = 0;                      // of the stuck ones
  bool acknowledge = true;
  bool hear = true;          // answer heartbeats
  bool refuse_logs = false;  // for now
  bool corrupt_files = false;
  std::uint64_t store_generation = 123;
  int refused_chunks = 0;  // of logs of another generation
  std::string artifact_dir;
  std::string token = "the-token";
  int file_fetches = 0;

 private:
  using Stream = grpc::ServerReaderWriter<v1::SessionResponse, v1::SessionRequest>;
  grpc::Status Session(grpc::ServerContext* context, Stream* stream) override;
  grpc::Status FetchFile(grpc::ServerContext* context, const v1::FetchFileRequest* request,
                         grpc::ServerWriter<v1::FetchFileResponse>* writer) override;
  grpc::Status FetchArtifact(grpc::ServerContext* context, const v1::FetchArtifactRequest* request,
                             grpc::ServerWriter<v1::FetchArtifactResponse>* writer) override;
  grpc::Status UploadArtifact(grpc::ServerContext* context,
                              grpc::ServerReader<v1::UploadArtifactRequest>* reader,
                              v1::UploadArtifactResponse* response) override;
  grpc::Status AppendLogs(grpc::ServerContext* context, const v1::AppendLogsRequest* request,
                          v1::AppendLogsResponse* response) override;
  grpc::Status check_token(grpc::ServerContext* context);
  void take(const v1::WorkerMessage& message, v1::SessionResponse& answers);

  struct Module {
    v1::FetchFileResponse list;
    std::string bytes;
  };
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
  std::condition_variable changed_;
  std::map<std::string, Module> modules_;
  Stream* stream_ = nullptr;
  grpc::ServerContext* context_ = nullptr;
  int next_task_ = 0;
};

}  // namespace weir::worker
