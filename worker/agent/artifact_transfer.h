// Moves artifacts between the worker's disk and the scheduler, on threads and a connection of their
// own. One that fails for a reason that may pass goes back into the queue for a while: no thread
// waits with it. Answers come back as letters. Methods are safe from any thread; `done` is called
// on the mailbox's.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/sha256.h"
#include "base/status.h"
#include "weir/worker/v1/worker.grpc.pb.h"
#include "worker/agent/line.h"
#include "worker/agent/link.h"
#include "worker/agent/mailbox.h"
#include "worker/agent/watchdog.h"
#include "worker/core/backoff.h"
#include "worker/core/transfer_queue.h"
#include "worker/supervisor/stage_user.h"

namespace weir::worker {

inline constexpr int kTransferThreads = 2;
inline constexpr int kTransferTries = 12;  // of errors that may pass; about half a minute

class ArtifactTransfer {
 public:
  using Id = TransferQueue::Id;
  using Done = std::function<void(const base::Status&)>;
  // `directory` holds tmp/ and sha256/.
  // `reader`, if any, may read what fetch() brings, and only that.
  ArtifactTransfer(const Link& link, std::string directory, Mailbox& mailbox, Watchdog& watchdog,
                   std::optional<StageUser> reader = std::nullopt);
  ~ArtifactTransfer();

  // Brings an artifact to its place below the directory, verified. OK at once when it is there.
  void fetch(const base::Digest& digest, Done done);
  // Stores the file or tree at `path` at the scheduler, durably. Goes on until it is there while
  // the scheduler is merely away, however long it takes as long as something moves; NOT_FOUND when
  // the file is not there, DATA_LOSS when its bytes are not what the digest says.
  Id upload(const base::Digest& digest, v1::ArtifactKind kind, std::int64_t size, std::string path,
            Done done);
  // Gives an upload up, also in the middle of its call. Its answer may have been posted already:
  // who cancels must not mind a late one.
  void cancel(Id id);
  // Calls go over a new connection from now on.
  void reconnect() { line_.renew(); }
  // Removes the directory's copy of an artifact when its bytes are not what the digest says.
  void recheck(const base::Digest& digest);

 private:
  struct Job {
    enum class Kind { kFetch, kUpload, kRecheck } what = Kind::kFetch;
    base::Digest digest;
    v1::ArtifactKind kind = v1::ARTIFACT_KIND_UNSPECIFIED;
    std::int64_t size = 0;
    std::string path;  // of an upload
    Done done;
    // Those of the thread that has the job in hand.
    int tries = 0;
    Backoff backoff;
    std::stop_source given_up;  // ends the call that the job is in; thread-safe
  };
  Id add(Job job);
  void work(std::stop_token stop);
  std::optional<Id> wait_for_job(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  base::Status fetch_now(const base::Digest& digest, std::stop_token stop);
  base::Status receive(const base::Digest& digest, const std::string& beside, std::stop_token stop);
  base::Status upload_now(const Job& job, std::stop_token stop);
  base::Status recheck_now(const base::Digest& digest);
  base::Status try_once(const Job& job, std::stop_token stop);

  const Link& link_;
  const std::string directory_;
  const std::optional<StageUser> reader_;
  Mailbox& mailbox_;
  Watchdog& watchdog_;
  Line line_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  // Guarded by mutex_; bounded by the attempts that the worker holds.
  TransferQueue queue_;
  std::map<Id, std::shared_ptr<Job>> jobs_;  // of the queue
  std::uint64_t next_temporary_ = 0;         // guarded by mutex_
  std::vector<std::jthread> threads_;        // last: they use what stands above
};

}  // namespace weir::worker
