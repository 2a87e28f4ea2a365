// Sessions of the worker protocol, over gRPC and within the process: the handshake, replacement,
// restarts, the end of either side, and frames of many messages. The worker is the test; the
// scheduler is whole.
#include <grpcpp/support/status.h>

#include "base/json.h"
#include "base/sha256.h"
#include "module/platform.h"
#include "scheduler/rpc/limits.h"
#include "scheduler/rpc/server.h"
#include "tests/integration/rpc/fixture.h"
#include "value/json.h"

namespace weir::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string encoded_number(std::int64_t value) {
  return value::value_from_json("i64", base::Json(value)).value();
}

enum class Way { kGrpc, kLocal };

class SessionTest : public SchedulerTest, public testing::WithParamInterface<Way> {
 protected:
  TestWorker connect() {
    if (GetParam() == Way::kLocal) return TestWorker(scheduler_->local_sessions());
    return {*protocol_, scheduler_->token()};
  }

  v1::ListWorkersResponse list_workers() {
    Call call(scheduler_->token());
    v1::ListWorkersResponse response;
    EXPECT_TRUE(workers_->ListWorkers(call.get(), v1::ListWorkersRequest(), &response).ok());
    return response;
  }

  // Of all tasks of the run when none is named.
  v1::ListAttemptsResponse list_attempts(const std::string& run, const std::string& task = {}) {
    Call call(scheduler_->token());
    v1::ListAttemptsRequest request;
    request.set_run(run);
    request.set_task(task);
    v1::ListAttemptsResponse response;
    EXPECT_TRUE(runs_->ListAttempts(call.get(), request, &response).ok());
    return response;
  }

  v1::Task find_task(const std::string& run, const std::string& name) {
    Call call(scheduler_->token());
    v1::ListTasksRequest request;
    request.set_run(run);
    request.set_name(name);
    v1::ListTasksResponse response;
    EXPECT_TRUE(runs_->ListTasks(call.get(), request, &response).ok());
    return response.tasks_size() == 1 ? response.tasks(0) : v1::Task();
  }

  // Waits until no worker is connected, which the scheduler learns a moment after the worker did.
  bool all_disconnected() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      const v1::ListWorkersResponse workers = list_workers();
      const auto connected = [](const v1::Worker& worker) { return worker.connected(); };
      if (std::none_of(workers.workers().begin(), workers.workers().end(), connected)) return true;
    }
    return false;
  }
};

TEST_P(SessionTest, AWorkerOfAnotherProtocolVersionIsToldBothVersionsAndWhatToUpgrade) {
  for (const int version : {0, 2}) {
    TestWorker worker = connect();
    wire::Hello hello = TestWorker::hello();
    hello.set_protocol_version(version);
    worker.send_hello(hello);
    const grpc::Status status = worker.finish();
    EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
    EXPECT_THAT(status.error_message(), StartsWith("WEIR-E0302: "));
    EXPECT_THAT(status.error_message(), HasSubstr("version " + std::to_string(version)));
    EXPECT_THAT(status.error_message(), HasSubstr("version 1"));
    EXPECT_THAT(status.error_message(),
                HasSubstr(version == 0 ? "upgrade the worker" : "upgrade the scheduler"));
  }
  EXPECT_EQ(list_workers().workers_size(), 0);
}

class GrpcSessionTest : public SchedulerTest {};

TEST_F(GrpcSessionTest, ASessionWithoutTheTokenIsRefused) {
  TestWorker worker(*protocol_, "wrong");
  worker.send_hello(TestWorker::hello());
  const grpc::Status status = worker.finish();
  EXPECT_EQ(status.error_code(), grpc::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), HasSubstr(scheduler_->token_file()));
}

TEST_P(SessionTest, AnythingBeforeHelloEndsTheSession) {
  TestWorker worker = connect();
  wire::WorkerMessage message;
  message.mutable_heartbeat();
  worker.send(message);
  EXPECT_EQ(worker.finish().error_code(), grpc::FAILED_PRECONDITION);
}

TEST_P(SessionTest, WelcomeNamesTheArtifactDirectoryToWorkersOfThisHostOnly) {
  TestWorker elsewhere = connect();
  wire::Hello hello = TestWorker::hello("elsewhere");
  hello.set_host_id("another-host");
  elsewhere.send_hello(hello);
  const wire::Welcome far = elsewhere.expect_welcome();
  EXPECT_TRUE(far.artifact_dir().empty());
  EXPECT_EQ(far.protocol_version(), 1);
  EXPECT_GT(far.lease_ms(), far.heartbeat_ms());
  EXPECT_NE(far.store_generation(), 0u);

  TestWorker here = connect();
  hello = TestWorker::hello("here");
  hello.set_host_id(module::host_id());
  here.send_hello(hello);
  EXPECT_EQ(here.expect_welcome().artifact_dir(), scheduler_->data_dir() + "/artifacts");
}

TEST_P(SessionTest, WorkersShowAsConnectedUntilTheyLeave) {
  {
    TestWorker worker = connect();
    worker.send_hello(TestWorker::hello());
    worker.expect_welcome();
    const v1::ListWorkersResponse workers = list_workers();
    ASSERT_EQ(workers.workers_size(), 1);
    EXPECT_TRUE(workers.workers(0).connected());
    EXPECT_EQ(workers.workers(0).slots(), 1);
    EXPECT_TRUE(worker.finish().ok());
  }
  EXPECT_TRUE(all_disconnected());
  EXPECT_EQ(list_workers().workers_size(), 1);
}

TEST_P(SessionTest, ASecondProcessUnderTheSameIdReplacesTheFirst) {
  TestWorker first = connect();
  first.send_hello(TestWorker::hello());
  first.expect_welcome();
  TestWorker second = connect();
  second.send_hello(TestWorker::hello());
  second.expect_welcome();
  wire::SchedulerMessage message;
  EXPECT_FALSE(first.next(&message)) << message.ShortDebugString();
  const grpc::Status status = first.finish();
  EXPECT_THAT(status.error_message(), StartsWith("WEIR-E0303: "));
  EXPECT_TRUE(list_workers().workers(0).connected());
}

TEST_P(SessionTest, ADrainedWorkerIsToldSoAndGetsNoWork) {
  register_module();
  TestWorker worker = connect();
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  Call call(scheduler_->token());
  v1::DrainWorkerRequest request;
  request.set_worker("w1");
  v1::DrainWorkerResponse response;
  ASSERT_TRUE(workers_->DrainWorker(call.get(), request, &response).ok());
  wire::SchedulerMessage message;
  ASSERT_TRUE(worker.next(&message));
  EXPECT_TRUE(message.set_draining().draining());
  create_run();
  request.set_undo(true);
  Call undo_call(scheduler_->token());
  ASSERT_TRUE(workers_->DrainWorker(undo_call.get(), request, &response).ok());
  ASSERT_TRUE(worker.next(&message));
  ASSERT_TRUE(message.has_set_draining()) << message.ShortDebugString();
  EXPECT_FALSE(message.set_draining().draining());
  EXPECT_EQ(worker.next_assign().task(), "a");
}

TEST_P(SessionTest, InputsOfATaskAreReadFromTheStoreAfterARestart) {
  register_module();
  {
    TestWorker worker = connect();
    worker.send_hello(TestWorker::hello());
    worker.expect_welcome();
    create_run();
    worker.report_success(worker.next_assign(), encoded_number(41));
    worker.next_assign();  // b, which this worker will never finish
  }
  scheduler_.reset();  // with it goes the cache of reported values
  start();
  TestWorker worker = connect();
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  const wire::Assign again = worker.next_assign();
  EXPECT_EQ(again.task(), "b");
  ASSERT_EQ(again.inputs_size(), 1);
  EXPECT_TRUE(again.inputs(0).value().is_inline());
  EXPECT_EQ(again.inputs(0).value().inline_bytes(), encoded_number(41));
}

// Sixteen values of 60 KiB, and a hundred stages that read all of them and become ready at once.
module::Manifest wide_manifest(const module::StageSpec& model) {
  module::Manifest out;
  out.pipeline = "wide";
  out.architecture = "x86_64";
  module::StageSpec reader = model;
  const auto named = [&](module::StageSpec stage, const std::string& name) {
    stage.name = name;
    stage.outputs[0].asset = name;
    return stage;
  };
  for (int i = 0; i < 16; ++i) {
    out.stages.push_back(named(model, "in" + std::to_string(i)));
    module::DependencySpec dependency;
    dependency.name = out.stages.back().name;
    dependency.type = model.outputs[0].type;
    reader.dependencies.push_back(dependency);
  }
  for (int i = 0; i < 100; ++i) out.stages.push_back(named(reader, "out" + std::to_string(i)));
  module::JobSpec job;
  job.name = "all";
  job.selection = "*";
  out.jobs.push_back(job);
  return out;
}

TEST_P(SessionTest, ABurstOfAssignmentsWithValuesDoesNotCutTheWorkerOff) {
  const std::string program = "wide program";
  ASSERT_TRUE(upload(program, base::sha256(program).hex(), std::ssize(program)).ok());
  v1::RegisterModulesRequest registration = register_request();
  v1::ModuleSpec* module = registration.mutable_modules(0);
  module->set_manifest_json(module::manifest_to_json(wide_manifest(manifest().stages[0])).dump());
  module->mutable_files(0)->set_digest(base::sha256(program).hex());
  module->mutable_files(0)->set_size_bytes(std::ssize(program));
  Call call(scheduler_->token());
  v1::RegisterModulesResponse registered;
  const grpc::Status status = modules_->RegisterModules(call.get(), registration, &registered);
  ASSERT_TRUE(status.ok()) << status.error_message();

  TestWorker worker = connect();
  wire::Hello hello = TestWorker::hello();
  hello.set_slots(200);
  worker.send_hello(hello);
  worker.expect_welcome();
  v1::CreateRunRequest run;
  run.set_job("wide/all");
  v1::CreateRunResponse created;
  Call create_call(scheduler_->token());
  ASSERT_TRUE(runs_->CreateRun(create_call.get(), run, &created).ok());
  std::vector<wire::Assign> first;
  for (int i = 0; i < 16; ++i) first.push_back(worker.next_assign());
  for (int i = 0; i < 16; ++i) {
    worker.report_success(first[i], std::string(60 << 10, static_cast<char>('a' + i)));
  }
  int with_values = 0;
  for (int i = 0; i < 100; ++i) {
    const wire::Assign assign = worker.next_assign();
    ASSERT_EQ(assign.inputs_size(), 16) << i << worker.finish().error_message();
    if (assign.inputs(15).value().is_inline()) ++with_values;
  }
  EXPECT_GT(with_values, 0);
  EXPECT_LT(with_values, 64);
  EXPECT_TRUE(worker.finish().ok());
}

TEST_P(SessionTest, AReportWhoseBytesDoNotMatchFailsTheTask) {
  register_module();
  TestWorker worker = connect();
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  const std::string run = create_run();
  const wire::Assign assign = worker.next_assign();
  wire::WorkerMessage message;
  wire::Finished* finished = message.mutable_finished();
  *finished->mutable_attempt() = assign.attempt();
  finished->set_outcome(wire::OUTCOME_SUCCEEDED);
  wire::ValueRef* value = finished->add_outputs()->mutable_value();
  finished->mutable_outputs(0)->set_asset("a");
  value->set_digest(std::string(base::sha256("right").raw()));
  value->set_size(5);
  value->set_inline_bytes("wrong");
  value->set_is_inline(true);
  worker.send(message);
  wait_until_finished(run);
  const v1::ListAttemptsResponse attempts = list_attempts(run, "a");
  ASSERT_GE(attempts.attempts_size(), 1);
  EXPECT_EQ(attempts.attempts(0).outcome(), v1::OUTCOME_FAILED);
  EXPECT_THAT(attempts.attempts(0).message(), HasSubstr("WEIR-E0406"));
}

// As of a worker that was connected before a backup was restored: the number of its attempt is
// given again, but not to it.
TEST_P(SessionTest, AReportOfAnotherStoreGenerationIsStaleAndChangesNothing) {
  register_module();
  TestWorker worker = connect();
  worker.send_hello(TestWorker::hello());
  const std::uint64_t generation = worker.expect_welcome().store_generation();
  const std::string run = create_run();
  const wire::Assign assign = worker.next_assign();
  EXPECT_EQ(assign.attempt().store_generation(), generation);
  for (const std::uint64_t foreign : {generation + 1, std::uint64_t{0}}) {
    wire::Assign old = assign;
    old.mutable_attempt()->set_store_generation(foreign);
    worker.report_success(old, "of another life");
    wire::SchedulerMessage answer;
    ASSERT_TRUE(worker.next(&answer));
    ASSERT_TRUE(answer.has_acknowledge()) << answer.ShortDebugString();
    EXPECT_TRUE(answer.acknowledge().stale());
    EXPECT_EQ(answer.acknowledge().attempt().store_generation(), foreign);
  }
  const v1::ListAttemptsResponse attempts = list_attempts(run, "a");
  ASSERT_EQ(attempts.attempts_size(), 1);
  EXPECT_EQ(attempts.attempts(0).outcome(), v1::OUTCOME_UNSPECIFIED);
  worker.report_success(assign, "right");
  wire::SchedulerMessage answer;
  ASSERT_TRUE(worker.next(&answer));
  EXPECT_TRUE(answer.has_acknowledge() && !answer.acknowledge().stale());
}

TEST_P(SessionTest, ProgressIsShownBesideTheTaskAndNotThatOfAnotherStoreGeneration) {
  register_module();
  TestWorker worker = connect();
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  const std::string run = create_run();
  const wire::Assign assign = worker.next_assign();
  const auto say = [&](double fraction, const std::string& words, std::uint64_t generation) {
    wire::WorkerMessage message;
    wire::AttemptProgress* one = message.mutable_progressed()->add_attempts();
    *one->mutable_attempt() = assign.attempt();
    one->mutable_attempt()->set_store_generation(generation);
    one->mutable_progress()->set_fraction(fraction);
    one->mutable_progress()->set_message(words);
    worker.send(message);
  };
  ASSERT_FALSE(list_attempts(run, "a").attempts(0).has_progress());
  const std::uint64_t generation = assign.attempt().store_generation();
  say(0.42, "epoch 3 of 10", generation);
  say(0.9, "of another life", generation + 1);
  v1::Attempt shown;
  while (!shown.has_progress()) shown = list_attempts(run, "a").attempts(0);
  EXPECT_DOUBLE_EQ(shown.progress().fraction(), 0.42);
  EXPECT_EQ(shown.progress().message(), "epoch 3 of 10");
  EXPECT_GT(shown.progress().at().seconds(), 0);
  EXPECT_EQ(find_task(run, "a").progress().message(), "epoch 3 of 10");

  worker.report_success(assign, "right");
  wire::SchedulerMessage answer;
  ASSERT_TRUE(worker.next(&answer));  // after the commit
  EXPECT_EQ(find_task(run, "a").progress().message(), "epoch 3 of 10") << "its last word stays";
}

TEST_P(SessionTest, AttemptsHeldUnderAnotherStoreGenerationAreNotAdopted) {
  register_module();
  const std::string run = create_run();
  wire::Assign first;
  {
    TestWorker worker = connect();
    worker.send_hello(TestWorker::hello());
    worker.expect_welcome();
    first = worker.next_assign();
  }
  TestWorker worker = connect();
  wire::Hello hello = TestWorker::hello();
  *hello.add_held() = first.attempt();
  hello.mutable_held(0)->set_store_generation(first.attempt().store_generation() + 1);
  worker.send_hello(hello);
  worker.expect_welcome();
  // It has nothing that we leased to it, so what we leased is sent again.
  EXPECT_EQ(worker.next_assign().attempt().ShortDebugString(), first.attempt().ShortDebugString());
}

TEST_P(SessionTest, AFrameOfTooManyMessagesEndsTheSession) {
  TestWorker worker = connect();
  wire::SessionRequest frame;
  for (std::size_t i = 0; i <= rpc::kMessagesPerFrameMax; ++i) {
    frame.add_messages()->mutable_heartbeat();
  }
  worker.send(frame);
  EXPECT_THAT(worker.finish().error_message(), StartsWith("WEIR-E0003: "));
}

TEST_P(SessionTest, AHeartbeatIsHeard) {
  TestWorker worker = connect();
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  for (const std::int64_t sent_at_us : {17, 18}) {
    wire::WorkerMessage message;
    message.mutable_heartbeat()->set_sent_at_us(sent_at_us);
    worker.send(message);
    wire::SchedulerMessage answer;
    ASSERT_TRUE(worker.next(&answer));
    EXPECT_EQ(answer.heard().sent_at_us(), sent_at_us) << answer.ShortDebugString();
  }
}

TEST_P(SessionTest, OneWorkerMoreThanThereMayBeIsRefused) {
  std::vector<std::unique_ptr<TestWorker>> workers;
  for (int i = 0; i < rpc::kSessionsMax; ++i) {
    workers.push_back(std::make_unique<TestWorker>(scheduler_->local_sessions()));
  }
  TestWorker surplus = connect();
  surplus.send_hello(TestWorker::hello());
  const grpc::Status status = surplus.finish();
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), StartsWith("WEIR-E0003: 256 workers"));
  workers.pop_back();
  TestWorker next = connect();
  next.send_hello(TestWorker::hello());
  next.expect_welcome();
}

TEST_P(SessionTest, StoppingTheSchedulerEndsSessionsWithUnavailable) {
  TestWorker worker = connect();
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  scheduler_->stop();
  wire::SchedulerMessage message;
  EXPECT_FALSE(worker.next(&message));
  EXPECT_EQ(worker.finish().error_code(), grpc::UNAVAILABLE);
}

// The worker is told that its report was taken, and goes on; the run ends and says why.
TEST_P(SessionTest, AReportWithTooMuchMetadataFailsItsTaskAndNothingElse) {
  register_module();
  TestWorker worker = connect();
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  const std::string run = create_run();
  const wire::Assign assign = worker.next_assign();
  worker.report_success(assign, encoded_number(1), true,
                        "{\"a\":{\"text\":\"" + std::string(70'000, 'x') + "\"}}");
  wait_until_finished(run);
  const v1::ListAttemptsResponse attempts = list_attempts(run);
  ASSERT_EQ(attempts.attempts_size(), 1);
  EXPECT_EQ(attempts.attempts(0).outcome(), v1::OUTCOME_FAILED);
  EXPECT_THAT(attempts.attempts(0).message(), StartsWith("WEIR-E0003: metadata 'text' has 700"));
  EXPECT_EQ(attempts.attempts(0).metadata_json(), "{}");
  wire::SchedulerMessage answer;
  ASSERT_TRUE(worker.next(&answer));
  ASSERT_TRUE(answer.has_acknowledge()) << answer.ShortDebugString();
  EXPECT_FALSE(answer.acknowledge().stale());

  const std::string next = create_run();  // over the same session
  worker.report_success(worker.next_assign(), encoded_number(1));
  worker.report_success(worker.next_assign(), encoded_number(2));
  wait_until_finished(next);
  EXPECT_TRUE(worker.finish().ok());
}

INSTANTIATE_TEST_SUITE_P(Over, SessionTest, testing::Values(Way::kGrpc, Way::kLocal),
                         [](const testing::TestParamInfo<Way>& of) {
                           return of.param == Way::kGrpc ? "Grpc" : "Local";
                         });

class LocalSessionTest : public SchedulerTest {};

TEST_F(LocalSessionTest, OneThatIsOpenedAfterTheStopIsRefused) {
  const base::OpenLocalSession open = scheduler_->local_sessions();
  scheduler_.reset();
  TestWorker worker(open);
  worker.send_hello(TestWorker::hello());
  EXPECT_EQ(worker.finish().error_code(), grpc::UNAVAILABLE);
}

TEST_F(LocalSessionTest, OneThatOutlivesTheSchedulerIsHarmless) {
  TestWorker silent(scheduler_->local_sessions());
  TestWorker busy(scheduler_->local_sessions());
  busy.send_hello(TestWorker::hello());  // the welcome is not taken: a write is under way
  scheduler_.reset();
  for (TestWorker* worker : {&silent, &busy}) {
    worker->send_hello(TestWorker::hello());
    EXPECT_EQ(worker->finish().error_code(), grpc::UNAVAILABLE);
  }
}

TEST_F(LocalSessionTest, OneThatIsDroppedWhileTheSchedulerStopsIsHarmless) {
  const base::OpenLocalSession open = scheduler_->local_sessions();
  const auto hello = [](const std::string& id) {
    wire::SessionRequest frame;
    *frame.add_messages()->mutable_hello() = TestWorker::hello(id);
    return frame;
  };
  std::unique_ptr<base::LocalSession> second;
  int ended = 0;
  base::LocalSession::Handlers handlers;
  handlers.received = [](const std::shared_ptr<wire::SessionResponse>&) {};
  handlers.ended = [&](const base::Status&) {
    ++ended;
    second.reset();  // while the scheduler is at ending the first
  };
  const std::unique_ptr<base::LocalSession> first = open(handlers);
  first->send(hello("w1"));
  handlers.ended = [&](const base::Status&) { ++ended; };
  second = open(handlers);
  second->send(hello("w2"));
  scheduler_.reset();
  EXPECT_EQ(ended, 2);
}

}  // namespace
}  // namespace weir::test
