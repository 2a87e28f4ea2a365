// completion bash|zsh|fish, and what the scripts ask: which words could follow these. Names come
// from the scheduler, quickly or not at all: a completion must never hang or print an error.
// Main thread.
#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/commands/commands.h"
#include "cli/text/completion_scripts.h"
#include "sdk/client/api.h"

namespace weir::cli {
namespace {

constexpr std::chrono::milliseconds kCompletionTime{400};

// Of `weir schedules …`: all but two of its commands take names of schedules, some several.
std::string of_schedules(const std::vector<std::string>& commands) {
  const std::string& verb = commands[1];
  if (verb == "pause" || verb == "resume") return "schedule";
  const bool one = verb == "show" || verb == "preview" || verb == "history" || verb == "edit" ||
                   verb == "delete" || verb == "trigger";
  return one && commands.size() == 2 ? "schedule" : "";
}

// What the word after these words is the name of: "job", "asset", "external", "freshness", "run",
// "schedule", "alert_rule", "worker", "task" or nothing.
std::string kind_of(const std::vector<std::string>& words) {
  std::vector<std::string> commands;
  for (const std::string& word : words) {
    if (!word.empty() && word.front() != '-') commands.push_back(word);
  }
  const auto is = [&commands](std::initializer_list<const char*> prefix) {
    return commands.size() == prefix.size() &&
           std::equal(prefix.begin(), prefix.end(), commands.begin(),
                      [](const char* a, const std::string& b) { return b == a; });
  };
  if (!words.empty() && words.back() == "--job") return "job";
  if (!words.empty() && words.back() == "--run") return "run";
  if (!words.empty() && words.back() == "--schedule") return "schedule";
  if (!words.empty() && words.back() == "--rule") return "alert_rule";
  if (is({"run"})) return "job";
  if (commands.size() >= 2 && commands[0] == "schedules") return of_schedules(commands);
  const bool several = commands.size() >= 2 && commands[0] == "freshness" &&
                       (commands[1] == "pause" || commands[1] == "resume");
  if (is({"assets", "observe"})) return "external";
  if (several || is({"freshness", "show"})) return "freshness";
  const bool rules = commands.size() >= 2 && commands[0] == "alerts" &&
                     (commands[1] == "pause" || commands[1] == "resume");
  if (rules) return "alert_rule";
  if (is({"alerts", "show"}) || is({"alerts", "edit"}) || is({"alerts", "delete"}) ||
      is({"alerts", "test"})) {
    return "alert_rule";
  }
  if (is({"materialize"}) || is({"assets", "show"}) || is({"assets", "get"}) ||
      is({"assets", "lineage"}) || is({"assets", "list"})) {
    return "asset";
  }
  if (is({"cancel"}) || is({"runs", "watch"}) || is({"runs", "cancel"})) return "run";
  if (is({"runs", "show"}) || is({"logs"}) || is({"explain"}) || is({"replay"})) return "task";
  if (is({"workers", "show"}) || is({"workers", "drain"})) return "worker";
  return "";
}

std::vector<std::string> ask(client::Api& api, const std::string& kind, const std::string& prefix,
                             const std::string& run) {
  v1::CompleteNameRequest request;
  request.set_kind(kind);
  request.set_prefix(prefix);
  request.set_run(run);
  const auto answer = api.complete_name(request);
  if (!answer.ok()) return {};
  return {answer->names().begin(), answer->names().end()};
}

std::vector<std::string> names_for(Invocation& invocation, const std::string& kind,
                                   const std::string& prefix) {
  const base::Result<client::Target> target =
      client::discover(invocation.options.scheduler, invocation.options.token_file);
  if (!target.ok()) return {};
  client::Api api(*target, kCompletionTime, 1);
  if (kind != "task") return ask(api, kind, prefix, "");
  const std::size_t slash = prefix.find('/');
  if (slash == std::string::npos) {
    std::vector<std::string> names = ask(api, "run", prefix, "");
    for (const char* alias : {"@last", "@last-failed"}) {
      if (std::string(alias).rfind(prefix, 0) == 0) names.emplace_back(alias);
    }
    return names;
  }
  const std::string run = prefix.substr(0, slash);
  std::vector<std::string> names = ask(api, "task", prefix.substr(slash + 1), run);
  for (std::string& name : names) name.insert(0, run + "/");
  return names;
}

// The option of the command, or of one above it, whose value comes after `word`.
const CLI::Option* option_named(const CLI::App* at, const std::string& word) {
  if (word.empty() || word.front() != '-') return nullptr;
  for (const CLI::App* up = at; up != nullptr; up = up->get_parent()) {
    for (const CLI::Option* option : up->get_options()) {
      if (option->get_expected_min() > 0 && option->check_name(word)) return option;
    }
  }
  return nullptr;
}

// The words that an option takes, where its help lists them: "table|wide|json", or
// "TEXT:{stdout,stderr}" of one that is checked against them.
std::vector<std::string> words_of(const CLI::Option& option) {
  std::string listed = option.get_type_name();
  char between = '|';
  if (const std::size_t open = listed.find('{'); open != std::string::npos) {
    listed = listed.substr(open + 1, listed.find('}', open) - open - 1);
    between = ',';
  }
  if (listed.find(between) == std::string::npos) return {};
  std::vector<std::string> words;
  std::istringstream list(listed);
  for (std::string word; std::getline(list, word, between);) words.push_back(word);
  return words;
}

// Values of the option that the last word names, else subcommands and options of the deepest
// command that the words name.
std::vector<std::string> static_words(const CLI::App& app, const std::vector<std::string>& words,
                                      const std::string& prefix) {
  const CLI::App* at = &app;
  for (const std::string& word : words) {
    for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; })) {
      if (command->get_name() == word) {
        at = command;
        break;
      }
    }
  }
  std::vector<std::string> found;
  const auto offer = [&](const std::string& word) {
    if (word.rfind(prefix, 0) == 0) found.push_back(word);
  };
  if (const CLI::Option* option = words.empty() ? nullptr : option_named(at, words.back())) {
    for (const std::string& word : words_of(*option)) offer(word);
    return found;
  }
  for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) offer(command->get_name());
  }
  if (!prefix.empty() && prefix.front() == '-') {
    for (const CLI::App* up = at; up != nullptr; up = up->get_parent()) {
      for (const CLI::Option* option : up->get_options()) {
        for (const std::string& name : option->get_lnames()) offer("--" + name);
      }
    }
  }
  return found;
}

}  // namespace

void add_completion_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& completion = *app.add_subcommand(
      "completion", "print the completion script of a shell; see its first lines for use");
  completion.require_subcommand(1);
  for (const auto& [shell, script] : completion_scripts()) {
    completion.add_subcommand(shell, "for " + std::string(shell))
        ->callback([&invocation, &chosen, text = script] {
          chosen = [&invocation, text] {
            invocation.data(text);
            return kExitOk;
          };
        });
  }
}

int complete_words(Invocation& invocation, const CLI::App& app, std::vector<std::string> words) {
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  const std::string prefix = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  std::vector<std::string> found = static_words(app, words, prefix);
  const std::string kind = kind_of(words);
  if (!kind.empty() && (prefix.empty() || prefix.front() != '-')) {
    const std::vector<std::string> names = names_for(invocation, kind, prefix);
    found.insert(found.end(), names.begin(), names.end());
  }
  for (const std::string& word : found) invocation.data(word + "\n");
  return kExitOk;
}

}  // namespace weir::cli
