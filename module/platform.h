// What a machine offers to modules (architecture, C library, the libraries that the dynamic linker
// finds), what a module needs, and whether the two fit. Workers tell the scheduler with every
// hello; whoever registers a module reads its needs from its ELF files. Safe from any thread.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weir::module {

inline constexpr std::size_t kLibrariesMax = 20'000;

struct Platform {
  std::string architecture;                      // "x86_64"
  std::string glibc;                             // "2.36"; empty: unknown
  std::set<std::string, std::less<>> libraries;  // sonames; empty: unknown
};

// Reads this machine's facts.
Platform this_platform();

// The same for two processes on one machine: /etc/machine-id, else the boot id.
std::string host_id();

// The 64-bit sonames in the bytes of /etc/ld.so.cache, sorted, each once. Empty for bytes of
// another form.
std::vector<std::string> cached_libraries(std::string_view cache);

// A worker's machine.
struct PlatformOffer {
  std::string worker;  // its name
  std::string worker_id;
  Platform platform;
};

// What a machine must have for a module to start.
struct PlatformNeeds {
  std::string pipeline;
  std::vector<std::string> libraries;
  std::string glibc;
  std::string architecture;
};

// FAILED_PRECONDITION kErrMissingLibrary or kErrArchitecture naming exactly what no worker has; OK
// when one worker can run the module or none is connected.
base::Status check_platforms(const PlatformNeeds& needs, const std::vector<PlatformOffer>& workers);

// Whether dotted version `have` is at least `need`: "2.36" is newer than "2.4".
bool version_at_least(std::string_view have, std::string_view need);

}  // namespace weir::module
