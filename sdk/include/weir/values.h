// What stages receive and return besides plain values: outcomes, failures, inputs that may be
// absent, cursors. Plain values: no thread affinity.
// They must not know how they are stored: codec.h does.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "files.h"
#include "verdict.h"

namespace weir {

// ---- failures: thrown, from any depth

// The exception that says how a failed attempt is to be treated. Any other exception counts as a
// retryable failure with its what() as the message.
class Failure : public std::runtime_error {
 public:
  Failure(std::string message, bool is_permanent,
          std::optional<std::chrono::milliseconds> wait = std::nullopt)
      : std::runtime_error(std::move(message)), permanent_(is_permanent), retry_after_(wait) {}

  // No further attempt is worth making.
  bool is_permanent() const { return permanent_; }
  // The earliest time for the next attempt, counted from now, where the author knows it.
  std::optional<std::chrono::milliseconds> retry_after() const { return retry_after_; }

 private:
  bool permanent_;
  std::optional<std::chrono::milliseconds> retry_after_;
};

// A value cannot be encoded, or bytes cannot be read as the type asked for: permanent. The message
// begins with its WEIR-E number and says what differs.
class CodecError : public Failure {
 public:
  explicit CodecError(std::string message) : Failure(std::move(message), true) {}
};

// throw weir::permanent("bad schema"): fails the task at once, whatever .retry() says.
inline Failure permanent(std::string message) { return {std::move(message), true}; }

// throw weir::retry_after(30s, "429"): fails the attempt; the next one waits at least `wait`.
inline Failure retry_after(std::chrono::milliseconds wait, std::string message) {
  return {std::move(message), false, wait};
}

// ---- outcomes: returned

// What weir::skip() makes.
struct Skip {
  std::string reason;
};
// What weir::unchanged is.
struct Unchanged {};

// No value this time: the asset keeps its current version, downstream is skipped.
inline Skip skip(std::string reason) { return {std::move(reason)}; }
// The current version still stands: the task succeeded, downstream runs with that version.
inline constexpr Unchanged unchanged{};

// Return type of a stage that may say skip or unchanged; a plain T is an Outcome that never does.
template <class T>
class Outcome {
 public:
  using Value = T;
  Outcome(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Outcome(Skip reason) : held_(std::in_place_index<1>, std::move(reason)) {}
  Outcome(Unchanged mark) : held_(std::in_place_index<2>, mark) {}

  bool has_value() const { return held_.index() == 0; }
  bool is_unchanged() const { return held_.index() == 2; }
  // nullptr unless it was skipped.
  const Skip* skipped() const { return std::get_if<1>(&held_); }
  // Throws std::bad_variant_access when there is no value.
  T& value() & { return std::get<0>(held_); }
  const T& value() const& { return std::get<0>(held_); }
  T&& value() && { return std::get<0>(std::move(held_)); }

 private:
  std::variant<T, Skip, Unchanged> held_;
};

// Of a task, which makes no value: {} when it is done.
template <>
class Outcome<void> {
 public:
  using Value = void;
  Outcome() = default;
  Outcome(Skip reason) : skip_(std::move(reason)) {}

  // nullptr unless it was skipped.
  const Skip* skipped() const { return skip_ ? &*skip_ : nullptr; }

 private:
  std::optional<Skip> skip_;
};

// ---- inputs

// How the stage behind an input ended in this run.
enum class State {
  kSucceeded,
  kCached,
  kSkipped,
  kFailed,
  kUpstreamFailed,
  kCanceled,
  kMissing,  // there is no version: never computed, or no previous one
};

// "upstream_failed" and so on.
std::string_view state_name(State state);

// An input that may be absent, with why. Cheap to copy: the value is shared.
template <class T>
class Input {
 public:
  Input() = default;
  // For tests that call a stage directly.
  Input(T value) : state_(State::kSucceeded), value_(std::make_shared<const T>(std::move(value))) {}
  Input(State state, std::shared_ptr<const T> value, std::string reason, std::string version)
      : state_(state),
        value_(std::move(value)),
        reason_(std::move(reason)),
        version_(std::move(version)) {}

  explicit operator bool() const { return value_ != nullptr; }
  // Throws weir::Failure (permanent) with the reason when the value is absent.
  const T& operator*() const {
    if (!value_) throw permanent("an input was read although it is absent: " + reason_);
    return *value_;
  }
  const T* operator->() const { return &**this; }

  State state() const { return state_; }
  const std::string& reason() const {
    return reason_;
  }  // why it is absent; the error of a failed one
  const std::string& version() const {
    return version_;
  }  // the data version: a digest in hexadecimal

 private:
  State state_ = State::kMissing;
  std::shared_ptr<const T> value_;
  std::string reason_;
  std::string version_;
};

// Incremental state of one stage: committed together with its result, or not at all. Take it as
// weir::Cursor<T>& and give weir::cursor<T>() as the dependency.
template <class T>
class Cursor {
 public:
  Cursor() = default;
  explicit Cursor(T at) : at_(std::move(at)) {}

  // Where the last committed result ended; empty the first time.
  const std::optional<T>& at() const { return at_; }
  // Where this result ends. The last call counts; without one the cursor stays.
  void advance(T next) { next_ = std::move(next); }
  // What advance() was given.
  const std::optional<T>& next() const { return next_; }

 private:
  std::optional<T> at_;
  std::optional<T> next_;
};

}  // namespace weir
