// Fills in the defaults that depend on the machine, then hands over to the agent, which runs
// on the calling thread. Nothing else may happen here: the options are documented in the
// header.
#include "worker/worker.h"

#include <algorithm>
#include <thread>
#include <unistd.h>

#include "worker/agent/agent.h"

namespace weir::worker {
namespace {

std::string host_name() {
  char name[256] = "";
  if (::gethostname(name, sizeof name - 1) != 0) return "worker";
  return name;
}

std::int64_t most_of_memory() {
  const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES);
  const std::int64_t page = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? pages / 10 * 9 * page : 0;
}

}  // namespace

base::Status run_worker(const WorkerOptions& options, SupervisorHandle supervisor,
                        std::stop_token stop) {
  WorkerOptions filled = options;
  if (filled.name.empty()) filled.name = host_name();
  if (filled.slots <= 0) filled.slots = std::max(1, int(std::thread::hardware_concurrency()));
  if (filled.prefetch < 0) filled.prefetch = filled.slots * kPrefetchPerSlot;
  if (filled.executor_memory_max <= 0) filled.executor_memory_max = most_of_memory();
  Agent agent(std::move(filled), std::move(supervisor));
  return agent.run(std::move(stop));
}

}  // namespace weir::worker
