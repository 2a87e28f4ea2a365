// Children of our threads, and those children of the worker's supervisor that carry the mark which
// it gave to us: an orphan of ours is handed to it. Whatever cannot be read is not there any more,
// or belongs to somebody else.
#include "sdk/src/helpers.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <unistd.h>

namespace weir::sdk_impl {
namespace {

constexpr const char* kMarkVariable = "WEIR_EXECUTOR_ID";  // set by the supervisor, inherited
constexpr int kBornField = 19;                             // after the state, in /proc/PID/stat

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::int32_t> children_of(std::int32_t pid) {
  std::vector<std::int32_t> children;
  std::error_code gone;
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
    std::istringstream list(read_all(task.path().string() + "/children"));
    for (std::int32_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

// Its session and birth; nothing when it is gone.
std::optional<Helper> birth_of(std::int32_t pid, std::int32_t& session) {
  const std::string stat = read_all("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t close = stat.rfind(')');  // the name may hold anything
  if (close == std::string::npos) return std::nullopt;
  std::istringstream fields(stat.substr(close + 1));
  std::string state;
  fields >> state;
  Helper helper{pid, 0};
  for (int field = 1; field <= kBornField; ++field) {
    std::int64_t value = 0;
    fields >> value;
    if (field == 3) session = static_cast<std::int32_t>(value);
    if (field == kBornField) helper.born_ticks = static_cast<std::uint64_t>(value);
  }
  if (!fields) return std::nullopt;
  return helper;
}

bool carries_our_mark(std::int32_t pid) {
  const char* const value = std::getenv(kMarkVariable);
  if (value == nullptr) return false;
  const std::string wanted = std::string(kMarkVariable) + "=" + value;
  std::istringstream environment(read_all("/proc/" + std::to_string(pid) + "/environ"));
  for (std::string entry; std::getline(environment, entry, '\0');) {
    if (entry == wanted) return true;
  }
  return false;
}

std::set<Helper> family() {
  std::set<Helper> found;
  std::int32_t session = 0;
  for (const std::int32_t pid : children_of(::getpid())) {
    if (const auto helper = birth_of(pid, session)) found.insert(*helper);
  }
  for (const std::int32_t pid : children_of(::getppid())) {
    if (pid == ::getpid()) continue;
    const auto helper = birth_of(pid, session);
    if (!helper) continue;
    if (session == ::getsid(0) || carries_our_mark(pid)) found.insert(*helper);
  }
  return found;
}

}  // namespace

HelperWatch::HelperWatch() : before_(family()) {}

std::vector<Helper> HelperWatch::started() const {
  std::vector<Helper> fresh;
  for (const Helper& helper : family()) {
    if (!before_.contains(helper)) fresh.push_back(helper);
  }
  return fresh;
}

}  // namespace weir::sdk_impl
