// Starting and stopping the whole: addresses that are taken or not allowed, a
// directory in use, restarts, the endpoint file, and how soon a run is
// accepted.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/endpoint.h"
#include "base/errors.h"
#include "tests/integration/rpc/fixture.h"

namespace weir::test {
namespace {

using testing::HasSubstr;

class AssemblyTest : public SchedulerTest {
 protected:
  SchedulerOptions other() const {
    SchedulerOptions out = options();
    out.data_dir = directory_.path() + "/other";
    return out;
  }
};

TEST_F(AssemblyTest, APortInUseIsNamedWithWhatToDo) {
  SchedulerOptions grpc = other();
  grpc.grpc_address = scheduler_->grpc_address();
  const auto on_grpc = Scheduler::start(grpc);
  ASSERT_FALSE(on_grpc.ok());
  EXPECT_EQ(on_grpc.status().error(), base::kErrPortInUse);
  EXPECT_THAT(on_grpc.status().message(), HasSubstr(scheduler_->grpc_address()));
  EXPECT_THAT(on_grpc.status().message(), HasSubstr("--grpc"));
  SchedulerOptions http = other();
  http.http_address = scheduler_->http_address();
  const auto on_http = Scheduler::start(http);
  ASSERT_FALSE(on_http.ok());
  EXPECT_EQ(on_http.status().error(), base::kErrPortInUse);
  EXPECT_THAT(on_http.status().message(), HasSubstr("--http"));
  const auto free = Scheduler::start(other());
  EXPECT_TRUE(free.ok()) << free.status().text();  // the failures left nothing behind
}

TEST_F(AssemblyTest, AnAddressThatOthersCanReachIsRefused) {
  for (const char* address : {"0.0.0.0:0", "[::]:0"}) {
    SchedulerOptions grpc = other();
    grpc.grpc_address = address;
    EXPECT_EQ(Scheduler::start(grpc).status().error(), base::kErrNotLoopback) << address;
    SchedulerOptions http = other();
    http.http_address = address;
    EXPECT_EQ(Scheduler::start(http).status().error(), base::kErrNotLoopback) << address;
  }
}

TEST_F(AssemblyTest, ADirectoryIsOneSchedulers) {
  const auto second = Scheduler::start(options());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().error(), base::kErrDataDirBusy);
}

TEST_F(AssemblyTest, RunsAndTheTokenSurviveARestart) {
  register_module();
  const std::string run = create_run();
  const std::string token = scheduler_->token();
  scheduler_.reset();
  start();
  EXPECT_EQ(scheduler_->token(), token);
  Call call(scheduler_->token());
  v1::GetRunRequest request;
  request.set_run(run);
  v1::GetRunResponse response;
  ASSERT_TRUE(runs_->GetRun(call.get(), request, &response).ok());
  EXPECT_EQ(response.run().task_count(), 2);
}

// The start returns when requests are admitted, not before. How long it takes is for the benchmark.
TEST_F(AssemblyTest, ARunIsAcceptedAsSoonAsTheStartReturns) {
  register_module();
  scheduler_.reset();
  start();
  EXPECT_FALSE(create_run().empty());
}

TEST_F(AssemblyTest, TheEndpointIsPublishedWhileItRuns) {
  ::setenv("XDG_RUNTIME_DIR", directory_.path().c_str(), 1);
  SchedulerOptions published = other();
  published.publish_endpoint = true;
  auto second = Scheduler::start(published);
  ASSERT_TRUE(second.ok()) << second.status().text();
  for (const std::string& file :
       {base::data_endpoint_file((*second)->data_dir()), base::runtime_endpoint_file()}) {
    const auto endpoint = base::read_endpoint(file);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status().text();
    EXPECT_EQ(endpoint->grpc, (*second)->grpc_address());
    EXPECT_EQ(endpoint->http, (*second)->http_address());
    EXPECT_EQ(endpoint->token_file, (*second)->token_file());
    EXPECT_EQ(base::read_token(endpoint->token_file).value(), (*second)->token());
  }
  const std::string file = base::data_endpoint_file((*second)->data_dir());
  (*second)->stop();
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_FALSE(std::filesystem::exists(base::runtime_endpoint_file()));
  ::unsetenv("XDG_RUNTIME_DIR");
}

TEST_F(AssemblyTest, ATokenFileOfOtherBytesIsRefusedByName) {
  const std::string path = directory_.path() + "/other";
  std::ofstream(path) << "abc\xff"
                      << "def\n";
  const auto token = base::read_token(path);
  EXPECT_EQ(token.status().code(), base::Code::kUnauthenticated);
  EXPECT_THAT(token.status().message(), testing::HasSubstr(path));
}

TEST_F(AssemblyTest, StoppingTwiceIsHarmless) {
  scheduler_->stop();
  scheduler_->stop();
}

}  // namespace
}  // namespace weir::test
