// Makes the report of an attempt that no result frame describes: the outcome class, a message for
// people and the details, from what is known of the executor's death. And checks the report that a
// result frame brought.
#pragma once

#include <string>
#include <string_view>
#include <signal.h>

#include "worker/core/dispatcher.h"

namespace weir::worker::v1 {
class Finished;
}  // namespace weir::worker::v1

namespace weir::worker {

// What is known when an attempt ended without a result.
struct DeathReport {
  EndedBy by = EndedBy::kExit;
  std::string reason;
  std::string refusal;  // why the executor could not be started; empty: it was
  bool begun = false;   // the executor was ready and was handed the attempt
  bool exited = false;  // the executor is dead; `code` and `status` are of waitid
  int code = 0;
  int status = 0;
  bool killed_by_us = false;
  bool kernel_oom = false;       // the kernel killed something for lack of memory meanwhile
  std::int64_t memory_peak = 0;  // largest resident size seen, bytes
  Duration timeout{};
  Duration ready_max{};
  std::string executable;
  std::string stderr_tail;
};

inline constexpr std::size_t kStderrTailBytes = 8u << 10;  // that a report carries

// Fills outcome, message and detail.
void describe_death(const DeathReport& death, v1::Finished& out);

// An executor may say only that its attempt succeeded, failed, failed a check or did not load: with
// another outcome it broke the protocol.
void check_result(v1::Finished& finished);

// The library that the dynamic linker did not find, from its own words; empty when they say
// something else.
std::string missing_library(std::string_view linker_words);

}  // namespace weir::worker
