// One executor as the pool knows it: its process, socket, pipes, and what belongs to the attempt
// that it has. What state it is in, and what follows, is the dispatcher's; this holds and reads.
// One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/worker/v1/executor.pb.h"
#include "worker/core/dispatcher.h"
#include "worker/executors/attempt.h"
#include "worker/executors/frame_socket.h"
#include "worker/supervisor/system.h"

namespace weir::worker {

struct Executor {
  ExecutorId id = 0;
  Digest module;
  pid_t pid = 0;  // 0: it was not started yet
  FrameSocket socket;
  bool write_watched = false;      // a part of the attempt waits for room in the socket
  Fd pipes[2];                     // standard output and error, read ends
  std::string refusal;             // why it could not be started
  bool distrusted = false;         // because its module is not what was verified
  std::string directory;           // its working directory, removed with it
  std::uint64_t strays_asked = 0;  // the newest request about its strays: older answers are void
  bool killed_by_us = false;
  int code = 0;  // of its death, as of waitid
  int status = 0;
  std::uint64_t oom_kills_before = 0;
  std::int64_t memory_peak = 0;
  std::size_t helpers = 0;  // processes that its resources started; they end with it

  // ---- of the attempt, set while it has one ----
  Launch* launch = nullptr;  // the agent's
  std::optional<AttemptSpool> spool;
  std::string stderr_tail;  // the newest bytes, at most twice what a report carries
  v1::Finished finished;    // as it said
  std::uint64_t busy_since_ticks = 0;
  std::uint64_t forks_before =
      0;  // newest process id of the machine when nothing else descended from it; 0: never
  bool strays_seen = false;              // some were alive when they were looked for
  bool log_grew = false;                 // and the agent was not told yet
  std::optional<v1::Progress> progress;  // the newest word
  bool progress_news = false;            // of which the agent was not told yet

  void attach(Launch& work, AttemptSpool logs);
  void detach();
  // Takes output of the attempt. What comes while there is none is dropped: it is nobody's.
  void log(LogStream stream, std::string_view bytes);
  // Bytes in the pipe now.
  std::size_t waiting_in_pipe(int index) const;
  // Reads what was in the pipe when called, at most `bytes_max`. False at its end.
  bool drain_pipe(int index, std::size_t bytes_max);
};

inline constexpr std::size_t kPipeReadBytes =
    256u << 10;  // of one pipe at a time, so that a flood starves nobody

}  // namespace weir::worker
