// `describe` prints the manifest; with --lock it keeps or compares the reviewable part of it, so
// that a change of the pipeline shows in a diff and can be checked with no server. Runs no stage
// and makes no resource.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/errors.h"
#include "module/manifest.h"
#include "sdk/src/pipeline_manifest.h"
#include "sdk/src/verbs/verbs.h"

namespace weir::sdk_impl {
namespace {

using base::Code;
using base::Status;

constexpr std::size_t kDiffCellsMax =
    16'000'000;  // of the table below; larger files differ as a whole

struct Options {
  std::string lock;
  bool check = false;
};

// What is not a change of the pipeline is left out: versions of code, compiler and SDK move with
// every build.
std::string lock_text(module::Manifest manifest) {
  manifest.sdk_version.clear();
  manifest.compiler.clear();
  manifest.architecture.clear();
  for (module::StageSpec& stage : manifest.stages) stage.code_version.clear();
  return module::manifest_to_json(manifest).pretty() + "\n";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::size_t start = 0;
  for (std::size_t end = 0; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    out.push_back(text.substr(start, end - start));
  }
  if (start < text.size()) out.push_back(text.substr(start));
  return out;
}

// Lines that only one side has, by the longest common subsequence.
std::string difference(const std::vector<std::string>& before,
                       const std::vector<std::string>& after) {
  const std::size_t rows = before.size();
  const std::size_t columns = after.size();
  if ((rows + 1) * (columns + 1) > kDiffCellsMax) return "(too long to compare line by line)\n";
  std::vector<std::vector<int>> common(rows + 1, std::vector<int>(columns + 1, 0));
  for (std::size_t i = rows; i-- > 0;) {
    for (std::size_t j = columns; j-- > 0;) {
      common[i][j] = before[i] == after[j] ? common[i + 1][j + 1] + 1
                                           : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::string out;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && before[i] == after[j]) {
      ++i, ++j;
    } else if (j == columns || (i < rows && common[i + 1][j] >= common[i][j + 1])) {
      out += "-" + before[i++] + "\n";
    } else {
      out += "+" + after[j++] + "\n";
    }
  }
  return out;
}

int check_lock(const std::string& file, const std::string& expected) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return fail(
        Status(Code::kNotFound, base::kErrLockDiffers,
               "cannot read the lock file '" + file + "'; write it with describe --lock " + file),
        kExitUsage);
  }
  const std::string found{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (found == expected) return kExitOk;
  print(difference(lines_of(found), lines_of(expected)));
  return fail(Status(Code::kFailedPrecondition, base::kErrLockDiffers,
                     "the pipeline differs from the lock file '" + file +
                         "' (- locked, + built); if that is meant, write it again with "
                         "describe --lock " +
                         file),
              kExitFailed);
}

int write_lock(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (out) return kExitOk;
  return fail(Status(Code::kUnavailable, base::kErrUsage, "cannot write '" + file + "'"),
              kExitUsage);
}

base::Result<Options> parse(Arguments arguments) {
  const auto usage = [](const std::string& what) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  what + "; usage: describe [--lock FILE [--check]]");
  };
  Options out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--lock" && i + 1 < arguments.size()) {
      out.lock = arguments[++i];
    } else if (arguments[i] == "--check") {
      out.check = true;
    } else {
      return usage("unexpected argument '" + arguments[i] + "'");
    }
  }
  if (out.check && out.lock.empty()) return usage("--check needs --lock FILE");
  return out;
}

}  // namespace

int describe_verb(const impl::PipelineRecord& pipeline, Arguments arguments) {
  const auto options = parse(arguments);
  if (!options.ok()) return fail(options.status(), kExitUsage);
  const auto manifest = full_manifest_of(pipeline);
  if (!manifest.ok()) return fail(manifest.status(), kExitUsage);
  if (Status status = check_manifest(*manifest); !status.ok()) {
    return fail(status, kExitUsage);
  }
  if (options->check) return check_lock(options->lock, lock_text(*manifest));
  if (!options->lock.empty()) return write_lock(options->lock, lock_text(*manifest));
  print(module::manifest_to_json(*manifest).pretty() + "\n");
  return kExitOk;
}

}  // namespace weir::sdk_impl
