// What a module program can be told to do: one function a verb, each with its exit code as the
// result. They print: data to stdout, everything else to stderr. Called once, on the main thread;
// none of them ends the process itself.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "weir/impl/stage.h"

namespace weir::sdk_impl {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // the run failed, or the lock file differs
inline constexpr int kExitUsage = 2;   // usage, or an invalid definition

using Arguments = std::span<const std::string>;

int run_verb(const impl::PipelineRecord& pipeline, Arguments arguments);
int describe_verb(const impl::PipelineRecord& pipeline, Arguments arguments);
int graph_verb(const impl::PipelineRecord& pipeline, Arguments arguments);
// `register`, `replay` and `simulate`: replaces this process by the weir program, which speaks to
// the scheduler.
int weir_verb(std::string_view verb, Arguments arguments);

// "error: …" with its WEIR-E number on stderr; gives `exit_code` back.
int fail(const base::Status& status, int exit_code);
int fail_usage(const std::string& message);
void print(std::string_view text);  // to stdout

}  // namespace weir::sdk_impl
