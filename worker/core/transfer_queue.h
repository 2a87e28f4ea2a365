// Which transfer is next. One that failed for a reason that may pass comes back at a time of its
// own, so that no thread waits with it in hand and the others go on; one that nobody wants any more
// is forgotten, wherever it is. Pure: time is a parameter, payloads are kept elsewhere under the
// same id. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "base/ids.h"

namespace weir::worker {

class TransferQueue {
 public:
  using Id = std::uint64_t;  // never 0, never given twice

  // A new one, due at once behind those that are due already.
  Id add();
  // The next that is due is in hand from now on; nothing when none is.
  std::optional<Id> take(base::BootTime now);
  // When take() has one; nothing when the queue is empty. BootTime::min() for one that is due.
  std::optional<base::BootTime> next_at() const;
  // The one in hand is to be tried again then. False when it was canceled meanwhile.
  bool retry(Id id, base::BootTime at);
  // The one in hand is over. False when it was canceled meanwhile: nobody wants its end.
  bool finish(Id id);
  void cancel(Id id);

 private:
  Id last_ = 0;
  std::deque<Id> due_;
  std::set<std::pair<base::BootTime, Id>> later_;
  std::set<Id> in_hand_;
};

}  // namespace weir::worker
