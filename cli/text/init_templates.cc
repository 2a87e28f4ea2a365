// The templates: @NAME@ is replaced. What stands here is built by a test against the installed
// SDK, so it stays in step with it.
// Constants and pure functions.
#include "cli/text/init_templates.h"

namespace weir::cli {
namespace {

constexpr std::string_view kCmake =
    R"(# A Weir module.
# Configure with -DCMAKE_PREFIX_PATH=<where Weir is installed> if it is not found.
cmake_minimum_required(VERSION 3.25)
project(@NAME@ LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_package(weir REQUIRED)
weir_module(@NAME@ SOURCES main.cc pipeline.cc)

enable_testing()
add_executable(@NAME@_test pipeline_test.cc pipeline.cc)
target_link_libraries(@NAME@_test PRIVATE weir::sdk)
add_test(NAME @NAME@_test COMMAND @NAME@_test)
)";

constexpr std::string_view kHeader =
    R"(// The pipeline's stages, which are plain functions, and its graph.
#pragma once

#include <string>
#include <vector>

#include <weir/weir.h>

namespace @NAME@ {

struct Reading {
  std::string sensor;
  double celsius = 0;
};

struct Summary {
  int readings = 0;
  double mean_celsius = 0;
};

struct Limits {
  double celsius_min = -40;
  double celsius_max = 60;
};

std::vector<Reading> extract();
std::vector<Reading> clean(weir::Context& ctx, const std::vector<Reading>& raw,
                           const Limits& limits);
Summary summarize(const std::vector<Reading>& readings);

struct Assets {
  weir::Asset<Summary> summary;
};

// Declares the graph: called by main() and by the tests.
Assets define(weir::Pipeline& p);

}  // namespace @NAME@
)";

constexpr std::string_view kSource = R"(#include "pipeline.h"

namespace @NAME@ {

std::vector<Reading> extract() {
  return {{"roof", 18.5}, {"cellar", 11.0}, {"broken", 999.0}, {"roof", 19.5}};
}

std::vector<Reading> clean(weir::Context& ctx, const std::vector<Reading>& raw,
                           const Limits& limits) {
  std::vector<Reading> kept;
  for (const Reading& reading : raw) {
    const bool plausible =
        reading.celsius >= limits.celsius_min && reading.celsius <= limits.celsius_max;
    if (plausible) kept.push_back(reading);
  }
  ctx.meta("dropped", raw.size() - kept.size());
  return kept;
}

Summary summarize(const std::vector<Reading>& readings) {
  Summary summary;
  for (const Reading& reading : readings) summary.mean_celsius += reading.celsius;
  summary.readings = static_cast<int>(readings.size());
  if (summary.readings > 0) summary.mean_celsius /= summary.readings;
  return summary;
}

bool not_empty(const std::vector<Reading>& readings) { return !readings.empty(); }

Assets define(weir::Pipeline& p) {
  auto limits = p.params<Limits>("limits");
  auto raw = p.asset("@NAME@/raw", extract);
  auto readings = p.asset("@NAME@/readings", clean, raw, limits)
                      .check("not_empty", not_empty, weir::blocking);
  auto summary = p.asset("@NAME@/summary", summarize, readings);
  p.job("all", weir::upstream_of(summary));
  return {summary};
}

}  // namespace @NAME@
)";

constexpr std::string_view kMain = R"(#include "pipeline.h"

int main(int argc, char** argv) {
  weir::Pipeline p("@NAME@");
  @NAME@::define(p);
  return weir::main(p, argc, argv);
}
)";

constexpr std::string_view kTest =
    R"(// Runs the whole pipeline in memory, on the engine that the scheduler uses.
#include <cstdio>

#include <weir/testing.h>

#include "pipeline.h"

int main() {
  weir::Pipeline p("@NAME@");
  const @NAME@::Assets assets = @NAME@::define(p);
  weir::testing::Run run(p);
  run.materialize(assets.summary);
  const @NAME@::Summary summary = run.value(assets.summary);
  if (summary.readings == 3) return 0;
  std::fprintf(stderr, "expected 3 readings, got %d\n", summary.readings);
  return 1;
}
)";

constexpr std::string_view kReadme = R"(# @NAME@

A Weir pipeline. Stages are the functions in `pipeline.cc`; `define()` wires them by their types.

    cmake -S . -B build            # -DCMAKE_PREFIX_PATH=DIR where Weir is not installed in /usr
    cmake --build build && ctest --test-dir build
    ./build/@NAME@ run                     # here and now, no server

    weir up &                              # scheduler and worker
    weir register ./build/@NAME@
    weir run @NAME@/all -p limits.celsius_max=50
    weir assets get @NAME@/summary
)";

std::string filled(std::string_view pattern, std::string_view name) {
  constexpr std::string_view kMark = "@NAME@";
  std::string text;
  for (;;) {
    const std::size_t at = pattern.find(kMark);
    text += pattern.substr(0, at);
    if (at == std::string_view::npos) return text;
    text += name;
    pattern.remove_prefix(at + kMark.size());
  }
}

}  // namespace

std::vector<ProjectFile> project_files(std::string_view name) {
  return {{"CMakeLists.txt", filled(kCmake, name)},
          {"pipeline.h", filled(kHeader, name)},
          {"pipeline.cc", filled(kSource, name)},
          {"main.cc", filled(kMain, name)},
          {"pipeline_test.cc", filled(kTest, name)},
          {"README.md", filled(kReadme, name)},
          {".gitignore", "build/\n"}};
}

}  // namespace weir::cli
