// The whole scheduler of one data directory, assembled: store, loop, gRPC, HTTP, in the order in
// which each needs the one before. start() returns once runs are accepted; what can wait (the check
// of the database) happens afterwards on a thread of its own. start() and stop() belong to one
// thread; the rest is safe from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/local_session.h"
#include "base/status.h"
#include "engine/engine.h"
#include "scheduler/ports/blobs.h"
#include "scheduler/ports/retention.h"

namespace weir {

struct SchedulerOptions {
  std::string data_dir;                         // made when it does not exist
  std::string grpc_address = "127.0.0.1:7601";  // port 0: any free one
  std::string http_address = "127.0.0.1:7600";
  std::optional<std::int64_t> min_free_bytes;          // empty: min(1 GiB, 5 % of the file system)
  std::int64_t file_bytes_max = ports::kFileBytesMax;  // of one file of a module
  std::string alerts_config;  // the operator's file: channels of alerts, the heartbeat; or empty
  // A reader of an answer or a stream that takes nothing for so long is cut off; empty: as the
  // ports have it.
  std::optional<std::chrono::milliseconds> reader_stall_max;
  bool publish_endpoint = true;  // write the files by which the command line finds this scheduler
  ports::RetentionOptions kept;  // how long what has ended is kept
  engine::Options engine;
};

class Scheduler {
  struct Parts;
  struct Private {};  // keeps the constructor to start()

 public:
  // Any failure of the parts: WEIR-E0402 (the directory is in use), E0503 (a port is), E0504 (not a
  // loopback address), E0401 (disk full), …
  static base::Result<std::unique_ptr<Scheduler>> start(SchedulerOptions options);
  Scheduler(Private, std::unique_ptr<Parts> parts);
  ~Scheduler();  // as stop()
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // As bound, ports included.
  std::string grpc_address() const;
  std::string http_address() const;
  std::string data_dir() const;  // absolute
  std::string token_file() const;
  const std::string& token() const;
  // An address of the HTTP port that lets one browser in, once.
  std::string browser_address();
  // For a worker in this process: a session without a socket. It may be called at any time.
  base::OpenLocalSession local_sessions() const;

  // The reverse of start(): withdraws the endpoint, ends HTTP and gRPC while the loop still
  // answers, then the loop with an orderly last commit. Idempotent.
  void stop();

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace weir
