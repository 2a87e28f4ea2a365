// What this machine offers to modules: architecture, C library, the libraries that
// the dynamic linker finds. Told to the scheduler with every hello. Safe from any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::worker::v1 {
class Platform;
}

namespace weir::worker {

inline constexpr std::size_t kLibrariesMax = 20'000;

// Reads the machine's facts.
void describe_platform(v1::Platform& out);

// The 64-bit sonames in the bytes of /etc/ld.so.cache, sorted, each once. Empty for bytes of
// another form.
std::vector<std::string> cached_libraries(std::string_view cache);

// /etc/machine-id, else the boot id: the same for two processes on one machine.
std::string host_id();

}  // namespace weir::worker
