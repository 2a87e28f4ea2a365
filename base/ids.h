// Strong ids and instants, and what an attempt has by them. A run id is time-sorted: milliseconds
// since 2020 above twenty random bits, shown as thirteen characters of lower-case Crockford base32.
// Pure values: time and randomness are given to those who make ids.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/words.h"

namespace weir::base {

// Wall time for people and for nominal times; never for leases.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

// Time since boot (suspended time counts) for leases, delays and every other deadline. Never
// stored.
struct BootClock {
  using duration = std::chrono::microseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};
using BootTime = BootClock::time_point;
using Duration = std::chrono::microseconds;

struct Now {
  WallTime wall{};
  BootTime boot{};
};

struct RunId {
  std::uint64_t value = 0;  // 0: no run
  explicit operator bool() const { return value != 0; }
  std::string text() const;
  static std::optional<RunId> parse(std::string_view text);
  static RunId make(WallTime now, std::uint32_t random);
  auto operator<=>(const RunId&) const = default;
};

// One connection of one worker process; a new one on every connect.
struct SessionId {
  std::uint64_t value = 0;  // 0: not connected
  explicit operator bool() const { return value != 0; }
  auto operator<=>(const SessionId&) const = default;
};

// One try at a task. The epoch is monotonic per task and is the attempt's number: the fence that
// reports carry.
struct AttemptKey {
  RunId run;
  std::int32_t task = 0;   // index of the task in its run
  std::int32_t epoch = 0;  // from 1
  auto operator<=>(const AttemptKey&) const = default;
};

// The streams of an attempt's log. Their words end the names of its files.
enum class LogStream { kStdout, kStderr, kLog };
constexpr Words<3> words(LogStream) { return {"stdout", "stderr", "log"}; }
inline constexpr std::array kLogStreams{LogStream::kStdout, LogStream::kStderr, LogStream::kLog};

}  // namespace weir::base

template <>
struct std::hash<weir::base::RunId> {
  std::size_t operator()(weir::base::RunId id) const noexcept {
    return std::hash<std::uint64_t>{}(id.value);
  }
};
template <>
struct std::hash<weir::base::SessionId> {
  std::size_t operator()(weir::base::SessionId id) const noexcept {
    return std::hash<std::uint64_t>{}(id.value);
  }
};
template <>
struct std::hash<weir::base::AttemptKey> {
  std::size_t operator()(const weir::base::AttemptKey& key) const noexcept {
    const std::uint64_t low =
        (std::uint64_t(std::uint32_t(key.task)) << 32) | std::uint32_t(key.epoch);
    return std::hash<std::uint64_t>{}(key.run.value * 0x9E3779B97F4A7C15ull ^ low);
  }
};
