// The one place where user codecs are called. Whatever they throw becomes a Status that names the
// value. Bytes are verified before a codec sees them, so a codec is never given what no codec
// wrote.
#include "sdk/src/value_io.h"

#include <cstdlib>
#include <exception>
#include <cxxabi.h>

#include "base/errors.h"

namespace weir::sdk_impl {
namespace {

using base::Code;
using base::Result;
using base::Status;
using engine::ArtifactKind;

static_assert(static_cast<int>(impl::ValueKind::kExternal) ==
              static_cast<int>(ArtifactKind::kExternal));

std::string demangled(const std::type_info* type) {
  if (type == nullptr) return "unknown exception";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type->name();
}

Status codec_failed(std::string_view verb, std::string_view what) {
  const CaughtError error = caught_error();
  const std::string subject = std::string(what) + " cannot be " + std::string(verb) + ": ";
  const Status inner = Status::parse(Code::kInvalidArgument, error.message);
  const int number = inner.error() != 0 ? inner.error() : base::kErrCodec;
  return Status(Code::kInvalidArgument, number, subject + inner.message());
}

// The reserve is for the worker's reports and the scheduler's commits, which one value must not
// make impossible. A disk that cannot be measured has room.
Status check_room(const ArtifactTarget& target, std::size_t bytes) {
  if (target.disk_reserve <= 0) return {};
  std::error_code failed;
  std::filesystem::create_directories(target.artifact_dir, failed);
  const auto space = std::filesystem::space(target.artifact_dir, failed);
  const auto reserve = static_cast<std::uintmax_t>(target.disk_reserve);
  if (failed || space.available >= reserve + bytes) return {};
  return Status(Code::kResourceExhausted, base::kErrDiskFull,
                std::to_string(space.available) + " bytes are free on the file system of " +
                    target.artifact_dir.string() + ", of which " +
                    std::to_string(target.disk_reserve) + " are kept back; free space");
}

Result<WireValue> store_large(const impl::ValueCodec& codec, const impl::Encoded& encoded,
                              const ArtifactTarget& target) {
  if (Status room = check_room(target, encoded.bytes.size()); !room.ok()) return room;
  Result<StoredFile> stored = Status();
  switch (codec.kind) {
    case impl::ValueKind::kFile:
      stored = store_file(target.artifact_dir, encoded.path, target.sync);
      break;
    case impl::ValueKind::kTree:
      stored = store_tree(target.artifact_dir, encoded.path, target.sync);
      break;
    case impl::ValueKind::kBytes:
    case impl::ValueKind::kExternal:
      stored = store_bytes(target.artifact_dir, encoded.bytes, target.sync);
      break;
  }
  if (!stored.ok()) return stored.status();
  WireValue out;
  out.ref.digest = stored->digest;
  out.ref.size = stored->size;
  out.path = stored->path;
  return out;
}

bool by_path(ArtifactKind kind) {
  return kind == ArtifactKind::kFile || kind == ArtifactKind::kTree;
}

// What the codec is shown. `loaded` keeps bytes that had to be read.
Result<impl::Stored> stored_form(const WireValue& value, std::string& loaded) {
  if (value.ref.kind == ArtifactKind::kTree) {
    if (Status status = verify_tree(value.path, value.ref.digest); !status.ok()) return status;
    return impl::Stored{{}, value.path};
  }
  if (value.ref.kind == ArtifactKind::kFile) {
    if (Status status = verify_file(value.path, value.ref.digest); !status.ok()) return status;
    return impl::Stored{{}, value.path};
  }
  if (value.bytes == nullptr) {
    auto bytes = read_artifact(value.path, value.ref.digest);
    if (!bytes.ok()) return bytes.status();
    loaded = std::move(bytes).value();
    return impl::Stored{loaded, {}};
  }
  if (base::sha256(*value.bytes) != value.ref.digest) {
    return Status(
        Code::kDataLoss, base::kErrArtifactCorrupt,
        "the inline bytes of the value do not match its digest " + value.ref.digest.hex());
  }
  return impl::Stored{*value.bytes, {}};
}

}  // namespace

CaughtError caught_error() {
  CaughtError out;
  out.type = demangled(abi::__cxa_current_exception_type());
  try {
    throw;
  } catch (const Failure& error) {
    out.message = error.what();
    out.permanent = error.is_permanent();
    out.retry_after = error.retry_after();
  } catch (const std::exception& error) {
    out.message = error.what();
  } catch (const std::string& text) {
    out.message = text;
  } catch (const char* text) {
    out.message = text;
  } catch (...) {
    out.message = "an exception of type " + out.type + " was thrown";
  }
  return out;
}

Result<WireValue> encode_value(std::string_view what, const impl::ValueCodec& codec,
                               const std::shared_ptr<const void>& value,
                               const ArtifactTarget& target, ValueCache& cache) {
  impl::Encoded encoded;
  try {
    encoded = codec.encode(value.get());
  } catch (...) {
    return codec_failed("encoded", what);
  }
  const auto kind = static_cast<ArtifactKind>(codec.kind);
  const auto size = static_cast<std::int64_t>(encoded.bytes.size());
  WireValue out;
  if (by_path(kind) || size > engine::kInlineBytesMax) {
    auto stored = store_large(codec, encoded, target);
    if (!stored.ok()) {
      return Status(stored.status().code(), stored.status().error(),
                    std::string(what) + " cannot be stored: " + stored.status().message());
    }
    out = std::move(stored).value();
  } else {
    out.ref.digest = base::sha256(encoded.bytes);
    out.ref.size = size;
    out.bytes = std::make_shared<const std::string>(std::move(encoded.bytes));
  }
  out.ref.kind = kind;
  out.ref.type = impl::fingerprint(codec.schema);
  if (!by_path(kind)) cache.put(out.ref.digest, codec, value, size);
  return out;
}

Result<std::shared_ptr<const void>> decode_value(std::string_view what,
                                                 const impl::ValueCodec& codec,
                                                 const WireValue& value, ValueCache& cache) {
  if (auto cached = cache.find(value.ref.digest, codec)) return cached;
  if (value.ref.kind != static_cast<ArtifactKind>(codec.kind)) {
    return Status(Code::kInvalidArgument, base::kErrSchema,
                  std::string(what) +
                      " was written as another kind of value (bytes, file, tree or "
                      "external) than this stage takes; materialize it again");
  }
  std::string loaded;
  auto stored = stored_form(value, loaded);
  if (!stored.ok()) {
    return Status(stored.status().code(), stored.status().error(),
                  std::string(what) + " cannot be read: " + stored.status().message());
  }
  try {
    std::shared_ptr<const void> decoded = codec.decode(*stored);
    if (!by_path(value.ref.kind)) {
      cache.put(value.ref.digest, codec, decoded, value.ref.size);
    }
    return decoded;
  } catch (...) {
    return codec_failed("decoded", what);
  }
}

}  // namespace weir::sdk_impl
