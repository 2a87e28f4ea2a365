// simulate: what would happen, on virtual time. The scheduler simulates what it has; of modules
// that are only tried their manifests go along. Where there is no scheduler the modules are
// simulated alone, in this process. Changes nothing.
// Main thread.
#include <fstream>
#include <memory>
#include <sstream>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/errors.h"
#include "cli/commands/commands.h"
#include "cli/display/simulation_text.h"
#include "cli/text/duration.h"
#include "cli/text/simulation_words.h"
#include "cli/values.h"
#include "scheduler/rpc/simulation.h"
#include "sdk/client/api.h"
#include "sdk/client/module_bundle.h"

namespace weir::cli {
namespace {

using base::Status;
using base::WallTime;

constexpr std::chrono::milliseconds kConnectTime{1'500};  // before modules are simulated alone
constexpr int kItemsMostShown = 100'000;

struct SimulateArguments {
  std::string from, against, script;
  std::string span = "24h";
  std::vector<std::string> failures, durations, absences, modules;
  int slots = 0;
  int limit = 0;
  bool alone = false;
  bool timeline = false;
};

base::Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (file.good()) return text.str();
  return Status(base::Code::kNotFound, base::kErrUsage, "cannot read the script '" + path + "'");
}

Status fill_words(const SimulateArguments& arguments, WallTime from, v1::SimulateRequest& request) {
  for (const std::string& text : arguments.failures) {
    if (Status status = add_failure(text, from, request); !status.ok()) return status;
  }
  for (const std::string& text : arguments.durations) {
    if (Status status = add_duration(text, request); !status.ok()) return status;
  }
  for (const std::string& text : arguments.absences) {
    if (Status status = add_absence(text, from, request); !status.ok()) return status;
  }
  if (arguments.script.empty()) return {};
  const auto script = read_text(arguments.script);
  return script.ok() ? add_script(*script, from, request) : script.status();
}

Status fill_request(const SimulateArguments& arguments, v1::SimulateRequest& request) {
  WallTime from = wall_now();
  if (!arguments.from.empty()) {
    const auto given = parse_time(arguments.from);
    if (!given.ok()) return given.status();
    from = *given;
    set_time(from, request.mutable_from());
  }
  const auto span = parse_duration(arguments.span);
  if (!span.ok()) return span.status();
  request.set_for_ms(span->count());
  request.set_slots(arguments.slots);
  request.set_against(arguments.against);
  request.set_limit(arguments.limit);
  for (const std::string& path : arguments.modules) {
    const auto bundle = client::load_bundle(path);
    if (!bundle.ok()) return bundle.status();
    request.add_manifests(bundle->manifest_json);
  }
  return fill_words(arguments, from, request);
}

// The answer of the scheduler, or of this process where the modules are all there is.
base::Result<v1::SimulateResponse> ask(Invocation& invocation, bool alone,
                                       const v1::SimulateRequest& request) {
  const bool may_be_alone = request.manifests_size() > 0 && request.against().empty() &&
                            invocation.options.scheduler.empty();
  if (!alone) {
    const auto api = invocation.api();
    if (!may_be_alone && !api.ok()) return api.status();
    if (!may_be_alone || (api.ok() && (*api)->wait_connected(kConnectTime))) {
      return (*api)->simulate(request);
    }
    invocation.note("no scheduler answers: the module is simulated by itself");
  }
  v1::SimulateResponse response;
  const Status status = rpc::simulate_alone(request, &response);
  if (!status.ok()) return status;
  return response;
}

void print_notes(Invocation& invocation, const v1::SimulateResponse& answer) {
  for (const std::string& note : answer.notes()) invocation.note(printable(note));
  if (!answer.cut().empty()) {
    invocation.warn("it ends at " + time_cell(answer.until()) + ": " + printable(answer.cut()));
  }
  const bool compared = answer.has_before();
  if (compared) invocation.note("before: " + summary_text(answer.before()));
  invocation.note((compared ? "after:  " : "") + summary_text(answer.summary()));
}

int simulate(Invocation& invocation, const SimulateArguments& arguments) {
  v1::SimulateRequest request;
  if (const Status status = fill_request(arguments, request); !status.ok()) {
    return invocation.fail(status);
  }
  const auto answer = ask(invocation, arguments.alone, request);
  if (!answer.ok()) return invocation.fail(answer.status());
  const bool compared = !arguments.against.empty();
  if (arguments.timeline && !compared && !invocation.structured()) {
    invocation.data(timeline_text(*answer, invocation.out_width()));
  } else {
    const Listing listing = compared ? difference_listing(*answer) : simulation_listing(*answer);
    const int printed = invocation.print(listing, *answer);
    if (printed != kExitOk) return printed;
  }
  print_notes(invocation, *answer);
  return kExitOk;
}

}  // namespace

void add_simulate_command(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& command =
      *app.add_subcommand("simulate", "what would happen, on virtual time; nothing is changed");
  auto arguments = std::make_shared<SimulateArguments>();
  command.add_option("--from", arguments->from, "when it begins (default: now)");
  command.add_option("--for", arguments->span, "for so long (default: 24h)");
  command.add_option("--fail", arguments->failures,
                     "TASK@TIME: the next run of the task fails; TASK@FROM..TO: all of that time");
  command.add_option("--duration", arguments->durations,
                     "TASK=D: how long it takes (default: as its last runs, or 1m)");
  command.add_option("--slots", arguments->slots, "of the worker (default: of those there are)")
      ->check(CLI::Range(1, 100'000));
  command.add_option("--worker-down", arguments->absences, "FROM..TO: no worker is there");
  command.add_option("--module", arguments->modules, "a program: as if it were registered first");
  command.add_flag("--alone", arguments->alone, "only those modules; asks no scheduler");
  command.add_option("--against", arguments->against,
                     "what differs from this registered module: a digest, or its beginning, or "
                     "the pipeline whose module is active");
  command.add_option("--script", arguments->script,
                     "a file of lines TIME ACTION NAME: made, observe, run, materialize, trigger, "
                     "pause, resume, fail");
  command.add_option("-n,--limit", arguments->limit, "at most so many items (default: 10000)")
      ->check(CLI::Range(1, kItemsMostShown));
  command.add_flag("--timeline", arguments->timeline, "a line of characters for each job");
  command.callback([&invocation, &chosen, arguments] {
    chosen = [&invocation, arguments] { return simulate(invocation, *arguments); };
  });
}

}  // namespace weir::cli
