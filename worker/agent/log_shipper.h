// Ships spooled logs to the scheduler, by offset, on a thread and a connection of its own, and
// removes what is there. Reports of attempts never wait for it. What a former process left in the
// spool is shipped too; what the scheduler of another store generation is not to have it refuses.
// Methods are safe from any thread.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "base/ids.h"
#include "weir/worker/v1/worker.grpc.pb.h"
#include "worker/agent/line.h"
#include "worker/agent/link.h"
#include "worker/executors/spool.h"

namespace weir::worker {

inline constexpr std::size_t kLogChunkBytes = 256 << 10;
inline constexpr std::size_t kLogRequestBytes = 1 << 20;  // all chunks of one call
inline constexpr int kLogChunksMax = 256;                 // of one call
inline constexpr std::chrono::seconds kLogCallDeadline{10};

class LogShipper {
 public:
  LogShipper(const Link& link, std::string spool);
  ~LogShipper();

  // The file has `size` bytes now. `over`: it will not grow any more.
  void grew(const LogOwner& owner, LogStream stream, std::int64_t size, bool over);
  // Calls go over a new connection from now on.
  void reconnect() { line_.renew(); }
  // Nothing is sent while the scheduler is away.
  void set_connected(bool connected);
  // A former process of this worker began the attempt: its log was here when this one started. For
  // one thread.
  bool began_before(const LogOwner& owner) const { return leftovers_.contains(owner); }
  // Waits until everything is shipped, at most so long. True when it was.
  bool flush(std::chrono::milliseconds limit);

 private:
  using Id = std::pair<LogOwner, LogStream>;
  struct File {
    std::int64_t size = 0;
    std::int64_t acknowledged = 0;
    bool over = false;
    bool restarted = false;  // the scheduler had less than it acknowledged, once
    bool pending() const { return acknowledged < size || over; }
  };
  void work(std::stop_token stop);
  void adopt_leftovers();
  bool ship_once();
  bool collect(v1::AppendLogsRequest& request);
  base::Status send(const v1::AppendLogsRequest& request);
  void settle(const v1::AppendLogsRequest& request);
  void separate(const v1::AppendLogsRequest& request);
  void refuse(const v1::LogChunk& chunk, const base::Status& why);
  void drop(const Id& id);
  bool has_work() const;

  const Link& link_;
  const std::string spool_;
  Line line_;
  std::set<LogOwner> leftovers_;  // constant after construction
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::condition_variable_any idle_;
  // ---- guarded by mutex_ ----
  std::map<Id, File> files_;
  std::optional<Id>
      after_;  // where the last request ended, so that one flood does not starve the others
  bool connected_ = false;
  std::jthread thread_;  // last: it uses what stands above
};

}  // namespace weir::worker
