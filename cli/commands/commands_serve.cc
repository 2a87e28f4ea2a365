// up, scheduler, worker. The order of starting is the point: the supervisor's process first, while
// this one has a single thread and no gRPC (which does not survive a fork), then everything else;
// stopping is the reverse.
// Main thread; in `up` the worker's agent has a thread of its own.
#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/endpoint.h"
#include "base/errors.h"
#include "cli/commands/commands.h"
#include "cli/interrupt.h"
#include "cli/text/duration.h"
#include "cli/version.h"
#include "scheduler/scheduler.h"
#include "sdk/client/discovery.h"
#include "worker/worker.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;

constexpr std::chrono::milliseconds kWorkerLooked{500};  // how often `up` looks at its worker
constexpr rlim_t kOpenFilesMax = 65'536;
constexpr std::chrono::hours kKeptMin{1};
constexpr int kSlotsMax = 10'000;
constexpr std::int32_t kLiveRunsMax = 1'000'000;
constexpr std::int32_t kQueuedRunsMax = 10'000'000;
constexpr std::int64_t kResidentTasksMax = 100'000'000;

struct ServeArguments {
  std::string data;
  std::string http = "127.0.0.1:7600";
  std::string grpc = "127.0.0.1:7601";
  std::int64_t min_free = -1;
  std::int64_t max_file = 0;
  std::string alerts_config;
  std::string keep_runs;
  std::string keep_ticks;
  engine::Options limits;  // of runs; the rest of them is the engine's own
  int slots = 0;
  std::string name;
  std::vector<std::string> labels;
  std::vector<std::string> resources;
  std::string drain;
  std::string stage_user;
};

// A server that cannot start has failed, unless what was typed is wrong.
int fail_to_serve(Invocation& invocation, const Status& status) {
  invocation.fail(status);
  return status.code() == Code::kInvalidArgument ? kExitUsage : kExitFailed;
}

// What servers say of their work goes where errors go: stdout is for what a command was asked for.
void log_to_stderr(const Invocation& invocation) {
  const auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("weir", sink));
  if (invocation.options.quiet) spdlog::set_level(spdlog::level::warn);
}

// Many executors are many pipes and sockets.
void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kOpenFilesMax));
  ::setrlimit(RLIMIT_NOFILE, &limit);  // as far as it goes: a small limit is no reason to refuse
}

// At least an hour: what has just ended is still being looked at.
Status set_kept(const std::string& text, const char* option, base::Duration& kept) {
  if (text.empty()) return {};
  const auto parsed = parse_duration(text);
  if (!parsed.ok()) return parsed.status();
  if (*parsed < kKeptMin) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  std::string(option) + " '" + text + "': an hour is the least, 90d is usual");
  }
  kept = *parsed;
  return {};
}

base::Result<SchedulerOptions> scheduler_options(const ServeArguments& arguments) {
  SchedulerOptions options;
  Status status = set_kept(arguments.keep_runs, "--keep-runs", options.kept.runs);
  if (status.ok()) status = set_kept(arguments.keep_ticks, "--keep-ticks", options.kept.ticks);
  if (!status.ok()) return status;
  options.data_dir = arguments.data.empty() ? base::default_data_dir() : arguments.data;
  options.grpc_address = arguments.grpc;
  options.http_address = arguments.http;
  if (arguments.min_free >= 0) options.min_free_bytes = arguments.min_free;
  if (arguments.max_file > 0) options.file_bytes_max = arguments.max_file;
  options.alerts_config = arguments.alerts_config;
  options.engine = arguments.limits;
  return options;
}

Status split_pair(const std::string& text, const char* option, std::string& key,
                  std::string& value) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  std::string(option) + " '" + text + "': write NAME=VALUE");
  }
  key = text.substr(0, equals);
  value = text.substr(equals + 1);
  return {};
}

// Said at the start, because nothing else shows it before it is too late.
void warn_of_root(Invocation& invocation, const ServeArguments& arguments) {
  if (::geteuid() != 0 || !arguments.stage_user.empty()) return;
  invocation.note(
      "warning: stages run as root, and can read the token and change what others run; "
      "--stage-user NAME runs them as another user");
}

base::Result<worker::WorkerOptions> worker_options(const ServeArguments& arguments) {
  worker::WorkerOptions options;
  if (!arguments.stage_user.empty()) {
    const auto user = worker::find_stage_user(arguments.stage_user);
    if (!user.ok()) return user.status();
  }
  options.name = arguments.name;
  options.stage_user = arguments.stage_user;
  options.slots = arguments.slots;
  std::string key;
  std::string value;
  for (const std::string& label : arguments.labels) {
    if (Status status = split_pair(label, "--label", key, value); !status.ok()) return status;
    options.labels[key] = value;
  }
  for (const std::string& resource : arguments.resources) {
    if (Status status = split_pair(resource, "--resource", key, value); !status.ok()) return status;
    const bool digits = !value.empty() && value.size() < 9 &&
                        value.find_first_not_of("0123456789") == std::string::npos;
    if (!digits) {
      return Status(Code::kInvalidArgument, base::kErrUsage,
                    "--resource '" + resource + "': the amount is a whole number, such as gpu=2");
    }
    options.resources[key] = std::stoi(value);
  }
  if (!arguments.drain.empty()) {
    const auto drain = parse_duration(arguments.drain);
    if (!drain.ok()) return drain.status();
    options.drain_max_ms = drain->count();
  }
  return options;
}

void announce(Invocation& invocation, Scheduler& scheduler, const std::string& what) {
  if (invocation.structured()) {
    base::Json json;
    json.set("http", scheduler.http_address());
    json.set("grpc", scheduler.grpc_address());
    json.set("dataDir", scheduler.data_dir());
    json.set("tokenFile", scheduler.token_file());
    json.set("pid", std::int64_t{::getpid()});
    invocation.print_json(json);
    return;
  }
  // Logs and journals are read by others; a terminal is of whoever may use the address.
  const bool shown = ::isatty(STDOUT_FILENO) == 1;
  invocation.data((shown ? scheduler.browser_address() : "http://" + scheduler.http_address()) +
                  "\n");
  invocation.note(what + " " + kVersion + ": gRPC " + scheduler.grpc_address() + ", data in " +
                  scheduler.data_dir());
  invocation.note("next: weir register ./PROGRAM, then weir run JOB; Ctrl-C stops it");
  invocation.note(shown ? "the address lets one browser in, soon and once; weir open makes another"
                        : "weir open lets a browser in");
}

int serve_scheduler(Invocation& invocation, const ServeArguments& arguments) {
  install_interrupt_handler();
  log_to_stderr(invocation);
  raise_open_files();
  base::Result<SchedulerOptions> options = scheduler_options(arguments);
  if (!options.ok()) return fail_to_serve(invocation, options.status());
  const auto scheduler = Scheduler::start(*std::move(options));
  if (!scheduler.ok()) return fail_to_serve(invocation, scheduler.status());
  announce(invocation, **scheduler, "weir scheduler");
  wait_for_interrupt(std::chrono::milliseconds(-1));
  invocation.note(
      "stopping; what runs on workers goes on, and is taken up again at the next start");
  (*scheduler)->stop();
  return kExitOk;
}

// The agent on its thread, and how it ended.
class LocalWorker {
 public:
  LocalWorker(const worker::WorkerOptions& options, worker::SupervisorHandle supervisor)
      : thread_([this, options,
                 handle = std::make_shared<worker::SupervisorHandle>(std::move(supervisor))](
                    const std::stop_token& stop) {
          status_ = worker::run_worker(options, std::move(*handle), stop);
          ended_.store(true, std::memory_order_release);
        }) {}

  bool ended() const { return ended_.load(std::memory_order_acquire); }

  // Asks it to end, waits, and says how it did.
  Status stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    return status_;
  }

 private:
  Status status_;  // written by the thread before ended_, read after the join
  std::atomic<bool> ended_ = false;
  std::jthread thread_;
};

int serve_up(Invocation& invocation, const ServeArguments& arguments) {
  base::Result<worker::WorkerOptions> worker_settings = worker_options(arguments);
  if (!worker_settings.ok()) return fail_to_serve(invocation, worker_settings.status());
  base::Result<SchedulerOptions> options = scheduler_options(arguments);
  if (!options.ok()) return fail_to_serve(invocation, options.status());
  warn_of_root(invocation, arguments);
  install_interrupt_handler();
  log_to_stderr(invocation);
  raise_open_files();
  base::Result<worker::SupervisorHandle> supervisor =
      worker::start_supervisor(arguments.stage_user);
  if (!supervisor.ok()) return fail_to_serve(invocation, supervisor.status());
  const auto scheduler = Scheduler::start(*std::move(options));
  if (!scheduler.ok()) return fail_to_serve(invocation, scheduler.status());

  worker_settings->scheduler = (*scheduler)->grpc_address();
  worker_settings->token_file = (*scheduler)->token_file();
  worker_settings->open_session = (*scheduler)->local_sessions();
  worker_settings->outer_dir = (*scheduler)->data_dir();
  worker_settings->data_dir = (*scheduler)->data_dir() + "/worker";
  LocalWorker worker(*worker_settings, std::move(*supervisor));
  announce(invocation, **scheduler, "weir up");
  while (!worker.ended() && !wait_for_interrupt(kWorkerLooked)) {
  }
  const bool asked = interrupted() != 0;
  if (asked) invocation.note("stopping: running attempts may finish; Ctrl-C again ends at once");
  const Status ended = worker.stop();
  (*scheduler)->stop();
  if (!ended.ok()) return fail_to_serve(invocation, ended);
  return kExitOk;
}

int serve_worker(Invocation& invocation, const ServeArguments& arguments) {
  base::Result<worker::WorkerOptions> options = worker_options(arguments);
  if (!options.ok()) return fail_to_serve(invocation, options.status());
  warn_of_root(invocation, arguments);
  const base::Result<client::Target> target =
      client::discover(invocation.options.scheduler, invocation.options.token_file);
  if (!target.ok()) return invocation.fail(target.status());
  options->scheduler = target->grpc;
  options->token_file = target->token_file;
  options->data_dir =
      arguments.data.empty() ? base::default_data_dir() + "/worker" : arguments.data;
  install_interrupt_handler();
  log_to_stderr(invocation);
  raise_open_files();
  base::Result<worker::SupervisorHandle> supervisor =
      worker::start_supervisor(arguments.stage_user);
  if (!supervisor.ok()) return fail_to_serve(invocation, supervisor.status());
  invocation.note(std::string("weir worker ") + kVersion + ": scheduler " + options->scheduler +
                  ", data in " + options->data_dir);
  LocalWorker worker(*options, std::move(*supervisor));
  while (!worker.ended() && !wait_for_interrupt(kWorkerLooked)) {
  }
  if (interrupted() != 0) {
    invocation.note("draining: running attempts may finish; Ctrl-C again ends at once");
  }
  const Status ended = worker.stop();
  if (ended.ok()) return kExitOk;
  const int code = invocation.fail(ended);
  const bool own_fault = ended.error() == base::kErrDataDirUnwritable;
  return code == kExitUnreachable && !own_fault ? code : kExitFailed;
}

void add_scheduler_options(CLI::App& command, ServeArguments& arguments) {
  command.add_option("--data", arguments.data,
                     "directory of all state (default: " + base::default_data_dir() + ")");
  command.add_option("--http", arguments.http, "address of HTTP; port 0: any (127.0.0.1:7600)");
  command.add_option("--grpc", arguments.grpc, "address of gRPC; port 0: any (127.0.0.1:7601)");
  command
      .add_option("--min-free", arguments.min_free,
                  "take no new runs below this much free disk: 500M, 2G (the smaller of 1 GiB "
                  "and 5 %)")
      ->transform(CLI::AsSizeValue(false));
  command.add_option("--max-file", arguments.max_file, "largest file of a module: 500M, 4G (2G)")
      ->transform(CLI::AsSizeValue(false));
  command.add_option("--alerts-config", arguments.alerts_config,
                     "file of the channels of alerts and of the heartbeat, see docs/alerts.md");
  command.add_option(
      "--keep-runs", arguments.keep_runs,
      "how long runs that have ended stay, with their events and logs, and alerts (90d)");
  command.add_option("--keep-ticks", arguments.keep_ticks,
                     "how long ticks stay; a thousand of each schedule stay anyway (30d)");
  engine::Options& limits = arguments.limits;
  command.add_option("--max-live-runs", limits.live_runs_max, "runs at a time; more wait (10000)")
      ->check(CLI::Range(1, kLiveRunsMax));
  command
      .add_option("--max-queued-runs", limits.queued_runs_max,
                  "runs that wait for room or time; more are refused (100000)")
      ->check(CLI::Range(0, kQueuedRunsMax));
  command
      .add_option("--max-resident-tasks", limits.resident_tasks_max,
                  "tasks of all live runs, some 300 bytes of memory each; more wait (1000000)")
      ->check(CLI::Range(std::int64_t{1}, kResidentTasksMax));
}

void add_worker_options(CLI::App& command, ServeArguments& arguments) {
  command.add_option("--slots", arguments.slots, "attempts at a time (default: one a processor)")
      ->check(CLI::Range(1, kSlotsMax));
  command.add_option("--name", arguments.name, "for people (default: the host's)");
  command.add_option("--stage-user", arguments.stage_user,
                     "user that stages run as, with no way back; needs root (default: one's own)");
  command.add_option("--label", arguments.labels, "NAME=VALUE; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--resource", arguments.resources, "NAME=AMOUNT, gpu=2; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--drain", arguments.drain,
                     "how long running attempts may go on after a request to stop");
}

using Serve = int (*)(Invocation&, const ServeArguments&);

std::shared_ptr<ServeArguments> add(CLI::App& command, Invocation& invocation, Chosen& chosen,
                                    Serve serve) {
  auto arguments = std::make_shared<ServeArguments>();
  command.callback([&invocation, &chosen, arguments, serve] {
    chosen = [&invocation, arguments, serve] { return serve(invocation, *arguments); };
  });
  return arguments;
}

}  // namespace

void add_serve_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& up = *app.add_subcommand("up", "scheduler and a local worker; prints the address");
  const auto up_arguments = add(up, invocation, chosen, serve_up);
  up_arguments->drain = "10s";
  add_scheduler_options(up, *up_arguments);
  add_worker_options(up, *up_arguments);

  CLI::App& scheduler = *app.add_subcommand("scheduler", "the scheduler alone");
  add_scheduler_options(scheduler, *add(scheduler, invocation, chosen, serve_scheduler));

  CLI::App& worker = *app.add_subcommand("worker", "a worker for a scheduler elsewhere");
  const auto worker_arguments = add(worker, invocation, chosen, serve_worker);
  worker.add_option("--data", worker_arguments->data,
                    "directory of modules, artifacts and spooled logs");
  add_worker_options(worker, *worker_arguments);
}

}  // namespace weir::cli
