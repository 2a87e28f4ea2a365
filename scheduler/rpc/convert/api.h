// Stored rows to messages of the public API, and requests to values. Pure functions, safe from
// any thread. The messages are only declared here, so that the generated headers stay out of
// other headers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "engine/records.h"
#include "engine/replies/replies.h"
#include "module/manifest.h"
#include "scheduler/ports/logs.h"
#include "scheduler/ports/reader.h"

namespace google::protobuf {
class Message;
class Timestamp;
}  // namespace google::protobuf

namespace weir::v1 {
class Asset;
class Attempt;
class CheckResult;
class DataVersion;
class Event;
class ExplainItem;
class LogInfo;
class Materialization;
class Module;
class ModuleChange;
class ModuleFile;
class Progress;
class Run;
class Task;
class Worker;
}  // namespace weir::v1

namespace weir::rpc {

// ---- rows to messages ----
void to_proto(engine::WallTime time, google::protobuf::Timestamp* out);
void to_proto(const engine::ValueRef& value, v1::DataVersion* out);
void to_proto(const engine::CheckRow& row, v1::CheckResult* out);
void to_proto(const ports::RunWithCounts& row, v1::Run* out);
void to_proto(const engine::TaskRow& row, v1::Task* out);  // without the latest attempt
// Of an attempt that said something.
void set_progress(const engine::AttemptRow& row, v1::Progress* out);
// `task` is the task's name.
void to_proto(const engine::AttemptRow& row, std::string_view task, v1::Attempt* out);
void to_proto(const engine::EventRow& row, v1::Event* out);
// `task` is the name of the task that made it.
void to_proto(const engine::MaterializationRow& row, std::string_view task,
              v1::Materialization* out);
void to_proto(const engine::ModuleRow& row, const module::Manifest& manifest, v1::Module* out);
void to_proto(const ports::LogInfo& info, std::string_view task, v1::LogInfo* out);
void to_proto(const engine::WorkerRow& row, bool connected, std::int32_t leases, v1::Worker* out);

// ---- messages to values ----
// The enum's number as the generated code has it. INVALID_ARGUMENT for one that we do not know; 0
// is "any".
base::Result<std::optional<engine::RunState>> run_state_from_proto(int state);
base::Result<std::optional<engine::TaskState>> task_state_from_proto(int state);
base::Result<std::optional<engine::OriginKind>> origin_kind_from_proto(int kind);
base::Result<ports::LogStream> log_stream_from_proto(int stream);
engine::WallTime from_proto(const google::protobuf::Timestamp& time);
// INVALID_ARGUMENT when the path leaves the bundle or the digest is none.
base::Result<engine::BundleFile> from_proto(const v1::ModuleFile& file);

// ---- answers of the engine ----
void to_proto(const engine::ModuleChange& change, v1::ModuleChange* out);
void to_proto(const engine::ExplainItem& item, v1::ExplainItem* out);

// ---- requests ----
// SHA-256 of the type's name and the deterministic serialisation, the idempotency key left out.
engine::Digest request_hash(const google::protobuf::Message& request);

// 0 is `standard`, more than `most` is `most`. INVALID_ARGUMENT when negative.
base::Result<ports::PageRequest> page_request(int size, const std::string& token, int standard,
                                              int most);

// A relative path in '/'-separated segments that stays inside its tree.
bool safe_relative_path(std::string_view path);

}  // namespace weir::rpc
