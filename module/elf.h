// What an ELF file says about itself: enough to tell, without running or loading it, whether a
// machine can start it and which libraries it needs. Reads hostile files safely: every offset and
// count is checked against the bytes that are there. Pure functions over bytes, and the same of
// files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weir::module {

using base::Result;

inline constexpr std::size_t kElfEntriesMax =
    65'536;  // program headers, dynamic entries, versions: of each
inline constexpr std::size_t kElfNameBytesMax = 4096;

struct ElfInfo {
  std::string machine;  // "x86_64", "aarch64", "riscv64", …, "machine_243" for others
  bool is_executable =
      false;                // a program: ET_EXEC, or a position-independent one with an interpreter
  bool is_pie = false;      // a program, and position-independent
  bool is_dynamic = false;  // has a dynamic section; a program without one is statically linked
  std::string
      interpreter;     // "/lib64/ld-linux-x86-64.so.2"; empty for libraries and static programs
  std::string soname;  // DT_SONAME
  std::vector<std::string> needed;    // DT_NEEDED, in order
  std::vector<std::string> runpath;   // DT_RUNPATH, else DT_RPATH, split at ':'
  std::vector<std::string> versions;  // needed symbol versions, "GLIBC_2.34", sorted, each once
  std::string build_id;               // hexadecimal, empty when there is none
};

// True when the bytes start like an ELF file of any kind.
bool looks_like_elf(std::string_view bytes);

// INVALID_ARGUMENT saying what is wrong: not ELF, 32-bit, big-endian, truncated, or an offset
// outside the file.
Result<ElfInfo> parse_elf(std::string_view bytes);

// The same for a file, which is mapped read-only. NOT_FOUND or PERMISSION_DENIED when it cannot be
// opened.
Result<ElfInfo> read_elf(const std::string& path);

// The names, mangled, of the functions that hold the addresses, which count from where the file is
// loaded; empty ones when the file has no symbols or cannot be read. Static functions have names
// too. One pass over the symbols, however many addresses.
std::vector<std::string> functions_at(const std::string& path,
                                      const std::vector<std::uint64_t>& addresses);
std::vector<std::string> functions_at_bytes(std::string_view bytes,
                                            const std::vector<std::uint64_t>& addresses);

// The newest version of a family among the needed ones, by number: newest_version(v, "GLIBC_") is
// "2.34"; empty when there is none.
std::string newest_version(const std::vector<std::string>& versions, std::string_view family);

// The name of this machine's architecture, spelled as in ElfInfo::machine.
std::string host_machine();

}  // namespace weir::module
