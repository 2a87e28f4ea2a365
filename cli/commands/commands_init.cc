// init NAME: a module project that builds as it stands against the installed SDK. Writes only into
// a directory that is new or empty, and contacts nobody: a scheduler
// is looked for by its files.
// Main thread.
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/errors.h"
#include "base/names.h"
#include "cli/commands/commands.h"
#include "cli/text/init_templates.h"
#include "sdk/client/discovery.h"

namespace weir::cli {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Status;

Status write_project(const std::string& name) {
  std::error_code error;
  if (fs::exists(name, error) && !fs::is_empty(name, error)) {
    return Status(Code::kAlreadyExists, base::kErrUsage,
                  "'" + name + "' exists and is not empty; choose another name or remove it");
  }
  for (const ProjectFile& file : project_files(name)) {
    const fs::path path = fs::path(name) / file.path;
    fs::create_directories(path.parent_path(), error);
    std::ofstream stream(path, std::ios::binary | std::ios::trunc);
    stream << file.text;
    stream.close();
    if (error || !stream) {
      return Status(Code::kInvalidArgument, base::kErrUsage,
                    "cannot write '" + path.string() +
                        "': " + (error ? error.message() : std::generic_category().message(errno)));
    }
  }
  return {};
}

// Where find_package(weir) finds this Weir: the prefix that this program was installed to, or the
// one beside the bin/ that it was built in. Empty when there is none or CMake knows it anyway.
std::string install_prefix() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path root = program.parent_path().parent_path();
  if (root == "/usr" || root == "/usr/local" || root == "/") return {};
  for (const fs::path& prefix : {root, root / "prefix"}) {
    for (fs::directory_iterator entry(prefix, error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().filename().string().rfind("lib", 0) != 0) continue;
      if (fs::exists(entry->path() / "cmake/weir/weirConfig.cmake", error)) return prefix.string();
      error.clear();
    }
    error.clear();
  }
  return {};
}

std::string shell_word(const std::string& text) {
  return text.find_first_of(" \t'\"$&;()<>|*?`\\") == std::string::npos ? text : "'" + text + "'";
}

int init(Invocation& invocation, const std::string& name) {
  // The name becomes the pipeline's, the program's and a C++ namespace.
  if (!base::valid_name(name) || name.find('/') != std::string::npos) {
    const std::string problem = base::name_problem(name);
    return invocation.fail(Status(Code::kInvalidArgument, base::kErrBadName,
                                  "'" + name + "' cannot be the name of a pipeline: " +
                                      (problem.empty() ? "it must not hold a '/'" : problem)));
  }
  if (const Status status = write_project(name); !status.ok()) return invocation.fail(status);
  const std::string prefix = install_prefix();
  const std::string where = prefix.empty() ? "" : " -DCMAKE_PREFIX_PATH=" + shell_word(prefix);
  const bool scheduler =
      client::discover(invocation.options.scheduler, invocation.options.token_file).ok();
  invocation.data(name + "\n");
  invocation.note("made the project " + name +
                  "; next:\n"
                  "  cmake -S " +
                  name + " -B " + name + "/build" + where + " && cmake --build " + name +
                  "/build\n"
                  "  ./" +
                  name + "/build/" + name + " run            # here and now, no server\n" +
                  (scheduler ? "" : "  weir up &                      # scheduler and worker\n") +
                  "  weir register ./" + name + "/build/" + name + " && weir run " + name + "/all");
  return kExitOk;
}

}  // namespace

void add_init_command(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& command = *app.add_subcommand("init", "make a module project that builds as it is");
  auto name = std::make_shared<std::string>();
  command.add_option("NAME", *name, "of the directory and the pipeline: lower case, a-z 0-9 _")
      ->required();
  command.callback([&invocation, &chosen, name] {
    chosen = [&invocation, name] { return init(invocation, *name); };
  });
}

}  // namespace weir::cli
