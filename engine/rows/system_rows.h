// The rows that are of no run and no asset: workers, kept replies, messages to be delivered. See
// engine/records.h, which has those of runs and says how rows list their columns. Values only, made
// and read on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "base/ids.h"
#include "base/sha256.h"
#include "base/status.h"
#include "engine/rows/columns.h"
#include "engine/rows/worker_traits.h"
#include "engine/states.h"

namespace weir::engine {

using base::WallTime;

struct WorkerRow {
  std::string id;
  std::string name;
  std::int32_t slots = 0;
  bool draining = false;
  WallTime last_seen{};
  WorkerTraits traits;
  bool forgotten = false;  // a forgotten row is deleted

  static constexpr Table kTable{"workers"};
  static constexpr auto erased() { return &WorkerRow::forgotten; }
  static constexpr auto columns() {
    return std::tuple(primary("id", &WorkerRow::id), column("name", &WorkerRow::name),
                      column("slots", &WorkerRow::slots), column("draining", &WorkerRow::draining),
                      column("last_seen", &WorkerRow::last_seen), nested(&WorkerRow::traits));
  }
};

// A Status as a row keeps it.
struct StoredStatus {
  base::Code code = base::Code::kOk;
  std::int32_t error = 0;
  std::string message;

  StoredStatus() = default;
  StoredStatus(const base::Status& status)
      : code(status.code()), error(status.error()), message(status.message()) {}
  operator base::Status() const { return {code, error, message}; }

  static constexpr auto columns() {
    return std::tuple(column("code", &StoredStatus::code), column("error", &StoredStatus::error),
                      column("message", &StoredStatus::message));
  }
};

// The answer to a mutating request, kept so that a repeated request gets the same one.
struct ReplyRow {
  std::string key;  // idempotency key
  Digest request_hash;
  StoredStatus status;
  std::string payload;  // see Reply
  WallTime at{};

  static constexpr Table kTable{"replies", Writes::kOnce};
  static constexpr auto columns() {
    return std::tuple(primary("key", &ReplyRow::key),
                      column("request_hash", &ReplyRow::request_hash), nested(&ReplyRow::status),
                      column("payload", &ReplyRow::payload), column("at", &ReplyRow::at));
  }
};

struct OutboxRow {
  std::int64_t id = 0;     // from 1
  std::string kind;        // "alert"
  std::string payload;     // JSON object
  bool delivered = false;  // a delivered row is deleted
  WallTime at{};

  static constexpr Table kTable{"outbox", Writes::kOnce};
  static constexpr auto erased() { return &OutboxRow::delivered; }
  static constexpr auto columns() {
    return std::tuple(primary("id", &OutboxRow::id), column("kind", &OutboxRow::kind),
                      column("payload", &OutboxRow::payload), column("at", &OutboxRow::at));
  }
};

}  // namespace weir::engine
