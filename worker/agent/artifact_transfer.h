// Moves artifacts between the worker's disk and the scheduler, on threads and a connection of their
// own. Answers come back as letters. Methods are safe from any thread; `done` is called on the
// mailbox's.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sdk/base/sha256.h"
#include "sdk/base/status.h"
#include "weir/worker/v1/worker.grpc.pb.h"
#include "worker/agent/link.h"
#include "worker/agent/mailbox.h"

namespace weir::worker {

inline constexpr int kTransferThreads = 2;
inline constexpr int kTransferTries = 12;  // of errors that may pass; about half a minute

class ArtifactTransfer {
 public:
  using Done = std::function<void(const base::Status&)>;
  // `directory` holds tmp/ and sha256/.
  ArtifactTransfer(const Link& link, std::string directory, Mailbox& mailbox);
  ~ArtifactTransfer();

  // Brings an artifact to its place below the directory, verified. OK at once when it is there.
  void fetch(const base::Digest& digest, Done done);
  // Stores the file or tree at `path` at the scheduler, durably. Goes on until it is there while
  // the scheduler is merely away; NOT_FOUND when the file is not there, DATA_LOSS when its bytes
  // are not what the digest says.
  void upload(const base::Digest& digest, v1::ArtifactKind kind, std::int64_t size,
              std::string path, Done done);
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
  };
  void add(Job job);
  void work(std::stop_token stop);
  base::Status fetch_now(const base::Digest& digest, std::stop_token stop);
  base::Status receive(const base::Digest& digest, const std::string& beside, std::stop_token stop);
  base::Status upload_now(const Job& job, std::stop_token stop);
  base::Status recheck_now(const base::Digest& digest);
  base::Status try_until(const Job& job, std::stop_token stop);

  const Link& link_;
  const std::string directory_;
  Mailbox& mailbox_;
  std::unique_ptr<v1::WorkerProtocolService::Stub> stub_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Job> jobs_;  // guarded by mutex_; bounded by the attempts that the worker holds
  std::uint64_t next_temporary_ = 0;   // guarded by mutex_
  std::vector<std::jthread> threads_;  // last: they use what stands above
};

}  // namespace weir::worker
