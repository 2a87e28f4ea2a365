// What a step asks of the world: rows to write, messages to send after the commit, answers to give.
// Values only, made by the engine and taken apart by the loop's turn; nothing here may be acted on
// before the rows are durable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/commands.h"
#include "engine/records.h"
#include "engine/replies/replies.h"

namespace weir::engine {

// An argument of the stage, in the order of StageSpec::dependencies (kAfter, kParam, kResource and
// kCursor and kScheduledTime have entries too, without a value).
struct InputRef {
  bool present = false;
  TaskState state =
      TaskState::kSucceeded;  // of the parent; kWaiting when there never was a version
  std::string reason;         // why it is absent
  ValueRef value;
  std::string partition;  // of the asset
};

// A lease: run this attempt.
struct Assign {
  AttemptKey key;
  std::string task;
  std::string job;  // may be empty
  std::string pipeline;
  Digest module;
  std::int32_t stage = 0;  // index in the module's manifest
  std::string partition;   // of what it writes, and of its cursor
  std::vector<InputRef> inputs;
  std::string params;  // JSON object, by parameter name: overrides
  std::int64_t cursor_version = 0;
  ValueRef cursor;  // absent when its digest is zero
  std::int64_t timeout_ms = 0;
  std::int32_t try_number = 1;  // of the author's budget, for the Context
  // Of a stage that takes it: the time that the run is for, or when it was asked for.
  std::optional<WallTime> scheduled_at;
};

// Kill the attempt's process tree and report `canceled`; an attempt that is not known is answered
// the same.
struct Stop {
  AttemptKey key;
  std::string reason;
};

// The report was committed, or it came too late; either way the worker forgets the attempt.
struct Acknowledge {
  AttemptKey key;
  bool stale = false;
};

// The report names artifacts that the store does not hold: upload them and report again.
struct NeedArtifacts {
  AttemptKey key;
  std::vector<Digest> digests;
};

// Give the attempt back if no executor has it yet.
struct Revoke {
  AttemptKey key;
};

struct Welcome {
  std::int64_t lease_ms = 0;
  std::int64_t heartbeat_ms = 0;
};

// The session ends: replaced by a newer one, or unknown after a restart.
struct CloseSession {
  base::Status reason;
};

// Take no new work until told otherwise; attempts that no executor has are given back.
struct SetDraining {
  bool draining = false;
};

struct Send {
  SessionId session;
  std::variant<Assign, Stop, Acknowledge, NeedArtifacts, Revoke, Welcome, CloseSession, SetDraining>
      message;
};

struct Reply {
  std::uint64_t reply_to = 0;
  base::Status status;
  ReplyPayload payload = {};
};

enum class Durability { kSync, kLazy };

struct Effects {
  std::vector<Record> records;
  // kLazy only when no send, reply or timer of this step depends on the records.
  Durability durability = Durability::kLazy;
  std::vector<Send> sends;
  std::vector<Reply> replies;
  bool empty() const { return records.empty() && sends.empty() && replies.empty(); }
};

}  // namespace weir::engine
