// The agent's table of attempts: everything the worker holds, from the assignment until the
// scheduler has acknowledged the report. It decides what a message means for an attempt in its
// present state; payloads are kept elsewhere under the same key. Pure; one thread.
//
//   preparing ─► launched ─► uploading ─► reported ─► (acknowledged: forgotten)
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/ids.h"

namespace weir::worker {

using base::AttemptKey;

class Ledger {
 public:
  enum class State {
    kPreparing,  // its module or its inputs are being fetched
    kLaunched,   // the executor pool has it
    kUploading,  // it ended; its artifacts are on their way
    kReported,   // its report was given to the stream and is kept until acknowledged
  };
  enum class Verdict {
    kIgnore,
    kForward,  // the executor pool must act
    kRelease,  // give it back now
    kReport,   // report it as canceled now
  };

  // False when the attempt is here already: a duplicate of the assignment.
  bool assign(const AttemptKey& key);
  // Module and inputs are there. False when the attempt was given up meanwhile.
  bool launched(const AttemptKey& key);
  // The executor pool, or the preparation, says that it ended. False when nobody wants to know any
  // more.
  bool uploading(const AttemptKey& key);
  bool reported(const AttemptKey& key);
  // The scheduler asks to stop it. Unknown attempts are reported as canceled too: the asker waits
  // for an answer. So are those whose uploads are under way: they may never come to an end.
  Verdict stop(const AttemptKey& key);
  // The scheduler wants it back if no executor has it.
  Verdict revoke(const AttemptKey& key);
  // The executor pool or the agent gave it back. False when it was not here.
  bool released(const AttemptKey& key);
  // The scheduler has the report, or fenced the attempt. kForward: it still runs here and must be
  // killed.
  Verdict acknowledged(const AttemptKey& key);
  // The scheduler lacks artifacts of the report. False when there is no such report.
  bool need_artifacts(const AttemptKey& key);

  std::optional<State> find(const AttemptKey& key) const;
  // Everything held, for Hello and heartbeats.
  std::vector<AttemptKey> held() const;
  // Reports to send again after a reconnection.
  std::vector<AttemptKey> unacknowledged() const;
  // Attempts whose preparation has not ended.
  std::vector<AttemptKey> preparing() const;
  // Attempts that are not over yet.
  std::size_t live() const { return entries_.size() - over_; }
  std::size_t size() const { return entries_.size(); }

 private:
  std::vector<AttemptKey> in_state(State state) const;
  bool move_to(const AttemptKey& key, State state);
  void erase(std::unordered_map<AttemptKey, State>::iterator at);

  std::unordered_map<AttemptKey, State> entries_;
  std::size_t over_ = 0;  // entries in kUploading or kReported
};

}  // namespace weir::worker
