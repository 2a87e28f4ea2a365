// `run`: the whole pipeline, or a part of it, in this process on the scheduler's engine.
// Transitions go to stderr as they happen, the summary with its figures to stdout at the end.
// Nothing is kept once the process ends.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <stdlib.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/json.h"
#include "base/names.h"
#include "calendar/read_time.h"
#include "sdk/src/crash_handler.h"
#include "sdk/src/local/local_driver.h"
#include "sdk/src/metadata.h"
#include "sdk/src/secrets.h"
#include "sdk/src/verbs/verbs.h"

namespace weir::sdk_impl {
namespace {

using base::Code;
using base::Json;
using base::Status;
using engine::EventKind;

constexpr const char* kUsage =
    "usage: run [SELECTION] [--job NAME] [-p NAME.MEMBER=VALUE]… [--at TIME] "
    "[--max-parallel N]";

struct RunOptions {
  std::string selection;
  std::string job;
  Json params = Json::Object{};
  std::optional<base::WallTime> at;
  int max_parallel = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
};

Status usage(const std::string& what) {
  return Status(Code::kInvalidArgument, base::kErrUsage, what + "; " + kUsage);
}

// "train.lambda=0.5": JSON where it is JSON, else text. "train={…}" gives several members at once.
Status parse_param(const impl::PipelineRecord& pipeline, const std::string& text, Json& params) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) return usage("-p takes NAME.MEMBER=VALUE, not '" + text + "'");
  const std::string path = text.substr(0, equals);
  const auto dot = path.find('.');
  const std::string name = path.substr(0, dot);
  std::vector<std::string> known;
  for (const impl::ParamRecord& param : pipeline.params) known.push_back(param.name);
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    return Status(
        Code::kInvalidArgument, base::kErrBadParam,
        "the pipeline has no parameter '" + name + "'." + base::did_you_mean(name, known));
  }
  auto parsed = Json::parse(text.substr(equals + 1));
  Json value = parsed.ok() ? std::move(parsed).value() : Json(text.substr(equals + 1));
  Json members = params[name];
  if (dot == std::string::npos) {
    if (!value.is_object()) return usage("-p " + name + "= takes a JSON object of members");
    for (const auto& [member, given] : value.members()) members.set(member, given);
  } else {
    members.set(path.substr(dot + 1), std::move(value));
  }
  params.set(name, std::move(members));
  return {};
}

Status parse_slots(const std::string& text, int& slots) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slots);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (whole && slots >= 1 && slots <= kLocalSlotsMax) return {};
  return usage("--max-parallel takes a number from 1 to " + std::to_string(kLocalSlotsMax));
}

// The time that the run is for; by UTC unless it says otherwise.
Status parse_time(const std::string& text, std::optional<base::WallTime>& at) {
  const auto time = calendar::read_time(text, calendar::Zone::utc());
  if (!time.ok()) {
    return Status(Code::kInvalidArgument, base::kErrUsage, "--at: " + time.status().message());
  }
  at = *time;
  return {};
}

base::Result<RunOptions> parse(const impl::PipelineRecord& pipeline, Arguments arguments) {
  RunOptions out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const bool takes_value =
        word == "-p" || word == "--job" || word == "--at" || word == "--max-parallel";
    if (takes_value && i + 1 == arguments.size()) return usage(word + " needs a value");
    Status status;
    if (word == "-p") {
      status = parse_param(pipeline, arguments[++i], out.params);
    } else if (word == "--job") {
      out.job = arguments[++i];
    } else if (word == "--at") {
      status = parse_time(arguments[++i], out.at);
    } else if (word == "--max-parallel") {
      status = parse_slots(arguments[++i], out.max_parallel);
    } else if (word.starts_with("-") || !out.selection.empty()) {
      status = usage("unexpected argument '" + word + "'");
    } else {
      out.selection = word;
    }
    if (!status.ok()) return status;
  }
  if (!out.job.empty() && !out.selection.empty()) return usage("give a selection or a job");
  if (out.job.empty() && out.selection.empty()) out.selection = "*";
  return out;
}

std::string seconds_text(base::Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(duration.count()) / 1e6);
  return text;
}

// Lines of the loop and of stages do not mix.
class Console {
 public:
  void line(const std::string& text) {
    const std::lock_guard lock(mutex_);
    std::fprintf(stderr, "%s\n", text.c_str());
  }

  void log(const std::string& task, const std::string& json_line) {
    const auto entry = Json::parse(json_line);
    if (!entry.ok()) return line(task + " | " + json_line);
    const Json& log = entry.value();
    const std::string fields = metadata_text(log["fields"]);
    line("  " + task + " | " + log["level"].as_string() + ": " + log["text"].as_string() +
         (fields.empty() ? "" : "  (" + fields + ")"));
  }

 private:
  std::mutex mutex_;
};

std::string task_name(const MemoryTables& tables, const engine::EventRow& event) {
  const auto* row = tables.tasks.find({event.run, event.task});
  return row == nullptr ? event.subject : row->name;
}

// "  train  42 %  epoch 3 of 10"
std::string progress_text(const std::string& task, const engine::Progress& progress) {
  std::string text = "  " + task;
  if (progress.millionths != engine::Progress::kUnknown) {
    text += "  " + std::to_string(progress.millionths / (engine::Progress::kWhole / 100)) + " %";
  }
  return text + (progress.message.empty() ? "" : "  " + progress.message);
}

// "" for events that are no transition of a task or of the run.
std::string event_text(const MemoryTables& tables, const engine::EventRow& event) {
  const std::string clock = rfc3339(event.at).substr(11, 12) + "  ";
  const std::string why = event.message.empty() ? "" : "  " + event.message;
  switch (event.kind) {
    case EventKind::kTaskStarted:
      return clock + task_name(tables, event) + "  running";
    case EventKind::kTaskFinished:
    case EventKind::kTaskRetry:
      return clock + task_name(tables, event) + "  " + event.state + why;
    case EventKind::kCheckFailed:
      return clock + task_name(tables, event) + "  check failed (" + event.state + ")" + why;
    default:
      return "";
  }
}

std::string task_summary(const MemoryTables& tables, const engine::TaskRow& task) {
  std::string out = std::string(engine::task_state_name(task.state)) + "  " + task.name;
  const auto* attempt = tables.attempts.find({task.run, task.index, task.epoch});
  if (attempt != nullptr && attempt->started_at && attempt->finished_at) {
    out += "  " + seconds_text(*attempt->finished_at - *attempt->started_at);
  }
  if (task.epoch > 1) out += "  (attempt " + std::to_string(task.epoch) + ")";
  if (!task.reason.empty()) out += "  " + task.reason;
  out += "\n";
  if (attempt == nullptr) return out;
  const auto metadata = Json::parse(attempt->metadata.empty() ? "{}" : attempt->metadata);
  if (!metadata.ok()) return out;
  for (const auto& [asset, figures] : metadata.value().members()) {
    const std::string text = metadata_text(figures);
    if (text.empty()) continue;
    out += "    " + (asset == task.name ? "" : asset + ": ") + text + "\n";
  }
  return out;
}

int summarize(const MemoryTables& tables, base::RunId id) {
  const engine::RunRow& run = *tables.runs.find(id);
  std::string out = "\n";
  const auto& rows = tables.tasks.rows();
  for (auto at = rows.lower_bound({id, 0}); at != rows.end() && at->second.run == id; ++at) {
    out += task_summary(tables, at->second);
  }
  out += "run " + std::string(engine::run_state_name(run.state));
  if (run.finished_at) out += " in " + seconds_text(*run.finished_at - run.created_at);
  if (!run.message.empty()) out += ": " + run.message;
  print(out + "\n");
  return run.state == engine::RunState::kSucceeded ? kExitOk : kExitFailed;
}

// The run that goes on. Set on the main thread while no stage runs.
struct RunningRun {
  std::filesystem::path folder;
  pid_t process = -1;  // children of a stage may end as they like
};
RunningRun& running_run() {
  static RunningRun run;
  return run;
}

// exit() inside a stage ends the whole run, which must not look like its success. A stage that
// calls _exit() goes past this.
void ended_by_a_stage(int code, void*) {
  if (running_run().process != ::getpid()) return;
  std::fprintf(stderr,
               "error: the program ended in the middle of the run (exit code %d); a stage returns "
               "or throws, it does not call exit()\n",
               code);
  remove_folder(running_run().folder);
  std::fflush(nullptr);
  ::_exit(code == kExitOk ? kExitFailed : code);
}

}  // namespace

int run_verb(const impl::PipelineRecord& pipeline, Arguments arguments) {
  const auto options = parse(pipeline, arguments);
  if (!options.ok()) return fail(options.status(), kExitUsage);
  if (const Status status = hide_secrets(); !status.ok()) return fail(status, kExitFailed);
  install_crash_handler();
  Console console;
  const MemoryTables* tables = nullptr;
  LocalOptions local;
  local.slots = options->max_parallel;
  local.on_event = [&](const engine::EventRow& event) {
    if (tables == nullptr) return;
    if (const std::string text = event_text(*tables, event); !text.empty()) console.line(text);
  };
  local.on_progress = [&](const std::string& task, const engine::Progress& progress) {
    console.line(progress_text(task, progress));
  };
  local.on_log = [&](const std::string& task, const std::string& line) { console.log(task, line); };
  LocalDriver driver(pipeline, std::move(local));
  tables = &driver.tables();
  if (Status status = driver.start(); !status.ok()) return fail(status, kExitUsage);
  running_run() = {driver.folder(), ::getpid()};
  ::on_exit(ended_by_a_stage, nullptr);
  const auto run = driver.run(options->selection, options->job, options->params, options->at);
  running_run() = {};
  if (!run.ok()) return fail(run.status(), kExitUsage);
  return summarize(driver.tables(), *run);
}

}  // namespace weir::sdk_impl
