// The worker protocol's messages, field by field, in both directions.
// Pure functions; they move bytes out of the messages that they are
// given instead of copying them.
#include "scheduler/rpc/convert/worker.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/errors.h"
#include "base/json.h"
#include "engine/wire_numbers.h"
#include "value/metadata.h"
#include "weir/worker/v1/worker.pb.h"

namespace weir::rpc {
namespace {

namespace wire = worker::v1;

constexpr std::int32_t kSlotsMax = 10'000;
constexpr std::size_t kWorkerNameBytesMax = 200;
// As JSON, with the names of assets and what separates: no text that keeps the limits of its
// entries comes near it, and no longer one is parsed.
constexpr std::size_t kMetadataTextBytesMax = 2 * value::kMetadataBytesMax;

base::Status protocol_error(std::string message) {
  return base::Status(base::Code::kInvalidArgument, base::kErrUsage, std::move(message));
}

engine::WallTime micros(std::int64_t since_epoch) {
  return engine::WallTime(std::chrono::microseconds(since_epoch));
}

void set_attempt(const engine::AttemptKey& key, wire::AttemptId* out) {
  out->set_run(key.run.value);
  out->set_task(key.task);
  out->set_epoch(key.epoch);
}

void set_value(const engine::ValueRef& value, wire::ValueRef* out) {
  out->set_digest(std::string(value.digest.raw()));
  out->set_size(value.size);
  out->set_kind(to_proto(value.kind));
  out->set_type(value.type);
}

static_assert(engine::wire_number(engine::WireEnum<engine::ArtifactKind>::last) ==
              wire::ArtifactKind_MAX);
static_assert(engine::wire_number(engine::WireEnum<engine::SuccessKind>::last) ==
              wire::SuccessKind_MAX);
static_assert(engine::wire_number(engine::WireEnum<module::CheckSeverity>::last) ==
              wire::CheckSeverity_MAX);
static_assert(engine::wire_number(engine::OutcomeClass::kLoadError) == wire::Outcome_MAX);

// An outcome that a newer worker knows is a failure to us; none, or one of the scheduler's, is one
// too.
engine::OutcomeClass outcome_of(wire::Outcome outcome) {
  if (outcome == wire::OUTCOME_UNSPECIFIED || !wire::Outcome_IsValid(outcome)) {
    return engine::OutcomeClass::kFailed;
  }
  return engine::from_wire<engine::OutcomeClass>(outcome).value_or(engine::OutcomeClass::kFailed);
}

// What is wrong with a reported value, empty when it is sound. Moves the bytes out of the message.
std::string take_value(const std::string& name, wire::ValueRef* from, engine::OutputValue* out) {
  const auto digest = engine::Digest::from_bytes(from->digest());
  const auto kind = artifact_kind_of(from->kind());
  if (!digest || !kind.ok() || from->size() < 0) {
    return "the worker reported '" + name + "' without a valid digest, kind or size";
  }
  out->asset = name;
  out->value.digest = *digest;
  out->value.size = from->size();
  out->value.kind = *kind;
  out->value.type = from->type();
  if (!from->is_inline()) return {};
  const auto size = static_cast<std::int64_t>(from->inline_bytes().size());
  if (size > engine::kInlineBytesMax) {
    return "the worker sent " + std::to_string(size) + " bytes of '" + name +
           "' inside its report; values over " + std::to_string(engine::kInlineBytesMax) +
           " bytes are uploaded";
  }
  if (size != from->size() || base::sha256(from->inline_bytes()) != *digest) {
    return base::Status(
               base::Code::kDataLoss, base::kErrArtifactCorrupt,
               "the reported bytes of '" + name + "' do not match their digest " + digest->hex())
        .text();
  }
  out->bytes = std::make_shared<const std::string>(std::move(*from->mutable_inline_bytes()));
  return {};
}

// Moves outputs and cursor; the first problem, or empty.
std::string take_values(wire::Finished* from, engine::AttemptFinished* out) {
  for (wire::Output& output : *from->mutable_outputs()) {
    std::string problem =
        take_value(output.asset(), output.mutable_value(), &out->outputs.emplace_back());
    if (!problem.empty()) return problem;
  }
  if (!from->has_cursor()) return {};
  engine::CursorAdvance advance;
  advance.read_version = from->cursor().read_version();
  std::string problem =
      take_value("cursor", from->mutable_cursor()->mutable_value(), &advance.value);
  advance.value.asset.clear();
  if (problem.empty()) out->cursor = std::move(advance);
  return problem;
}

// The first problem with {asset: {name: value}} of the attempt or, with one level less, of a check.
std::string count_metadata(const std::string& text, bool of_check, value::MetadataBudget& budget) {
  if (text.empty()) return {};
  const auto json = base::Json::parse(text);
  if (!json.ok() || !json->is_object())
    return "the worker reported metadata that is no JSON object";
  if (of_check) return budget.take_all(*json);
  for (const auto& [asset, entries] : json->members()) {
    std::string problem =
        entries.is_object() ? budget.take_all(entries) : budget.take(asset, entries);
    if (!problem.empty()) return problem;
  }
  return {};
}

// What is wrong with the metadata of the attempt and its checks, empty when nothing is.
std::string metadata_problem(const engine::AttemptFinished& report) {
  std::size_t bytes = report.metadata.size();
  for (const engine::CheckResult& check : report.checks) bytes += check.metadata.size();
  if (bytes > kMetadataTextBytesMax) {
    return "the metadata of the attempt has " + std::to_string(bytes) + " bytes, more than " +
           std::to_string(kMetadataTextBytesMax) + ": return large values as assets or files";
  }
  value::MetadataBudget budget;
  std::string problem = count_metadata(report.metadata, false, budget);
  for (const engine::CheckResult& check : report.checks) {
    if (problem.empty()) problem = count_metadata(check.metadata, true, budget);
  }
  return problem;
}

// A report that broke the limits: the same attempt would break them again. What ended otherwise
// anyway keeps its class and says that its metadata is gone.
void refuse_metadata(const std::string& problem, engine::AttemptFinished* out) {
  std::string text = base::Status(base::Code::kResourceExhausted, base::kErrLimit, problem).text();
  out->metadata = "{}";
  for (engine::CheckResult& check : out->checks) check.metadata = "{}";
  if (out->outcome != engine::OutcomeClass::kSucceeded) {
    out->message += (out->message.empty() ? "" : "; ") + ("its metadata is dropped: " + text);
    return;
  }
  out->outcome = engine::OutcomeClass::kFailed;
  out->success = engine::SuccessKind::kValue;
  out->permanent = true;
  out->message = std::move(text);
  out->outputs.clear();
  out->cursor.reset();
}

engine::Progress progress(const wire::Progress& from) {
  const double share =
      from.has_fraction() ? from.fraction() : std::numeric_limits<double>::quiet_NaN();
  return engine::make_progress(share, from.message());
}

engine::AttemptFinished finished(base::SessionId session, wire::Finished* from) {
  engine::AttemptFinished out;
  out.session = session;
  out.key = from_proto(from->attempt());
  out.outcome = outcome_of(from->outcome());
  out.success =
      engine::from_wire<engine::SuccessKind>(from->success()).value_or(engine::SuccessKind::kValue);
  out.message = std::move(*from->mutable_message());
  out.detail = std::move(*from->mutable_detail());
  out.metadata = std::move(*from->mutable_metadata());
  if (from->has_retry_after()) {
    out.retry_after = std::chrono::milliseconds(std::max<std::int64_t>(0, from->retry_after_ms()));
  }
  out.permanent = from->permanent();
  if (from->has_progress()) out.progress = progress(from->progress());
  out.started_at = micros(from->started_at_us());
  out.finished_at = micros(from->finished_at_us());
  for (wire::CheckResult& check : *from->mutable_checks()) {
    engine::CheckResult& result = out.checks.emplace_back();
    result.asset = std::move(*check.mutable_asset());
    result.name = std::move(*check.mutable_name());
    result.severity = engine::from_wire<module::CheckSeverity>(check.severity())
                          .value_or(module::CheckSeverity::kError);
    result.passed = check.passed();
    result.reason = std::move(*check.mutable_reason());
    result.metadata = std::move(*check.mutable_metadata());
  }
  std::string problem = take_values(from, &out);
  if (!problem.empty()) {
    out.outcome = engine::OutcomeClass::kFailed;
    out.success = engine::SuccessKind::kValue;
    out.message = std::move(problem);
    out.outputs.clear();
    out.cursor.reset();
  }
  problem = metadata_problem(out);
  if (!problem.empty()) refuse_metadata(problem, &out);
  return out;
}

void assign_to_proto(const engine::Assign& from, wire::Assign* out) {
  set_attempt(from.key, out->mutable_attempt());
  out->set_task(from.task);
  out->set_job(from.job);
  out->set_pipeline(from.pipeline);
  out->set_module(std::string(from.module.raw()));
  out->set_stage(from.stage);
  for (const engine::InputRef& input : from.inputs) {
    wire::Input* entry = out->add_inputs();
    entry->set_present(input.present);
    entry->set_state(std::string(engine::task_state_name(input.state)));
    entry->set_reason(input.reason);
    if (input.value.digest) set_value(input.value, entry->mutable_value());
    entry->set_partition(input.partition);
  }
  out->set_params(from.params);
  out->set_cursor_version(from.cursor_version);
  if (from.cursor.digest) set_value(from.cursor, out->mutable_cursor());
  out->set_timeout_ms(from.timeout_ms);
  out->set_try_number(from.try_number);
  out->set_partition(from.partition);
  if (from.scheduled_at) out->set_scheduled_at_us(from.scheduled_at->time_since_epoch().count());
}

struct MessageWriter {
  wire::SchedulerMessage* out;
  void operator()(const engine::Assign& from) { assign_to_proto(from, out->mutable_assign()); }
  void operator()(const engine::Stop& from) {
    set_attempt(from.key, out->mutable_stop()->mutable_attempt());
    out->mutable_stop()->set_reason(from.reason);
  }
  void operator()(const engine::Acknowledge& from) {
    set_attempt(from.key, out->mutable_acknowledge()->mutable_attempt());
    out->mutable_acknowledge()->set_stale(from.stale);
  }
  void operator()(const engine::NeedArtifacts& from) {
    wire::NeedArtifacts* need = out->mutable_need_artifacts();
    set_attempt(from.key, need->mutable_attempt());
    for (const engine::Digest& digest : from.digests) {
      need->add_digests(std::string(digest.raw()));
    }
  }
  void operator()(const engine::Revoke& from) {
    set_attempt(from.key, out->mutable_revoke()->mutable_attempt());
  }
  void operator()(const engine::SetDraining& from) {
    out->mutable_set_draining()->set_draining(from.draining);
  }
  void operator()(const engine::Welcome&) { CHECK_MSG(false, "the session writes the welcome"); }
  void operator()(const engine::CloseSession&) { CHECK_MSG(false, "closing is not a message"); }
};

}  // namespace

base::Result<engine::WorkerInfo> worker_info(const wire::Hello& hello) {
  if (hello.worker_id().empty() || hello.worker_id().size() > kWorkerNameBytesMax ||
      hello.name().size() > kWorkerNameBytesMax) {
    return protocol_error("a worker needs an id of 1 to " + std::to_string(kWorkerNameBytesMax) +
                          " bytes and a name that is not longer");
  }
  if (hello.slots() < 1 || hello.slots() > kSlotsMax || hello.prefetch() < 0 ||
      hello.prefetch() > kSlotsMax) {
    return protocol_error("worker '" + hello.worker_id() + "' offers " +
                          std::to_string(hello.slots()) + " slots and a prefetch of " +
                          std::to_string(hello.prefetch()) + "; 1 and 0 to " +
                          std::to_string(kSlotsMax) + " are possible");
  }
  engine::WorkerInfo out;
  out.id = hello.worker_id();
  out.name = hello.name().empty() ? hello.worker_id() : hello.name();
  out.slots = hello.slots();
  out.prefetch = hello.prefetch();
  engine::WorkerTraits& traits = out.traits;
  for (const auto& [name, value] : hello.labels()) traits.labels.push_back({name, value});
  for (const auto& [name, amount] : hello.resources()) traits.resources.push_back({name, amount});
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  std::sort(traits.labels.begin(), traits.labels.end(), by_name);
  std::sort(traits.resources.begin(), traits.resources.end(), by_name);
  traits.architecture = hello.platform().architecture();
  traits.glibc = hello.platform().glibc();
  traits.weir_version = hello.weir_version();
  traits.limits = hello.limits();
  traits.data_dir = hello.data_dir();
  traits.host_id = hello.host_id();
  return out;
}

std::vector<engine::AttemptKey> held_attempts(const wire::Hello& hello) {
  std::vector<engine::AttemptKey> out;
  out.reserve(static_cast<std::size_t>(hello.held_size()));
  for (const wire::AttemptId& id : hello.held()) out.push_back(from_proto(id));
  return out;
}

base::Result<ports::CommandBody> to_command(base::SessionId session,
                                            wire::WorkerMessage&& message) {
  switch (message.message_case()) {
    case wire::WorkerMessage::kHeartbeat: {
      engine::Heartbeat out;
      out.session = session;
      out.leaving = message.heartbeat().leaving();
      for (const wire::AttemptId& id : message.heartbeat().held()) {
        out.held.push_back(from_proto(id));
      }
      return ports::CommandBody(std::move(out));
    }
    case wire::WorkerMessage::kStarted: {
      engine::AttemptStarted out;
      out.session = session;
      out.key = from_proto(message.started().attempt());
      out.started_at = micros(message.started().started_at_us());
      return ports::CommandBody(std::move(out));
    }
    case wire::WorkerMessage::kProgressed: {
      engine::AttemptsProgressed out;
      out.session = session;
      for (const wire::AttemptProgress& one : message.progressed().attempts()) {
        out.attempts.push_back({from_proto(one.attempt()), progress(one.progress())});
      }
      return ports::CommandBody(std::move(out));
    }
    case wire::WorkerMessage::kFinished:
      return ports::CommandBody(finished(session, message.mutable_finished()));
    case wire::WorkerMessage::kReleased: {
      engine::AttemptReleased out;
      out.session = session;
      out.key = from_proto(message.released().attempt());
      out.reason = message.released().reason();
      return ports::CommandBody(std::move(out));
    }
    case wire::WorkerMessage::kHello:
      return protocol_error("a second hello on one session; a worker opens a new session instead");
    case wire::WorkerMessage::MESSAGE_NOT_SET:
      break;
  }
  return protocol_error("a message that protocol version 1 does not have");
}

engine::AttemptKey from_proto(const wire::AttemptId& id) {
  engine::AttemptKey key;
  key.run.value = id.run();
  key.task = id.task();
  key.epoch = id.epoch();
  return key;
}

base::Result<ports::LogStream> log_stream_of(const wire::LogChunk& chunk) {
  switch (chunk.stream()) {
    case wire::LOG_STREAM_STDOUT:
      return ports::LogStream::kStdout;
    case wire::LOG_STREAM_STDERR:
      return ports::LogStream::kStderr;
    case wire::LOG_STREAM_LOG:
      return ports::LogStream::kLog;
    default:
      return protocol_error("a log chunk names no stream");
  }
}

base::Result<engine::ArtifactKind> artifact_kind_of(int kind) {
  if (kind == wire::ARTIFACT_KIND_UNSPECIFIED) return engine::ArtifactKind::kBytes;  // most are
  if (const auto known = engine::from_wire<engine::ArtifactKind>(kind)) return *known;
  return protocol_error("there is no artifact kind " + std::to_string(kind));
}

wire::ArtifactKind to_proto(engine::ArtifactKind kind) {
  return static_cast<wire::ArtifactKind>(engine::wire_number(kind));
}

void to_proto(const engine::Send& send, wire::SchedulerMessage* out) {
  std::visit(MessageWriter{out}, send.message);
}

}  // namespace weir::rpc
