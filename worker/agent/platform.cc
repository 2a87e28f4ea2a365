// The linker's cache is read instead of running ldconfig: this process has gRPC's
// threads and must not fork. The bytes come from a system file but are checked like
// foreign ones.
#include "worker/agent/platform.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <gnu/libc-version.h>

#include "module/elf.h"
#include "weir/worker/v1/worker.pb.h"
#include "worker/supervisor/system.h"

namespace weir::worker {
namespace {

// glibc's cache file, "new" form: a header of 48 bytes, then entries of 24 bytes, then strings;
// offsets count from the header, which an old-form part may precede.
constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
constexpr std::size_t kHeaderBytes = 48;
constexpr std::size_t kEntryBytes = 24;
constexpr std::uint32_t kAbiMask = 0xff00;
constexpr std::uint32_t kAbiX86 = 0x0300;
constexpr std::uint32_t kAbiArm = 0x0a00;
constexpr std::size_t kCacheBytesMax = 64u << 20;

std::uint32_t word(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

std::vector<std::string> cached_libraries(std::string_view cache) {
  const std::size_t begin = cache.find(kMagic);
  if (begin == std::string_view::npos) return {};
  cache.remove_prefix(begin);
  if (cache.size() < kHeaderBytes) return {};
  const std::size_t count = std::min<std::size_t>(word(cache, 20), kLibrariesMax);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = kHeaderBytes + i * kEntryBytes;
    if (at + kEntryBytes > cache.size()) break;
    const std::uint32_t abi = word(cache, at) & kAbiMask;
    const std::size_t key = word(cache, at + 4);
    if ((abi != kAbiX86 && abi != kAbiArm) || key >= cache.size()) continue;
    const std::string_view rest = cache.substr(key);
    names.emplace_back(rest.substr(0, rest.find('\0')));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void describe_platform(v1::Platform& out) {
  out.set_architecture(module::host_machine());
  out.set_glibc(::gnu_get_libc_version());
  const auto cache = read_file("/etc/ld.so.cache", kCacheBytesMax);
  if (cache.ok()) {
    for (std::string& name : cached_libraries(*cache)) out.add_libraries(std::move(name));
  }
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) out.add_cpu_features("sse4.2");
  if (__builtin_cpu_supports("avx2")) out.add_cpu_features("avx2");
  if (__builtin_cpu_supports("avx512f")) out.add_cpu_features("avx512f");
#endif
}

std::string host_id() {
  for (const char* path : {"/etc/machine-id", "/proc/sys/kernel/random/boot_id"}) {
    const auto id = read_file(path, 200);
    if (id.ok() && !trimmed(*id).empty()) return trimmed(*id);
  }
  return "";
}

}  // namespace weir::worker
