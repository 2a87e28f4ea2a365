// Values between C++ and the executor protocol: encoding with the codec, hashing, small ones inline
// and large ones as artifact files; and back, with the digest verified. Functions are safe from any
// thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "engine/records.h"
#include "sdk/src/artifact_files.h"
#include "sdk/src/value_cache.h"
#include "weir/impl/stage.h"

namespace weir::sdk_impl {

// A value by reference with the means to get at its bytes: inline, or where the artifact stands on
// this host.
struct WireValue {
  engine::ValueRef ref;
  std::shared_ptr<const std::string> bytes;  // null when it is a file or tree
  std::filesystem::path path;                // empty when it is inline
};

// Where values go that are too large for a report.
struct ArtifactTarget {
  std::filesystem::path artifact_dir;
  Sync sync = Sync::kDurable;
  std::int64_t disk_reserve = 0;  // bytes: what would leave less free is not stored
};

// INVALID_ARGUMENT when the codec throws or the file it names cannot be stored; RESOURCE_EXHAUSTED
// when the disk is full. `what` names the value in messages: "asset 'features'". The value goes
// into `cache` as well.
base::Result<WireValue> encode_value(std::string_view what, const impl::ValueCodec& codec,
                                     const std::shared_ptr<const void>& value,
                                     const ArtifactTarget& target, ValueCache& cache);

// DATA_LOSS when the bytes are not what the digest says, NOT_FOUND when they are not there,
// INVALID_ARGUMENT when the codec cannot read them as its type.
base::Result<std::shared_ptr<const void>> decode_value(std::string_view what,
                                                       const impl::ValueCodec& codec,
                                                       const WireValue& value, ValueCache& cache);

// "std::runtime_error: no such table" of the exception being handled; call it inside a catch block
// only.
struct CaughtError {
  std::string type;        // demangled
  std::string message;     // what(), or a sentence when there is none
  bool permanent = false;  // these two as weir::Failure says
  std::optional<std::chrono::milliseconds> retry_after = {};
};
CaughtError caught_error();

}  // namespace weir::sdk_impl
