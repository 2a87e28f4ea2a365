// How a simulation fails: with the seed, what was broken and how to see it again. Also on a CHECK
// of the code under test, which aborts: SIGABRT prints the replay line, too. One simulation at a
// time; nothing here returns after a failure.
#pragma once

#include <cstdint>
#include <string>

namespace weir::simulation {

// The seed that runs now, named by every failure from here on. Once per process it also makes
// SIGABRT and SIGSEGV name it.
void announce_seed(std::uint64_t seed, const std::string& bug);

// Prints and ends the process with status 1.
[[noreturn]] void fail(const std::string& what);

inline void expect(bool condition, const std::string& what) {
  if (!condition) fail(what);
}
// For messages that cost something to make.
template <class Text>
void expect_that(bool condition, const Text& text) {
  if (!condition) fail(text());
}

}  // namespace weir::simulation
