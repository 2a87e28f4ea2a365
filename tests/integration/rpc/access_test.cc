// Who may call what, asked of a running scheduler: every method that the server itself lists, over
// gRPC and over HTTP, without the token. A method that is added later is tested by itself. Test's
// thread.
#include "scheduler/access/access.h"

#include <future>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include "tests/integration/rpc/fixture.h"
#include "tests/integration/rpc/raw_http.h"

namespace weir::test {
namespace {

namespace pb = google::protobuf;
using testing::HasSubstr;

constexpr const char* kReflect = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
constexpr const char* kHealth = "grpc.health.v1.Health";  // gRPC has no descriptor of it

struct Outcome {
  grpc::Status status;
  std::string response;
};

class AccessTest : public SchedulerTest {
 protected:
  // One request, whatever kind of method it is: the door looks before anything reads it.
  Outcome call(const std::string& method, const std::string& token, const std::string& request) {
    Call call(token);
    grpc::GenericStub stub(channel_);
    const grpc::Slice slice(request);
    const grpc::ByteBuffer sent(&slice, 1);
    grpc::ByteBuffer received;
    std::promise<grpc::Status> ended;
    stub.UnaryCall(call.get(), method, grpc::StubOptions(), &sent, &received,
                   [&](grpc::Status status) { ended.set_value(std::move(status)); });
    Outcome out{ended.get_future().get(), ""};
    std::vector<grpc::Slice> slices;
    if (!out.status.ok() || !received.Dump(&slices).ok()) return out;
    for (const grpc::Slice& part : slices) {
      out.response.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
    return out;
  }

  // The services' names as the server tells them.
  std::vector<std::string> services() {
    const auto* pool = pb::DescriptorPool::generated_pool();
    const auto make = [&](const std::string& name) {
      const auto* type = pool->FindMessageTypeByName("grpc.reflection.v1alpha." + name);
      return std::unique_ptr<pb::Message>(
          pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
    };
    const auto request = make("ServerReflectionRequest");
    request->GetReflection()->SetString(
        request.get(), request->GetDescriptor()->FindFieldByName("list_services"), "*");
    const Outcome answer = call(kReflect, scheduler_->token(), request->SerializeAsString());
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    const auto response = make("ServerReflectionResponse");
    EXPECT_TRUE(response->ParseFromString(answer.response));
    const pb::Message& list = response->GetReflection()->GetMessage(
        *response, response->GetDescriptor()->FindFieldByName("list_services_response"));
    const auto* field = list.GetDescriptor()->FindFieldByName("service");
    std::vector<std::string> names;
    for (int i = 0; i < list.GetReflection()->FieldSize(list, field); ++i) {
      const pb::Message& one = list.GetReflection()->GetRepeatedMessage(list, field, i);
      names.push_back(
          one.GetReflection()->GetString(one, one.GetDescriptor()->FindFieldByName("name")));
    }
    return names;
  }

  std::vector<std::string> methods() {
    std::vector<std::string> out;
    for (const std::string& name : services()) {
      const auto* service = pb::DescriptorPool::generated_pool()->FindServiceByName(name);
      if (service == nullptr) {
        EXPECT_EQ(name, kHealth);
        out.insert(out.end(), {"/" + name + "/Check", "/" + name + "/Watch"});
        continue;
      }
      for (int i = 0; i < service->method_count(); ++i) {
        out.push_back("/" + name + "/" + service->method(i)->name());
      }
    }
    return out;
  }
};

TEST_F(AccessTest, EveryServedMethodButTheOpenOnesNeedsTheTokenOverGrpc) {
  const std::vector<std::string> served = methods();
  EXPECT_THAT(served, testing::IsSupersetOf({std::string(kReflect),
                                             std::string("/weir.v1.RunService/ListRuns"),
                                             std::string("/weir.v1.AssetService/ReadValue"),
                                             std::string("/weir.worker.v1.WorkerProtocolService/"
                                                         "Session")}));
  for (const std::string& method : served) {
    for (const char* token : {"", "wrong"}) {
      const grpc::Status status = call(method, token, "").status;
      if (access::open_to_all(method)) {
        EXPECT_TRUE(status.ok()) << method << ": " << status.error_message();
      } else {
        EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << method;
        EXPECT_THAT(status.error_message(), HasSubstr("WEIR-E0502")) << method;
        EXPECT_THAT(status.error_message(), HasSubstr(scheduler_->token_file())) << method;
      }
    }
  }
  for (const std::string_view open : access::open_methods()) {
    EXPECT_THAT(served, testing::Contains(std::string(open)));
  }
}

TEST_F(AccessTest, EveryServedMethodButTheOpenOnesNeedsTheTokenOverHttp) {
  int refused = 0;
  for (const std::string& method : methods()) {
    for (const char* authorization : {"", "Authorization: Bearer wrong\r\n"}) {
      const HttpAnswer answer =
          post(scheduler_->http_address(), method, "{}",
               "Content-Type: application/json\r\n" + std::string(authorization));
      const bool served_here = method.starts_with("/weir.v1.");
      const bool open = served_here && access::open_to_all(method);
      EXPECT_EQ(answer.status, open ? 200 : served_here ? 401 : 404) << method << answer.body;
      refused += answer.status == 401 ? 1 : 0;
    }
  }
  EXPECT_GE(refused, 2 * 25);
}

TEST_F(AccessTest, NamesThatNobodyServesAreToldOnlyToThoseWithTheToken) {
  const std::string unknown = "/weir.v1.RunService/DropEverything";
  EXPECT_EQ(call(unknown, "", "").status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(call(unknown, scheduler_->token(), "").status.error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(AccessTest, VersionIsToldToEverybodyAndNothingBesides) {
  Call call;
  v1::GetVersionResponse response;
  ASSERT_TRUE(system_->GetVersion(call.get(), v1::GetVersionRequest(), &response).ok());
  EXPECT_FALSE(response.version().empty());
  EXPECT_EQ(v1::GetVersionResponse::descriptor()->field_count(), 1);
}

TEST_F(AccessTest, AnyLoopbackAddressMayBeListenedOn) {
  for (const char* address : {"127.0.0.2:0", "[::1]:0"}) {
    scheduler_.reset();
    SchedulerOptions wanted = options();
    wanted.grpc_address = address;
    start(wanted);
    EXPECT_EQ(call("/weir.v1.RunService/ListRuns", "", "").status.error_code(),
              grpc::StatusCode::UNAUTHENTICATED)
        << address;
    EXPECT_TRUE(call("/weir.v1.RunService/ListRuns", scheduler_->token(), "").status.ok())
        << address;
  }
}

}  // namespace
}  // namespace weir::test
