// How a simulation fails: see failure.h. The line that tells how to replay the seed is made before
// anything can go wrong, because the signal handler may only write() it and end the process. Global
// state of a program that runs one simulation at a time.
#include "tests/simulation/failure.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace weir::simulation {
namespace {

char hint[256];
std::size_t hint_size = 0;

// Only write() and _exit(): this runs in a signal handler, too.
[[noreturn]] void end() {
  const auto written = write(STDERR_FILENO, hint, hint_size);
  _exit(written < 0 ? 2 : 1);
}

void on_signal(int) { end(); }

}  // namespace

void announce_seed(std::uint64_t seed, const std::string& bug) {
  const int size = std::snprintf(
      hint, sizeof hint, "replay: weir_simulation --seed %llu%s%s --trace\n",
      static_cast<unsigned long long>(seed), bug.empty() ? "" : " --bug ", bug.c_str());
  hint_size = size > 0 ? std::size_t(size) : 0;
  std::signal(SIGABRT, on_signal);
}

void fail(const std::string& what) {
  std::fflush(stdout);
  std::fprintf(stderr, "simulation failed: %s\n", what.c_str());
  std::fflush(stderr);
  end();
}

}  // namespace weir::simulation
