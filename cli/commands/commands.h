// The commands by group: each function adds its subcommands to the parser; running one is what
// `chosen` is set to. The parser, the invocation and `chosen` outlive what is added.
// Main thread only.
#pragma once

#include "cli/invocation.h"

namespace CLI {
class App;
}

namespace weir::cli {

void add_serve_commands(CLI::App& app, Invocation& invocation,
                        Chosen& chosen);  // up scheduler worker
void add_init_command(CLI::App& app, Invocation& invocation, Chosen& chosen);  // init
void add_module_commands(CLI::App& app, Invocation& invocation,
                         Chosen& chosen);  // register modules jobs
void add_cron_commands(CLI::App& app, Invocation& invocation, Chosen& chosen);  // cron
void add_schedule_commands(CLI::App& app, Invocation& invocation,
                           Chosen& chosen);  // schedules next
void add_schedule_edit_commands(CLI::App& schedules, Invocation& invocation,
                                Chosen& chosen);  // schedules create edit
void add_freshness_commands(CLI::App& app, Invocation& invocation, Chosen& chosen);  // freshness
void add_alert_commands(CLI::App& app, Invocation& invocation, Chosen& chosen);      // alerts
void add_simulate_command(CLI::App& app, Invocation& invocation, Chosen& chosen);
void add_start_commands(CLI::App& app, Invocation& invocation, Chosen& chosen);   // run materialize
void add_run_commands(CLI::App& app, Invocation& invocation, Chosen& chosen);     // runs cancel
void add_log_commands(CLI::App& app, Invocation& invocation, Chosen& chosen);     // logs
void add_asset_commands(CLI::App& app, Invocation& invocation, Chosen& chosen);   // assets
void add_db_commands(CLI::App& app, Invocation& invocation, Chosen& chosen);      // db
void add_worker_commands(CLI::App& app, Invocation& invocation, Chosen& chosen);  // workers
void add_system_commands(CLI::App& app, Invocation& invocation,
                         Chosen& chosen);  // explain events doctor version
void add_open_command(CLI::App& app, Invocation& invocation, Chosen& chosen);    // open
void add_replay_command(CLI::App& app, Invocation& invocation, Chosen& chosen);  // replay
void add_completion_commands(CLI::App& app, Invocation& invocation, Chosen& chosen);

// The hidden verb of the completion scripts. Its words are not parsed: they are what is being
// typed, up to the cursor, without "weir"; a leading "--" is dropped. Prints what could stand in
// place of the last one, a line each.
inline constexpr const char* kCompleteVerb = "__complete";
int complete_words(Invocation& invocation, const CLI::App& app, std::vector<std::string> words);

}  // namespace weir::cli
