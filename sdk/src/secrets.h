// Where weir::Start finds secrets in this process: in the file that a worker passes on, or in one
// made of the environment that the program was started with, which keeps none. Hidden once, before
// any stage runs; asked from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace weir::sdk_impl {

// For verbs that run stages. Without it, as in tests, secrets are read from the environment.
base::Status hide_secrets();

// The value of an environment variable that holds a secret. Throws std::runtime_error when the
// secrets cannot be read any more.
std::optional<std::string> find_secret(const std::string& variable);

// Whether a worker has passed them on, whose environment they are of.
bool secrets_are_of_worker();

}  // namespace weir::sdk_impl
