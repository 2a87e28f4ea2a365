// Finding the scheduler and its token. See the header for the order of the places that are looked
// at; nothing is contacted, so what is found may be stale.
// Any thread; reads files and the environment.
#include "sdk/client/discovery.h"

#include <cstdlib>
#include <sys/stat.h>

#include "base/endpoint.h"
#include "base/errors.h"

namespace weir::client {
namespace {

using base::Code;
using base::Endpoint;
using base::Result;
using base::Status;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// "host:port" with a port of digits.
bool looks_like_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) return false;
  return text.find_first_not_of("0123456789", colon + 1) == std::string::npos;
}

Target from_endpoint(const Endpoint& endpoint, std::string source) {
  Target target;
  target.grpc = endpoint.grpc;
  target.source = std::move(source);
  return target;
}

Result<std::pair<Target, std::string>> locate(const std::string& asked, const std::string& source) {
  if (asked.empty()) {
    const Result<Endpoint> endpoint = base::find_endpoint();
    if (!endpoint.ok()) {
      return Status(Code::kUnavailable, base::kErrUnreachable,
                    "no scheduler is running for this user; " + how_to_start());
    }
    return std::pair(from_endpoint(*endpoint, "the running scheduler's files"),
                     endpoint->token_file);
  }
  if (is_directory(asked)) {
    const Result<Endpoint> endpoint = base::read_endpoint(base::data_endpoint_file(asked));
    if (!endpoint.ok()) {
      return Status(Code::kUnavailable, base::kErrUnreachable,
                    "no scheduler runs on the data directory '" + asked +
                        "'; start one: weir up --data " + asked);
    }
    return std::pair(from_endpoint(*endpoint, source), endpoint->token_file);
  }
  if (!looks_like_address(asked)) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  source + " is '" + asked +
                      "': expected HOST:PORT, such as 127.0.0.1:7601, or a data directory");
  }
  Target target;
  target.grpc = asked;
  target.source = source;
  // The local scheduler's token, when it is the local scheduler that was named.
  const Result<Endpoint> endpoint = base::find_endpoint();
  if (!endpoint.ok() || endpoint->grpc != asked) return std::pair(target, std::string());
  return std::pair(from_endpoint(*endpoint, source), endpoint->token_file);
}

}  // namespace

std::string how_to_start() {
  return "start one with 'weir up', or name one with --scheduler HOST:PORT or WEIR_SCHEDULER";
}

Result<Target> discover(const std::string& scheduler, const std::string& token_file) {
  const bool from_option = !scheduler.empty();
  const std::string asked = from_option ? scheduler : environment("WEIR_SCHEDULER");
  auto located = locate(asked, from_option ? "--scheduler" : "WEIR_SCHEDULER");
  if (!located.ok()) return located.status();
  Target target = located->first;

  std::string named = token_file.empty() ? environment("WEIR_TOKEN_FILE") : token_file;
  if (named.empty()) named = located->second;
  if (named.empty()) {
    target.token_problem = "no token file is known for " + target.grpc;
    return target;
  }
  target.token_file = named;
  const Result<std::string> token = base::read_token(named);
  if (token.ok()) target.token = *token;
  target.token_problem = token.status().message();
  return target;
}

}  // namespace weir::client
