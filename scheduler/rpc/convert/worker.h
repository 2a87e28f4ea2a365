// Messages of the worker protocol to commands, and effects to messages. Pure functions. What a
// worker says is checked here: digests of inline bytes, enum values, sizes; nothing unchecked
// reaches a command.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "engine/records.h"
#include "scheduler/ports/inbox.h"
#include "scheduler/ports/logs.h"

namespace weir::worker::v1 {
class AppendLogsRequest;
class AttemptId;
class Hello;
class LogChunk;
class SchedulerMessage;
class ValueRef;
class WorkerMessage;
enum ArtifactKind : int;
}  // namespace weir::worker::v1

namespace weir::rpc {

// INVALID_ARGUMENT when the worker gives no id or impossible numbers.
base::Result<engine::WorkerInfo> worker_info(const worker::v1::Hello& hello);
std::vector<engine::AttemptKey> held_attempts(const worker::v1::Hello& hello);

// Any message but hello. INVALID_ARGUMENT for a message that no version of the protocol has. A
// report whose inline bytes are not what their digest says becomes a failed outcome that says so.
base::Result<ports::CommandBody> to_command(base::SessionId session,
                                            worker::v1::WorkerMessage&& message);

engine::AttemptKey from_proto(const worker::v1::AttemptId& id);
base::Result<ports::LogStream> log_stream_of(const worker::v1::LogChunk& chunk);
// The enum's number. INVALID_ARGUMENT for an unknown one.
base::Result<engine::ArtifactKind> artifact_kind_of(int kind);
worker::v1::ArtifactKind to_proto(engine::ArtifactKind kind);

// Anything but Welcome (which carries what only the session knows) and CloseSession (which is no
// message). Inline bytes are left out.
void to_proto(const engine::Send& send, worker::v1::SchedulerMessage* out);

}  // namespace weir::rpc
