// explain, events, doctor, version. Doctor looks from this side first, so that it has something to
// say when no scheduler answers.
// Main thread.
#include <algorithm>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/commands/commands.h"
#include "cli/interrupt.h"
#include "cli/paging.h"
#include "cli/past.h"
#include "cli/text/duration.h"
#include "cli/text/reference.h"
#include "cli/values.h"
#include "cli/version.h"
#include "sdk/base/elf.h"
#include "sdk/base/errors.h"
#include "sdk/client/api.h"
#include "sdk/client/event_stream.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;

constexpr int kEventsShown = 1000;  // of all that there are, without --since
constexpr std::chrono::milliseconds kWatchStep{200};
constexpr std::chrono::milliseconds kReconnect{500};

struct EventArguments {
  bool follow = false;
  std::int64_t since = -1;
  std::string run;
};

int explain(Session& session, const std::string& pasted) {
  const auto api = session.api();
  if (!api.ok()) return session.fail(api.status());
  v1::ExplainRequest request;
  request.set_reference(unpaste(pasted));
  auto answer = (*api)->explain(request);
  if (!answer.ok() && answer.status().code() == Code::kNotFound) {
    const auto past = explain_past(**api, request.reference());
    if (past.ok()) {
      answer = v1::ExplainResponse();
      answer->mutable_lines()->Assign(past->begin(), past->end());
    } else if (past.status().error() == base::kErrUnknownTask) {
      return session.fail(past.status());
    }
  }
  if (!answer.ok()) return session.fail(answer.status());
  if (session.structured()) {
    session.print_json(message_json(*answer));
    return kExitOk;
  }
  for (const std::string& line : answer->lines()) session.data(printable(line) + "\n");
  return kExitOk;
}

class EventPrinter {
 public:
  explicit EventPrinter(Session& session) : session_(session) {}

  void print(const v1::Event& event) {
    if (session_.options.output == OutputFormat::kName) {
      session_.data(std::to_string(event.seq()) + "\n");
    } else if (session_.options.output == OutputFormat::kJsonl) {
      session_.data(message_json(event).dump() + "\n");
    } else {
      session_.data(text(event) + "\n");
    }
  }

 private:
  std::string text(const v1::Event& event) const {
    const Painter& paint = session_.out_paint();
    std::string kind = enum_word(v1::EventKind_Name(event.kind()), "EVENT_KIND_");
    kind.resize(std::max<std::size_t>(kind.size(), 18), ' ');
    std::string line = std::to_string(event.seq());
    if (line.size() < 8) line.insert(0, 8 - line.size(), ' ');
    line += "  " + paint(Color::kDim, format_time(to_wall(event.at()))) + "  " + kind;
    if (!event.run_id().empty()) line += "  " + event.run_id();
    if (!event.subject().empty()) line += "  " + printable(event.subject());
    if (event.epoch() > 0) line += "#" + std::to_string(event.epoch());
    if (!event.state().empty()) line += "  " + paint(state_color(event.state()), event.state());
    if (!event.message().empty()) line += "  " + printable(event.message());
    return line;
  }

  Session& session_;
};

// The events that are there: all after --since, else the last page's worth.
base::Result<v1::ListEventsResponse> read_events(Session& session, client::Api& api,
                                                 EventArguments& arguments) {
  v1::ListEventsRequest request;
  request.set_run(arguments.run);
  if (arguments.since < 0 && arguments.run.empty()) {
    const auto info = api.get_info();
    if (!info.ok()) return info.status();
    arguments.since = std::max<std::int64_t>(0, info->last_seq() - kEventsShown);
    if (arguments.since > 0) {
      session.detail("the last " + std::to_string(kEventsShown) + " events; --since 0 for all");
    }
  }
  request.set_since_seq(std::max<std::int64_t>(0, arguments.since));
  return read_event_pages(request, [&](const auto& page) { return api.list_events(page); });
}

// Goes on over broken connections after the last event that was printed.
int follow_events(Session& session, client::Api& api, const EventArguments& arguments,
                  std::int64_t seq) {
  install_interrupt_handler();
  EventPrinter printer(session);
  bool said = false;
  for (;;) {
    v1::WatchEventsRequest request;
    request.set_since_seq(seq);
    request.set_run(arguments.run);
    const auto stream = api.watch_events(request);
    client::EventStream::Got got = client::EventStream::Got::kTimeout;
    while (got != client::EventStream::Got::kEnded) {
      if (interrupted() != 0) return kExitInterrupted;
      v1::WatchEventsResponse batch;
      got = stream->next(kWatchStep, batch);
      if (got != client::EventStream::Got::kEvents) continue;
      said = false;
      for (const v1::Event& event : batch.events()) {
        printer.print(event);
        seq = event.seq();
      }
    }
    const Status status = stream->status();
    if (status.ok() && !arguments.run.empty()) return kExitOk;
    const bool passes = status.ok() || status.code() == Code::kUnavailable ||
                        status.code() == Code::kCanceled || status.code() == Code::kInternal;
    if (!passes) return session.fail(status);
    if (!said) session.warn("the connection to the scheduler is lost; waiting for it to come back");
    said = true;
    if (wait_for_interrupt(kReconnect)) return kExitInterrupted;
  }
}

int events(Session& session, EventArguments arguments) {
  const auto api = session.api();
  if (!api.ok()) return session.fail(api.status());
  if (!arguments.run.empty()) {
    v1::GetRunRequest request;
    request.set_run(unpaste(arguments.run));
    const auto run = (*api)->get_run(request);
    if (!run.ok()) return session.fail(run.status());
    arguments.run = run->run().id();
  }
  if (arguments.follow && session.options.output == OutputFormat::kJson) {
    return session.fail(Status(Code::kInvalidArgument, base::kErrUsage,
                               "-f is a stream: use -o jsonl, one event a line"));
  }
  if (arguments.follow && arguments.since < 0 && arguments.run.empty()) {
    return follow_events(session, **api, arguments, -1);
  }
  const auto listed = read_events(session, **api, arguments);
  if (!listed.ok()) return session.fail(listed.status());
  if (session.options.output == OutputFormat::kJson) {
    session.print_json(message_json(*listed));
    return kExitOk;
  }
  EventPrinter printer(session);
  std::int64_t seq = std::max<std::int64_t>(0, arguments.since);
  for (const v1::Event& event : listed->events()) {
    printer.print(event);
    seq = event.seq();
  }
  return arguments.follow ? follow_events(session, **api, arguments, seq) : kExitOk;
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

// What can be said from here, then what the scheduler says of itself. 0 only when all is well.
int doctor(Session& session) {
  v1::GetHealthResponse report;
  *report.add_items() =
      item("weir", true, std::string(kVersion) + " on " + base::host_machine(), "");
  const auto api = session.api();
  Status status = api.status();
  if (api.ok()) {
    const client::Target& target = (*api)->target();
    const auto info = (*api)->get_info();
    status = info.status();
    *report.add_items() =
        item("scheduler", info.ok(),
             info.ok() ? info->version() + " at " + target.grpc + ", data in " + info->data_dir()
                       : "no answer at " + target.grpc,
             status.message());
    *report.add_items() = item(
        "token", !target.token.empty(), target.token.empty() ? "none" : "found",
        "nothing can be started without it; name DATA/token with --token-file or WEIR_TOKEN_FILE");
    if (info.ok()) {
      const bool same = info->version() == kVersion;
      *report.add_items() = item("versions", same, same ? "the same" : "different",
                                 "the scheduler is " + info->version() + ", this program " +
                                     kVersion + "; upgrade the older one");
      const auto health = (*api)->get_health();
      status = health.status();
      if (health.ok()) report.mutable_items()->MergeFrom(health->items());
    }
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
  session.print(listing, report);
  if (!status.ok()) return exit_code(status);
  return all_ok ? kExitOk : kExitFailed;
}

int version(Session& session) {
  if (session.structured()) {
    base::Json json;
    json.set("version", kVersion);
    session.print_json(json);
  } else {
    session.data("weir " + std::string(kVersion) + "\n");
  }
  return kExitOk;
}

}  // namespace

void add_system_commands(CLI::App& app, Session& session, Chosen& chosen) {
  CLI::App& explain_command =
      *app.add_subcommand("explain", "why something waits, ran, or did not");
  auto reference = std::make_shared<std::string>();
  explain_command.add_option("REF", *reference, "RUN, RUN/TASK, an asset, @last")->required();
  explain_command.callback([&session, &chosen, reference] {
    chosen = [&session, reference] { return explain(session, *reference); };
  });

  CLI::App& events_command = *app.add_subcommand("events", "what happened, in commit order");
  auto arguments = std::make_shared<EventArguments>();
  events_command.add_flag("-f,--follow", arguments->follow, "and what happens from now on");
  events_command.add_option("--since", arguments->since, "events after this sequence number")
      ->check(CLI::NonNegativeNumber);
  events_command.add_option("--run", arguments->run, "only of this run");
  events_command.callback([&session, &chosen, arguments] {
    chosen = [&session, arguments] { return events(session, *arguments); };
  });

  app.add_subcommand("doctor", "is everything well? if not, what to do")
      ->callback([&session, &chosen] { chosen = [&session] { return doctor(session); }; });
  app.add_subcommand("version", "of this program")->callback([&session, &chosen] {
    chosen = [&session] { return version(session); };
  });
}

}  // namespace weir::cli
