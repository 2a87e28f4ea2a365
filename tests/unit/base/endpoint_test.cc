// How the command line finds a scheduler: which of two announces itself to the user, and what is
// left when it goes. Files stand in a directory of the test's own; the processes named are this one
// and its parent, which both live.
#include "base/endpoint.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace weir::base {
namespace {

namespace fs = std::filesystem;

class EndpointTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "weir-endpoint-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    ::setenv("XDG_RUNTIME_DIR", root_.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("XDG_RUNTIME_DIR");
    fs::remove_all(root_);
  }
  Endpoint endpoint(const std::string& name, std::int64_t pid) {
    fs::create_directory(root_ + "/" + name);
    return {.grpc = "127.0.0.1:1",
            .http = "127.0.0.1:2",
            .token_file = root_ + "/" + name + "/token",
            .data_dir = root_ + "/" + name,
            .pid = pid};
  }

  std::string root_;
};

TEST_F(EndpointTest, FirstLivingSchedulerStaysTheOneThatIsFound) {
  const Endpoint first = endpoint("first", ::getpid());
  const Endpoint second = endpoint("second", ::getppid());
  ASSERT_TRUE(publish_endpoint(first).ok());
  ASSERT_TRUE(publish_endpoint(second).ok());
  EXPECT_EQ(find_endpoint().value().data_dir, first.data_dir);
  EXPECT_EQ(read_endpoint(data_endpoint_file(second.data_dir)).value(), second);
  withdraw_endpoint(second);
  EXPECT_EQ(find_endpoint().value().data_dir, first.data_dir);
}

TEST_F(EndpointTest, DeadSchedulerIsReplaced) {
  ASSERT_TRUE(publish_endpoint(endpoint("dead", 0x7ffffff0)).ok());
  const Endpoint next = endpoint("next", ::getpid());
  ASSERT_TRUE(publish_endpoint(next).ok());
  EXPECT_EQ(find_endpoint().value(), next);
}

}  // namespace
}  // namespace weir::base
