// Reflection over the generated descriptors, JSON by protobuf's own conversion, and the generic
// stub. Bytes are converted on the caller's thread, which is the gateway's one HTTP thread;
// requests are at most 4 MiB.
#include "scheduler/http/gateway.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include "base/errors.h"
#include "base/status.h"
#include "scheduler/http/connect_error.h"
#include "scheduler/http/limits.h"

namespace weir::http {
namespace {

namespace pb = google::protobuf;

constexpr std::string_view kPackage = "weir.v1";
constexpr std::string_view kTypePrefix = "type.googleapis.com";

enum class Encoding { kJson, kProto };

CallAnswer error_answer(int code, const std::string& message) {
  CallAnswer answer;
  answer.status = http_status(code);
  answer.body = error_document(code, message);
  return answer;
}

CallAnswer error_answer(base::Code code, int error, std::string message) {
  return error_answer(static_cast<int>(code), base::Status(code, error, std::move(message)).text());
}

const pb::MethodDescriptor* find_method(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash < 2 || path.front() != '/') return nullptr;
  const auto* service =
      pb::DescriptorPool::generated_pool()->FindServiceByName(path.substr(1, slash - 1));
  if (service == nullptr || service->file()->package() != kPackage) return nullptr;
  return service->FindMethodByName(path.substr(slash + 1));
}

// The media type in lower case, without parameters.
std::string media_type(const std::string& content_type) {
  std::string out = content_type.substr(0, content_type.find_first_of("; \t"));
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string type_url(const pb::Descriptor* type) {
  return std::string(kTypePrefix) + "/" + type->full_name();
}

std::string to_string(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string out;
  if (!buffer.Dump(&slices).ok()) return out;  // an empty message has no slices
  for (const grpc::Slice& slice : slices) {
    out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return out;
}

// One call under way; lives until gRPC has answered.
struct Call {
  const pb::MethodDescriptor* method = nullptr;
  Encoding encoding = Encoding::kJson;
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
};

}  // namespace

struct Gateway::State {
  explicit State(std::shared_ptr<grpc::Channel> channel)
      : stub(std::move(channel)),
        resolver(pb::util::NewTypeResolverForDescriptorPool(
            std::string(kTypePrefix), pb::DescriptorPool::generated_pool())) {}

  // What is wrong with the request, or nothing and a call that is ready to start.
  std::optional<CallAnswer> prepare(const CallRequest& request, Call& call) const;
  CallAnswer finish(const Call& call, const grpc::Status& status) const;

  // False when the gateway is stopping.
  bool enter(const std::shared_ptr<Call>& call) {
    const std::lock_guard lock(mutex);
    if (stopping) return false;
    calls.insert(call);
    return true;
  }
  void leave(const std::shared_ptr<Call>& call) {
    const std::lock_guard lock(mutex);
    calls.erase(call);
    if (calls.empty()) none_left.notify_all();
  }

  std::mutex mutex;
  std::condition_variable none_left;
  bool stopping = false;                  // guarded by mutex
  std::set<std::shared_ptr<Call>> calls;  // under way; guarded by mutex
  grpc::GenericStub stub;
  const std::unique_ptr<pb::util::TypeResolver> resolver;
};

std::optional<CallAnswer> Gateway::State::prepare(const CallRequest& request, Call& call) const {
  using enum base::Code;
  call.method = find_method(request.path);
  if (call.method == nullptr) {
    CallAnswer answer =
        error_answer(kUnimplemented, base::kErrUsage, "there is no method '" + request.path + "'");
    answer.status = 404;
    return answer;
  }
  if (call.method->client_streaming() || call.method->server_streaming()) {
    return error_answer(kUnimplemented, base::kErrUsage,
                        request.path + " is a stream, which only the gRPC port serves");
  }
  const std::string type = media_type(request.content_type);
  if (type != "application/json" && type != "application/proto") {
    CallAnswer answer =
        error_answer(kInvalidArgument, base::kErrUsage,
                     "send 'content-type: application/json' (or application/proto)");
    answer.status = 415;
    return answer;
  }
  call.encoding = type == "application/json" ? Encoding::kJson : Encoding::kProto;
  if (!request.content_encoding.empty() && request.content_encoding != "identity") {
    return error_answer(kUnimplemented, base::kErrUsage,
                        "compression '" + request.content_encoding + "' is not understood");
  }
  if (!request.protocol_version.empty() && request.protocol_version != "1") {
    return error_answer(kInvalidArgument, base::kErrUsage, "connect-protocol-version must be 1");
  }
  std::string binary = request.body;
  if (call.encoding == Encoding::kJson) {
    binary.clear();
    const std::string& json = request.body.empty() ? std::string("{}") : request.body;
    const auto parsed = pb::util::JsonToBinaryString(
        resolver.get(), type_url(call.method->input_type()), json, &binary);
    if (!parsed.ok()) {
      return error_answer(kInvalidArgument, base::kErrUsage,
                          "the body is not a " + call.method->input_type()->full_name() + ": " +
                              std::string(parsed.message()));
    }
  }
  const grpc::Slice slice(binary);
  call.request = grpc::ByteBuffer(&slice, 1);
  return std::nullopt;
}

CallAnswer Gateway::State::finish(const Call& call, const grpc::Status& status) const {
  if (!status.ok()) {
    return error_answer(static_cast<int>(status.error_code()), status.error_message());
  }
  CallAnswer answer;
  answer.body = to_string(call.response);
  if (call.encoding == Encoding::kProto) {
    answer.content_type = "application/proto";
    return answer;
  }
  std::string json;
  const auto converted = pb::util::BinaryToJsonString(
      resolver.get(), type_url(call.method->output_type()), answer.body, &json);
  if (!converted.ok()) {
    return error_answer(base::Code::kInternal, base::kErrInternal,
                        "the answer cannot be shown as JSON: " + std::string(converted.message()));
  }
  answer.body = std::move(json) + "\n";
  return answer;
}

Gateway::Gateway(std::shared_ptr<grpc::Channel> channel)
    : state_(std::make_shared<State>(std::move(channel))) {}

Gateway::~Gateway() { stop(); }

void Gateway::stop() {
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  for (const auto& call : state_->calls) call->context.TryCancel();
  state_->none_left.wait(lock, [this] { return state_->calls.empty(); });
}

bool Gateway::is_method(const std::string& path) { return find_method(path) != nullptr; }

void Gateway::call(CallRequest request, Done done) {
  const auto call = std::make_shared<Call>();
  if (std::optional<CallAnswer> refused = state_->prepare(request, *call)) {
    return done(std::move(*refused));
  }
  auto deadline = kCallDeadline;
  if (!request.timeout_ms.empty()) {
    std::int64_t asked = 0;
    const char* end = request.timeout_ms.data() + request.timeout_ms.size();
    const auto parsed = std::from_chars(request.timeout_ms.data(), end, asked);
    if (parsed.ec != std::errc{} || parsed.ptr != end || asked < 0) {
      return done(error_answer(base::Code::kInvalidArgument, base::kErrUsage,
                               "connect-timeout-ms is not a number of milliseconds"));
    }
    deadline = std::min(deadline, std::chrono::milliseconds(asked));
  }
  call->context.set_deadline(std::chrono::system_clock::now() + deadline);
  if (!state_->enter(call)) {
    return done(error_answer(base::Code::kUnavailable, base::kErrShuttingDown,
                             "the scheduler is shutting down"));
  }
  state_->stub.UnaryCall(
      &call->context, request.path, grpc::StubOptions(), &call->request, &call->response,
      [state = state_, call, done = std::move(done)](const grpc::Status& status) {
        done(state->finish(*call, status));
        state->leave(call);
      });
}

}  // namespace weir::http
