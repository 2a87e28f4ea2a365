// The file is "NAME=VALUE" with a NUL behind each. Seals keep an executor from changing what the
// next one reads; it is read anew for each secret, so that no process holds one that nobody asked
// for. Copies are overwritten as soon as they are of no use.
#include "base/secrets.h"

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <vector>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"

namespace weir::base {
namespace {

constexpr std::string_view kSecretPrefix = "WEIR_SECRET_";
constexpr int kSecretSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

bool holds_secret(const char* line) {
  return std::string_view(line).substr(0, kSecretPrefix.size()) == kSecretPrefix;
}

Status cannot_keep(const char* what) {
  return Status(Code::kInternal, kErrInternal,
                std::string("the secrets of the environment cannot be handed on: ") + what + ": " +
                    std::generic_category().message(errno));
}

}  // namespace

std::string secret_variable(std::string_view name) {
  std::string variable(kSecretPrefix);
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    variable += std::isalnum(byte) != 0 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return variable;
}

Result<int> seal_secrets() {
  std::string all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (holds_secret(*entry)) all.append(*entry, std::strlen(*entry) + 1);
  }
  if (all.empty()) return -1;
  const int fd = ::memfd_create("weir secrets", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return cannot_keep("memfd_create");
  const bool kept = ::write(fd, all.data(), all.size()) == static_cast<ssize_t>(all.size()) &&
                    ::fcntl(fd, F_ADD_SEALS, kSecretSeals) == 0;
  ::explicit_bzero(all.data(), all.size());
  if (kept) return fd;
  Status failed = cannot_keep("write");
  ::close(fd);
  return failed;
}

void erase_secrets() {
  std::vector<char*> lines;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (holds_secret(*entry)) lines.push_back(*entry);
  }
  for (char* const line : lines) {
    const std::string_view text(line);
    ::unsetenv(std::string(text.substr(0, text.find('='))).c_str());
    ::explicit_bzero(line, text.size());  // names tell something too, in /proc/PID/environ
  }
}

Result<std::optional<std::string>> read_secret(int fd, std::string_view variable) {
  struct stat about {};
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & kSecretSeals) != kSecretSeals || ::fstat(fd, &about) != 0) {
    return Status(Code::kDataLoss, kErrInternal,
                  "the secrets are gone: a stage has closed the descriptor that they are read "
                  "from");
  }
  std::string all(static_cast<std::size_t>(about.st_size), '\0');
  if (::pread(fd, all.data(), all.size(), 0) != about.st_size) return cannot_keep("read");
  std::optional<std::string> found;
  std::string_view rest = all;
  while (!rest.empty() && !found) {
    const std::string_view line = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(line.size() + 1);
    const std::size_t equals = line.find('=');
    if (equals != line.npos && line.substr(0, equals) == variable) found = line.substr(equals + 1);
  }
  ::explicit_bzero(all.data(), all.size());
  return found;
}

}  // namespace weir::base
