// What is made by a module and read by the library has one layout, whichever compilers made them.
// Must compile with every supported compiler.
// Nothing runs.
#include <string_view>

#include <weir/weir.h>

// A text, and the place where GCC finds the sentence about one that is wrong.
constexpr std::size_t kLiteralBytes = sizeof(std::string_view) + sizeof(void*);
static_assert(sizeof(weir::Name) == kLiteralBytes);
static_assert(sizeof(weir::CronExpression) == kLiteralBytes);
static_assert(sizeof(weir::ZoneName) == kLiteralBytes);
static_assert(sizeof(weir::Day) == kLiteralBytes);
static_assert(sizeof(weir::TimeText) == kLiteralBytes);
