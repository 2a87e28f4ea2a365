// logs: what the attempts of a run printed. Lines are assembled from byte offsets, so nothing is
// shown twice and following goes on where it stopped, also over restarts of the scheduler. Only
// blocks of bounded size are held.
// Main thread.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <tuple>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/errors.h"
#include "cli/commands/commands.h"
#include "cli/display/log_tail.h"
#include "cli/follow.h"
#include "cli/interrupt.h"
#include "cli/paging.h"
#include "cli/text/reference.h"
#include "sdk/client/api.h"
#include "sdk/client/run_follower.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;

constexpr std::int64_t kReadBytes = 256 << 10;
constexpr std::size_t kLineBytesMax = 1u << 20;  // a longer line is shown in pieces
constexpr std::size_t kGrepBytesMax = 4096;      // of a line are searched
constexpr std::chrono::milliseconds kPoll{200};
constexpr std::chrono::milliseconds kLogsMayLag{5'000};        // behind the end of their run
constexpr std::chrono::milliseconds kFirstBytesMayLag{1'000};  // of a log that was not there
constexpr std::chrono::milliseconds kWorkersMayLag{6'000};     // behind us, after an outage
constexpr std::chrono::milliseconds kFollowCall{5'000};        // of one call, without retries

using Clock = std::chrono::steady_clock;

struct LogArguments {
  std::string reference;
  bool follow = false;
  bool failed = false;
  int tail = -1;
  std::string grep;
  std::string stream;
};

// One stream of one attempt, and how far it was shown.
struct Source {
  v1::LogInfo info;
  std::int64_t offset = 0;
  std::string partial;  // the beginning of a line whose end has not come
  bool done = false;
};

class LogReader {
 public:
  LogReader(Invocation& invocation, client::Api& api, LogArguments arguments)
      : invocation_(invocation), api_(&api), arguments_(std::move(arguments)) {}

  int run() {
    if (Status status = prepare(); !status.ok()) return invocation_.fail(status);
    if (Status status = find_sources(); !status.ok()) return invocation_.fail(status);
    if (arguments_.tail >= 0) {
      for (auto& [key, source] : sources_) {
        if (Status status = seek_tail(source); !status.ok()) return invocation_.fail(status);
      }
    }
    return arguments_.follow ? follow() : show_once();
  }

 private:
  using Key = std::tuple<std::int32_t, std::int32_t, int>;  // task, epoch, stream

  int show_once() {
    const base::Result<bool> ended = run_ended();
    if (!ended.ok()) return invocation_.fail(ended.status());
    const bool document = invocation_.options.output == OutputFormat::kJson;
    if (document) invocation_.data("{\"lines\":[");
    if (Status status = show_all(); !status.ok()) return invocation_.fail(status);
    if (document) invocation_.data(lines_shown_ > 0 ? "\n]}\n" : "]}\n");
    say_if_silent(*ended);
    return kExitOk;
  }

  // Calls fail fast from here on: it is this loop that tries again, and hears Ctrl-C meanwhile.
  int follow() {
    install_interrupt_handler();
    following_.emplace(api_->target(), kFollowCall, 1);
    api_ = &*following_;
    for (;;) {
      if (interrupted() != 0) return kExitInterrupted;
      if (invocation_.data_lost())
        return kExitOk;  // which the invocation makes the code of its loss
      if (lost_ && !api_->wait_connected(kPoll)) continue;
      const base::Result<bool> over = look();
      if (!over.ok() && !client::may_pass(over.status())) {
        return give_up_following(invocation_, run_id_, over.status());
      }
      if (!over.ok() && !std::exchange(lost_, true)) tell(lost_line(invocation_));
      if (over.ok() && *over) {
        say_if_silent(true);
        return kExitOk;
      }
      if (wait_for_interrupt(kPoll)) return kExitInterrupted;
    }
  }

  // Shows what is new; whether nothing more is to come. Where it fails it has lost nothing: it goes
  // on from there.
  base::Result<bool> look() {
    // Asked before reading: what is complete now will be read to its end below.
    const base::Result<bool> ended = run_ended();
    if (!ended.ok()) return ended.status();
    if (*ended && !ended_) ended_at_ = Clock::now();
    ended_ = *ended;
    seen_live_ = seen_live_ || !ended_;
    if (Status status = find_sources(); !status.ok()) return status;
    if (std::exchange(lost_, false)) {
      tell(found_line(invocation_));
      found_at_ = Clock::now();
    }
    if (Status status = show_all(); !status.ok()) return status;
    return ended_ && (all_done() ? none_to_come() : quiet());
  }

  void tell(const std::string& line) {
    if (invocation_.options.console != ConsoleMode::kNone) invocation_.note(line);
  }

  Status prepare() {
    const base::Result<Reference> reference = parse_reference(arguments_.reference);
    if (!reference.ok()) return reference.status();
    reference_ = *reference;
    if (!arguments_.grep.empty()) {
      try {
        pattern_.emplace(arguments_.grep, std::regex::ECMAScript | std::regex::optimize);
      } catch (const std::regex_error& error) {
        return Status(
            Code::kInvalidArgument, base::kErrUsage,
            "--grep '" + arguments_.grep + "' is not a regular expression: " + error.what());
      }
    }
    v1::GetRunRequest request;
    request.set_run(reference_.run);
    const auto run = api_->get_run(request);
    if (!run.ok()) return run.status();
    run_id_ = run->run().id();
    if (!reference_.task.empty()) {
      v1::ListTasksRequest tasks;
      tasks.set_run(run_id_);
      tasks.set_name(reference_.task);
      const auto found = api_->list_tasks(tasks);
      if (!found.ok()) return found.status();
      if (found->tasks().empty()) {
        return Status(Code::kNotFound, base::kErrUnknownTask,
                      "run " + run_id_ + " has no task '" + reference_.task + "'; weir runs show " +
                          run_id_ + " lists them");
      }
      if (Status status = check_attempt(found->tasks(0).epoch()); !status.ok()) return status;
    }
    return arguments_.failed ? find_failed() : Status();
  }

  // One that is still to come can be followed.
  Status check_attempt(int attempts) const {
    if (reference_.attempt <= attempts || arguments_.follow) return {};
    return Status(Code::kNotFound, base::kErrUnknownTask,
                  no_such_attempt(run_id_, reference_, attempts));
  }

  // Silence is told apart from logs that have not come yet and from lines that do not match.
  void say_if_silent(bool ended) {
    if (lines_read_ > 0 || arguments_.tail == 0) return;
    std::string what = "run " + run_id_;
    if (!reference_.task.empty()) what = "task " + run_id_ + "/" + reference_.task;
    if (reference_.attempt > 0)
      what = "attempt " + std::to_string(reference_.attempt) + " of " + what;
    if (!ended) return invocation_.note(what + " has printed nothing yet");
    const bool chosen = arguments_.failed || !arguments_.stream.empty();
    invocation_.note(what + " printed nothing" + (chosen ? " that was asked for" : ""));
  }

  Status find_failed() {
    v1::ListTasksRequest request;
    request.set_run(run_id_);
    request.set_state(v1::TASK_STATE_FAILED);
    const auto tasks = read_pages(
        request, 0, [&](const auto& page) { return api_->list_tasks(page); },
        [](v1::ListTasksResponse& response) { return response.mutable_tasks(); });
    if (!tasks.ok()) return tasks.status();
    failed_.clear();
    for (const v1::Task& task : tasks->tasks()) failed_.insert(task.index());
    return {};
  }

  bool wanted(const v1::LogInfo& info, const std::map<std::int32_t, std::int32_t>& latest) const {
    if (arguments_.failed && !failed_.contains(info.task_index())) return false;
    if (!arguments_.stream.empty() && stream_word(info.stream()) != arguments_.stream) return false;
    if (reference_.attempt > 0) return info.epoch() == reference_.attempt;
    // While following, the attempts that were shown stay and the next one joins.
    return arguments_.follow || info.epoch() == latest.at(info.task_index());
  }

  Status find_sources() {
    if (arguments_.failed && arguments_.follow) {
      if (Status status = find_failed(); !status.ok()) return status;
    }
    v1::ListLogsRequest request;
    request.set_run(run_id_);
    request.set_task(reference_.task);
    const auto logs = read_pages(
        request, 0, [&](const auto& page) { return api_->list_logs(page); },
        [](v1::ListLogsResponse& response) { return response.mutable_logs(); });
    if (!logs.ok()) return logs.status();
    std::map<std::int32_t, std::int32_t> latest;
    std::set<std::int32_t> tasks;
    for (const v1::LogInfo& info : logs->logs()) {
      latest[info.task_index()] = std::max(latest[info.task_index()], info.epoch());
    }
    for (const v1::LogInfo& info : logs->logs()) {
      if (!wanted(info, latest)) continue;
      tasks.insert(info.task_index());
      const Key key{info.task_index(), info.epoch(), static_cast<int>(info.stream())};
      sources_.emplace(key, Source{}).first->second.info = info;
    }
    several_ = several_ || tasks.size() > 1;
    return {};
  }

  base::Result<v1::ReadLogResponse> read(const Source& source, std::int64_t offset) {
    v1::ReadLogRequest request;
    request.set_run(run_id_);
    request.set_task_index(source.info.task_index());
    request.set_epoch(source.info.epoch());
    request.set_stream(source.info.stream());
    request.set_offset(offset);
    request.set_limit_bytes(kReadBytes);
    return api_->read_log(request);
  }

  // Moves the offset to where the last N lines begin, reading backwards block by block.
  Status seek_tail(Source& source) {
    std::int64_t end = source.info.size_bytes();
    int lines = 0;
    bool at_end = true;
    while (end > 0) {
      const std::int64_t start = std::max<std::int64_t>(0, end - kReadBytes);
      const auto block = read(source, start);
      if (!block.ok()) return block.status();
      const std::string data = block->data().substr(0, static_cast<std::size_t>(end - start));
      for (std::size_t i = data.size(); i > 0; --i) {
        const bool newline = data[i - 1] == '\n';
        if (newline && !at_end && ++lines == arguments_.tail) {
          source.offset = start + static_cast<std::int64_t>(i);
          return {};
        }
        if (at_end && arguments_.tail == 0) {
          source.offset = source.info.size_bytes();
          return {};
        }
        at_end = false;
      }
      end = start;
    }
    source.offset = 0;
    return {};
  }

  Status show_new(Source& source) {
    while (!source.done && !invocation_.data_lost()) {
      const auto block = read(source, source.offset);
      if (!block.ok()) return block.status();
      // Logs are not synced: a machine that went down may have lost bytes that were shown here. The
      // worker sends them again; what comes after them is waited for.
      if (block->offset() < source.offset) break;
      source.partial += block->data();
      if (!block->data().empty()) grown_at_ = Clock::now();
      source.offset = block->offset() + static_cast<std::int64_t>(block->data().size());
      show_lines(source);
      const bool at_end = source.offset >= block->size_bytes();
      if (at_end && (block->complete() || !arguments_.follow)) {
        if (!source.partial.empty()) show_line(source, std::exchange(source.partial, {}));
        source.done = block->complete();
      }
      if (at_end || block->data().empty()) break;
    }
    return {};
  }

  Status show_all() {
    for (auto& [key, source] : sources_) {
      if (Status status = show_new(source); !status.ok()) return status;
    }
    return {};
  }

  void show_lines(Source& source) {
    std::size_t start = 0;
    for (;;) {
      const std::size_t end = source.partial.find('\n', start);
      if (end == std::string::npos) break;
      show_line(source, source.partial.substr(start, end - start));
      start = end + 1;
    }
    source.partial.erase(0, start);
    if (source.partial.size() > kLineBytesMax) show_line(source, std::exchange(source.partial, {}));
  }

  void show_line(const Source& source, const std::string& line) {
    ++lines_read_;
    const std::string text = render_log_line(source.info.stream(), line, true);
    if (pattern_ && !std::regex_search(text.begin(),
                                       text.begin() + static_cast<std::ptrdiff_t>(
                                                          std::min(text.size(), kGrepBytesMax)),
                                       *pattern_)) {
      return;
    }
    ++lines_shown_;
    if (invocation_.structured()) return show_json(log_line_json(run_id_, source.info, line));
    std::string prefix;
    if (several_) prefix += source.info.task();
    if (several_ || arguments_.follow) {
      if (source.info.epoch() > 1) prefix += "#" + std::to_string(source.info.epoch());
    }
    if (!prefix.empty()) prefix = invocation_.out_paint()(Color::kDim, prefix + " │ ");
    invocation_.data(prefix + text + "\n");
  }

  void show_json(const std::string& object) {
    if (invocation_.options.output == OutputFormat::kJsonl) return invocation_.data(object + "\n");
    invocation_.data((lines_shown_ > 1 ? ",\n" : "\n") + object);
  }

  base::Result<bool> run_ended() {
    v1::GetRunRequest request;
    request.set_run(run_id_);
    const auto run = api_->get_run(request);
    if (!run.ok()) return run.status();
    return client::run_finished(run->run().state());
  }

  // A worker that was killed never says that its logs are complete.
  bool quiet() const {
    return Clock::now() - std::max({grown_at_, ended_at_, found_at_}) > kLogsMayLag;
  }

  // Reports do not wait for logs, so the first bytes of one may come after the run's end; and after
  // an outage workers need some time to come back.
  bool none_to_come() const {
    if (!seen_live_) return true;
    const Clock::time_point now = Clock::now();
    return now - ended_at_ > kFirstBytesMayLag &&
           (found_at_ == Clock::time_point() || now - found_at_ > kWorkersMayLag);
  }

  bool all_done() const {
    return std::all_of(sources_.begin(), sources_.end(),
                       [](const auto& entry) { return entry.second.done; });
  }

  Invocation& invocation_;
  client::Api* api_;  // the invocation's, or following_
  std::optional<client::Api> following_;
  LogArguments arguments_;
  Reference reference_;
  std::string run_id_;
  std::optional<std::regex> pattern_;
  std::set<std::int32_t> failed_;  // indices of failed tasks, with --failed
  std::map<Key, Source> sources_;
  std::int64_t lines_read_ = 0;  // shown, or not matched by --grep
  std::int64_t lines_shown_ = 0;
  Clock::time_point grown_at_ = Clock::now();  // a log, last
  bool several_ = false;                       // tasks: lines carry the name
  bool lost_ = false;                          // the scheduler, and said so
  Clock::time_point found_at_{};               // the scheduler, after an outage
  bool seen_live_ = false;                     // the run
  bool ended_ = false;                         // the run, as last seen
  Clock::time_point ended_at_{};               // when that was first seen
};

int logs(Invocation& invocation, const LogArguments& arguments) {
  if (arguments.follow && invocation.options.output == OutputFormat::kJson) {
    return invocation.fail(Status(Code::kInvalidArgument, base::kErrUsage,
                                  "-f is a stream: use -o jsonl, one line of a log a line"));
  }
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  return LogReader(invocation, **api, arguments).run();
}

}  // namespace

void add_log_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& command = *app.add_subcommand("logs", "what tasks printed");
  auto arguments = std::make_shared<LogArguments>();
  command.add_option("REF", arguments->reference, "RUN, RUN/TASK or RUN/TASK#ATTEMPT; @last")
      ->required();
  command.add_flag("-f,--follow", arguments->follow, "until the run has ended");
  command.add_option("--tail", arguments->tail, "only the last N lines of each log")
      ->check(CLI::Range(0, kItemsMax));
  command.add_option("--grep", arguments->grep, "only lines that match this regular expression");
  command.add_flag("--failed", arguments->failed, "only failed tasks");
  command.add_option("--stream", arguments->stream, "stdout, stderr or log")
      ->check(CLI::IsMember({"stdout", "stderr", "log"}));
  command.callback([&invocation, &chosen, arguments] {
    chosen = [&invocation, arguments] { return logs(invocation, *arguments); };
  });
}

}  // namespace weir::cli
