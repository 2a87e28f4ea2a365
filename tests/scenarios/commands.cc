// From a line of a script to a step of the engine, and read-only looks at the tables. One function
// a command, listed by name in verbs(); all state is the World's. One thread. Output is text that a
// script repeats: it must be the same in every run.
#include "tests/scenarios/commands.h"

#include <functional>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include "base/check.h"
#include "base/json.h"
#include "calendar/read_time.h"
#include "engine/plan/plan.h"
#include "engine/plan/run_plan.h"
#include "engine/schedules/occurrences.h"
#include "engine/schedules/schedule_step.h"
#include "engine/state.h"
#include "tests/support/graph_text.h"
#include "tests/support/schedule_text.h"

namespace weir::scenario {
namespace {

using engine::OutcomeClass;

// "verb first second a=1 flag": words without '=' that are not known flags are positional.
struct Line {
  std::vector<std::string> words;
  std::map<std::string, std::vector<std::string>> options;

  explicit Line(const std::string& text) {
    std::istringstream in(text);
    for (std::string word; in >> word;) {
      const auto equals = word.find('=');
      if (equals == std::string::npos) {
        words.push_back(word);
      } else {
        options[word.substr(0, equals)].push_back(word.substr(equals + 1));
      }
    }
  }
  bool flag(const std::string& name) const {
    for (const auto& word : words) {
      if (word == name) return true;
    }
    return false;
  }
  std::string option(const std::string& name, const std::string& otherwise = "") const {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : found->second.back();
  }
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

// Requests are the same when their text is, idempotency key apart.
engine::RequestInfo request_of(const Line& line, const std::vector<std::string>& body) {
  engine::RequestInfo request{.reply_to = 1, .idempotency_key = line.option("key"), .hash = {}};
  std::string text = joined(body);
  for (const auto& word : line.words) text += word + " ";
  request.hash = base::sha256(text);
  return request;
}

// Several modules: bodies apart by "module NAME".
std::string do_register(World& world, const Line& line, const std::vector<std::string>& body) {
  engine::RegisterModules command;
  command.request = request_of(line, body);
  command.allow_breaking = line.flag("break");
  command.dry_run = line.flag("dry_run");
  std::string pipeline = line.words.at(1), text;
  for (const auto& row : body) {
    if (row.starts_with("module ")) {
      command.modules.push_back(test::upload_of(pipeline, text));
      pipeline = row.substr(7);
      text.clear();
    } else {
      text += row + "\n";
    }
  }
  command.modules.push_back(test::upload_of(pipeline, text));
  for (const auto& module : command.modules) {
    command.zones.merge(test::zones_of(test::zone_names_of(*module.manifest)));
  }
  std::string out = world.step(command);
  // The reply lists digests; which modules became active is in the rows above it.
  const auto reply = out.find("  reply ok {");
  if (reply != std::string::npos) out = out.substr(0, reply) + "  reply ok\n";
  return out;
}

std::string do_run(World& world, const Line& line, const std::vector<std::string>& body) {
  engine::CreateRun command;
  command.request = request_of(line, body);
  engine::RunSpec& spec = command.spec;
  spec.priority = std::stoi(line.option("priority", "0"));
  spec.job = line.option("job");
  for (std::size_t i = 1; i < line.words.size(); ++i) {
    spec.selection += (i > 1 ? " " : "") + line.words[i];
  }
  if (const auto origin = line.option("origin"); !origin.empty()) {
    // "schedule:nightly": nobody asked, so nobody is answered.
    command.request = {};
    const auto colon = origin.find(':');
    spec.origin.kind = base::parse_word<engine::OriginKind>(origin.substr(0, colon)).value();
    spec.origin.reference = colon == std::string::npos ? "" : origin.substr(colon + 1);
    spec.origin.partition = line.option("partition");
    spec.origin.nominal = world.now.wall;
  }
  if (const auto in = line.option("in"); !in.empty()) {
    spec.start_at = world.now.wall + test::parse_duration(in);
  }
  for (const auto& row : body) {
    const auto space = row.find(' ');
    spec.params[row.substr(0, space)] = row.substr(space + 1);
  }
  return world.step(command);
}

std::multimap<std::string, std::string> every_option(const Line& line) {
  std::multimap<std::string, std::string> options;
  for (const auto& [name, values] : line.options) {
    for (const auto& value : values) options.emplace(name, value);
  }
  if (line.flag("paused")) options.emplace("paused", "");
  return options;
}

// "schedule create NAME job=j", its crons in the body; "schedule edit", "schedule delete".
std::string do_schedule(World& world, const Line& line, const std::vector<std::string>& body) {
  const std::string& verb = line.words.at(1);
  if (verb == "delete") {
    return world.step(engine::DeleteSchedule{request_of(line, body), line.words.at(2), "ops@host"});
  }
  engine::PutSchedule command;
  command.request = request_of(line, body);
  command.spec = test::parse_schedule(line.words.at(2), joined(body), every_option(line));
  for (std::string& cron : command.spec.crons) std::erase(cron, '\n');
  command.create = verb == "create";
  command.by = "ops@host";
  command.zones = test::zones_of({command.spec.zone});
  return world.step(command);
}

// "pause NAME… in=2h why=maintenance", without a name all; "resume" the same.
std::string do_pause(World& world, const Line& line) {
  engine::PauseSchedules command;
  command.request = request_of(line, {});
  command.names.assign(line.words.begin() + 1, line.words.end());
  command.pause = line.words.at(0) == "pause";
  if (const auto in = line.option("in"); !in.empty()) {
    command.until = world.now.wall + test::parse_duration(in);
  }
  command.reason = line.option("why");
  command.by = "ops@host";
  return world.step(command);
}

// "freshness" alone is a look; "freshness pause|resume ASSET… why=x".
std::string show_freshness(World& world) {
  std::string text;
  for (const auto& [asset, policy] : world.engine().state().freshness) {
    const engine::FreshnessRow& row = policy.row;
    text += asset + " " + std::string(base::word_of(row.state)) + " since " +
            engine::utc_text(row.state_since);
    if (!row.set_by.empty()) text += " set by " + row.set_by;
    if (row.paused) text += " paused by " + row.paused_by;
    if (policy.refresh) text += " refresh " + policy.refresh.text();
    if (row.failures > 0) text += " failures " + std::to_string(row.failures);
    if (row.retry_at) text += " not before " + engine::utc_text(*row.retry_at);
    if (row.refresh_at) text += " run at " + engine::utc_text(*row.refresh_at);
    if (policy.wake) text += " wakes " + engine::utc_text(*policy.wake);
    text += policy.waits.empty() ? "\n" : " (" + policy.waits + ")\n";
  }
  return world.readable(text);
}

// "freshness set ASSET fail=6h", as a graph's "freshness" line; "freshness unset ASSET".
std::string set_freshness(World& world, const Line& line) {
  engine::SetFreshness command;
  command.request = request_of(line, {});
  command.asset = line.words.at(2);
  command.by = "ops@host";
  if (line.words.at(1) == "set") {
    command.spec = test::parse_freshness("", "max_age", every_option(line));
    if (const auto cron = line.option("by"); !cron.empty()) {
      command.spec->kind = module::FreshnessKind::kBy;
      command.spec->cron = cron;
      command.zones = test::zones_of({command.spec->zone});
    }
  }
  return world.step(command);
}

std::string do_freshness(World& world, const Line& line) {
  if (line.words.size() == 1) return show_freshness(world);
  if (line.words.at(1) == "set" || line.words.at(1) == "unset") return set_freshness(world, line);
  engine::PauseFreshness command;
  command.request = request_of(line, {});
  command.assets.assign(line.words.begin() + 2, line.words.end());
  command.pause = line.words.at(1) == "pause";
  command.reason = line.option("why");
  command.by = "ops@host";
  return world.step(command);
}

std::string do_observe(World& world, const Line& line) {
  engine::ObserveAsset command;
  command.request = request_of(line, {});
  command.asset = line.words.at(1);
  command.version = line.option("version");
  command.by = "ops@host";
  if (const auto at = line.option("at"); !at.empty()) {
    command.at = calendar::read_time(at, calendar::Zone::utc()).value();
  }
  return world.step(command);
}

std::string do_trigger(World& world, const Line& line) {
  engine::TriggerSchedule command;
  command.request = request_of(line, {});
  command.name = line.words.at(1);
  command.by = "ops@host";
  if (const auto at = line.option("at"); !at.empty()) {
    command.nominal = calendar::read_time(at, calendar::Zone::utc()).value();
  }
  return world.step(command);
}

std::string do_connect(World& world, const Line& line) {
  FakeWorker& worker = world.workers[line.words.at(1)];
  if (line.flag("empty")) worker.held.clear();
  worker.info.id = worker.info.name = line.words.at(1);
  worker.info.slots = std::stoi(line.option("slots", "1"));
  worker.info.prefetch = std::stoi(line.option("prefetch", "0"));
  worker.session = base::SessionId{++world.sessions};
  engine::ConnectWorker command{worker.session, worker.info, {}};
  for (const auto& [key, assign] : worker.held) command.held.push_back(key);
  return world.step(command);
}

std::string do_disconnect(World& world, const Line& line) {
  FakeWorker& worker = world.workers.at(line.words.at(1));
  const auto session = std::exchange(worker.session, base::SessionId{});
  return world.step(engine::DisconnectWorker{session, "gone"});
}

std::string do_heartbeat(World& world, const Line& line) {
  FakeWorker& worker = world.workers.at(line.words.at(1));
  if (line.flag("empty")) worker.held.clear();
  engine::Heartbeat command{worker.session, {}, line.flag("leaving")};
  if (line.option("session") != "") {
    command.session = base::SessionId{std::stoull(line.option("session"))};
  }
  for (const auto& [key, assign] : worker.held) command.held.push_back(key);
  return world.step(command);
}

// The session that speaks of the attempt: the one named, or that of the worker who holds it.
base::SessionId speaker(const World& world, const Line& line, const AttemptKey& key) {
  if (const std::string by = line.option("by"); !by.empty()) return world.workers.at(by).session;
  for (const auto& [id, worker] : world.workers) {
    if (worker.held.contains(key) && worker.session) return worker.session;
  }
  return {};
}

const engine::Assign* assignment(const World& world, const AttemptKey& key) {
  for (const auto& [id, worker] : world.workers) {
    const auto found = worker.held.find(key);
    if (found != worker.held.end()) return &found->second;
  }
  return nullptr;
}

void add_outputs(World& world, const Line& line, const KnownRun& run, const module::StageSpec& spec,
                 engine::AttemptFinished& report) {
  for (const auto& output : spec.outputs) {
    const std::string text = line.option(output.asset, output.asset + "-" + run.alias);
    engine::OutputValue value{output.asset, world.value(text, line.option("type", output.type)),
                              std::make_shared<const std::string>(text)};
    if (line.flag("file")) {
      value.bytes = nullptr;
      value.value.kind = engine::ArtifactKind::kFile;
    }
    report.outputs.push_back(std::move(value));
  }
}

void add_checks(const Line& line, const module::StageSpec& spec, engine::AttemptFinished& report) {
  const auto found = line.options.find("check");
  if (found == line.options.end()) return;
  for (const auto& text : found->second) {
    const auto colon = text.find(':');
    for (const auto& check : spec.checks) {
      if (check.name != text.substr(0, colon)) continue;
      const bool passed = text.substr(colon + 1) == "pass";
      report.checks.push_back({check.asset, check.name, check.severity, passed,
                               passed ? "" : "found 3 bad rows", "{}"});
    }
  }
}

std::string do_finish(World& world, const Line& line) {
  static const std::map<std::string, OutcomeClass> kVerbs = {
      {"finish", OutcomeClass::kSucceeded},
      {"skip", OutcomeClass::kSucceeded},
      {"unchanged", OutcomeClass::kSucceeded},
      {"fail", OutcomeClass::kFailed},
      {"crash", OutcomeClass::kCrashed},
      {"timeout", OutcomeClass::kTimedOut},
      {"oom", OutcomeClass::kOom},
      {"load_error", OutcomeClass::kLoadError},
      {"canceled", OutcomeClass::kCanceled}};
  const std::string& verb = line.words.at(0);
  engine::AttemptFinished report;
  report.key = world.attempt(line.words.at(1));
  report.session = speaker(world, line, report.key);
  report.outcome = kVerbs.at(verb);
  report.message = line.option("why");
  report.permanent = line.flag("permanent");
  if (const auto said = line.option("progress"); !said.empty()) {
    report.progress = engine::make_progress(std::stod(said), "");
  }
  report.finished_at = world.now.wall;
  if (const auto took = line.option("took"); !took.empty()) {
    report.started_at = world.now.wall - test::parse_duration(took);
  }
  if (const auto after = line.option("retry_after"); !after.empty()) {
    report.retry_after = test::parse_duration(after);
  }
  const KnownRun& run = world.run(line.words.at(1).substr(0, line.words.at(1).find('/')));
  const auto& spec = run.specs.at(std::size_t(report.key.task));
  if (verb == "skip") report.success = engine::SuccessKind::kSkipped;
  if (verb == "unchanged") report.success = engine::SuccessKind::kUnchanged;
  if (verb == "finish") add_outputs(world, line, run, spec, report);
  add_checks(line, spec, report);
  if (const auto cursor = line.option("cursor"); !cursor.empty()) {
    engine::CursorAdvance advance;
    const auto* assign = assignment(world, report.key);
    const auto read = assign == nullptr ? 0 : assign->cursor_version;
    advance.read_version = std::stoll(line.option("read", std::to_string(read)));
    advance.value = {"", world.value(cursor, "cursor"), std::make_shared<std::string>(cursor)};
    if (line.flag("cursor_file")) advance.value.bytes = nullptr;
    report.cursor = std::move(advance);
  }
  return world.step(report);
}

std::string do_started(World& world, const Line& line) {
  const auto key = world.attempt(line.words.at(1));
  return world.step(engine::AttemptStarted{speaker(world, line, key), key, world.now.wall});
}

// "progress R1/a#1 0.42 epoch 3 of 10"; "nan": it does not know.
std::string do_progress(World& world, const Line& line) {
  const auto key = world.attempt(line.words.at(1));
  std::string message;
  for (std::size_t i = 3; i < line.words.size(); ++i) {
    message += (message.empty() ? "" : " ") + line.words[i];
  }
  const auto progress = engine::make_progress(std::stod(line.words.at(2)), message);
  return world.step(engine::AttemptsProgressed{speaker(world, line, key), {{key, progress}}});
}

std::string do_release(World& world, const Line& line) {
  const auto key = world.attempt(line.words.at(1));
  const auto session = speaker(world, line, key);
  for (auto& [id, worker] : world.workers) worker.held.erase(key);
  return world.step(engine::AttemptReleased{session, key, line.option("why", "asked")});
}

std::string do_advance(World& world, const Line& line) {
  std::vector<std::string> beating;
  for (std::size_t i = 2; i < line.words.size(); ++i) beating.push_back(line.words[i]);
  return world.advance(test::parse_duration(line.words.at(1)), beating);
}

// "clock -2h": the wall clock is set, time goes on.
std::string do_clock(World& world, const Line& line) {
  const std::string& by = line.words.at(1);
  const bool back = by.starts_with('-');
  const base::Duration step = test::parse_duration(back ? by.substr(1) : by);
  return world.set_clock(back ? -step : step);
}

std::string do_explain(World& world, const Line& line) {
  std::string reference = line.words.at(1);
  const auto slash = reference.find('/');
  for (const KnownRun& run : world.runs()) {
    if (run.alias != reference.substr(0, slash)) continue;
    reference = run.id.text() + (slash == std::string::npos ? "" : reference.substr(slash));
    break;
  }
  return world.ask(engine::Explain{1, reference, line.option("partition")});
}

std::string do_plan(World& world, const Line& line) {
  engine::RunSpec spec;
  spec.job = line.option("job");
  for (std::size_t i = 1; i < line.words.size(); ++i) {
    spec.selection += (i > 1 ? " " : "") + line.words[i];
  }
  const engine::State& state = world.engine().state();
  const auto asset = [&](const std::string& name) {
    const auto found = state.assets.find(name);
    return found == state.assets.end() ? nullptr : &found->second;
  };
  const auto has_version = [&](const engine::AssetPartition& of) {
    const auto found = state.partitions.find(of);
    return found != state.partitions.end() && found->second.current.materialization != 0;
  };
  auto row = engine::run_row(*state.catalog, spec);
  if (!row.ok()) return "  " + row.status().text() + "\n";
  const auto run = engine::plan_tasks(
      {*state.catalog, asset, has_version, 1000, world.options.request_records_max},
      std::move(*row));
  if (!run.ok()) return "  " + run.status().text() + "\n";
  std::string names;
  for (const auto& task : run->tasks) names += task.spec->name + "\n";
  return names;
}

std::string do_cancel(World& world, const Line& line) {
  engine::CancelRun command;
  command.request = request_of(line, {});
  command.run = line.flag("unknown") ? RunId{42} : world.run(line.words.at(1)).id;
  command.reason = line.option("why");
  return world.step(command);
}

std::string do_drain(World& world, const Line& line) {
  return world.step(
      engine::DrainWorker{request_of(line, {}), line.words.at(1), line.words.at(0) == "drain"});
}

std::string do_options(World& world, const Line& line) {
  world.options.infrastructure_attempts_max = std::stoi(line.option("infrastructure", "3"));
  if (const auto after = line.option("forget"); !after.empty()) {
    world.options.worker_forgotten_after = test::parse_duration(after);
  }
  world.options.resident_tasks_max = std::stoi(line.option("resident_tasks", "1000000"));
  world.options.live_runs_max = std::stoi(line.option("live_runs", "10000"));
  world.options.queued_runs_max = std::stoi(line.option("queued_runs", "100000"));
  world.options.request_records_max = std::stoi(line.option("request_records", "500000"));
  world.options.timer_records_max = std::stoi(line.option("timer_records", "20000"));
  return "";
}

std::string do_upload(World& world, const Line& line) {
  world.upload(line.words.at(1));
  return "";
}

// ---- looks ----

std::string show_inputs(World& world, const Line& line) {
  const auto* assign = assignment(world, world.attempt(line.words.at(1)));
  if (assign == nullptr) return "nobody holds it\n";
  std::string text;
  for (const auto& input : assign->inputs) {
    text += input.present ? "present " + world.name_of(input.value)
                          : "absent " + std::string(engine::task_state_name(input.state)) +
                                (input.reason.empty() ? "" : " (" + input.reason + ")");
    text += "\n";
  }
  text += "try_number=" + std::to_string(assign->try_number);
  text += " params=" + assign->params;
  if (assign->cursor_version > 0) {
    text += " cursor=" + world.name_of(assign->cursor) + " version " +
            std::to_string(assign->cursor_version);
  }
  return text + "\n";
}

// Nothing of a run that somebody asked for.
std::string origin_of(const engine::RunRow& row) {
  const engine::Origin& origin = row.origin;
  if (origin.kind == engine::OriginKind::kManual) return "";
  return " by " + std::string(base::word_of(origin.kind)) + " " + origin.reference +
         (origin.partition.empty() ? "" : " partition " + origin.partition);
}

std::string show_run(World& world, const Line& line) {
  const KnownRun& run = world.run(line.words.at(1));
  const auto& row = *world.tables().runs.find(run.id);
  std::string text = run.alias + " " + std::string(engine::run_state_name(row.state)) +
                     (row.message.empty() ? "" : " (" + row.message + ")") + origin_of(row) + "\n";
  const auto plan = engine::RunPlan::of(row).value();
  for (std::size_t i = 0; i < run.tasks.size(); ++i) {
    const auto* stored = world.tables().tasks.find({run.id, std::int32_t(i)});
    const auto task = stored != nullptr ? *stored : plan.task(row, std::int32_t(i));
    text += "  " + run.tasks[i] + " " + std::string(engine::task_state_name(task.state));
    if (task.epoch > 0) text += " epoch=" + std::to_string(task.epoch);
    text += " used=" + std::to_string(task.author_budget_used) + "+" +
            std::to_string(task.infrastructure_budget_used);
    text += task.reason.empty() ? "\n" : " (" + task.reason + ")\n";
  }
  return world.readable(text);
}

std::string show_attempts(World& world, const Line& line) {
  const KnownRun& run = world.run(line.words.at(1));
  std::string text;
  for (const auto& [key, row] : world.tables().attempts.rows()) {
    if (key.run != run.id) continue;
    text += world.name_of(key) + " on " + row.worker + " " +
            std::string(engine::outcome_name(row.outcome)) +
            (row.message.empty() ? "" : " (" + row.message + ")");
    if (row.progress_at) {
      const std::string& said = row.progress.message;
      text += " at " + std::to_string(row.progress.millionths) +
              (said.empty() ? "" : " (" + said + ")") + ", " +
              std::to_string((world.now.wall - *row.progress_at) / std::chrono::seconds(1)) +
              " s ago";
    }
    text += "\n";
  }
  return text;
}

std::string show_events(World& world, const Line& line) {
  const KnownRun& run = world.run(line.words.at(1));
  std::string text;
  for (const auto& [seq, row] : world.tables().events.rows()) {
    if (row.run != run.id) continue;
    text += std::to_string(row.run_seq) + " " + std::string(base::word_of(row.kind)) + " " +
            row.subject + (row.state.empty() ? "" : " " + row.state) +
            (row.message.empty() || row.message.size() == 64 ? "" : " (" + row.message + ")") +
            "\n";
  }
  return world.readable(text);
}

// " = value by attempt from input=value", nothing when there is none.
std::string version_of(World& world, const engine::AssetPartition& of) {
  const auto* row = world.tables().asset_partitions.find(of);
  const auto* version =
      row == nullptr ? nullptr : world.tables().materializations.find(row->materialization);
  if (version == nullptr) return "";
  std::string text =
      " = " + world.name_of(version->value) + " by " + world.name_of(version->attempt);
  for (const auto& input : version->inputs) {
    text +=
        " from " + engine::AssetPartitionView(input.of).text() + "=" + world.name_of(input.value);
  }
  return text;
}

std::string show_assets(World& world, const Line&) {
  std::string text;
  for (const auto& [name, row] : world.tables().assets.rows()) {
    text += name + " of " + row.pipeline + (row.retired ? " retired" : "");
    text += version_of(world, {name, ""}) + "\n";
    for (const auto& [key, part] : world.tables().asset_partitions.rows()) {
      if (key.asset != name || key.partition.empty()) continue;
      text += "  [" + key.partition + "]" + version_of(world, key) + "\n";
    }
  }
  for (const auto& [key, row] : world.tables().cursors.rows()) {
    const std::string name =
        engine::AssetPartitionView(key.stage, key.partition).text();  // is written the same
    text += "cursor " + name + " version " + std::to_string(row.version) + "\n";
  }
  return text;
}

std::string show_ticks(World& world, const Line& line) {
  std::string text;
  for (const auto& [key, row] : world.tables().ticks.rows()) {
    if (row.schedule != line.words.at(1)) continue;
    text += engine::utc_text(row.nominal);
    if (row.until) text += " to " + engine::utc_text(*row.until);
    text += " " + std::string(base::word_of(row.outcome));
    if (row.run) text += " " + row.run.text();
    if (row.evaluated_at != row.nominal) text += " at " + engine::utc_text(row.evaluated_at);
    if (!row.triggered_by.empty()) text += " by " + row.triggered_by;
    text += row.reason.empty() ? "\n" : " (" + row.reason + ")\n";
  }
  return world.readable(text);
}

std::string show_schedules(World& world, const Line&) {
  std::string text;
  for (const auto& [name, schedule] : world.engine().state().schedules) {
    const engine::ScheduleRow& row = schedule.row;
    text += name + " of " + row.spec.job + (row.declared ? " declared" : "") +
            (row.retired ? " retired" : "");
    if (row.paused) text += " " + engine::pause_text(row);
    if (schedule.due) {
      text += " next " + engine::utc_text(schedule.next.at);
      if (*schedule.due != schedule.next.at) text += " due " + engine::utc_text(*schedule.due);
    }
    for (const RunId run : schedule.live) text += " live " + run.text();
    for (const RunId run : schedule.waiting) text += " waits " + run.text();
    text += ", changed by " + row.changed_by.substr(0, row.changed_by.find(' ')) + "\n";
  }
  return world.readable(text);
}

std::string show_leases(World& world, const Line&) {
  std::string text;
  for (const auto& [id, worker] : world.engine().state().workers) {
    text += id + (worker.session ? "" : " (not connected)") +
            (worker.row.draining ? " (draining)" : "") + ":";
    for (const auto& key : worker.leases) text += " " + world.name_of(key);
    text += "\n";
  }
  return text;
}

std::string show_outbox(World& world, const Line&) {
  std::string text;
  for (const auto& row : world.engine().outbox(0, std::numeric_limits<std::size_t>::max())) {
    text += std::to_string(row.id) + " " + row.kind + " " + row.payload + "\n";
  }
  return world.readable(text);
}

std::string do_delivered(World& world, const Line& line) {
  return world.step(engine::OutboxDelivered{std::stoll(line.words.at(1))});
}

// The scheduler is stopped, rows of the run are damaged or repaired, and it is started again.
std::string do_damage(World& world, const Line& line) {
  const RunId run = world.run(line.words.at(1)).id;
  return line.words.at(0) == "damage" ? world.damage(run) : world.repair(run);
}

using Verb = std::function<std::string(World&, const Line&)>;

const std::map<std::string, Verb>& verbs() {
  static const std::map<std::string, Verb> kVerbs = {{"connect", do_connect},
                                                     {"disconnect", do_disconnect},
                                                     {"heartbeat", do_heartbeat},
                                                     {"started", do_started},
                                                     {"finish", do_finish},
                                                     {"skip", do_finish},
                                                     {"unchanged", do_finish},
                                                     {"fail", do_finish},
                                                     {"crash", do_finish},
                                                     {"timeout", do_finish},
                                                     {"oom", do_finish},
                                                     {"load_error", do_finish},
                                                     {"canceled", do_finish},
                                                     {"release", do_release},
                                                     {"progress", do_progress},
                                                     {"advance", do_advance},
                                                     {"explain", do_explain},
                                                     {"clock", do_clock},
                                                     {"plan", do_plan},
                                                     {"cancel", do_cancel},
                                                     {"drain", do_drain},
                                                     {"undrain", do_drain},
                                                     {"options", do_options},
                                                     {"upload", do_upload},
                                                     {"inputs", show_inputs},
                                                     {"show", show_run},
                                                     {"attempts", show_attempts},
                                                     {"events", show_events},
                                                     {"assets", show_assets},
                                                     {"leases", show_leases},
                                                     {"outbox", show_outbox},
                                                     {"delivered", do_delivered},
                                                     {"damage", do_damage},
                                                     {"repair", do_damage},
                                                     {"pause", do_pause},
                                                     {"resume", do_pause},
                                                     {"trigger", do_trigger},
                                                     {"ticks", show_ticks},
                                                     {"schedules", show_schedules},
                                                     {"freshness", do_freshness},
                                                     {"observe", do_observe}};
  return kVerbs;
}

}  // namespace

std::string perform(World& world, const std::string& command,
                    const std::vector<std::string>& body) {
  const Line line(command);
  const std::string& verb = line.words.at(0);
  if (verb == "register") return do_register(world, line, body);
  if (verb == "run") return do_run(world, line, body);
  if (verb == "schedule") return do_schedule(world, line, body);
  if (verb == "restart") return world.restart(test::parse_duration(line.option("off", "0s")));
  if (auto text = perform_alerts(world, command)) return *text;
  const auto found = verbs().find(verb);
  if (found == verbs().end()) return "error: no command is named '" + verb + "'\n";
  return found->second(world, line);
}

}  // namespace weir::scenario
