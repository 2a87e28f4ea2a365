// Modules on this machine's disk: MODULES/DIGEST/bundle/… as registered, and what the scheduler
// said of them. Fetched by digest on a thread of its own, verified when fetched and again before
// the first use in a process's life; what does not match is fetched anew. prepare() and suspect()
// are called by the agent's thread only.
#pragma once

#include <condition_variable>
#include <deque>
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
#include "worker/supervisor/file_stamp.h"
#include "worker/supervisor/stage_user.h"

namespace weir::worker {

struct LoadedModule {
  std::string executable;          // absolute
  std::string manifest_json;       // as registered
  std::vector<bool> side_effects;  // by stage
  std::vector<FileStamp> files;    // all of it, as they were verified
};

class ModuleCache {
 public:
  using Ready = std::function<void(base::Result<LoadedModule>)>;
  // `reader`, if any, may read what is there, and only that.
  ModuleCache(const Link& link, std::string directory, Mailbox& mailbox, Watchdog& watchdog,
              std::optional<StageUser> reader);
  ~ModuleCache();

  // The module when it was verified in this process already, else null.
  const LoadedModule* find(const base::Digest& module) const;
  // Calls `ready` on the agent's thread, once it is verified or when it cannot be had. Asked for
  // twice, fetched once.
  void prepare(const base::Digest& module, Ready ready);
  // Calls go over a new connection from now on.
  void reconnect() { line_.renew(); }
  // The module did not behave as registered: it is verified again, and its manifest asked for
  // again, before its next use.
  void suspect(const base::Digest& module);

 private:
  struct Job {
    base::Digest module;
    bool distrust = false;  // fetch the list again
  };
  void work(std::stop_token stop);
  base::Result<LoadedModule> obtain(const Job& job, std::stop_token stop);
  base::Status fetch(const base::Digest& module, std::stop_token stop);
  bool unchanged(const base::Digest& module, std::stop_token stop);
  base::Status fetch_list(const base::Digest& module, v1::FetchFileResponse& list,
                          std::stop_token stop);
  base::Status fetch_file(const base::Digest& module, const v1::ModuleFile& file,
                          const std::string& path, std::stop_token stop);
  base::Result<LoadedModule> load(const base::Digest& module) const;
  std::string place_of(const base::Digest& module) const { return directory_ + "/" + module.hex(); }

  const Link& link_;
  const std::string directory_;
  const std::optional<StageUser> reader_;
  Mailbox& mailbox_;
  Watchdog& watchdog_;
  Line line_;
  // ---- the agent's thread ----
  std::map<base::Digest, LoadedModule> loaded_;
  std::map<base::Digest, std::vector<Ready>> waiting_;
  std::map<base::Digest, bool> suspects_;
  // ---- both ----
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Job> jobs_;  // guarded by mutex_
  std::jthread thread_;   // last: it uses what stands above
};

}  // namespace weir::worker
