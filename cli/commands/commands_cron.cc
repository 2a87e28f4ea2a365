// cron next and cron explain: any expression, by the code with which the scheduler evaluates it,
// over this machine's time zones. No connection is made.
// Main thread.
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "calendar/cron_text.h"
#include "calendar/cron_times.h"
#include "calendar/utc_text.h"
#include "cli/commands/commands.h"
#include "cli/text/duration.h"
#include "scheduler/zones/zones.h"

namespace weir::cli {
namespace {

constexpr int kTimesMax = 10'000;
constexpr int kExplainedTimes = 3;

struct CronArguments {
  std::vector<std::string> words;  // of the expression, in one argument or in several
  std::string from;
  int count = 5;
};

struct Question {
  std::string text;
  calendar::Cron cron;
  calendar::Zone zone = calendar::Zone::utc();
  calendar::Instant from;
};

base::Result<Question> make_question(Invocation& invocation, const CronArguments& arguments) {
  Question question;
  for (const std::string& word : arguments.words) {
    question.text += (question.text.empty() ? "" : " ") + word;
  }
  const auto cron = calendar::read_cron(question.text);
  if (!cron.ok()) return cron.status();
  question.cron = *cron;
  const std::string name = invocation.options.zone.empty() ? "UTC" : invocation.options.zone;
  auto zone = zones::load_zone(name);
  if (!zone.ok()) return zone.status();
  question.zone = *std::move(zone);
  // Times are read and printed as the clock there shows them.
  if (auto set = set_zone(name); !set.ok()) return set;
  auto from = base::Result<base::WallTime>(wall_now());
  if (!arguments.from.empty()) from = parse_since(arguments.from, wall_now());
  if (!from.ok()) return from.status();
  question.from = std::chrono::floor<std::chrono::seconds>(*from);
  return question;
}

std::vector<calendar::Instant> times_of(const Question& question, int count) {
  std::vector<calendar::Instant> times;
  auto at = next_after(question.cron, question.zone, question.from);
  for (; at && std::ssize(times) < count; at = next_after(question.cron, question.zone, *at)) {
    times.push_back(*at);
  }
  return times;
}

std::string sentence(const Question& question) {
  const std::string phrase = calendar::describe(question.cron);
  if (question.cron.every_seconds != 0) return phrase + ", counted from 1970-01-01 00:00 UTC";
  return phrase + ", " + question.zone.name() + (question.zone.name() == "UTC" ? "" : " time");
}

base::Json document(const Question& question, const std::vector<calendar::Instant>& times) {
  base::Json::Array list;
  for (const auto at : times) list.emplace_back(calendar::utc_text(at));
  return base::Json::Object{{"cron", question.text},
                            {"zone", question.zone.name()},
                            {"description", calendar::describe(question.cron)},
                            {"times", std::move(list)}};
}

int next(Invocation& invocation, const CronArguments& arguments) {
  const auto question = make_question(invocation, arguments);
  if (!question.ok()) return invocation.fail(question.status());
  const auto times = times_of(*question, arguments.count);
  if (invocation.structured()) {
    invocation.print_json(document(*question, times));
    return kExitOk;
  }
  if (invocation.options.output == OutputFormat::kName) {
    for (const auto at : times) invocation.data(calendar::utc_text(at) + "\n");
    return kExitOk;
  }
  Table table({{"FIRES"}, {"UTC"}, {"IN", Align::kRight}});
  for (const auto at : times) {
    table.add(
        {{format_time(at)}, {calendar::utc_text(at)}, {format_duration(at - question->from)}});
  }
  invocation.data(table.render(invocation.out_paint(), invocation.out_width()));
  invocation.note(sentence(*question));
  if (invocation.options.zone.empty()) invocation.note("another zone: --tz Europe/Berlin");
  return kExitOk;
}

int explain(Invocation& invocation, const CronArguments& arguments) {
  const auto question = make_question(invocation, arguments);
  if (!question.ok()) return invocation.fail(question.status());
  const auto times = times_of(*question, kExplainedTimes);
  if (invocation.structured()) {
    invocation.print_json(document(*question, times));
    return kExitOk;
  }
  std::string text = sentence(*question) + "\n";
  for (const auto at : times) text += "  next   " + format_time(at) + "\n";
  if (question->cron.every_seconds == 0 && question->zone.spans().size() > 1) {
    text +=
        is_interval(question->cron)
            ? "  clock  by the clock: times that it skips do not fire, repeated ones fire twice\n"
            : "  clock  a time that the clock skips fires right after the gap, a repeated one "
              "once, the second time\n";
  }
  invocation.data(text);
  return kExitOk;
}

}  // namespace

void add_cron_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& cron = *app.add_subcommand("cron", "what a cron expression says, and when it fires");
  cron.require_subcommand(1);
  auto arguments = std::make_shared<CronArguments>();
  const auto add = [&](const char* name, const char* help,
                       int (*run)(Invocation&, const CronArguments&)) {
    CLI::App& command = *cron.add_subcommand(name, help);
    command.add_option("expr", arguments->words, "\"0 2 * * mon-fri\", @daily, @every 90s")
        ->required();
    command.add_option("--from", arguments->from, "from when on: a time, in --tz (default: now)");
    command.callback([&invocation, &chosen, arguments, run] {
      chosen = [&invocation, arguments, run] { return run(invocation, *arguments); };
    });
    return &command;
  };
  add("next", "the next times at which it fires", next)
      ->add_option("-n,--count", arguments->count, "so many of them")
      ->check(CLI::Range(1, kTimesMax));
  add("explain", "what it says, in words", explain);
}

}  // namespace weir::cli
