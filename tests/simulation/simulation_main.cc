// weir_simulation: plays many seeds, or one.
//
//   weir_simulation --seeds N [--from S] [--jobs J]   coverage counters; fails if one stays at zero
//   weir_simulation --seed N [--bug NAME] [--trace]   that seed again, exactly
//   weir_simulation --hunt NAME --seeds N             succeeds if the planted bug is caught
//
// Seeds are played in child processes, because a broken invariant aborts.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/simulation/failure.h"
#include "tests/simulation/planted.h"
#include "tests/simulation/simulation.h"

namespace weir::simulation {
namespace {

constexpr std::uint64_t kCoverageSeeds = 500;  // from so many on, everything must have been seen

struct Arguments {
  std::uint64_t seed = 0, from = 1, seeds = 0;
  int jobs = 2;
  std::string bug, hunt;
  bool trace = false;
};

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--trace") {
      arguments.trace = true;
      continue;
    }
    if (i + 1 >= argc) return false;
    const char* value = argv[++i];
    if (name == "--seed") {
      arguments.seed = std::strtoull(value, nullptr, 10);
    } else if (name == "--seeds") {
      arguments.seeds = std::strtoull(value, nullptr, 10);
    } else if (name == "--from") {
      arguments.from = std::strtoull(value, nullptr, 10);
    } else if (name == "--jobs") {
      arguments.jobs = std::max(1, std::atoi(value));
    } else if (name == "--bug" || name == "--hunt") {
      (name == "--bug" ? arguments.bug : arguments.hunt) = value;
      if (!plant(value)) return false;
    } else {
      return false;
    }
  }
  return arguments.seed != 0 || arguments.seeds != 0;
}

Coverage play(std::uint64_t seed, const std::string& bug, bool trace) {
  announce_seed(seed, bug);
  Simulation simulation(seed, trace);
  return simulation.run();
}

// Every jobs-th seed in a child; it writes its coverage to the pipe when all went well.
pid_t play_share(const Arguments& arguments, int job, int pipe_end) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child != 0) return child;
  Coverage coverage;
  for (std::uint64_t i = std::uint64_t(job); i < arguments.seeds;
       i += std::uint64_t(arguments.jobs)) {
    coverage.add(play(arguments.from + i, arguments.bug, false));
  }
  const auto written = write(pipe_end, &coverage, sizeof coverage);
  _exit(written == sizeof coverage ? 0 : 2);
}

int play_all(const Arguments& arguments) {
  int ends[2];
  if (pipe(ends) != 0) return 2;
  std::vector<pid_t> children;
  for (int job = 0; job < arguments.jobs; ++job) {
    children.push_back(play_share(arguments, job, ends[1]));
  }
  close(ends[1]);
  Coverage coverage, share;
  while (read(ends[0], &share, sizeof share) == ssize_t(sizeof share)) coverage.add(share);
  close(ends[0]);
  bool failed = false;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    failed = failed || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
  }
  if (failed) return 1;
  std::printf("%llu seeds\n%s", static_cast<unsigned long long>(arguments.seeds),
              coverage.text().c_str());
  if (arguments.seeds < kCoverageSeeds || coverage.missing().empty()) return 0;
  std::fprintf(stderr, "never seen:%s\n", coverage.missing().c_str());
  return 1;
}

// Each seed in a child of its own until one fails, as it must.
int hunt(const Arguments& arguments) {
  for (std::uint64_t i = 0; i < arguments.seeds; ++i) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      play(arguments.from + i, arguments.hunt, false);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
    std::printf("%s was caught by seed %llu, the %llu-th\n", arguments.hunt.c_str(),
                static_cast<unsigned long long>(arguments.from + i),
                static_cast<unsigned long long>(i + 1));
    return 0;
  }
  std::fprintf(stderr, "%s was not caught within %llu seeds\n", arguments.hunt.c_str(),
               static_cast<unsigned long long>(arguments.seeds));
  return 1;
}

int run(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fprintf(stderr,
                 "usage: weir_simulation --seeds N [--from S] [--jobs J] | --seed N [--bug NAME] "
                 "[--trace] | --hunt NAME --seeds N\nbugs:");
    for (const auto& bug : planted_bugs()) std::fprintf(stderr, " %s", bug.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  if (!arguments.hunt.empty()) return hunt(arguments);
  if (arguments.seed == 0) return play_all(arguments);
  std::printf("seed %llu passes\n%s", static_cast<unsigned long long>(arguments.seed),
              play(arguments.seed, arguments.bug, arguments.trace).text().c_str());
  return 0;
}

}  // namespace
}  // namespace weir::simulation

int main(int argc, char** argv) { return weir::simulation::run(argc, argv); }
