// What the scheduler's assembly tells the API about the machine below it: the figures of `weir
// doctor` that neither the reader nor the sessions know. Implementations are safe from any thread
// and do not block for long.
#pragma once

#include <string>
#include <vector>

namespace weir::rpc {

struct HealthItem {
  std::string name;  // "fsync", "disk", "loop", "database", "quarantine"
  bool ok = true;
  std::string value;   // with its unit
  std::string advice;  // what to do when not ok
};

class HealthSource {
 public:
  virtual ~HealthSource() = default;
  virtual std::vector<HealthItem> health() = 0;
};

}  // namespace weir::rpc
