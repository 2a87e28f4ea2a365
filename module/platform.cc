// The linker's cache is read instead of running ldconfig: this process has gRPC's
// threads and must not fork. The bytes come from a system file but are checked like
// foreign ones.
#include "module/platform.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include <gnu/libc-version.h>

#include "module/elf.h"

namespace weir::module {
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

// The file's bytes, cut at the limit; empty when it cannot be read, for what is not known refuses
// nothing.
std::string contents(const char* path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes;
  std::vector<char> chunk(std::size_t{64} << 10);
  while (file && bytes.size() < bytes_max) {
    file.read(chunk.data(), std::streamsize(std::min(chunk.size(), bytes_max - bytes.size())));
    bytes.append(chunk.data(), std::size_t(file.gcount()));
  }
  return bytes;
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

Platform this_platform() {
  Platform out;
  out.architecture = host_machine();
  out.glibc = ::gnu_get_libc_version();
  for (std::string& name : cached_libraries(contents("/etc/ld.so.cache", kCacheBytesMax))) {
    out.libraries.insert(std::move(name));
  }
  return out;
}

std::string host_id() {
  for (const char* path : {"/etc/machine-id", "/proc/sys/kernel/random/boot_id"}) {
    std::ifstream file(path);
    std::string id;
    if (std::getline(file, id) && !id.empty()) return id;
  }
  return "";
}

}  // namespace weir::module
