// explain, events, doctor, version. Doctor looks from this side first, so that it has something to
// say when no scheduler answers.
// Main thread.
#include <algorithm>
#include <memory>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/errors.h"
#include "cli/commands/commands.h"
#include "cli/follow.h"
#include "cli/interrupt.h"
#include "cli/paging.h"
#include "cli/text/duration.h"
#include "cli/text/reference.h"
#include "cli/values.h"
#include "cli/version.h"
#include "module/elf.h"
#include "sdk/client/api.h"
#include "sdk/client/event_stream.h"
#include "sdk/client/run_follower.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;

constexpr int kEventsShown = 1000;  // of all that there are, without --since
constexpr std::chrono::milliseconds kWatchStep{200};
constexpr std::chrono::milliseconds kEventsCall{5'000};  // of one call, without retries

struct EventArguments {
  bool follow = false;
  std::int64_t since = -1;
  std::string run;
};

int explain(Invocation& invocation, const std::string& pasted) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::ExplainRequest request;
  request.set_reference(unpaste(pasted));
  const auto answer = (*api)->explain(request);
  if (!answer.ok()) return invocation.fail(answer.status());
  if (invocation.structured()) {
    invocation.print_json(message_json(*answer));
    return kExitOk;
  }
  for (const v1::ExplainItem& item : answer->items()) {
    invocation.data(printable(in_local_time(item.words())) + "\n");
  }
  return kExitOk;
}

class EventPrinter {
 public:
  explicit EventPrinter(Invocation& invocation) : invocation_(invocation) {}

  void print(const v1::Event& event) {
    if (invocation_.options.output == OutputFormat::kName) {
      invocation_.data(std::to_string(event.seq()) + "\n");
    } else if (invocation_.options.output == OutputFormat::kJsonl) {
      invocation_.data(message_json(event).dump() + "\n");
    } else {
      invocation_.data(text(event) + "\n");
    }
  }

 private:
  std::string text(const v1::Event& event) const {
    const Painter& paint = invocation_.out_paint();
    std::string kind = enum_word(v1::EventKind_Name(event.kind()), "EVENT_KIND_");
    kind.resize(std::max<std::size_t>(kind.size(), 18), ' ');
    std::string line = std::to_string(event.seq());
    if (line.size() < 8) line.insert(0, 8 - line.size(), ' ');
    line += "  " + paint(Color::kDim, format_time(to_wall(event.at()))) + "  " + kind;
    if (!event.run_id().empty()) line += "  " + event.run_id();
    if (!event.subject().empty()) line += "  " + printable(event.subject());
    if (event.epoch() > 0) line += "#" + std::to_string(event.epoch());
    if (!event.state().empty()) line += "  " + paint(state_color(event.state()), event.state());
    if (!event.message().empty()) line += "  " + printable(in_local_time(event.message()));
    return line;
  }

  Invocation& invocation_;
};

// The events that are there: all after --since, else the last page's worth.
base::Result<v1::ListEventsResponse> read_events(Invocation& invocation, client::Api& api,
                                                 EventArguments& arguments) {
  v1::ListEventsRequest request;
  request.set_run(arguments.run);
  if (arguments.since < 0 && arguments.run.empty()) {
    const auto info = api.get_info();
    if (!info.ok()) return info.status();
    arguments.since = std::max<std::int64_t>(0, info->last_seq() - kEventsShown);
    if (arguments.since > 0) {
      invocation.detail("the last " + std::to_string(kEventsShown) + " events; --since 0 for all");
    }
  }
  request.set_since_seq(std::max<std::int64_t>(0, arguments.since));
  return read_event_pages(request, [&](const auto& page) { return api.list_events(page); });
}

// Prints events as they come and goes on over broken connections after the last one that was
// printed, in the words of whatever else follows.
class EventFollower {
 public:
  EventFollower(Invocation& invocation, const client::Target& target, std::string run,
                std::int64_t seq)
      : invocation_(invocation), api_(target, kEventsCall, 1), run_(std::move(run)), seq_(seq) {}

  int run() {
    install_interrupt_handler();
    for (;;) {
      if (interrupted() != 0) return kExitInterrupted;
      if (invocation_.data_lost())
        return kExitOk;  // which the invocation makes the code of its loss
      if (lost_ && !api_.wait_connected(kWatchStep)) continue;
      const base::Result<bool> over = look();
      if (over.ok() && *over) return kExitOk;
      if (!over.ok() && !client::may_pass(over.status())) return give_up(over.status());
      if (!over.ok() && !std::exchange(lost_, true)) tell(lost_line(invocation_));
      if (wait_for_interrupt(kWatchStep)) return kExitInterrupted;
    }
  }

 private:
  // Prints until the stream ends, which it does after the run's last event and when the scheduler
  // stops; whether no more events are to come.
  base::Result<bool> look() {
    // Asked before reading: of a run that has ended by now, the stream holds all events.
    const base::Result<bool> ended = run_ended();
    if (!ended.ok()) return ended.status();
    if (std::exchange(lost_, false)) tell(found_line(invocation_));
    v1::WatchEventsRequest request;
    request.set_since_seq(seq_);
    request.set_run(run_);
    const auto stream = api_.watch_events(request);
    EventPrinter printer(invocation_);
    while (interrupted() == 0 && !invocation_.data_lost()) {
      v1::WatchEventsResponse batch;
      const client::EventStream::Got got = stream->next(kWatchStep, batch);
      if (got == client::EventStream::Got::kEnded) {
        if (!stream->status().ok()) return stream->status();
        return *ended;
      }
      for (const v1::Event& event : batch.events()) {
        printer.print(event);
        seq_ = event.seq();
      }
    }
    return false;
  }

  base::Result<bool> run_ended() {
    if (run_.empty()) {
      const auto info = api_.get_info();
      return info.ok() ? base::Result<bool>(false) : info.status();
    }
    v1::GetRunRequest request;
    request.set_run(run_);
    const auto run = api_.get_run(request);
    if (!run.ok()) return run.status();
    return client::run_finished(run->run().state());
  }

  int give_up(const Status& status) {
    if (!run_.empty()) return give_up_following(invocation_, run_, status);
    invocation_.warn("cannot follow the events any further");
    return invocation_.fail(status);
  }

  void tell(const std::string& line) {
    if (invocation_.options.console != ConsoleMode::kNone) invocation_.note(line);
  }

  Invocation& invocation_;
  // Calls fail fast: it is this loop that tries again, and hears Ctrl-C meanwhile.
  client::Api api_;
  std::string run_;    // empty: all events
  std::int64_t seq_;   // of the last event that was printed
  bool lost_ = false;  // the scheduler, and said so
};

int events(Invocation& invocation, EventArguments arguments) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  if (!arguments.run.empty()) {
    v1::GetRunRequest request;
    request.set_run(unpaste(arguments.run));
    const auto run = (*api)->get_run(request);
    if (!run.ok()) return invocation.fail(run.status());
    arguments.run = run->run().id();
  }
  if (arguments.follow && invocation.options.output == OutputFormat::kJson) {
    return invocation.fail(Status(Code::kInvalidArgument, base::kErrUsage,
                                  "-f is a stream: use -o jsonl, one event a line"));
  }
  if (arguments.follow && arguments.since < 0 && arguments.run.empty()) {
    // "From now on" is a place in the sequence: what happens while the connection is lost is told
    // once it is back.
    const auto info = (*api)->get_info();
    if (!info.ok()) return invocation.fail(info.status());
    return EventFollower(invocation, (*api)->target(), "", info->last_seq()).run();
  }
  const auto listed = read_events(invocation, **api, arguments);
  if (!listed.ok()) return invocation.fail(listed.status());
  if (invocation.options.output == OutputFormat::kJson) {
    invocation.print_json(message_json(*listed));
    return kExitOk;
  }
  EventPrinter printer(invocation);
  std::int64_t seq = std::max<std::int64_t>(0, arguments.since);
  for (const v1::Event& event : listed->events()) {
    printer.print(event);
    seq = event.seq();
  }
  if (!arguments.follow) return kExitOk;
  return EventFollower(invocation, (*api)->target(), arguments.run, seq).run();
}

v1::HealthItem item(const std::string& name, bool ok, const std::string& value,
                    const std::string& advice) {
  v1::HealthItem made;
  made.set_name(name);
  made.set_ok(ok);
  made.set_value(value);
  made.set_advice(ok ? "" : advice);
  return made;
}

// Who runs the stages of the workers that are connected.
void add_stage_users(client::Api& api, v1::GetHealthResponse& report) {
  const auto workers = api.list_workers(v1::ListWorkersRequest());
  if (!workers.ok()) return;
  for (const v1::Worker& worker : workers->workers()) {
    const std::size_t at = worker.limits().find("stages run as ");
    if (!worker.connected() || at == std::string::npos) continue;
    std::string value = worker.limits().substr(at);
    if (value == "stages run as root") {
      value +=
          ": they can read the token and change what others run; --stage-user NAME, of "
          "`weir up` and `weir worker`, runs them as another user";
    }
    *report.add_items() = item("worker " + worker.name(), true, value, "");
  }
}

// What the scheduler answers, one question after the other, as far as it goes.
Status ask_scheduler(client::Api& api, v1::GetHealthResponse& report) {
  const client::Target& target = api.target();
  const auto version = api.get_version();
  *report.add_items() =
      item("scheduler", version.ok(),
           version.ok() ? version->version() + " at " + target.grpc : "no answer at " + target.grpc,
           version.status().message());
  if (!version.ok()) return version.status();
  const bool same = version->version() == kVersion;
  *report.add_items() = item("versions", same, same ? "the same" : "different",
                             "the scheduler is " + version->version() + ", this program " +
                                 kVersion + "; upgrade the older one");
  const auto info = api.get_info();
  const bool refused = info.status().code() == Code::kUnauthenticated;
  *report.add_items() = item("token", !refused && !target.token.empty(),
                             target.token.empty() ? "none"
                             : refused            ? "not the scheduler's"
                                                  : "accepted",
                             info.status().message());
  if (!info.ok()) return info.status();
  *report.add_items() = item("data", true, info->data_dir(), "");
  const auto health = api.get_health();
  if (health.ok()) report.mutable_items()->MergeFrom(health->items());
  add_stage_users(api, report);
  return health.status();
}

// What can be said from here, then what the scheduler says of itself. 0 only when all is well.
int doctor(Invocation& invocation) {
  v1::GetHealthResponse report;
  *report.add_items() =
      item("weir", true, std::string(kVersion) + " on " + module::host_machine(), "");
  const auto api = invocation.api();
  Status status = api.status();
  if (api.ok()) {
    status = ask_scheduler(**api, report);
  } else {
    *report.add_items() = item("scheduler", false, "none found", status.message());
  }
  Listing listing({{"WHAT"}, {"STATE"}, {"VALUE"}, {"ADVICE"}});
  bool all_ok = true;
  for (const v1::HealthItem& entry : report.items()) {
    all_ok = all_ok && entry.ok();
    listing.table.add({{entry.name()},
                       {entry.ok() ? "ok" : "bad", entry.ok() ? Color::kGreen : Color::kRed},
                       {entry.value()},
                       {entry.advice()}});
    listing.names.push_back(entry.name());
    listing.items.push_back(&entry);
  }
  invocation.print(listing, report);
  if (!status.ok()) return exit_code(status);
  return all_ok ? kExitOk : kExitFailed;
}

int version(Invocation& invocation) {
  if (invocation.structured()) {
    base::Json json;
    json.set("version", kVersion);
    invocation.print_json(json);
  } else {
    invocation.data("weir " + std::string(kVersion) + "\n");
  }
  return kExitOk;
}

}  // namespace

void add_system_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& explain_command =
      *app.add_subcommand("explain", "why something waits, ran, or did not");
  auto reference = std::make_shared<std::string>();
  explain_command.add_option("REF", *reference, "RUN, RUN/TASK, an asset, @last")->required();
  explain_command.callback([&invocation, &chosen, reference] {
    chosen = [&invocation, reference] { return explain(invocation, *reference); };
  });

  CLI::App& events_command = *app.add_subcommand("events", "what happened, in commit order");
  auto arguments = std::make_shared<EventArguments>();
  events_command.add_flag("-f,--follow", arguments->follow, "and what happens from now on");
  events_command.add_option("--since", arguments->since, "events after this sequence number")
      ->check([](const std::string& text) {
        const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
        return digits ? std::string() : "'" + text + "' is not a sequence number: 0 or more";
      });
  events_command.add_option("--run", arguments->run, "only of this run");
  events_command.callback([&invocation, &chosen, arguments] {
    chosen = [&invocation, arguments] { return events(invocation, *arguments); };
  });

  app.add_subcommand("doctor", "is everything well? if not, what to do")
      ->callback([&invocation, &chosen] { chosen = [&invocation] { return doctor(invocation); }; });
  app.add_subcommand("version", "of this program")->callback([&invocation, &chosen] {
    chosen = [&invocation] { return version(invocation); };
  });
}

}  // namespace weir::cli
