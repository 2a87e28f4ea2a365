// executor.proto by hand: field numbers are that file's. Unknown fields are
// skipped, so that either side may be newer. Protozero throws on malformed bytes;
// the exceptions end here. Keeps no state.
#include "sdk/src/executor_wire.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "base/errors.h"

namespace weir::sdk_impl {
namespace {

using base::Code;
using base::Digest;
using base::Json;
using base::Result;
using base::Status;
using engine::OutcomeClass;

constexpr std::size_t kHeaderBytes = 4;

// Numbers of worker.proto.
constexpr std::int32_t kKindOffset = 1;  // ArtifactKind there begins with UNSPECIFIED

std::int32_t outcome_number(OutcomeClass outcome) {
  switch (outcome) {
    case OutcomeClass::kSucceeded:
      return 1;
    case OutcomeClass::kCheckFailed:
      return 3;
    case OutcomeClass::kLoadError:
      return 10;
    default:
      return 2;  // FAILED: a runner reports nothing else
  }
}

std::string_view view(protozero::data_view data) { return {data.data(), data.size()}; }

WireValue read_value(protozero::pbf_reader in) {
  WireValue out;
  bool is_inline = false;
  std::string bytes;
  while (in.next()) {
    switch (in.tag()) {
      case 1:
        out.ref.digest = Digest::from_bytes(view(in.get_view())).value_or(Digest{});
        break;
      case 2:
        out.ref.size = in.get_int64();
        break;
      case 3:
        out.ref.kind =
            static_cast<engine::ArtifactKind>(std::clamp(in.get_int32() - kKindOffset, 0, 3));
        break;
      case 4:
        out.ref.type = in.get_string();
        break;
      case 5:
        bytes = in.get_string();
        break;
      case 6:
        is_inline = in.get_bool();
        break;
      case 7:
        out.path = in.get_string();
        break;
      default:
        in.skip();
    }
  }
  if (is_inline) out.bytes = std::make_shared<const std::string>(std::move(bytes));
  return out;
}

AttemptInput read_input(protozero::pbf_reader in) {
  AttemptInput out;
  while (in.next()) {
    switch (in.tag()) {
      case 1:
        out.present = in.get_bool();
        break;
      case 2:
        out.state = base::parse_word<engine::TaskState>(in.get_string())
                        .value_or(engine::TaskState::kWaiting);
        break;
      case 3:
        out.reason = in.get_string();
        break;
      case 4:
        out.value = read_value(in.get_message());
        break;
      default:
        in.skip();
    }
  }
  return out;
}

// Fields 1 to 9: what to run and with what.
bool read_work_field(protozero::pbf_reader& in, AttemptRequest& out, bool& has_cursor) {
  switch (in.tag()) {
    case 1:
      out.key.run = base::RunId{in.get_fixed64()};
      out.info.run = out.key.run.text();
      return true;
    case 2:
      out.key.task = in.get_int32();
      return true;
    case 3:
      out.key.epoch = in.get_int32();
      out.info.epoch = out.key.epoch;
      return true;
    case 4:
      out.stage = in.get_int32();
      return true;
    case 5:
      out.inputs.push_back(read_input(in.get_message()));
      return true;
    case 6:
      out.params = in.get_string();
      return true;
    case 7:
      out.cursor_version = in.get_int64();
      return true;
    case 8:
      out.cursor = read_value(in.get_message());
      return true;
    case 9:
      has_cursor = in.get_bool();
      return true;
    default:
      return false;
  }
}

AttemptRequest read_run(protozero::pbf_reader in) {
  AttemptRequest out;
  bool has_cursor = false;
  while (in.next()) {
    if (read_work_field(in, out, has_cursor)) continue;
    switch (in.tag()) {
      case 10:
        out.target.artifact_dir = in.get_string();
        break;
      case 11:
        out.info.scratch = in.get_string();
        break;
      case 12:
        out.info.attempt = in.get_int32();
        break;
      case 13:
        out.info.job = in.get_string();
        break;
      case 14:
        out.info.task = in.get_string();
        break;
      default:
        in.skip();
    }
  }
  if (!has_cursor) out.cursor.reset();
  return out;
}

void write_value(protozero::pbf_writer& parent, std::uint32_t tag, const engine::ValueRef& ref,
                 const std::shared_ptr<const std::string>& bytes,
                 const std::filesystem::path& artifact_dir) {
  protozero::pbf_writer out(parent, tag);
  const std::string_view digest = ref.digest.raw();
  out.add_bytes(1, digest.data(), digest.size());
  out.add_int64(2, ref.size);
  out.add_int32(3, static_cast<std::int32_t>(ref.kind) + kKindOffset);
  out.add_string(4, ref.type);
  if (bytes != nullptr) {
    out.add_bytes(5, *bytes);
    out.add_bool(6, true);
  } else {
    out.add_string(7, artifact_path(artifact_dir, ref.digest).string());
  }
}

void write_check(protozero::pbf_writer& parent, const engine::CheckResult& check) {
  protozero::pbf_writer out(parent, 10);
  out.add_string(1, check.asset);
  out.add_string(2, check.name);
  out.add_int32(3, static_cast<std::int32_t>(check.severity));
  out.add_bool(4, check.passed);
  out.add_string(5, check.reason);
  out.add_string(6, check.metadata);
}

std::string error_type(const engine::AttemptFinished& report) {
  const auto detail = Json::parse(report.detail.empty() ? "{}" : report.detail);
  return detail.ok() ? detail.value()["type"].as_string() : "";
}

void write_report(protozero::pbf_writer& out, const engine::AttemptFinished& report,
                  const std::filesystem::path& artifact_dir) {
  out.add_int32(1, outcome_number(report.outcome));
  out.add_int32(2, static_cast<std::int32_t>(report.success) + 1);
  out.add_string(3, report.message);
  out.add_string(4, error_type(report));
  out.add_string(5, report.metadata);
  if (report.retry_after) {
    using std::chrono::milliseconds;
    out.add_int64(6, std::chrono::ceil<milliseconds>(*report.retry_after).count());
    out.add_bool(7, true);
  }
  out.add_bool(8, report.permanent);
  for (const engine::OutputValue& output : report.outputs) {
    protozero::pbf_writer entry(out, 9);
    entry.add_string(1, output.asset);
    write_value(entry, 2, output.value, output.bytes, artifact_dir);
  }
  for (const engine::CheckResult& check : report.checks) write_check(out, check);
  if (report.cursor) {
    out.add_int64(11, report.cursor->read_version);
    write_value(out, 12, report.cursor->value.value, report.cursor->value.bytes, artifact_dir);
    out.add_bool(13, true);
  }
}

// Reads `size` bytes; the number that came before the end of the stream.
Result<std::size_t> read_exactly(int fd, char* to, std::size_t size) {
  std::size_t got = 0;
  while (got < size) {
    const ssize_t now = ::read(fd, to + got, size - got);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) {
      return Status(Code::kUnavailable, base::kErrExecutorProtocol,
                    std::string("the worker's socket broke: ") + std::strerror(errno));
    }
    if (now == 0) break;
    got += static_cast<std::size_t>(now);
  }
  return got;
}

}  // namespace

Result<std::optional<std::string>> read_frame(int fd) {
  std::array<unsigned char, kHeaderBytes> header{};
  const auto got = read_exactly(fd, reinterpret_cast<char*>(header.data()), header.size());
  if (!got.ok()) return got.status();
  if (*got == 0) return std::optional<std::string>();
  const std::size_t size = std::size_t{header[0]} | std::size_t{header[1]} << 8 |
                           std::size_t{header[2]} << 16 | std::size_t{header[3]} << 24;
  if (size > kFrameBytesMax) {
    return Status(Code::kResourceExhausted, base::kErrLimit,
                  "a frame of " + std::to_string(size) + " bytes was announced; the limit is " +
                      std::to_string(kFrameBytesMax));
  }
  std::string message(size, '\0');
  const auto body = read_exactly(fd, message.data(), size);
  if (!body.ok()) return body.status();
  if (*got < header.size() || *body < size) {
    return Status(Code::kUnavailable, base::kErrExecutorProtocol,
                  "the worker's socket ended inside a frame");
  }
  return std::optional<std::string>(std::move(message));
}

Status write_frame(int fd, std::string_view message) {
  if (message.size() > kFrameBytesMax) {
    return Status(Code::kResourceExhausted, base::kErrLimit,
                  "a frame of " + std::to_string(message.size()) + " bytes is over the limit of " +
                      std::to_string(kFrameBytesMax));
  }
  std::string frame;
  frame.reserve(kHeaderBytes + message.size());
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    frame += static_cast<char>(message.size() >> (8 * i) & 0xFF);
  }
  frame += message;
  std::string_view left = frame;
  while (!left.empty()) {
    // Without a signal: a worker that is gone is an error code here, and stages keep SIGPIPE as it
    // was.
    const ssize_t written = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return Status(Code::kUnavailable, base::kErrExecutorProtocol,
                    std::string("the worker is gone: ") + std::strerror(errno));
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<AttemptRequest> decode_request(std::string_view message) {
  try {
    protozero::pbf_reader in(message.data(), message.size());
    while (in.next()) {
      if (in.tag() == 1) return read_run(in.get_message());
      in.skip();
    }
  } catch (const protozero::exception& error) {
    return Status(Code::kInvalidArgument, base::kErrExecutorProtocol,
                  std::string("the worker sent a malformed request: ") + error.what());
  }
  return Status(Code::kInvalidArgument, base::kErrExecutorProtocol,
                "the worker sent a request of a kind that this SDK does not know; rebuild the "
                "module with an SDK of the worker's version");
}

std::string encode_ready(std::string_view manifest_json, std::int32_t pid) {
  std::string out;
  protozero::pbf_writer response(out);
  protozero::pbf_writer ready(response, 1);
  ready.add_int32(1, kExecutorProtocolVersion);
  ready.add_string(2, manifest_json.data(), manifest_json.size());
  ready.add_int32(3, pid);
  ready.commit();
  return out;
}

std::string encode_result(const base::AttemptKey& key, const engine::AttemptFinished& report,
                          const std::filesystem::path& artifact_dir,
                          const std::vector<Helper>& helpers) {
  std::string out;
  protozero::pbf_writer response(out);
  protozero::pbf_writer result(response, 2);
  write_report(result, report, artifact_dir);
  for (const Helper& helper : helpers) {
    protozero::pbf_writer entry(result, 14);
    entry.add_int32(1, helper.pid);
    entry.add_uint64(2, helper.born_ticks);
  }
  result.add_fixed64(15, key.run.value);
  result.add_int32(16, key.task);
  result.add_int32(17, key.epoch);
  result.commit();
  return out;
}

std::string encode_log(std::string_view line) {
  std::string out;
  protozero::pbf_writer response(out);
  protozero::pbf_writer log(response, 3);
  log.add_string(1, line.data(), line.size());
  log.commit();
  return out;
}

std::string encode_progress(std::int64_t done, std::int64_t total) {
  std::string out;
  protozero::pbf_writer response(out);
  protozero::pbf_writer progress(response, 4);
  progress.add_int64(1, done);
  progress.add_int64(2, total);
  progress.commit();
  return out;
}

}  // namespace weir::sdk_impl
