// The executor protocol as bytes: frames over a stream socket, and the messages of executor.proto
// written by hand so that modules link no protobuf. Encoding and decoding are pure; frame functions
// block, each on one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "engine/commands.h"
#include "sdk/src/stage_runner.h"

namespace weir::sdk_impl {

inline constexpr int kExecutorProtocolVersion = 3;
inline constexpr std::size_t kFrameBytesMax = 64u << 20;

// The next message from the socket; nullopt at a clean end of stream. UNAVAILABLE when it breaks
// inside a frame, RESOURCE_EXHAUSTED when a frame is announced that is over the limit.
base::Result<std::optional<std::string>> read_frame(int fd);
// Writes all of it. UNAVAILABLE when the other side is gone.
base::Status write_frame(int fd, std::string_view message);

// An ExecutorRequest. INVALID_ARGUMENT when it is malformed or of an unknown kind.
base::Result<AttemptRequest> decode_request(std::string_view message);

// ExecutorResponses.
std::string encode_ready(std::string_view manifest_json, std::int32_t pid);
// `helpers` live on after the attempt.
std::string encode_result(const base::AttemptKey& key, const engine::AttemptFinished& report,
                          const std::vector<Helper>& helpers);
std::string encode_log(std::string_view line);
std::string encode_progress(const engine::Progress& progress);

}  // namespace weir::sdk_impl
