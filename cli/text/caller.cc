// See caller.h. A user who has no name is a number: what asks in a container often is one.
// Nothing here is proof of anything: whoever has the token may say what he likes.
// Any thread.
#include "cli/text/caller.h"

#include <array>
#include <climits>
#include <cstdlib>
#include <pwd.h>
#include <unistd.h>

#include "base/text.h"

namespace weir::cli {
namespace {

constexpr std::size_t kCallerBytesMax = 200;
constexpr std::size_t kPasswdBytesMax = 16 << 10;  // of one user's entry

std::string user_name() {
  for (const char* variable : {"USER", "LOGNAME"}) {
    const char* name = std::getenv(variable);
    if (name != nullptr && *name != '\0') return name;
  }
  std::array<char, kPasswdBytesMax> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  const bool read = ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0;
  if (read && found != nullptr) return found->pw_name;
  return "uid-" + std::to_string(::geteuid());
}

}  // namespace

std::string caller() {
  std::array<char, HOST_NAME_MAX + 1> host{};
  std::string text = user_name();
  if (::gethostname(host.data(), host.size() - 1) == 0) text += "@" + std::string(host.data());
  return base::cut_utf8(base::valid_utf8(text), kCallerBytesMax - base::kCutMark.size());
}

}  // namespace weir::cli
