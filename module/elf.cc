// A reader of ELF64 little-endian files over program headers only (section headers may be
// stripped). Tables are reached through PT_DYNAMIC, whose addresses are mapped to file offsets by
// the PT_LOAD segments.
#include "module/elf.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <system_error>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/text.h"

namespace weir::module {

using base::Code;
using base::Result;
using base::Status;
namespace {

Status malformed(const std::string& what) {
  return Status(Code::kInvalidArgument, base::kErrStaticModule, what);
}

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86_64";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "riscv64";
    case EM_PPC64:
      return "ppc64le";
    case EM_S390:
      return "s390x";
    case EM_386:
      return "i386";
    case EM_ARM:
      return "arm";
    case EM_LOONGARCH:
      return "loongarch64";
    default:
      return "machine_" + std::to_string(machine);
  }
}

// Bounds-checked access to the bytes of a file.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  std::optional<T> at(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  std::optional<std::string_view> slice(std::uint64_t offset, std::uint64_t size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < size) return std::nullopt;
    return bytes_.substr(offset, size);
  }

  // The zero-terminated string at an offset, none when it does not end in time.
  std::optional<std::string> string_at(std::uint64_t offset) const {
    if (offset >= bytes_.size()) return std::nullopt;
    const std::string_view rest = bytes_.substr(offset, kElfNameBytesMax);
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    return std::string(rest.substr(0, end));
  }

 private:
  std::string_view bytes_;
};

class ElfReader {
 public:
  explicit ElfReader(std::string_view bytes) : bytes_(bytes) {}

  Result<ElfInfo> read() {
    if (Status status = read_header(); !status.ok()) return status;
    if (Status status = read_segments(); !status.ok()) return status;
    if (Status status = read_dynamic(); !status.ok()) return status;
    const bool program_type = header_.e_type == ET_EXEC || header_.e_type == ET_DYN;
    const bool static_pie = has_flag_pie_ && info_.interpreter.empty();
    info_.is_executable =
        header_.e_type == ET_EXEC || (program_type && (!info_.interpreter.empty() || static_pie));
    info_.is_pie = info_.is_executable && header_.e_type == ET_DYN;
    return std::move(info_);
  }

 private:
  Status read_header() {
    const auto header = bytes_.at<Elf64_Ehdr>(0);
    const auto ident = bytes_.slice(0, EI_NIDENT);
    if (!ident || std::memcmp(ident->data(), ELFMAG, SELFMAG) != 0) {
      return malformed("it is not an ELF file");
    }
    if ((*ident)[EI_DATA] != ELFDATA2LSB) return malformed("it is built for a big-endian machine");
    if ((*ident)[EI_CLASS] != ELFCLASS64) {
      const auto machine = bytes_.at<std::uint16_t>(offsetof(Elf32_Ehdr, e_machine));
      return Status(
          Code::kInvalidArgument, base::kErrArchitecture,
          "it is a 32-bit program" + (machine ? " for " + machine_name(*machine) : std::string()));
    }
    if (!header) return malformed("the ELF file is cut off in its header");
    header_ = *header;
    info_.machine = machine_name(header_.e_machine);
    return {};
  }

  Status read_segments() {
    if (header_.e_phnum > 0 && header_.e_phentsize != sizeof(Elf64_Phdr)) {
      return malformed("the ELF file has program headers of an unknown size");
    }
    for (std::uint64_t i = 0; i < header_.e_phnum; ++i) {
      const auto segment = header_.e_phoff > UINT64_MAX / 2
                               ? std::nullopt
                               : bytes_.at<Elf64_Phdr>(header_.e_phoff + i * sizeof(Elf64_Phdr));
      if (!segment) return malformed("the ELF file is cut off in its program headers");
      if (Status status = take_segment(*segment); !status.ok()) return status;
    }
    return {};
  }

  Status take_segment(const Elf64_Phdr& segment) {
    switch (segment.p_type) {
      case PT_LOAD:
        loads_.push_back(segment);
        break;
      case PT_DYNAMIC:
        dynamic_ = segment;
        break;
      case PT_INTERP: {
        const auto name = bytes_.string_at(segment.p_offset);
        if (!name) return malformed("the ELF file's interpreter lies outside the file");
        info_.interpreter = *name;
        break;
      }
      case PT_NOTE:
        read_notes(segment);
        break;
      default:
        break;
    }
    return {};
  }

  // Looks for the build id; a malformed note is no reason to refuse a program that the kernel would
  // run.
  void read_notes(const Elf64_Phdr& segment) {
    const auto notes = bytes_.slice(segment.p_offset, segment.p_filesz);
    if (!notes) return;
    const Bytes view(*notes);
    const std::uint64_t align = segment.p_align == 8 ? 8 : 4;
    const auto round_up = [align](std::uint64_t size) {
      return (size + align - 1) / align * align;
    };
    std::uint64_t offset = 0;
    while (const auto note = view.at<Elf64_Nhdr>(offset)) {
      const std::uint64_t name_offset = offset + sizeof(Elf64_Nhdr);
      const std::uint64_t data_offset = offset + round_up(sizeof(Elf64_Nhdr) + note->n_namesz);
      const auto name = view.slice(name_offset, note->n_namesz);
      const auto data = view.slice(data_offset, note->n_descsz);
      if (!name || !data) return;
      if (note->n_type == NT_GNU_BUILD_ID && *name == std::string_view("GNU\0", 4)) {
        info_.build_id = base::hex(data->substr(0, 64));
        return;
      }
      offset = data_offset + round_up(note->n_descsz);
    }
  }

  // The offset in the file of an address in memory.
  std::optional<std::uint64_t> offset_of(std::uint64_t address) const {
    for (const Elf64_Phdr& load : loads_) {
      if (address >= load.p_vaddr && address - load.p_vaddr < load.p_filesz) {
        const std::uint64_t delta = address - load.p_vaddr;
        if (load.p_offset > UINT64_MAX - delta) return std::nullopt;
        return load.p_offset + delta;
      }
    }
    return std::nullopt;
  }

  Status read_dynamic() {
    if (!dynamic_) return {};
    info_.is_dynamic = true;
    std::vector<std::uint64_t> needed;
    std::optional<std::uint64_t> strings, runpath, rpath, soname, versions;
    std::uint64_t strings_size = 0, version_count = 0;
    const std::uint64_t count =
        std::min<std::uint64_t>(dynamic_->p_filesz / sizeof(Elf64_Dyn), kElfEntriesMax);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (dynamic_->p_offset > UINT64_MAX / 2) break;
      const auto entry = bytes_.at<Elf64_Dyn>(dynamic_->p_offset + i * sizeof(Elf64_Dyn));
      if (!entry) return malformed("the ELF file is cut off in its dynamic section");
      if (entry->d_tag == DT_NULL) break;
      const std::uint64_t value = entry->d_un.d_val;
      if (entry->d_tag == DT_NEEDED) needed.push_back(value);
      if (entry->d_tag == DT_STRTAB) strings = offset_of(value);
      if (entry->d_tag == DT_STRSZ) strings_size = value;
      if (entry->d_tag == DT_RUNPATH) runpath = value;
      if (entry->d_tag == DT_RPATH) rpath = value;
      if (entry->d_tag == DT_SONAME) soname = value;
      if (entry->d_tag == DT_VERNEED) versions = offset_of(value);
      if (entry->d_tag == DT_VERNEEDNUM) version_count = value;
      if (entry->d_tag == DT_FLAGS_1 && (value & DF_1_PIE) != 0) has_flag_pie_ = true;
    }
    const auto table = strings ? bytes_.slice(*strings, strings_size) : std::nullopt;
    if (!table) {
      if (needed.empty()) return {};
      return malformed("the ELF file's table of names lies outside the file");
    }
    const Bytes names(*table);
    for (const std::uint64_t offset : needed) {
      const auto name = names.string_at(offset);
      if (!name) return malformed("the ELF file names a library outside its table of names");
      info_.needed.push_back(*name);
    }
    if (soname) info_.soname = names.string_at(*soname).value_or("");
    if (!runpath) runpath = rpath;
    if (runpath) split_runpath(names.string_at(*runpath).value_or(""));
    if (versions) read_versions(*versions, version_count, names);
    return {};
  }

  void split_runpath(const std::string& text) {
    std::size_t start = 0;
    while (start <= text.size()) {
      const std::size_t end = std::min(text.find(':', start), text.size());
      if (end > start) info_.runpath.push_back(text.substr(start, end - start));
      start = end + 1;
    }
  }

  // The chain of needed versions; stops at the first entry that is not there, and after a fixed
  // number of entries.
  void read_versions(std::uint64_t offset, std::uint64_t count, const Bytes& names) {
    std::set<std::string> found;
    std::size_t budget = kElfEntriesMax;
    for (std::uint64_t i = 0; i < count && budget > 0; ++i, --budget) {
      const auto need = bytes_.at<Elf64_Verneed>(offset);
      if (!need) break;
      std::uint64_t aux_offset = offset + need->vn_aux;
      for (std::uint16_t j = 0; j < need->vn_cnt && budget > 0; ++j, --budget) {
        const auto aux = bytes_.at<Elf64_Vernaux>(aux_offset);
        if (!aux) break;
        if (auto name = names.string_at(aux->vna_name)) found.insert(std::move(*name));
        if (aux->vna_next == 0) break;
        aux_offset += aux->vna_next;
      }
      if (need->vn_next == 0) break;
      offset += need->vn_next;
    }
    info_.versions.assign(found.begin(), found.end());
  }

  Bytes bytes_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> loads_;
  std::optional<Elf64_Phdr> dynamic_;
  bool has_flag_pie_ = false;
  ElfInfo info_;
};

// "2.34" as {2, 34}; empty when it is not made of numbers ("PRIVATE").
std::vector<unsigned long> version_numbers(std::string_view text) {
  std::vector<unsigned long> numbers;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('.', start), text.size());
    unsigned long number = 0;
    if (end == start || end - start > 9) return {};
    for (const char c : text.substr(start, end - start)) {
      if (c < '0' || c > '9') return {};
      number = number * 10 + static_cast<unsigned long>(c - '0');
    }
    numbers.push_back(number);
    start = end + 1;
  }
  return numbers;
}

}  // namespace

bool looks_like_elf(std::string_view bytes) {
  return bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0;
}

Result<ElfInfo> parse_elf(std::string_view bytes) { return ElfReader(bytes).read(); }

namespace {

// Calls `use` with the bytes of the file.
template <class Use>
Status with_mapped(const std::string& path, Use use) {
  const auto failed = [&path](int error) {
    const Code code = error == ENOENT ? Code::kNotFound : Code::kPermissionDenied;
    return Status(code, base::kErrNotExecutable,
                  "cannot read '" + path + "': " + std::generic_category().message(error));
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed(errno);
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return malformed("'" + path + "' is not a regular file");
  }
  if (info.st_size == 0) {
    ::close(fd);
    return malformed("the file is empty");
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  const int error = errno;
  ::close(fd);
  if (mapping == MAP_FAILED) return failed(error);
  use(std::string_view(static_cast<const char*>(mapping), size));
  ::munmap(mapping, size);
  return {};
}

// The names in the section's table of the functions that hold the addresses, which are sorted.
std::vector<std::string> functions_in(const Bytes& bytes, const Elf64_Shdr& symbols,
                                      const Elf64_Shdr& names,
                                      const std::vector<std::uint64_t>& sorted) {
  std::vector<std::string> functions(sorted.size());
  const auto table = bytes.slice(symbols.sh_offset, symbols.sh_size);
  if (!table) return functions;
  const Bytes entries(*table);
  for (std::uint64_t at = 0; const auto symbol = entries.at<Elf64_Sym>(at);
       at += sizeof(Elf64_Sym)) {
    if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_value == 0) continue;
    if (symbol->st_name >= names.sh_size) continue;
    auto within = std::lower_bound(sorted.begin(), sorted.end(), symbol->st_value);
    for (; within != sorted.end() && *within - symbol->st_value < symbol->st_size; ++within) {
      std::string& function = functions[static_cast<std::size_t>(within - sorted.begin())];
      if (!function.empty()) continue;
      function = bytes.string_at(names.sh_offset + symbol->st_name).value_or("");
    }
  }
  return functions;
}

// As functions_at_bytes(), of addresses that are sorted.
std::vector<std::string> functions_at_sorted(std::string_view file,
                                             const std::vector<std::uint64_t>& sorted) {
  const std::vector<std::string> unknown(sorted.size());
  const Bytes bytes(file);
  const auto header = bytes.at<Elf64_Ehdr>(0);
  if (!header || !looks_like_elf(file) || header->e_shentsize != sizeof(Elf64_Shdr)) return unknown;
  const auto section = [&](std::uint64_t index) {
    return header->e_shoff > UINT64_MAX / 2
               ? std::nullopt
               : bytes.at<Elf64_Shdr>(header->e_shoff + index * sizeof(Elf64_Shdr));
  };
  for (std::uint64_t i = 0; i < header->e_shnum; ++i) {
    const auto symbols = section(i);
    if (!symbols || symbols->sh_type != SHT_SYMTAB) continue;
    const auto names = section(symbols->sh_link);
    return names ? functions_in(bytes, *symbols, *names, sorted) : unknown;
  }
  return unknown;
}

}  // namespace

std::vector<std::string> functions_at_bytes(std::string_view file,
                                            const std::vector<std::uint64_t>& addresses) {
  std::vector<std::uint64_t> sorted = addresses;
  std::sort(sorted.begin(), sorted.end());
  const std::vector<std::string> found = functions_at_sorted(file, sorted);
  std::vector<std::string> functions;
  for (const std::uint64_t address : addresses) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), address);
    functions.push_back(found[static_cast<std::size_t>(at - sorted.begin())]);
  }
  return functions;
}

std::vector<std::string> functions_at(const std::string& path,
                                      const std::vector<std::uint64_t>& addresses) {
  std::vector<std::string> functions(addresses.size());
  const Status read = with_mapped(
      path, [&](std::string_view bytes) { functions = functions_at_bytes(bytes, addresses); });
  return read.ok() ? functions : std::vector<std::string>(addresses.size());
}

Result<ElfInfo> read_elf(const std::string& path) {
  Result<ElfInfo> result = ElfInfo();
  const Status read = with_mapped(path, [&](std::string_view bytes) { result = parse_elf(bytes); });
  return read.ok() ? std::move(result) : Result<ElfInfo>(read);
}

std::string newest_version(const std::vector<std::string>& versions, std::string_view family) {
  std::string newest;
  std::vector<unsigned long> newest_numbers;
  for (const std::string& version : versions) {
    if (version.compare(0, family.size(), family) != 0) continue;
    const std::string number = version.substr(family.size());
    std::vector<unsigned long> numbers = version_numbers(number);
    if (numbers > newest_numbers) {
      newest = number;
      newest_numbers = std::move(numbers);
    }
  }
  return newest;
}

std::string host_machine() {
  utsname name{};
  return ::uname(&name) == 0 ? name.machine : "";
}

}  // namespace weir::module
