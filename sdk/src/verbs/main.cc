// weir::main(): picks the verb; without one it explains itself. An exception that a verb lets
// through ends as an error message and an exit code here, never as an abort. Called once, on the
// main thread.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/names.h"
#include "sdk/src/executor.h"
#include "sdk/src/pipeline_manifest.h"
#include "sdk/src/verbs/verbs.h"

namespace weir::sdk_impl {
namespace {

std::string help_text(std::string_view program, const std::string& pipeline) {
  return "Module of the pipeline '" + pipeline + "', built with weir " + sdk_version() +
         ".\n\nUsage: " + std::string(program) +
         " VERB …\n\n"
         "  run [SELECTION] [--job NAME] [-p NAME.MEMBER=VALUE]… [--at TIME] [--max-parallel N]\n"
         "                          run in this process, with no server; everything by default\n"
         "                          TIME: what the run is for, UTC unless it has an offset\n"
         "  describe                print the manifest as JSON\n"
         "  describe --lock FILE    write what reviewers should see of it to FILE\n"
         "  describe --lock FILE --check\n"
         "                          compare with FILE instead; exit code 1 when they differ\n"
         "  graph [--dot]           print stages and what they depend on\n"
         "  register [OPTION]…      register this module with the scheduler\n"
         "  replay RUN/TASK[#ATTEMPT] [OPTION]…\n"
         "                          run one stage again with the inputs that it had\n"
         "  simulate [--for D] [OPTION]…\n"
         "                          what would happen on virtual time; needs no server\n"
         "  version, help\n";
}

int dispatch(const impl::PipelineRecord& pipeline, const std::string& program,
             const std::string& verb, Arguments arguments) {
  if (verb == "run") return run_verb(pipeline, arguments);
  if (verb == "describe") return describe_verb(pipeline, arguments);
  if (verb == "graph") return graph_verb(pipeline, arguments);
  const bool by_weir = verb == "register" || verb == "replay" || verb == "simulate";
  if (by_weir) return weir_verb(verb, arguments);
  if (verb == "executor") return run_executor(pipeline);
  if (verb == "version" || verb == "--version") {
    const std::string code = module_code_version();
    print("pipeline " + pipeline.name + "\nweir " + sdk_version() + "\n" +
          (code.empty() ? "" : "code " + code + "\n"));
    return kExitOk;
  }
  if (verb == "help" || verb == "--help" || verb == "-h") {
    print(help_text(program, pipeline.name));
    return kExitOk;
  }
  static const std::vector<std::string> kVerbs = {"run",    "describe", "graph",   "register",
                                                  "replay", "simulate", "version", "help"};
  return fail_usage("unknown verb '" + verb + "'." + base::did_you_mean(verb, kVerbs) + " '" +
                    program + " help' lists them");
}

}  // namespace

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int fail(const base::Status& status, int exit_code) {
  std::fprintf(stderr, "error: %s\n", status.text().c_str());
  return exit_code;
}

int fail_usage(const std::string& message) {
  return fail(base::Status(base::Code::kInvalidArgument, base::kErrUsage, message), kExitUsage);
}

}  // namespace weir::sdk_impl

namespace weir::impl {

int run_main(const PipelineRecord& pipeline, int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  const std::string program = words.empty() ? pipeline.name : words[0];
  if (words.size() < 2) {
    std::fputs(sdk_impl::help_text(program, pipeline.name).c_str(), stderr);
    return sdk_impl::kExitUsage;
  }
  try {
    return sdk_impl::dispatch(pipeline, program, words[1], sdk_impl::Arguments(words).subspan(2));
  } catch (const std::exception& error) {
    base::Status status = base::Status::parse(base::Code::kInternal, error.what());
    if (status.error() == 0) {
      status = base::Status(base::Code::kInternal, base::kErrInternal, error.what());
    }
    return sdk_impl::fail(status, sdk_impl::kExitUsage);
  }
}

}  // namespace weir::impl
