// Reads secrets where their references say; see the header.
// Any thread. A file must be a regular one of a few KiB: whoever makes a rule names it, and must
// not make the scheduler wait for a pipe.
#include "scheduler/alerts/secrets.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"

namespace weir::alerts {
namespace {

using base::Code;
using base::Status;

constexpr std::size_t kSecretBytesMax = 16u << 10;
constexpr std::string_view kPrefix = "WEIR_SECRET_";

Status problem(const std::string& path, const std::string& what) {
  return {Code::kFailedPrecondition, base::kErrUsage, "secret file " + path + " " + what};
}

}  // namespace

Secrets Secrets::of_environment() {
  Secrets secrets;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (!text.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    secrets.variables_.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return secrets;
}

base::Result<std::string> Secrets::read(const std::string& reference) const {
  if (reference.starts_with("file:")) return read_file(reference.substr(5));
  const std::string name = reference.starts_with("env:") ? reference.substr(4) : std::string();
  const auto found = variables_.find(name);
  if (found == variables_.end() || found->second.empty()) {
    return Status(Code::kFailedPrecondition, base::kErrUsage,
                  "the scheduler was started without the secret " +
                      (name.empty() ? "that is referred to" : name));
  }
  return found->second;
}

base::Result<std::string> Secrets::read_file(const std::string& path) const {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return problem(path, std::string("cannot be opened: ") + std::strerror(errno));
  struct stat info {};
  std::array<char, kSecretBytesMax> bytes;
  ssize_t count = -1;
  const bool regular = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  if (regular && std::size_t(info.st_size) < bytes.size()) {
    count = ::read(fd, bytes.data(), bytes.size());
  }
  ::close(fd);
  if (!regular) return problem(path, "is no regular file");
  if (count < 0) return problem(path, "cannot be read, or is too large for a secret");
  std::string text(bytes.data(), std::size_t(count));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty()) return problem(path, "is empty");
  return text;
}

}  // namespace weir::alerts
