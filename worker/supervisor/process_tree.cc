// Walks /proc. A pid is signalled through a pidfd after its birth
// time was read again, so that a number that was used anew is never
// hit.
#include "worker/supervisor/process_tree.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/supervisor/spawn.h"
#include "worker/supervisor/system.h"

namespace weir::worker {
namespace {

constexpr std::size_t kProcFileMax = 4u << 20;

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
  char state = '?';
  std::uint64_t born = 0;  // clock ticks since boot
};

std::string slurp(const std::string& path) {
  auto bytes = read_file(path, kProcFileMax);
  return bytes.ok() ? std::move(bytes).value() : std::string();
}

// Fields after the parenthesised name: state ppid pgrp session tty tpgid flags … starttime is the
// 20th of them.
std::optional<Process> read_process(pid_t pid) {
  const std::string stat = slurp("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t close = stat.rfind(')');
  if (close == std::string::npos || close + 2 >= stat.size()) return std::nullopt;
  Process process;
  process.pid = pid;
  process.state = stat[close + 2];
  const char* at = stat.c_str() + close + 3;
  for (int field = 1; field <= 19; ++field) {
    char* end = nullptr;
    const std::int64_t value = ::strtoll(at, &end, 10);
    if (end == at) return std::nullopt;
    at = end;
    if (field == 1) process.parent = pid_t(value);
    if (field == 3) process.session = pid_t(value);
    if (field == 19) process.born = std::uint64_t(value);
  }
  return process;
}

bool alive(const Process& process) { return process.state != 'Z' && process.state != 'X'; }

void append_children(pid_t pid, std::vector<pid_t>& out) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  DIR* directory = ::opendir(tasks.c_str());
  if (directory == nullptr) return;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    const std::string list = slurp(tasks + "/" + entry->d_name + "/children");
    const char* at = list.data();
    const char* end = at + list.size();
    while (at < end) {
      pid_t child = 0;
      const auto parsed = std::from_chars(at, end, child);
      if (parsed.ec == std::errc() && child > 0) out.push_back(child);
      at = parsed.ptr + 1;
    }
  }
  ::closedir(directory);
}

// `pids` and everything below them.
std::vector<Process> with_descendants(std::vector<pid_t> pids) {
  std::vector<Process> found;
  for (std::size_t i = 0; i < pids.size(); ++i) {
    const auto process = read_process(pids[i]);
    if (!process) continue;
    found.push_back(*process);
    append_children(pids[i], pids);
  }
  return found;
}

std::optional<std::uint32_t> tag_of(pid_t pid) {
  const std::string environment = slurp("/proc/" + std::to_string(pid) + "/environ");
  const std::string wanted = std::string(kTagVariable) + "=";
  for (std::size_t at = 0; at < environment.size();) {
    const std::size_t end = std::min(environment.find('\0', at), environment.size());
    if (environment.compare(at, wanted.size(), wanted) == 0) {
      return std::uint32_t(::strtoul(environment.c_str() + at + wanted.size(), nullptr, 10));
    }
    at = end + 1;
  }
  return std::nullopt;
}

// It is one, or the orphan of one that made a session of its own.
bool is_helper(const Process& process, const TreeRoot& root) {
  return std::any_of(root.helpers.begin(), root.helpers.end(), [&](const Helper& helper) {
    if (process.pid == helper.pid) return process.born == helper.born;
    return process.session == helper.pid && process.born >= helper.born;
  });
}

// Whether an orphan that was handed to us comes from `root`.
bool belongs(const Process& orphan, const TreeRoot& root, const std::vector<TreeRoot>& roots) {
  if (is_helper(orphan, root)) return true;
  if (std::any_of(roots.begin(), roots.end(),
                  [&](const TreeRoot& other) { return is_helper(orphan, other); })) {
    return false;
  }
  if (orphan.session == root.pid) return true;
  for (const TreeRoot& other : roots) {
    if (orphan.session == other.pid) return false;
  }
  if (const auto tag = tag_of(orphan.pid)) {
    if (*tag == root.tag) return true;
    const auto owner = std::find_if(roots.begin(), roots.end(),
                                    [&](const TreeRoot& other) { return other.tag == *tag; });
    return owner == roots.end();  // its executor is long gone: whoever looks first ends it
  }
  return std::none_of(roots.begin(), roots.end(), [&](const TreeRoot& other) {
    return other.tag != root.tag && other.busy_since != 0 && other.busy_since <= orphan.born;
  });
}

void signal_process(const Process& process, int signal) {
  const Fd handle(int(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!handle) return;  // gone
  const auto again = read_process(process.pid);
  if (!again || again->born != process.born) return;
  ::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0);
}

int signal_alive(const std::vector<Process>& processes, int signal) {
  int count = 0;
  for (const Process& process : processes) {
    if (!alive(process)) continue;
    ++count;
    signal_process(process, signal);
  }
  return count;
}

}  // namespace

int signal_strays(const TreeRoot& root, const std::vector<TreeRoot>& roots, Strays which,
                  int signal) {
  std::vector<pid_t> heads;
  if (!root.dead) append_children(root.pid, heads);
  if (which == Strays::kOfAttempt && !root.helpers.empty()) {
    std::erase_if(heads, [&](pid_t pid) {
      const auto child = read_process(pid);
      return child && is_helper(*child, root);
    });
  }
  std::vector<pid_t> ours;
  append_children(::getpid(), ours);
  for (const pid_t pid : ours) {
    const bool executor = std::any_of(roots.begin(), roots.end(), [&](const TreeRoot& other) {
      return other.pid == pid && !other.dead;
    });
    if (executor) continue;
    const auto orphan = read_process(pid);
    if (!orphan || !alive(*orphan) || !belongs(*orphan, root, roots)) continue;
    if (which == Strays::kAll || !is_helper(*orphan, root)) heads.push_back(pid);
  }
  return signal_alive(with_descendants(std::move(heads)), signal);
}

int kill_all_descendants() {
  std::vector<pid_t> heads;
  append_children(::getpid(), heads);
  return signal_alive(with_descendants(std::move(heads)), SIGKILL);
}

}  // namespace weir::worker
