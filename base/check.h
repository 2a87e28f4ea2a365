// CHECK: broken invariants end the process, in release builds too, with the expression, the place
// and a message. For expected failures use Status. Safe to call from any thread; what was checked
// must not have side effects.
#pragma once

#include <string_view>

namespace weir::base {

// Writes one line to stderr and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* expression,
                               std::string_view message);

}  // namespace weir::base

#define CHECK(condition) \
  ((condition) ? (void)0 : ::weir::base::check_failed(__FILE__, __LINE__, #condition, ""))
#define CHECK_MSG(condition, message) \
  ((condition) ? (void)0 : ::weir::base::check_failed(__FILE__, __LINE__, #condition, (message)))
