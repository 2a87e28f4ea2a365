// Global options, the tree of subcommands, and what a mistyped command line gets: the word that
// was not understood, the nearest one that would be, and where to look. Main thread. Commands do
// not parse; they are given values.
#include "cli/app.h"

#include <algorithm>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/errors.h"
#include "base/names.h"
#include "cli/commands/commands.h"
#include "cli/invocation.h"
#include "cli/version.h"
#include "worker/worker.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;

constexpr const char* kSupervisorVerb = "supervisor";  // as worker::start_supervisor() says it

template <class Enum>
void add_choice(CLI::App& app, const std::string& names, Enum& target,
                const std::vector<std::pair<std::string, Enum>>& choices, const std::string& help) {
  std::string words;
  for (const auto& [word, value] : choices) words += (words.empty() ? "" : "|") + word;
  const auto take = [&target, choices, names, words](const std::string& given) {
    for (const auto& [word, value] : choices) {
      if (word != given) continue;
      target = value;
      return;
    }
    throw CLI::ValidationError(names, "'" + given + "' is not one of " + words);
  };
  app.add_option_function<std::string>(names, take, help)->type_name(words);
}

void add_global_options(CLI::App& app, GlobalOptions& options) {
  add_choice<OutputFormat>(app, "-o,--output", options.output,
                           {{"table", OutputFormat::kTable},
                            {"wide", OutputFormat::kWide},
                            {"json", OutputFormat::kJson},
                            {"jsonl", OutputFormat::kJsonl},
                            {"name", OutputFormat::kName}},
                           "format of the data on stdout (default: table)");
  add_choice<ConsoleMode>(app, "--console", options.console,
                          {{"auto", ConsoleMode::kAuto},
                           {"rich", ConsoleMode::kRich},
                           {"plain", ConsoleMode::kPlain},
                           {"none", ConsoleMode::kNone}},
                          "how progress is shown on stderr");
  add_choice<std::string>(app, "--color", options.color,
                          {{"auto", "auto"}, {"always", "always"}, {"never", "never"}},
                          "colours; NO_COLOR is honoured");
  app.add_option("--scheduler", options.scheduler,
                 "HOST:PORT of the scheduler's gRPC, or its data directory [WEIR_SCHEDULER]");
  app.add_option("--token-file", options.token_file,
                 "file with the access token [WEIR_TOKEN_FILE]");
  app.add_option("--tz", options.zone, "time zone of what is printed: UTC, Europe/Berlin, …");
  app.add_flag("-q,--quiet", options.quiet, "only data and errors");
  app.add_flag("-v,--verbose", options.verbose, "say more");
  app.add_flag("--yes", options.yes, "answer yes to every question");
}

// What every subcommand takes besides its own options, in one line of its help.
void add_footers(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    const bool worker = command->get_name() == "worker" && app.get_parent() == nullptr;
    command->footer(worker
                        ? "Global options that a worker needs: --scheduler HOST:PORT, --token-file "
                          "FILE; all of them: weir --help"
                        : "Global options: weir --help");
    add_footers(*command);
  }
}

std::string full_name(const CLI::App* app) {
  std::string name = app->get_name();
  for (const CLI::App* up = app->get_parent(); up != nullptr; up = up->get_parent()) {
    name = up->get_name() + " " + name;
  }
  return name;
}

std::string help_text(const CLI::App* app) {
  return app->get_parent() == nullptr ? app->help() : app->help(full_name(app->get_parent()));
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

// The deepest subcommand that was recognised: its help is the one to look at.
const CLI::App* deepest(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

// What was not understood, in the order in which it was typed.
std::vector<std::string> leftovers(const CLI::App& app) {
  std::vector<std::string> rest = app.remaining(true);
  const bool reversed =
      rest.size() > 1 && rest.front().front() != '-' && rest.back().front() == '-';
  if (reversed) std::reverse(rest.begin(), rest.end());
  return rest;
}

int usage_error(Invocation& invocation, const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* at = deepest(&app);
  std::string message = error.what();
  const std::vector<std::string> rest = leftovers(app);
  const std::vector<std::string> names = command_names(*at);
  if (!names.empty() && !rest.empty() && rest.front().front() != '-') {
    message = "'" + full_name(at) + "' has no command '" + rest.front() + "'." +
              base::did_you_mean(rest.front(), names);
  } else if (!rest.empty() && dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    std::vector<std::string> options;
    for (const CLI::App* up = at; up != nullptr; up = up->get_parent()) {
      for (const CLI::Option* option : up->get_options()) {
        for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
      }
    }
    message = "'" + full_name(at) + "' does not take '" + rest.front() + "'." +
              base::did_you_mean(rest.front(), options);
  } else if (!names.empty() && rest.empty()) {
    invocation.note(help_text(at));
    message = "'" + full_name(at) + "' needs a command";
  }
  const int code = invocation.fail(Status(Code::kInvalidArgument, base::kErrUsage, message));
  invocation.note("see " + full_name(at) + " --help");
  return code;
}

int supervise(std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  const int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  return worker::supervisor_main(argc, argv.data());
}

int run_in(Invocation& invocation, std::vector<std::string> arguments) {
  Chosen chosen;
  CLI::App app("Weir: data pipelines whose stages are C++", "weir");
  app.fallthrough();
  app.require_subcommand(0, 1);
  app.set_help_all_flag("--help-all", "the help of all commands");
  app.set_version_flag("--version", std::string("weir ") + kVersion, "as `weir version`");
  add_global_options(app, invocation.options);
  add_serve_commands(app, invocation, chosen);
  add_init_command(app, invocation, chosen);
  add_module_commands(app, invocation, chosen);
  add_start_commands(app, invocation, chosen);
  add_run_commands(app, invocation, chosen);
  add_log_commands(app, invocation, chosen);
  add_asset_commands(app, invocation, chosen);
  add_worker_commands(app, invocation, chosen);
  add_db_commands(app, invocation, chosen);
  add_schedule_commands(app, invocation, chosen);
  add_freshness_commands(app, invocation, chosen);
  add_alert_commands(app, invocation, chosen);
  add_simulate_command(app, invocation, chosen);
  add_cron_commands(app, invocation, chosen);
  add_open_command(app, invocation, chosen);
  add_system_commands(app, invocation, chosen);
  add_replay_command(app, invocation, chosen);
  add_completion_commands(app, invocation, chosen);
  add_footers(app);

  if (!arguments.empty() && arguments.front() == kCompleteVerb) {
    return complete_words(invocation, app, {arguments.begin() + 1, arguments.end()});
  }
  std::reverse(arguments.begin(), arguments.end());  // the order that CLI11 wants
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp& help) {
    invocation.data(help_text(deepest(&app)));
    return kExitOk;
  } catch (const CLI::CallForVersion& version) {
    invocation.data(std::string(version.what()) + "\n");
    return kExitOk;
  } catch (const CLI::CallForAllHelp& help) {
    invocation.data(app.help("", CLI::AppFormatMode::All));
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    const Status ignored = invocation.start();
    static_cast<void>(ignored);  // the usage error is the one to report
    return usage_error(invocation, app, error);
  }
  if (const Status status = invocation.start(); !status.ok()) return invocation.fail(status);
  if (!chosen) {
    invocation.data(help_text(deepest(&app)));
    return deepest(&app) == &app ? kExitOk : kExitUsage;
  }
  return chosen();
}

}  // namespace

int run_command_line(std::vector<std::string> arguments) {
  // The supervisor is this program again: it must not build a parser, start a thread or touch gRPC.
  if (!arguments.empty() && arguments.front() == kSupervisorVerb) return supervise(arguments);
  Invocation invocation;
  return invocation.finish(run_in(invocation, std::move(arguments)));
}

}  // namespace weir::cli
