// The files of a new module project, as `weir init` writes them.
// Pure: nothing is written here.
// No thread affinity.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

struct ProjectFile {
  std::string path;  // relative to the project
  std::string text;
};

// `name` is a valid name of one segment.
std::vector<ProjectFile> project_files(std::string_view name);

}  // namespace weir::cli
