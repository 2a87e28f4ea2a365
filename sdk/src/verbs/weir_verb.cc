// Verbs that need the scheduler are the weir program's: a module links no gRPC. This process
// becomes that program, found through $WEIR and then PATH, and is told which module called it.
// Returns only when that fails.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>
#include <unistd.h>

#include "base/errors.h"
#include "sdk/src/verbs/verbs.h"

namespace weir::sdk_impl {

int weir_verb(std::string_view verb, Arguments arguments) {
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (error) {
    return fail(base::Status(base::Code::kUnavailable, base::kErrInternal,
                             "cannot tell where this program stands: " + error.message()),
                kExitUsage);
  }
  const char* const chosen = std::getenv("WEIR");
  const std::string program = chosen != nullptr && *chosen != '\0' ? chosen : "weir";
  std::vector<std::string> words{program, std::string(verb)};
  if (verb == "replay" || verb == "simulate") words.emplace_back("--module");
  words.push_back(self);
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execvp(program.c_str(), pointers.data());
  return fail(base::Status(base::Code::kNotFound, base::kErrUsage,
                           "cannot start '" + program + "': " + std::strerror(errno) + "; '" +
                               std::string(verb) +
                               "' needs the weir program: put it on PATH or set WEIR to its path"),
              kExitUsage);
}

}  // namespace weir::sdk_impl
