// The method table against the services as they are generated, by reflection: a
// method that nobody decided about must fail here. And the token check. No server, no
// threads.
#include "scheduler/rpc/access.h"

#include <algorithm>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "weir/v1/asset_service.pb.h"
#include "weir/v1/event_service.pb.h"
#include "weir/v1/log_service.pb.h"
#include "weir/v1/module_service.pb.h"
#include "weir/v1/run_service.pb.h"
#include "weir/v1/system_service.pb.h"
#include "weir/v1/worker_service.pb.h"
#include "weir/worker/v1/worker.pb.h"

namespace weir::rpc {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;

std::vector<const MethodDescriptor*> all_methods() {
  std::vector<const MethodDescriptor*> out;
  const FileDescriptor* files[] = {
      v1::GetAssetRequest::descriptor()->file(),
      v1::ListEventsRequest::descriptor()->file(),
      v1::ListLogsRequest::descriptor()->file(),
      v1::ListModulesRequest::descriptor()->file(),
      v1::ListRunsRequest::descriptor()->file(),
      v1::GetInfoRequest::descriptor()->file(),
      v1::ListWorkersRequest::descriptor()->file(),
      worker::v1::SessionRequest::descriptor()->file(),
  };
  for (const FileDescriptor* file : files) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        out.push_back(file->service(s)->method(m));
      }
    }
  }
  return out;
}

std::string full_name(const MethodDescriptor* method) {
  return "/" + method->service()->full_name() + "/" + method->name();
}

TEST(AccessTable, CoversEveryMethodOfEveryServiceAndNothingElse) {
  std::set<std::string> served;
  for (const MethodDescriptor* method : all_methods()) served.insert(full_name(method));
  std::set<std::string> known;
  for (const MethodAccess& entry : method_table()) known.insert(std::string(entry.method));
  EXPECT_EQ(served, known);
}

TEST(AccessTable, IsSortedSoThatLookupsFindEveryEntry) {
  for (const MethodAccess& entry : method_table()) {
    EXPECT_EQ(access_of(entry.method), entry.kind) << entry.method;
  }
}

TEST(AccessTable, RequestsWithAnIdempotencyKeyNeedTheToken) {
  for (const MethodDescriptor* method : all_methods()) {
    if (method->input_type()->FindFieldByName("idempotency_key") == nullptr) continue;
    EXPECT_EQ(access_of(full_name(method)), AccessKind::kMutate) << full_name(method);
  }
}

TEST(AccessTable, UploadsAndTheWholeWorkerProtocolNeedTheToken) {
  const Access access("secret", "/data/token");
  for (const MethodDescriptor* method : all_methods()) {
    const bool closed =
        method->client_streaming() || method->service()->full_name().starts_with("weir.worker");
    if (!closed) continue;
    EXPECT_FALSE(access.admit(full_name(method), "").ok()) << full_name(method);
  }
}

TEST(Access, UnknownMethodIsRefusedEvenWithTheToken) {
  const Access access("secret", "/data/token");
  const base::Status status = access.admit("/weir.v1.RunService/DropEverything", "Bearer secret");
  EXPECT_EQ(status.code(), base::Code::kPermissionDenied);
  EXPECT_FALSE(access.admit("/weir.v1.RunService/CreateRu", "Bearer secret").ok());
  EXPECT_FALSE(access.admit("weir.v1.RunService/CreateRun", "Bearer secret").ok());
}

TEST(Access, WrongTokenSaysWhereTheRightOneIs) {
  const Access access("secret", "/data/token");
  for (const char* header : {"", "Bearer secreT", "Bearer ", "secret", "bearer secret",
                             "Bearer secret2", "Basic secret"}) {
    const base::Status status = access.admit("/weir.v1.RunService/CreateRun", header);
    EXPECT_EQ(status.code(), base::Code::kUnauthenticated) << header;
    EXPECT_EQ(status.error(), base::kErrUnauthenticated);
    EXPECT_THAT(status.message(), testing::HasSubstr("/data/token"));
    EXPECT_THAT(status.message(), testing::Not(testing::HasSubstr("secret")));
  }
  EXPECT_TRUE(access.admit("/weir.v1.RunService/CreateRun", "Bearer secret").ok());
}

TEST(Access, ReadsAreOpen) {
  const Access access("secret", "/data/token");
  EXPECT_TRUE(access.admit("/weir.v1.RunService/ListRuns", "").ok());
}

TEST(EqualConstantTime, ComparesTheWholeText) {
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace weir::rpc
