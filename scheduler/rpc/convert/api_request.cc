// Messages of the public API to values, hashes of requests, and page requests. Everything that
// comes from outside is checked here before a command carries it. Pure functions, safe from any
// thread; what needs the store to be judged is not judged here.
#include <algorithm>
#include <memory>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include "base/errors.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/convert/enums.h"
#include "weir/v1/common.pb.h"
#include "weir/v1/log_service.pb.h"
#include "weir/v1/module_service.pb.h"
#include "weir/v1/run_service.pb.h"

namespace weir::rpc {
namespace {

constexpr std::size_t kPathBytesMax = 1024;
constexpr int kNanosPerMicro = 1000;
constexpr std::int64_t kSecondsMin = -62'135'596'800;  // the years 1 to 9999, as Timestamp has it
constexpr std::int64_t kSecondsMax = 253'402'300'799;

base::Status invalid(int error, std::string message) {
  return base::Status(base::Code::kInvalidArgument, error, std::move(message));
}

}  // namespace

base::Result<std::optional<engine::RunState>> run_state_from_proto(int state) {
  const auto known = from_proto_enum<engine::RunState>(static_cast<v1::RunState>(state));
  if (known || state == v1::RUN_STATE_UNSPECIFIED) return known;
  return invalid(base::kErrUsage, "there is no run state " + std::to_string(state));
}

base::Result<std::optional<engine::TaskState>> task_state_from_proto(int state) {
  const auto known = from_proto_enum<engine::TaskState>(static_cast<v1::TaskState>(state));
  if (known || state == v1::TASK_STATE_UNSPECIFIED) return known;
  return invalid(base::kErrUsage, "there is no task state " + std::to_string(state));
}

base::Result<std::optional<engine::OriginKind>> origin_kind_from_proto(int kind) {
  const auto known = from_proto_enum<engine::OriginKind>(static_cast<v1::OriginKind>(kind));
  if (known || kind == v1::ORIGIN_KIND_UNSPECIFIED) return known;
  return invalid(base::kErrUsage, "there is no origin of runs " + std::to_string(kind));
}

base::Result<ports::LogStream> log_stream_from_proto(int stream) {
  switch (stream) {
    case v1::LOG_STREAM_STDOUT:
      return ports::LogStream::kStdout;
    case v1::LOG_STREAM_STDERR:
      return ports::LogStream::kStderr;
    case v1::LOG_STREAM_LOG:
      return ports::LogStream::kLog;
  }
  return invalid(base::kErrUsage, "a log stream is needed: stdout, stderr or log");
}

engine::WallTime from_proto(const google::protobuf::Timestamp& time) {
  const std::int64_t seconds = std::clamp(time.seconds(), kSecondsMin, kSecondsMax);
  return engine::WallTime(std::chrono::seconds(seconds) +
                          std::chrono::microseconds(time.nanos() / kNanosPerMicro));
}

base::Result<engine::BundleFile> from_proto(const v1::ModuleFile& file) {
  if (!safe_relative_path(file.path())) {
    return invalid(base::kErrBadManifest, "the module's file '" + file.path() +
                                              "' is not a relative path inside its bundle");
  }
  const std::optional<engine::Digest> digest = engine::Digest::parse(file.digest());
  if (!digest || file.size_bytes() < 0) {
    return invalid(base::kErrBadManifest,
                   "the module's file '" + file.path() +
                       "' has no valid digest (64 hexadecimal characters) or size");
  }
  engine::BundleFile out;
  out.path = file.path();
  out.digest = *digest;
  out.size = file.size_bytes();
  out.executable = file.executable();
  return out;
}

engine::Digest request_hash(const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> copy(request.New());
  copy->CopyFrom(request);
  if (const auto* key = copy->GetDescriptor()->FindFieldByName("idempotency_key")) {
    copy->GetReflection()->ClearField(copy.get(), key);
  }
  std::string bytes = copy->GetDescriptor()->full_name() + '\0';
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    copy->SerializeToCodedStream(&coded);
  }
  return base::sha256(bytes);
}

base::Result<ports::PageRequest> page_request(int size, const std::string& token, int standard,
                                              int most) {
  if (size < 0) {
    return invalid(base::kErrLimit, "page_size is " + std::to_string(size) +
                                        "; it must be 0 (for " + std::to_string(standard) +
                                        ") or more; a page never has over " + std::to_string(most) +
                                        " rows");
  }
  ports::PageRequest page;
  page.size = size == 0 ? standard : std::min(size, most);
  page.after = token;
  return page;
}

bool safe_relative_path(std::string_view path) {
  if (path.empty() || path.size() > kPathBytesMax || path.front() == '/') return false;
  if (path.find('\0') != std::string_view::npos) return false;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment.empty() || segment == "." || segment == "..") return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace weir::rpc
