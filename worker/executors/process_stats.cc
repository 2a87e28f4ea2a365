// Reads of /proc. A process that ended meanwhile has no figures,
// which is no error: its death is told by the supervisor. No state
// but an open file.
#include "worker/executors/process_stats.h"

#include <string>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

namespace weir::worker {
namespace {

constexpr std::size_t kStatsBytesMax = 1u << 20;

std::string whole_file(const std::string& path) {
  auto bytes = read_file(path, kStatsBytesMax);
  return bytes.ok() ? std::move(bytes).value() : std::string();
}

}  // namespace

ForkCounter::ForkCounter() : file_(::open("/proc/loadavg", O_RDONLY | O_CLOEXEC)) {}

std::uint64_t ForkCounter::read() const {
  char buffer[128];
  const ssize_t n = ::pread(file_.get(), buffer, sizeof buffer - 1, 0);
  if (n <= 0) return 0;
  buffer[n] = '\0';
  const char* last = ::strrchr(buffer, ' ');
  return last == nullptr ? 0 : ::strtoull(last + 1, nullptr, 10);
}

std::uint64_t ticks_since_boot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto ticks = std::uint64_t(::sysconf(_SC_CLK_TCK));
  return std::uint64_t(now.tv_sec) * ticks + std::uint64_t(now.tv_nsec) * ticks / 1'000'000'000u;
}

std::int64_t resident_bytes(pid_t pid) {
  const std::string statm = whole_file("/proc/" + std::to_string(pid) + "/statm");
  const std::size_t space = statm.find(' ');
  if (space == std::string::npos) return 0;
  return ::strtoll(statm.c_str() + space, nullptr, 10) * std::int64_t{::sysconf(_SC_PAGESIZE)};
}

std::uint64_t kernel_oom_kills() {
  const std::string vmstat = whole_file("/proc/vmstat");
  const std::size_t at = vmstat.find("\noom_kill ");
  return at == std::string::npos ? 0 : ::strtoull(vmstat.c_str() + at + 10, nullptr, 10);
}

}  // namespace weir::worker
