// The commands of scripts about alerts: rules, silences, what becomes of messages, the disk, and a
// look at the table. See commands.h.
// All state is the World's. One thread.
#include <map>
#include <sstream>
#include <vector>

#include "engine/schedules/occurrences.h"
#include "tests/scenarios/commands.h"
#include "tests/support/graph_text.h"

namespace weir::scenario {
namespace {

// "verb first second a=1".
struct Words {
  std::vector<std::string> words;
  std::multimap<std::string, std::string> options;

  explicit Words(const std::string& text) {
    std::istringstream in(text);
    for (std::string word; in >> word;) {
      const auto equals = word.find('=');
      if (equals == std::string::npos) {
        words.push_back(word);
      } else {
        options.emplace(word.substr(0, equals), word.substr(equals + 1));
      }
    }
  }
  std::string option(const std::string& name, const std::string& otherwise = "") const {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : found->second;
  }
};

const engine::RequestInfo kAsked{.reply_to = 1, .idempotency_key = {}, .hash = {}};

// "alert create NAME on=run_failed for=shop/* webhook=https://… to=CHANNEL secret=…
// limit=2h|p95
// times=3"; "alert edit", "alert delete NAME", "alert test NAME".
std::string do_alert(World& world, const Words& line) {
  const std::string& verb = line.words.at(1);
  const std::string& name = line.words.at(2);
  if (verb == "delete") return world.step(engine::DeleteAlertRule{kAsked, name, "ops@host"});
  if (verb == "test") return world.step(engine::TestAlertRule{kAsked, name, "ops@host"});
  engine::PutAlertRule command;
  command.request = kAsked;
  command.create = verb == "create";
  command.by = "ops@host";
  command.rule.name = name;
  command.rule.event = base::parse_word<engine::AlertEvent>(line.option("on")).value();
  const auto [first, last] = line.options.equal_range("for");
  for (auto at = first; at != last; ++at) command.rule.selection.push_back(at->second);
  command.rule.webhook = line.option("webhook");
  command.rule.channel = line.option("to");
  command.rule.secret = line.option("secret");
  command.rule.threshold = std::stoll(line.option("times", "0"));
  const auto limit = line.option("limit");
  command.rule.over_usual = limit == "p95";
  if (!limit.empty() && !command.rule.over_usual) {
    command.rule.threshold = test::parse_duration(limit) / std::chrono::milliseconds(1);
  }
  return world.step(command);
}

std::string do_silence(World& world, const Words& line) {
  engine::SilenceAlerts command;
  command.request = kAsked;
  command.by = "ops@host";
  command.silence.rule = line.option("rule", "*");
  command.silence.subject = line.option("subject", "*");
  command.silence.reason = line.option("why");
  if (const auto in = line.option("in"); !in.empty()) {
    command.silence.until = world.now.wall + test::parse_duration(in);
  }
  return world.step(command);
}

std::string do_unsilence(World& world) {
  const auto& silences = world.tables().silences.rows();
  const std::int64_t first = silences.empty() ? 0 : silences.begin()->first;
  return world.step(engine::UnsilenceAlerts{kAsked, first, "ops@host"});
}

std::string show_alerts(const World& world) {
  std::string text;
  for (const auto& [id, row] : world.tables().alerts.rows()) {
    text += row.rule + " " + row.subject + " " + std::string(base::word_of(row.state)) + " " +
            std::string(base::word_of(row.delivery)) + " x" + std::to_string(row.count) +
            " since " + engine::utc_text(row.since) + " last " + engine::utc_text(row.last) +
            "\n  " + row.text + "\n  " + row.next + "\n";
    if (!row.failure.empty()) text += "  not delivered: " + row.failure + "\n";
  }
  return world.readable(text);
}

}  // namespace

std::optional<std::string> perform_alerts(World& world, const std::string& command) {
  const Words line(command);
  const std::string& verb = line.words.at(0);
  if (verb == "alert") return do_alert(world, line);
  if (verb == "silence") return do_silence(world, line);
  if (verb == "unsilence") return do_unsilence(world);
  if (verb == "alerts") return show_alerts(world);
  if (verb == "undelivered") {
    return world.step(engine::OutboxUndelivered{std::stoll(line.words.at(1)), line.option("why"),
                                                line.option("last") == "yes"});
  }
  if (verb == "disk_checked") {
    return world.step(engine::DiskChecked{line.words.at(1) == "low", "1.0 GiB free"});
  }
  return std::nullopt;
}

}  // namespace weir::scenario
