// Secrets on their way from the environment of a worker to the stages that ask for them: out of the
// environment of every process, in a sealed memory file that executors inherit. Call these while
// the process has one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace weir::base {

// Names the descriptor of the memory file in the environment of an executor.
inline constexpr const char* kSecretsFdVariable = "WEIR_SECRETS_FD";

// "dsn" is WEIR_SECRET_DSN.
std::string secret_variable(std::string_view name);

// The descriptor of a sealed file that holds all secrets of this process's environment, closed on
// exec; -1 when there are none. INTERNAL when there can be no such file.
Result<int> seal_secrets();

// Takes them out of the environment, and overwrites them where others could read them.
void erase_secrets();

// The value of a variable in what seal_secrets() made; nothing when it is not there. DATA_LOSS when
// the descriptor is no such file any more.
Result<std::optional<std::string>> read_secret(int fd, std::string_view variable);

}  // namespace weir::base
