// Status and Result: how expected failures travel through Weir.
//
// Codes are a subset of gRPC's, with gRPC's numbers, so that the API edge converts by value. Every
// failure that a person can meet also carries a stable error number, shown as WEIR-E0201; the
// numbers are named in errors.h. A message says what failed, which id, and what to do. Values only:
// no thread affinity.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::base {

enum class Code : int {
  kOk = 0,
  kCanceled = 1,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// "INVALID_ARGUMENT" and so on: gRPC's spelling.
std::string_view code_name(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  // `error` is a number from errors.h, 0 when there is none.
  Status(Code code, int error, std::string message)
      : code_(code), error_(error), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  int error() const { return error_; }
  const std::string& message() const { return message_; }

  // "WEIR-E0201: no job is named …", without the prefix when there is no error number.
  std::string text() const;
  // The inverse of text(): splits a leading "WEIR-E0201: " off a message received from elsewhere.
  static Status parse(Code code, std::string_view text);

  friend bool operator==(const Status&, const Status&) = default;

 private:
  Code code_ = Code::kOk;
  int error_ = 0;
  std::string message_;
};

// A value or the reason why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) {}

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace weir::base
