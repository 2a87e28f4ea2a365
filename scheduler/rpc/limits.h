// The named limits of the API: every message, stream, page, queue and cache has one.
// Changing a number here is the whole change. Constants only; limits of the engine and the store
// stand in their own headers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "module/manifest.h"
#include "scheduler/ports/reader.h"

namespace weir::rpc {

// ---- messages and connections ----
// A registration brings a whole manifest, and a worker is sent one.
inline constexpr int kMessageBytesMax = static_cast<int>(module::kManifestBytesMax) + (4 << 20);
inline constexpr int kAnswerBytesMax = 2 * kMessageBytesMax;
inline constexpr int kMetadataBytesMax = 16 << 10;
inline constexpr int kStreamsPerConnectionMax = 256;
inline constexpr std::size_t kIdempotencyKeyBytesMax = 200;

// ---- pages ----
inline constexpr int kSmallPageDefault = 50;
inline constexpr int kSmallPageMax = 1000;
inline constexpr int kLargePageDefault = 200;
inline constexpr int kLargePageMax = ports::kPageSizeMax;
// Of a page's rows (services/page.h): clients of gRPC take 4 MiB unless told otherwise.
inline constexpr std::size_t kPageBytesMax = 3u << 20;
inline constexpr int kNamesCompletedMax = 200;
inline constexpr int kLogBytesMax = 256 << 10;
inline constexpr int kDigestsPerRequestMax = 10'000;

// ---- modules ----
inline constexpr int kModulesPerRequestMax = 64;
inline constexpr int kFilesPerModuleMax = 1000;

// ---- the executors behind the handlers ----
inline constexpr int kReadThreads = 2;
inline constexpr int kTransferThreads = 2;
inline constexpr std::size_t kReadQueueMax = 1024;  // requests that wait for a read thread
inline constexpr int kTransfersMax = 64;            // uploads and downloads at once
inline constexpr int kValueReadsMax = 32;           // values read at once by people and programs
inline constexpr int kWatchersMax = 256;
inline constexpr int kWatchPage = 500;  // events in one message

// A reader of a stream that takes nothing for so long is cut off.
// A pager holds one up for minutes.
inline constexpr std::chrono::minutes kReaderStallMax{5};

// ---- worker sessions ----
inline constexpr int kProtocolVersion = 1;
inline constexpr int kSessionsMax = 256;
inline constexpr std::size_t kMessagesPerFrameMax = 4096;  // from a worker
inline constexpr std::size_t kFrameBytesMax = 3 << 20;     // to a worker
inline constexpr std::size_t kAssignInlineBytesMax = 1
                                                     << 20;  // beyond it the worker fetches inputs
// Past so many bytes that wait, assignments travel without values: the worker fetches those.
inline constexpr std::size_t kSessionInlineBytesMax = 16u << 20;
// A worker that takes nothing for so long is cut off once more than this waits for it.
inline constexpr std::chrono::seconds kSessionStallMax{30};
inline constexpr std::size_t kSessionQueueMax = 50'000;          // messages that wait to be sent
inline constexpr std::size_t kSessionQueueBytesMax = 64u << 20;  // and their bytes
// And one that takes something, but far too slowly, once this waits.
inline constexpr std::size_t kSessionQueueHardMax = 400'000;
inline constexpr std::size_t kSessionQueueBytesHardMax = 512u << 20;
inline constexpr std::size_t kInlineCacheBytesMax = 16u << 20;
inline constexpr std::chrono::seconds kHelloDeadline{10};

// ---- caches ----
inline constexpr std::size_t kTaskNamesCachedMax = 200'000;

// ---- shutdown ----
inline constexpr std::chrono::seconds kShutdownGrace{2};

}  // namespace weir::rpc
