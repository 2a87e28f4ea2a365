// The program whose code version is asked for: prints it.
// code_version_test.cmake edits this file in copies of the folder, by the words in it. It uses
// what its project defines, so that it does not compile without.
#include <cstdio>
#include <factor.h>

extern "C" const char weir_module_code_version[];

int twice(int x) {
  const int product = x * kFactor;
  return product * LANGUAGE;
}
const char* here() { return __FILE__ __DATE__ __TIME__; }
const char* text() { return WORDS; }
std::size_t size() { return std::size_t{1}; }

int main() {
#ifdef CHECKED
  if (twice(1) < 1) return 1;
#endif
  std::printf("%s", weir_module_code_version);
  return here() == text();
}
