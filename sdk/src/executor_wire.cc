// executor.proto and what it embeds of worker.proto, by hand: field numbers are
// those files'. Unknown fields are skipped, so that either side may be newer. Protozero throws on
// malformed bytes; the exceptions end here. Keeps no state.
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
#include "engine/wire_numbers.h"

namespace weir::sdk_impl {
namespace {

using base::Code;
using base::Digest;
using base::Result;
using base::Status;
using engine::from_wire;
using engine::wire_number;

constexpr std::size_t kHeaderBytes = 4;

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
            from_wire<engine::ArtifactKind>(in.get_enum()).value_or(engine::ArtifactKind::kBytes);
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

base::AttemptKey read_key(protozero::pbf_reader in) {
  base::AttemptKey key;
  while (in.next()) {
    switch (in.tag()) {
      case 1:
        key.run = base::RunId{in.get_fixed64()};
        break;
      case 2:
        key.task = in.get_int32();
        break;
      case 3:
        key.epoch = in.get_int32();
        break;
      default:
        in.skip();
    }
  }
  return key;
}

void read_assign(protozero::pbf_reader in, AttemptRequest& out) {
  while (in.next()) {
    switch (in.tag()) {
      case 1:
        out.key = read_key(in.get_message());
        out.info.run = out.key.run.text();
        out.info.epoch = out.key.epoch;
        break;
      case 2:
        out.info.task = in.get_string();
        break;
      case 3:
        out.info.job = in.get_string();
        break;
      case 6:
        out.stage = in.get_int32();
        break;
      case 7:
        out.inputs.push_back(read_input(in.get_message()));
        break;
      case 8:
        out.params = in.get_string();
        break;
      case 9:
        out.cursor_version = in.get_int64();
        break;
      case 10:
        out.cursor = read_value(in.get_message());
        break;
      case 12:
        out.info.attempt = in.get_int32();
        break;
      case 14:
        out.scheduled_at = base::WallTime(std::chrono::microseconds(in.get_int64()));
        break;
      default:
        in.skip();
    }
  }
}

AttemptRequest read_run(protozero::pbf_reader in) {
  AttemptRequest out;
  std::vector<std::string> input_paths;
  std::string cursor_path;
  while (in.next()) {
    switch (in.tag()) {
      case 1:
        read_assign(in.get_message(), out);
        break;
      case 2:
        input_paths.push_back(in.get_string());
        break;
      case 3:
        cursor_path = in.get_string();
        break;
      case 4:
        out.target.artifact_dir = in.get_string();
        break;
      case 5:
        out.info.scratch = in.get_string();
        break;
      case 6:
        out.target.disk_reserve = in.get_int64();
        break;
      default:
        in.skip();
    }
  }
  const std::size_t paths = std::min(input_paths.size(), out.inputs.size());
  for (std::size_t i = 0; i < paths; ++i) out.inputs[i].value.path = std::move(input_paths[i]);
  if (out.cursor) out.cursor->path = std::move(cursor_path);
  return out;
}

void write_key(protozero::pbf_writer& parent, std::uint32_t tag, const base::AttemptKey& key) {
  protozero::pbf_writer out(parent, tag);
  out.add_fixed64(1, key.run.value);
  out.add_int32(2, key.task);
  out.add_int32(3, key.epoch);
}

void write_value(protozero::pbf_writer& parent, std::uint32_t tag,
                 const engine::OutputValue& value) {
  protozero::pbf_writer out(parent, tag);
  const std::string_view digest = value.value.digest.raw();
  out.add_bytes(1, digest.data(), digest.size());
  out.add_int64(2, value.value.size);
  out.add_enum(3, wire_number(value.value.kind));
  out.add_string(4, value.value.type);
  if (value.bytes == nullptr) return;
  out.add_bytes(5, *value.bytes);
  out.add_bool(6, true);
}

void write_check(protozero::pbf_writer& parent, const engine::CheckResult& check) {
  protozero::pbf_writer out(parent, 11);
  out.add_string(1, check.asset);
  out.add_string(2, check.name);
  out.add_enum(3, wire_number(check.severity));
  out.add_bool(4, check.passed);
  out.add_string(5, check.reason);
  out.add_string(6, check.metadata);
}

void write_progress(protozero::pbf_writer& parent, protozero::pbf_tag_type tag,
                    const engine::Progress& progress) {
  protozero::pbf_writer out(parent, tag);
  if (progress.millionths != engine::Progress::kUnknown) {
    out.add_double(1, double(progress.millionths) / engine::Progress::kWhole);
  }
  out.add_string(2, progress.message);
}

// A Finished, without its times: the worker has those.
void write_finished(protozero::pbf_writer& parent, const base::AttemptKey& key,
                    const engine::AttemptFinished& report) {
  protozero::pbf_writer out(parent, 1);
  write_key(out, 1, key);
  out.add_enum(2, wire_number(report.outcome));
  out.add_enum(3, wire_number(report.success));
  out.add_string(4, report.message);
  out.add_string(5, report.detail);
  out.add_string(6, report.metadata);
  if (report.retry_after) {
    using std::chrono::milliseconds;
    out.add_int64(7, std::chrono::ceil<milliseconds>(*report.retry_after).count());
    out.add_bool(8, true);
  }
  out.add_bool(9, report.permanent);
  for (const engine::OutputValue& output : report.outputs) {
    protozero::pbf_writer entry(out, 10);
    entry.add_string(1, output.asset);
    write_value(entry, 2, output);
  }
  for (const engine::CheckResult& check : report.checks) write_check(out, check);
  if (report.cursor) {
    protozero::pbf_writer cursor(out, 12);
    cursor.add_int64(1, report.cursor->read_version);
    write_value(cursor, 2, report.cursor->value);
  }
  if (report.progress) write_progress(out, 15, *report.progress);
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
                          const std::vector<Helper>& helpers) {
  std::string out;
  protozero::pbf_writer response(out);
  protozero::pbf_writer result(response, 2);
  write_finished(result, key, report);
  for (const Helper& helper : helpers) {
    protozero::pbf_writer entry(result, 2);
    entry.add_int32(1, helper.pid);
    entry.add_uint64(2, helper.born_ticks);
  }
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

std::string encode_progress(const engine::Progress& progress) {
  std::string out;
  protozero::pbf_writer response(out);
  write_progress(response, 4, progress);
  return out;
}

}  // namespace weir::sdk_impl
