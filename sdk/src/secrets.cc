// One descriptor for the process, written before stages run and only read afterwards, so that no
// lock is needed. Programs that a stage starts do not have it; a process that it forks does, as it
// has everything.
#include "sdk/src/secrets.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <fcntl.h>

#include "base/secrets.h"

namespace weir::sdk_impl {
namespace {

struct HiddenSecrets {
  bool hidden = false;
  bool of_worker = false;
  int fd = -1;  // -1: there are none
};
HiddenSecrets& hidden_secrets() {
  static HiddenSecrets secrets;
  return secrets;
}

}  // namespace

base::Status hide_secrets() {
  HiddenSecrets& secrets = hidden_secrets();
  secrets.hidden = true;
  const char* const text = std::getenv(base::kSecretsFdVariable);
  if (text == nullptr) {
    const auto sealed = base::seal_secrets();
    if (!sealed.ok()) return sealed.status();
    secrets.fd = *sealed;
    base::erase_secrets();
    return {};
  }
  secrets.of_worker = true;
  std::from_chars(text, text + std::strlen(text), secrets.fd);
  ::unsetenv(base::kSecretsFdVariable);
  if (secrets.fd >= 0) ::fcntl(secrets.fd, F_SETFD, FD_CLOEXEC);
  return {};
}

std::optional<std::string> find_secret(const std::string& variable) {
  const HiddenSecrets& secrets = hidden_secrets();
  if (secrets.hidden) {
    if (secrets.fd < 0) return std::nullopt;
    auto value = base::read_secret(secrets.fd, variable);
    if (!value.ok()) throw std::runtime_error(value.status().text());
    return std::move(value).value();
  }
  const char* const value = std::getenv(variable.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

bool secrets_are_of_worker() { return hidden_secrets().of_worker; }

}  // namespace weir::sdk_impl
