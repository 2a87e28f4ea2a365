// Names of status codes, and the text form that carries an error number across processes. The
// number of digits is part of the format: people search for WEIR-E0201. Pure functions; anything
// may be parsed, nothing throws.
#include "base/status.h"

#include <cstdio>

namespace weir::base {
namespace {

constexpr std::string_view kPrefix = "WEIR-E";
constexpr std::size_t kDigits = 4;

}  // namespace

std::string_view code_name(Code code) {
  switch (code) {
    case Code::kOk:
      return "OK";
    case Code::kCanceled:
      return "CANCELLED";
    case Code::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case Code::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case Code::kNotFound:
      return "NOT_FOUND";
    case Code::kAlreadyExists:
      return "ALREADY_EXISTS";
    case Code::kPermissionDenied:
      return "PERMISSION_DENIED";
    case Code::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case Code::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case Code::kAborted:
      return "ABORTED";
    case Code::kOutOfRange:
      return "OUT_OF_RANGE";
    case Code::kUnimplemented:
      return "UNIMPLEMENTED";
    case Code::kInternal:
      return "INTERNAL";
    case Code::kUnavailable:
      return "UNAVAILABLE";
    case Code::kDataLoss:
      return "DATA_LOSS";
    case Code::kUnauthenticated:
      return "UNAUTHENTICATED";
  }
  return "UNKNOWN";
}

std::string Status::text() const {
  if (error_ == 0) return message_;
  char prefix[32];
  std::snprintf(prefix, sizeof prefix, "WEIR-E%04d: ", error_);
  return prefix + message_;
}

Status Status::parse(Code code, std::string_view text) {
  const std::size_t separator = kPrefix.size() + kDigits;
  if (!text.starts_with(kPrefix) || text.size() < separator || text.substr(separator, 2) != ": ") {
    return Status(code, 0, std::string(text));
  }
  int error = 0;
  for (const char c : text.substr(kPrefix.size(), kDigits)) {
    if (c < '0' || c > '9') return Status(code, 0, std::string(text));
    error = error * 10 + (c - '0');
  }
  return Status(code, error, std::string(text.substr(separator + 2)));
}

}  // namespace weir::base
