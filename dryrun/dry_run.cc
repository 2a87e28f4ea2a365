// The loop of a dry run: see dry_run.h. At one instant attempts end first, then comes the script,
// then the worker, then whatever the engine has a deadline for; each is one step, and its messages
// are acted on before the next. One thread, no clock.
#include "dryrun/dry_run.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/names.h"
#include "dryrun/facts.h"
#include "dryrun/recorder.h"
#include "dryrun/start.h"
#include "dryrun/virtual_worker.h"
#include "engine/engine.h"
#include "engine/schedules/occurrences.h"

namespace weir::dryrun {
namespace {

using base::Code;
using base::Status;
using engine::CommandBody;
using std::chrono::hours;
using std::chrono::seconds;

constexpr base::SessionId kSession{1};
constexpr auto kBeat = seconds(10);
// Without a time in which the worker is away its leases need no renewing.
constexpr auto kNeverExpires = hours(24 * 365 * 100);
constexpr int kStepsBetweenLooks = 256;  // at whether it is to stop
constexpr auto kBootAtBegin = hours(1);

engine::Options engine_options(const Options& options) {
  engine::Options out;
  if (options.worker_down.empty()) out.lease = kNeverExpires;
  return out;
}

// Whether the worker is there, and when that changes.
class Presence {
 public:
  explicit Presence(std::vector<Span> away) : away_(std::move(away)) {}

  bool away_at(WallTime t) const {
    return std::any_of(away_.begin(), away_.end(),
                       [&](const Span& span) { return span.from <= t && t < span.to; });
  }
  std::optional<WallTime> change_after(WallTime t) const {
    std::optional<WallTime> next;
    for (const Span& span : away_) {
      for (const WallTime edge : {span.from, span.to}) {
        if (edge > t && (!next || edge < *next)) next = edge;
      }
    }
    return next;
  }
  bool always() const { return away_.empty(); }

 private:
  std::vector<Span> away_;
};

class DryRun {
 public:
  DryRun(const World& world, const Options& options)
      : world_(world),
        options_(options),
        begin_(beginning_of(world, options)),
        until_(options.from + options.span),
        engine_(engine_options(options)),
        facts_(world.history, world.job_history, world.queued),
        worker_(options, world),
        recorder_(options.from, until_),
        presence_(options.worker_down),
        script_(options.script) {
    std::stable_sort(script_.begin(), script_.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    now_ = {begin_, base::BootTime(kBootAtBegin)};
  }

  base::Result<Forecast> run() {
    if (Status status = start(); !status.ok()) return status;
    while (cut_.empty()) {
      const WallTime next = next_event();
      if (!told_ && next > options_.from) tell();
      if (next > until_) break;
      move_to(next);
      if (Status status = act(); !status.ok()) return status;
    }
    if (!told_) tell();
    return finish();
  }

 private:
  Status start() {
    auto snapshot = snapshot_at(world_, options_, begin_);
    if (!snapshot.ok()) return snapshot.status();
    while (!script_.empty() && line_ < script_.size() && script_[line_].at <= begin_) ++line_;
    for (const engine::FreshnessRow& row : snapshot->freshness) {
      recorder_.begin_freshness(row.asset, row.state, begin_);
    }
    for (const engine::AlertRow& row : snapshot->alerts) recorder_.begin_alert(row);
    for (const engine::RunRow& row : snapshot->runs) recorder_.begin_run(row);
    engine_.restore(*snapshot, now_);
    for (const engine::AttemptRow& row : snapshot->attempts) {
      worker_.take(engine_.state(), row.key, now_.wall, row.started_at);
    }
    if (!presence_.away_at(begin_)) connect();
    return register_modules();
  }

  Status register_modules() {
    if (world_.modules.empty()) return settle();
    engine::RegisterModules command;
    command.modules = world_.modules;
    command.allow_breaking = true;
    command.zones = world_.zones;
    return ask(std::move(command));
  }

  void connect() {
    engine::ConnectWorker command{kSession, {}, worker_.held()};
    command.worker.id = command.worker.name = kWorkerName;
    command.worker.slots = slots_of(world_, options_);
    connected_ = true;
    next_beat_ = now_.wall + kBeat;
    step(std::move(command));
  }

  void tell() {
    told_ = true;
    if (options_.from > begin_) recorder_.forget_past();
  }

  WallTime next_event() const {
    WallTime next = until_ + Duration(1);
    const auto sooner = [&](std::optional<WallTime> at) {
      if (at) next = std::min(next, *at);
    };
    sooner(worker_.next_end());
    if (line_ < script_.size()) sooner(script_[line_].at);
    sooner(presence_.change_after(now_.wall));
    if (connected_ && !presence_.always()) sooner(next_beat_);
    if (const auto wait = engine_.next_deadlines().wait(now_)) sooner(now_.wall + *wait);
    return std::max(next, now_.wall);
  }

  void move_to(WallTime at) {
    now_.boot += at - now_.wall;
    now_.wall = at;
  }

  Status act() {
    while (auto report = worker_.pop_ended(now_.wall)) {
      report->session = kSession;
      step(std::move(*report));
    }
    for (; line_ < script_.size() && script_[line_].at <= now_.wall; ++line_) {
      if (Status status = play(script_[line_]); !status.ok()) return status;
    }
    attend();
    return settle();
  }

  // The worker goes, comes back, or says that it is there.
  void attend() {
    const bool away = presence_.away_at(now_.wall);
    if (connected_ && away) {
      connected_ = false;
      worker_.lose_all();
      step(engine::DisconnectWorker{kSession, "it is away, as the simulation was told"});
    } else if (!connected_ && !away) {
      connect();
    } else if (connected_ && !presence_.always() && next_beat_ <= now_.wall) {
      next_beat_ = now_.wall + kBeat;
      step(engine::Heartbeat{kSession, worker_.held()});
    }
  }

  // As the scheduler's loop does it: what is due at once is the next step.
  Status settle() {
    while (cut_.empty() && engine_.next_deadlines().passed(now_)) step(engine::FireTimers{});
    return {};
  }

  Status play(const ScriptLine& line) {
    const Status status = play_line(line);
    if (status.ok()) return status;
    return {status.code(), status.error(),
            "the script's '" + std::string(base::word_of(line.action)) + " " + line.name + "' at " +
                engine::utc_text(line.at) + ": " + status.message()};
  }

  Status play_line(const ScriptLine& line) {
    switch (line.action) {
      case Action::kObserve: {
        engine::ObserveAsset command;
        command.asset = line.name;
        return ask(std::move(command));
      }
      case Action::kTrigger: {
        engine::TriggerSchedule command;
        command.name = line.name;
        return ask(std::move(command));
      }
      case Action::kPause:
      case Action::kResume: {
        engine::PauseSchedules command;
        command.names = {line.name};
        command.pause = line.action == Action::kPause;
        return ask(std::move(command));
      }
      case Action::kMade:
      case Action::kRun:
      case Action::kMaterialize:
        break;
    }
    engine::CreateRun command;
    (line.action == Action::kRun ? command.spec.job : command.spec.selection) = line.name;
    command.spec.reason = "script";
    hurried_ = line.action == Action::kMade;
    Status status = ask(std::move(command));
    hurried_ = false;
    return status;
  }

  // A request of somebody: what it was answered, after all that follows at once.
  template <class Request>
  Status ask(Request command) {
    command.request.reply_to = 1;
    answer_ = {};
    step(std::move(command));
    const Status answer = answer_;
    return answer.ok() ? settle() : answer;
  }

  void step(CommandBody body) {
    const engine::Command command{now_, ++seed_, std::move(body)};
    const engine::Effects effects = engine_.step(command, facts_.load(engine_.reads(command)));
    facts_.keep(effects);
    recorder_.record(effects);
    for (const engine::Reply& reply : effects.replies) take_answer(reply);
    deliver(effects);
    look();
  }

  void take_answer(const engine::Reply& reply) {
    answer_ = reply.status;
    const auto* run = std::get_if<base::RunId>(&reply.payload);
    if (run != nullptr && hurried_) worker_.hurry(*run);
  }

  void deliver(const engine::Effects& effects) {
    std::vector<engine::AttemptKey> begun;
    for (const engine::Send& sent : effects.sends) {
      if (!connected_) continue;
      if (const auto* assign = std::get_if<engine::Assign>(&sent.message)) {
        worker_.take(engine_.state(), assign->key, now_.wall);
        begun.push_back(assign->key);
      } else if (const auto* stop = std::get_if<engine::Stop>(&sent.message)) {
        worker_.stop(stop->key, now_.wall);
      }
    }
    for (const engine::AttemptKey& key : begun) {
      step(engine::AttemptStarted{kSession, key, now_.wall});
    }
  }

  void look() {
    if (recorder_.size() >= options_.items_max) {
      cut_ = "there are more than " + std::to_string(options_.items_max) + " items";
    }
    if (++steps_ % kStepsBetweenLooks == 0 && options_.stop && options_.stop()) {
      cut_ = "it took too long";
    }
  }

  Forecast finish() {
    Forecast forecast = recorder_.finish(cut_.empty() ? until_ : now_.wall);
    forecast.cut = cut_;
    // The last step may have told of several things.
    if (forecast.items.size() > options_.items_max) forecast.items.resize(options_.items_max);
    if (!worker_.guessed().empty()) {
      std::string names;
      for (const std::string& task : worker_.guessed()) {
        if (names.size() > 60) {
          names += ", …";
          break;
        }
        names += (names.empty() ? "" : ", ") + task;
      }
      forecast.notes.push_back("1 minute is assumed of tasks without a history, " +
                               std::to_string(worker_.guessed().size()) + " of them: " + names);
    }
    return forecast;
  }

  const World& world_;
  const Options& options_;
  const WallTime begin_, until_;
  engine::Engine engine_;
  FactTable facts_;
  VirtualWorker worker_;
  Recorder recorder_;
  Presence presence_;
  std::vector<ScriptLine> script_;
  std::size_t line_ = 0;  // of the script, the next one
  base::Now now_;
  WallTime next_beat_{};
  bool connected_ = false;
  bool told_ = false;     // the forecast has begun
  bool hurried_ = false;  // the run that is asked for takes no time
  Status answer_;
  std::string cut_;
  std::uint64_t seed_ = 0;
  std::uint64_t steps_ = 0;
};

Status refused(std::string why) {
  return {Code::kInvalidArgument, base::kErrUsage, std::move(why)};
}

Status check(const Options& options) {
  if (options.span <= Duration::zero() || options.span > kSpanMax) {
    return refused("a simulation is of more than nothing and of a year at most");
  }
  if (options.slots < 0) return refused("the worker cannot have fewer slots than none");
  for (const Span& span : options.worker_down) {
    if (span.to <= span.from) return refused("the worker must come back after it went");
  }
  for (const auto& [task, duration] : options.durations) {
    if (duration < Duration::zero()) return refused("task '" + task + "' takes less than no time");
  }
  return {};
}

// A name that is no task would change nothing in silence.
Status check_names(const World& world, const Options& options) {
  if (options.failures.empty() && options.durations.empty()) return {};
  std::vector<std::string> known;
  const auto add = [&](const module::Manifest& manifest) {
    for (const auto& stage : manifest.stages) {
      known.push_back(stage.name);
      known.push_back(manifest.pipeline + "/" + stage.name);
    }
  };
  for (const engine::ModuleUpload& module : world.modules) add(*module.manifest);
  for (const engine::ModuleRow& row : world.snapshot.modules) {
    const auto json = base::Json::parse(row.manifest);
    if (!json.ok()) continue;  // the store has set aside what cannot be read
    const auto manifest = module::manifest_from_json(*json);
    if (manifest.ok()) add(*manifest);
  }
  const auto look = [&](const std::string& name) -> Status {
    if (std::find(known.begin(), known.end(), name) != known.end()) return {};
    return {Code::kNotFound, base::kErrUnknownTask,
            "there is no task '" + name + "'." + base::did_you_mean(name, known)};
  };
  for (const Failure& failure : options.failures) {
    if (Status status = look(failure.task); !status.ok()) return status;
  }
  for (const auto& [task, duration] : options.durations) {
    if (Status status = look(task); !status.ok()) return status;
  }
  return {};
}

}  // namespace

base::Result<Forecast> simulate(const World& world, const Options& options) {
  if (Status status = check(options); !status.ok()) return status;
  if (Status status = check_names(world, options); !status.ok()) return status;
  return DryRun(world, options).run();
}

}  // namespace weir::dryrun
