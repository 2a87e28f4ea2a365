// init NAME: a module project that builds as it stands against the installed SDK. Writes only into
// a directory that is new or empty, and contacts nobody.
// Main thread.
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/commands/commands.h"
#include "cli/text/init_templates.h"
#include "sdk/base/errors.h"
#include "sdk/base/names.h"

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

int init(Session& session, const std::string& name) {
  // The name becomes the pipeline's, the program's and a C++ namespace.
  if (!base::valid_name(name) || name.find('/') != std::string::npos) {
    const std::string problem = base::name_problem(name);
    return session.fail(Status(Code::kInvalidArgument, base::kErrBadName,
                               "'" + name + "' cannot be the name of a pipeline: " +
                                   (problem.empty() ? "it must not hold a '/'" : problem)));
  }
  if (const Status status = write_project(name); !status.ok()) return session.fail(status);
  session.data(name + "\n");
  session.note("made the project " + name +
               "; next:\n"
               "  cmake -S " +
               name + " -B " + name + "/build && cmake --build " + name +
               "/build\n"
               "  ./" +
               name + "/build/" + name +
               " run            # here and now, no server\n"
               "  weir register ./" +
               name + "/build/" + name + " && weir run " + name + "/all");
  return kExitOk;
}

}  // namespace

void add_init_command(CLI::App& app, Session& session, Chosen& chosen) {
  CLI::App& command = *app.add_subcommand("init", "make a module project that builds as it is");
  auto name = std::make_shared<std::string>();
  command.add_option("NAME", *name, "of the directory and the pipeline: lower case, a-z 0-9 _")
      ->required();
  command.callback(
      [&session, &chosen, name] { chosen = [&session, name] { return init(session, *name); }; });
}

}  // namespace weir::cli
