// The named limits of the HTTP port: sizes, deadlines, connections. Constants only; the limits of
// the API behind it stand in scheduler/rpc/limits.h and apply as well, because every call goes
// through the same handlers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir::http {

// With the cookies of whatever else listens on this host: browsers keep those by host, not by port.
inline constexpr std::uint32_t kHeaderBytesMax = 32 << 10;
inline constexpr std::uint64_t kBodyBytesMax = 4 << 20;
inline constexpr std::size_t kConnectionsMax = 256;
inline constexpr std::chrono::seconds kHeaderDeadline{10};  // from the first byte to the last
inline constexpr std::chrono::seconds kBodyDeadline{30};
inline constexpr std::chrono::seconds kReaderStallMax{30};  // an answer of which nothing is taken
inline constexpr std::chrono::seconds kIdleDeadline{60};    // between requests of a connection
inline constexpr std::chrono::milliseconds kCallDeadline{30'000};  // of the call behind a request
inline constexpr std::chrono::seconds kLingerDeadline{1};          // for a refused request's rest
inline constexpr std::size_t kLingerBytesMax = 8 << 20;
inline constexpr std::chrono::seconds kStopGrace{2};
inline constexpr std::chrono::milliseconds kAcceptPause{100};  // when no descriptor is left

}  // namespace weir::http
