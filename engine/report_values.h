// What an attempt's report is made of: the values that a stage gave, the verdicts on them, and how
// far its cursor moved. Values only, safe to hand from thread to thread; the bytes that they point
// to are immutable. The report itself is a command.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/states.h"
#include "module/manifest.h"

namespace weir::engine {

struct OutputValue {
  std::string asset;
  ValueRef value;
  std::shared_ptr<const std::string> bytes;  // null when the artifact store holds it
};

struct CheckResult {
  std::string asset;
  std::string name;
  module::CheckSeverity severity = module::CheckSeverity::kError;
  bool passed = false;
  std::string reason;
  std::string metadata;  // JSON object
};

struct CursorAdvance {
  std::int64_t read_version = 0;  // the version that was handed out with the lease
  OutputValue value;              // `asset` is empty
};

enum class SuccessKind { kValue, kSkipped, kUnchanged };

}  // namespace weir::engine
