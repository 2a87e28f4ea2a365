// replay: one stage of a past attempt again, here, with the inputs and parameters that it had.
// Nothing is published: outputs go to a temporary directory that is removed at the end.
// Main thread; the stage runs in a child process.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/child.h"
#include "base/errors.h"
#include "base/ids.h"
#include "base/sha256.h"
#include "cli/commands/commands.h"
#include "cli/display/log_tail.h"
#include "cli/replay/executor.h"
#include "cli/replay/inputs.h"
#include "cli/text/reference.h"
#include "sdk/client/api.h"
#include "value/json.h"

namespace weir::cli {
namespace {

namespace fs = std::filesystem;
namespace wire = weir::worker::v1;
using base::Code;
using base::Json;
using base::Result;
using base::Status;

constexpr std::int64_t kInlineBytesMax = 64 << 10;
constexpr std::int64_t kShownBytesMax = 1 << 20;  // of an output that is printed as JSON

struct ReplayArguments {
  std::string reference;
  std::string module;
  bool here = false;
  bool gdb = false;
  bool allow_side_effects = false;
};

// A directory of its own for artifacts, scratch and the module; gone when the replay is.
class Workspace {
 public:
  Workspace() {
    std::error_code error;
    std::string pattern = (fs::temp_directory_path(error) / "weir-replay-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) root_ = pattern;
  }
  ~Workspace() {
    std::error_code error;
    if (!root_.empty()) fs::remove_all(root_, error);
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  bool ok() const { return !root_.empty(); }
  std::string folder(const char* name) const {
    std::error_code error;
    fs::create_directories(root_ / name, error);
    return (root_ / name).string();
  }

 private:
  fs::path root_;
};

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// Fills in the value of an input; the path where it stands, empty when its bytes are inline.
Result<std::string> fetch_value(client::Api& api, const v1::DataVersion& version,
                                const std::string& folder, wire::ValueRef& value) {
  const std::optional<base::Digest> digest = base::Digest::parse(version.digest());
  if (!digest) {
    return Status(Code::kDataLoss, base::kErrArtifactCorrupt,
                  "the scheduler names a version without a digest");
  }
  value.set_digest(std::string(digest->raw()));
  value.set_size(version.size_bytes());
  value.set_kind(static_cast<wire::ArtifactKind>(version.kind()));
  value.set_type(version.type());
  std::string path = folder + "/" + version.digest();
  if (Status status = api.fetch_artifact(version.digest(), path); !status.ok()) return status;
  const bool plain =
      version.kind() == v1::ARTIFACT_KIND_BYTES || version.kind() == v1::ARTIFACT_KIND_EXTERNAL;
  if (!plain || version.size_bytes() > kInlineBytesMax) return path;
  value.set_is_inline(true);
  value.set_inline_bytes(read_file(path));
  return std::string();
}

Result<wire::ExecutorRun> make_run(client::Api& api, const ReplayPlan& plan,
                                   const Workspace& workspace) {
  wire::ExecutorRun run;
  wire::Assign& assign = *run.mutable_assign();
  const std::optional<base::RunId> id = base::RunId::parse(plan.run.id());
  assign.mutable_attempt()->set_run(id ? id->value : 0);
  assign.mutable_attempt()->set_task(plan.task.index());
  assign.mutable_attempt()->set_epoch(plan.attempt);
  assign.set_try_number(plan.attempt);
  assign.set_job(plan.run.job());
  assign.set_task(plan.task.name());
  assign.set_scheduled_at_us(plan.scheduled_at.time_since_epoch().count());
  assign.set_params(plan.run.params_json().empty() ? "{}" : plan.run.params_json());
  run.set_artifact_dir(workspace.folder("artifacts"));
  run.set_scratch_dir(workspace.folder("scratch"));
  const std::string folder = workspace.folder("inputs");
  for (const ReplayInput& input : plan.inputs) {
    wire::Input& to = *assign.add_inputs();
    std::string& path = *run.add_input_paths();
    to.set_present(input.present);
    to.set_state(input.state);
    to.set_reason(input.reason);
    if (!input.present) continue;
    Result<std::string> place = fetch_value(api, input.version, folder, *to.mutable_value());
    if (!place.ok()) {
      return Status(place.status().code(), place.status().error(),
                    "the input '" + input.asset + "': " + place.status().message());
    }
    path = std::move(*place);
  }
  return run;
}

Json parsed_or_text(const std::string& text) {
  Result<Json> json = Json::parse(text);
  return json.ok() ? std::move(*json) : Json(text);
}

Json output_json(const wire::Output& output, const ReplayPlan& plan,
                 const std::string& artifact_dir) {
  const wire::ValueRef& value = output.value();
  const std::optional<base::Digest> digest = base::Digest::from_bytes(value.digest());
  const std::string hex = digest ? digest->hex() : "";
  Json json;
  json.set("asset", output.asset());
  json.set("digest", hex);
  json.set("sizeBytes", std::int64_t{value.size()});
  for (const v1::Materialization& made : plan.recorded) {
    if (made.asset() == output.asset()) json.set("sameAsRecorded", made.version().digest() == hex);
  }
  const bool plain = digest && (value.kind() == wire::ARTIFACT_KIND_BYTES || value.is_inline());
  if (plain && value.size() <= kShownBytesMax) {
    const Result<Json> shown =
        value::value_to_json(value.is_inline() ? value.inline_bytes()
                                               : read_file(base::blob_path(artifact_dir, *digest)));
    if (shown.ok()) json.set("value", *shown);
  }
  return json;
}

Json result_json(const ReplayPlan& plan, const ExecutorEnd& end, const std::string& artifact_dir) {
  Json json;
  json.set("run", plan.run.id());
  json.set("task", plan.task.name());
  json.set("attempt", std::int64_t{plan.attempt});
  if (!end.has_result) {
    json.set("outcome", "crashed");
    json.set("message", end.signal != 0 ? "ended by " + base::signal_name(end.signal)
                                        : "exited with code " + std::to_string(end.exit_code));
    return json;
  }
  const wire::Finished& result = end.finished;
  json.set("outcome", enum_word(wire::Outcome_Name(result.outcome()), "OUTCOME_"));
  if (result.success() == wire::SUCCESS_KIND_SKIPPED) json.set("skipped", true);
  if (result.success() == wire::SUCCESS_KIND_UNCHANGED) json.set("unchanged", true);
  if (!result.message().empty()) json.set("message", result.message());
  const std::string error_type = parsed_or_text(result.detail())["type"].as_string();
  if (!error_type.empty()) json.set("errorType", error_type);
  if (!result.metadata().empty()) json.set("metadata", parsed_or_text(result.metadata()));
  Json outputs{Json::Array{}};
  for (const wire::Output& output : result.outputs()) {
    outputs.push(output_json(output, plan, artifact_dir));
  }
  json.set("outputs", outputs);
  Json checks{Json::Array{}};
  for (const wire::CheckResult& check : result.checks()) {
    Json entry;
    entry.set("asset", check.asset());
    entry.set("name", check.name());
    entry.set("passed", check.passed());
    if (!check.reason().empty()) entry.set("reason", check.reason());
    checks.push(entry);
  }
  json.set("checks", checks);
  return json;
}

Result<std::string> find_program(client::Api& api, const ReplayPlan& plan,
                                 const ReplayArguments& arguments, const Workspace& workspace) {
  if (arguments.here) {
    if (!arguments.module.empty()) return fs::absolute(arguments.module).string();
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  "--here runs your own build: name it with --module PROGRAM, or type "
                  "./PROGRAM replay --here " +
                      arguments.reference);
  }
  const auto module = api.fetch_module(plan.module, workspace.folder("module"));
  if (!module.ok()) return module.status();
  return module->executable;
}

int replay(Invocation& invocation, const ReplayArguments& arguments) {
  const Result<Reference> reference = parse_reference(arguments.reference);
  if (!reference.ok()) return invocation.fail(reference.status());
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const Result<ReplayPlan> plan = plan_replay(**api, *reference);
  if (!plan.ok()) return invocation.fail(plan.status());
  if (plan->stage.side_effects && !arguments.allow_side_effects) {
    return invocation.fail(
        Status(Code::kFailedPrecondition, base::kErrUsage,
               plan->task.name() + " is declared with .side_effects(): it would have them again; "
                                   "add --allow-side-effects if that is meant"));
  }
  const Workspace workspace;
  if (!workspace.ok()) {
    return invocation.fail(Status(Code::kResourceExhausted, base::kErrUsage,
                                  "cannot make a temporary directory; see $TMPDIR"));
  }
  const Result<std::string> program = find_program(**api, *plan, arguments, workspace);
  if (!program.ok()) return invocation.fail(program.status());
  Result<wire::ExecutorRun> run = make_run(**api, *plan, workspace);
  if (!run.ok()) return invocation.fail(run.status());
  invocation.note("replaying " + plan->run.id() + "/" + plan->task.name() + "#" +
                  std::to_string(plan->attempt) + " with " +
                  (arguments.here ? *program : "module " + plan->module) +
                  "; nothing is published");
  if (arguments.gdb) invocation.note("in gdb: set breakpoints, then type run");
  ExecutorCall call;
  call.program = *program;
  call.gdb = arguments.gdb;
  call.task = plan->task.name();
  call.run = std::move(*run);
  call.log = [&invocation](const std::string& line) {
    invocation.note(render_log_line(v1::LOG_STREAM_LOG, line, false));
  };
  const Result<ExecutorEnd> end = run_executor(std::move(call));
  if (!end.ok()) return invocation.fail(end.status());
  invocation.print_json(result_json(*plan, *end, workspace.folder("artifacts")));
  const bool succeeded = end->has_result && end->finished.outcome() == wire::OUTCOME_SUCCEEDED;
  return succeeded ? kExitOk : kExitFailed;
}

}  // namespace

void add_replay_command(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& command = *app.add_subcommand(
      "replay", "run one stage of a past attempt again, here, and publish nothing");
  auto arguments = std::make_shared<ReplayArguments>();
  command.add_option("REF", arguments->reference, "RUN/TASK or RUN/TASK#ATTEMPT; @last/TASK")
      ->required();
  command.add_option("--module", arguments->module, "your own build, for --here");
  command.add_flag("--here", arguments->here, "your own build instead of the attempt's module");
  command.add_flag("--gdb", arguments->gdb, "under gdb");
  command.add_flag("--allow-side-effects", arguments->allow_side_effects,
                   "stages that are declared to have them, too");
  command.callback([&invocation, &chosen, arguments] {
    chosen = [&invocation, arguments] { return replay(invocation, *arguments); };
  });
}

}  // namespace weir::cli
