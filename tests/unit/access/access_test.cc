// The token check and the table of open methods, as texts. That every method which is served is
// closed unless it stands in the table is shown against a running scheduler, in
// tests/integration/rpc/access_test.cc.
#include "scheduler/access/access.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace weir::access {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr const char* kCreateRun = "/weir.v1.RunService/CreateRun";

TEST(OpenMethods, AreWhetherSomebodyIsThereAndWhichVersionAndNothingElse) {
  const auto open = open_methods();
  EXPECT_THAT(
      std::vector(open.begin(), open.end()),
      UnorderedElementsAre("/grpc.health.v1.Health/Check", "/weir.v1.SystemService/GetVersion"));
}

TEST(Access, OpenMethodsNeedNothingAndTakeAWrongTokenToo) {
  const Access access("secret", "/data/token");
  for (const std::string_view method : open_methods()) {
    EXPECT_TRUE(access.admit(method, "").ok()) << method;
    EXPECT_TRUE(access.admit(method, "Bearer wrong").ok()) << method;
  }
}

TEST(Access, NamesThatAreNotExactlyThoseOfOpenMethodsAreClosed) {
  const Access access("secret", "/data/token");
  for (const char* method :
       {"", "/", "/weir.v1.SystemService/GetVersio", "/weir.v1.SystemService/GetVersion/",
        "weir.v1.SystemService/GetVersion", "/weir.v1.systemservice/getversion",
        "/grpc.health.v1.Health/Watch", "/weir.v1.RunService/ListRuns", "/nothing.Like/This"}) {
    EXPECT_EQ(access.admit(method, "").code(), base::Code::kUnauthenticated) << method;
    EXPECT_TRUE(access.admit(method, "Bearer secret").ok()) << method;
  }
}

TEST(Access, WrongTokenSaysWhereTheRightOneIs) {
  const Access access("secret", "/data/token");
  for (const char* header : {"", "Bearer secreT", "Bearer ", "secret", "bearer secret",
                             "Bearer secret2", "Bearer  secret", "Basic secret", "Bearer \xff"}) {
    const base::Status status = access.admit(kCreateRun, header);
    EXPECT_EQ(status.code(), base::Code::kUnauthenticated) << header;
    EXPECT_EQ(status.error(), base::kErrUnauthenticated);
    EXPECT_THAT(status.message(), HasSubstr("/data/token"));
    EXPECT_THAT(status.message(), Not(HasSubstr("secret")));
  }
  EXPECT_TRUE(access.admit(kCreateRun, "Bearer secret").ok());
}

TEST(EqualConstantTime, ComparesTheWholeText) {
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace weir::access
