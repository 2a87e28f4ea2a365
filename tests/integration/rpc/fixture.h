// A scheduler of its own per test, in this process, on free ports and in a temporary directory; a
// client for each service; a worker that does what the test says; and a module to register. Used
// from the test's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "module/manifest.h"
#include "scheduler/scheduler.h"
#include "weir/v1/asset_service.grpc.pb.h"
#include "weir/v1/event_service.grpc.pb.h"
#include "weir/v1/log_service.grpc.pb.h"
#include "weir/v1/module_service.grpc.pb.h"
#include "weir/v1/run_service.grpc.pb.h"
#include "weir/v1/system_service.grpc.pb.h"
#include "weir/v1/worker_service.grpc.pb.h"
#include "weir/worker/v1/worker.grpc.pb.h"

namespace weir::test {

namespace wire = weir::worker::v1;

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A context with the token and a deadline, so that a test that waits in vain fails.
class Call {
 public:
  explicit Call(const std::string& token = {});
  grpc::ClientContext* get() { return &context_; }

 private:
  grpc::ClientContext context_;
};

// What carries a worker's session, synchronous.
class Carrier {
 public:
  virtual ~Carrier() = default;
  virtual void write(wire::SessionRequest frame) = 0;
  virtual bool read(wire::SessionResponse* frame) = 0;  // false when it has ended
  virtual void close() = 0;
  virtual grpc::Status status() = 0;  // once read() was false
  virtual void cancel() = 0;
};

// One session of the worker protocol, over gRPC or within the process.
class TestWorker {
 public:
  TestWorker(wire::WorkerProtocolService::Stub& stub, const std::string& token);
  explicit TestWorker(const base::OpenLocalSession& open);
  ~TestWorker();

  static wire::Hello hello(const std::string& id = "w1");
  void send(const wire::WorkerMessage& message);
  void send(const wire::SessionRequest& frame) { carrier_->write(frame); }
  void send_hello(const wire::Hello& message);
  // The next message of any kind; false when the stream has ended.
  bool next(wire::SchedulerMessage* message);
  // Skips acknowledgements; fails the test when another message comes.
  wire::Assign next_assign();
  wire::Welcome expect_welcome();
  // A value that is not inline must have been uploaded.
  void report_success(const wire::Assign& assign, const std::string& bytes, bool is_inline = true,
                      const std::string& metadata = "{}");
  void report_failure(const wire::Assign& assign, const std::string& why);
  // Ends the stream from this side and gives the scheduler's status.
  grpc::Status finish();

 private:
  std::unique_ptr<Carrier> carrier_;
  std::vector<wire::SchedulerMessage> received_;  // of the last frame, not yet given out
  bool ended_ = false;
};

class SchedulerTest : public testing::Test {
 protected:
  void SetUp() override;
  void start() { start(options()); }
  void start(const SchedulerOptions& wanted);
  SchedulerOptions options() const;
  // A connection of its own for readers that take nothing: its windows do not grow with what it
  // carries, which on a slow machine takes in whole values unread.
  std::shared_ptr<grpc::Channel> narrow_channel() const;

  // A pipeline `etl` of two stages, a -> b, with the job `daily`; registered with its file
  // uploaded.
  static module::Manifest manifest();
  grpc::Status upload(const std::string& bytes, const std::string& digest, std::int64_t size);
  v1::RegisterModulesRequest register_request();
  v1::RegisterModulesResponse register_module();
  // The same pipeline as it is declared there, as another module: its files are uploaded, and the
  // request registers it.
  v1::RegisterModulesRequest upload_manifest(const module::Manifest& declared);
  v1::RegisterModulesResponse register_manifest(const module::Manifest& declared);
  // The id of a run of the job, which must be accepted.
  std::string create_run();
  void wait_until_finished(const std::string& run);
  std::uint64_t store_generation();

  TemporaryDirectory directory_;
  std::unique_ptr<Scheduler> scheduler_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::RunService::Stub> runs_;
  std::unique_ptr<v1::AssetService::Stub> assets_;
  std::unique_ptr<v1::ModuleService::Stub> modules_;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::unique_ptr<v1::LogService::Stub> logs_;
  std::unique_ptr<v1::SystemService::Stub> system_;
  std::unique_ptr<v1::WorkerService::Stub> workers_;
  std::unique_ptr<wire::WorkerProtocolService::Stub> protocol_;
};

}  // namespace weir::test
