// Collecting, judging and hashing the files of a module. See the header for what makes a bundle.
// Files are read in chunks; a file that changes while it is hashed is refused.
// Blocking; any thread.
#include "sdk/client/module_bundle.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <system_error>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "module/bundle.h"
#include "module/elf.h"
#include "sdk/client/describe.h"

namespace weir::client {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Result;
using base::Status;
using module::ElfInfo;

constexpr std::size_t kHashChunkBytes = 1u << 20;

Status not_executable(const std::string& message) {
  return Status(Code::kInvalidArgument, base::kErrNotExecutable, message);
}

// The headers of a program that could be a module, or why it cannot be one.
Result<ElfInfo> inspect_program(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return Status(errno == ENOENT ? Code::kNotFound : Code::kPermissionDenied,
                  base::kErrNotExecutable,
                  "cannot read the module '" + path +
                      "': " + std::generic_category().message(errno) + "; has it been built?");
  }
  if (!S_ISREG(info.st_mode)) return not_executable("'" + path + "' is not a regular file");
  if (::access(path.c_str(), X_OK) != 0) {
    return not_executable("'" + path + "' is not executable; chmod +x " + path);
  }
  Result<ElfInfo> elf = module::read_elf(path);
  if (!elf.ok()) {
    if (elf.status().error() == base::kErrNotExecutable) return elf.status();
    return Status(Code::kInvalidArgument, elf.status().error(),
                  "'" + path + "' is not a module: " + elf.status().message() +
                      "; a module is a program for " + module::host_machine() +
                      " built with weir_module()");
  }
  if (elf->machine != module::host_machine()) {
    return Status(Code::kInvalidArgument, base::kErrArchitecture,
                  "'" + path + "' is built for " + elf->machine + ", this machine is " +
                      module::host_machine() +
                      "; build it here, or register it from a machine of "
                      "that kind");
  }
  if (!elf->is_executable) {
    return not_executable("'" + path +
                          "' is a library, not a program; give the program that "
                          "weir_module() builds");
  }
  return elf;
}

bool is_shared_library(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.size() > 3 && (name.ends_with(".so") || name.find(".so.") != std::string::npos);
}

// The directories below `directory` that a RUNPATH of $ORIGIN names, relative to it.
std::vector<fs::path> origin_directories(const ElfInfo& elf) {
  std::vector<fs::path> found;
  for (std::string entry : elf.runpath) {
    for (const std::string_view origin : {"${ORIGIN}", "$ORIGIN"}) {
      if (entry.compare(0, origin.size(), origin) != 0) continue;
      entry.erase(0, origin.size());
      const fs::path relative = fs::path("." + entry).lexically_normal();
      const bool inside = !relative.empty() && *relative.begin() != "..";
      // The program's own directory may be full of other things: only what lies below it is the
      // bundle's.
      if (inside && relative != "." && relative != "./") found.push_back(relative);
      break;
    }
  }
  return found;
}

Status add_file(const fs::path& root, const fs::path& relative, std::vector<ModuleFile>& files) {
  if (files.size() >= kBundleFilesMax) {
    return Status(Code::kResourceExhausted, base::kErrLimit,
                  "the bundle '" + root.string() + "' has more than " +
                      std::to_string(kBundleFilesMax) + " files");
  }
  ModuleFile file;
  file.path = relative.generic_string();
  while (file.path.starts_with("./")) file.path.erase(0, 2);
  file.absolute = (root / relative).string();
  struct stat info {};
  if (::stat(file.absolute.c_str(), &info) != 0) {
    return not_executable("cannot read '" + file.absolute +
                          "': " + std::generic_category().message(errno));
  }
  file.size = info.st_size;
  file.executable = (info.st_mode & 0111) != 0;
  files.push_back(std::move(file));
  return {};
}

// Files of a directory in sorted order, symlinks to files followed.
Result<std::vector<fs::path>> list_files(const fs::path& root, bool recursive) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::recursive_directory_iterator entry(root, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored) && !recursive) entry.disable_recursion_pending();
    if (entry->is_regular_file(ignored)) found.push_back(entry->path().lexically_relative(root));
    if (found.size() > kBundleFilesMax) break;
  }
  if (error) return not_executable("cannot list '" + root.string() + "': " + error.message());
  std::sort(found.begin(), found.end());
  return found;
}

// The one program on the top level of a bundle directory.
Result<fs::path> find_program(const fs::path& directory) {
  const Result<std::vector<fs::path>> files = list_files(directory, false);
  if (!files.ok()) return files.status();
  std::vector<fs::path> programs;
  for (const fs::path& file : *files) {
    const Result<ElfInfo> elf = module::read_elf((directory / file).string());
    if (elf.ok() && elf->is_executable && !is_shared_library(file)) programs.push_back(file);
  }
  if (programs.size() == 1) return programs.front();
  const fs::path name = fs::absolute(directory).lexically_normal().filename();
  for (const fs::path& program : programs) {
    if (program == name) return program;
  }
  if (programs.empty()) {
    return not_executable("the directory '" + directory.string() +
                          "' holds no program; a bundle is a program with its libraries in lib/");
  }
  return not_executable("the directory '" + directory.string() + "' holds several programs (" +
                        programs[0].string() + ", " + programs[1].string() +
                        "); name the module's program itself");
}

Result<std::vector<ModuleFile>> collect(const std::string& path, std::string& program) {
  std::vector<ModuleFile> files;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    const Result<fs::path> found = find_program(path);
    if (!found.ok()) return found.status();
    program = (fs::path(path) / *found).string();
    if (Status status = add_file(path, *found, files); !status.ok()) return status;
    const Result<std::vector<fs::path>> all = list_files(path, true);
    if (!all.ok()) return all.status();
    for (const fs::path& file : *all) {
      if (file == *found) continue;
      if (Status status = add_file(path, file, files); !status.ok()) return status;
    }
    return files;
  }
  program = path.find('/') == std::string::npos ? "./" + path : path;
  const Result<ElfInfo> elf = inspect_program(program);
  if (!elf.ok()) return elf.status();
  const fs::path root = fs::path(program).parent_path();
  if (Status status = add_file(root, fs::path(program).filename(), files); !status.ok()) {
    return status;
  }
  for (const fs::path& directory : origin_directories(*elf)) {
    if (!fs::is_directory(root / directory, error)) continue;
    const Result<std::vector<fs::path>> libraries = list_files(root / directory, false);
    if (!libraries.ok()) return libraries.status();
    for (const fs::path& library : *libraries) {
      if (!is_shared_library(library)) continue;
      if (Status status = add_file(root, directory / library, files); !status.ok()) return status;
    }
  }
  return files;
}

Status hash_file(ModuleFile& file) {
  std::ifstream stream(file.absolute, std::ios::binary);
  base::Sha256 hash;
  std::string buffer(kHashChunkBytes, '\0');
  std::int64_t total = 0;
  while (stream) {
    stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    hash.update(std::string_view(buffer.data(), static_cast<std::size_t>(stream.gcount())));
    total += stream.gcount();
  }
  if (stream.bad() || total != file.size) {
    return not_executable("'" + file.absolute +
                          "' changed or could not be read while it was "
                          "hashed; is it still being built?");
  }
  file.digest = hash.finish();
  return {};
}

// What the files need from a host, less what they bring.
void find_needs(ModuleBundle& bundle) {
  std::set<std::string> needed;
  std::set<std::string> brought;
  std::vector<std::string> versions;
  for (const ModuleFile& file : bundle.files) {
    brought.insert(fs::path(file.path).filename().string());
    const Result<ElfInfo> elf = module::read_elf(file.absolute);
    if (!elf.ok()) continue;  // data files are part of a bundle too
    if (!elf->soname.empty()) brought.insert(elf->soname);
    needed.insert(elf->needed.begin(), elf->needed.end());
    versions.insert(versions.end(), elf->versions.begin(), elf->versions.end());
  }
  std::set_difference(needed.begin(), needed.end(), brought.begin(), brought.end(),
                      std::back_inserter(bundle.needed_libraries));
  bundle.glibc = module::newest_version(versions, "GLIBC_");
}

}  // namespace

Result<ModuleBundle> load_bundle(const std::string& path, std::chrono::milliseconds describe_time) {
  ModuleBundle bundle;
  std::string program;
  Result<std::vector<ModuleFile>> files = collect(path, program);
  if (!files.ok()) return files.status();
  bundle.files = std::move(*files);
  const Result<ElfInfo> elf = inspect_program(program);
  if (!elf.ok()) return elf.status();

  Result<Description> description = describe(program, *elf, describe_time);
  if (!description.ok()) return description.status();
  bundle.manifest = std::move(description->manifest);
  bundle.manifest_json = std::move(description->text);
  bundle.architecture = elf->machine;
  if (Status status = module::validate_manifest(bundle.manifest); !status.ok()) {
    return Status(status.code(), status.error(), "'" + path + "': " + status.message());
  }

  std::vector<module::BundleEntry> entries;
  for (ModuleFile& file : bundle.files) {
    if (Status status = hash_file(file); !status.ok()) return status;
    entries.push_back({file.path, file.digest, file.executable});
  }
  bundle.digest = module::bundle_digest(entries);
  find_needs(bundle);
  return bundle;
}

}  // namespace weir::client
