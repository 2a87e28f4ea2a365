// The world of one scenario: see world.h. Every command is one engine step in one transaction of
// the store in memory, checked before its messages are handed to the fake workers. One thread, no
// real clock; a state that the store would not restore ends the process with both texts.
#include "tests/scenarios/world.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/check.h"
#include "engine/state.h"
#include "engine/text/format.h"
#include "tests/support/schedule_text.h"

namespace weir::scenario {
namespace {

constexpr auto kBeat = std::chrono::seconds(10);

}  // namespace

World::World() : engine_(std::make_unique<engine::Engine>(options)) {}

std::string World::step(ports::CommandBody body) {
  std::string text = step_once(std::move(body));
  // As the loop does it: what is due at once is the next batch.
  while (engine_->next_deadlines().passed(now)) text += step_once(engine::FireTimers{});
  return text;
}

std::string World::ask(ports::CommandBody body) {
  std::string text = step(std::move(body));
  return last_reply_.status.ok() ? readable(engine::payload_text(last_reply_.payload)) : text;
}

std::string World::set_clock(base::Duration by) {
  now.wall += by;
  return engine_->next_deadlines().passed(now) ? step(engine::FireTimers{}) : "";
}

std::string World::step_once(ports::CommandBody body) {
  const engine::State& state = engine_->state();
  const bool untouched = state.modules.empty() && state.workers.empty() && state.last_seq == 0;
  if (untouched) engine_ = std::make_unique<engine::Engine>(options);
  const engine::Command command{now, ++seed_, std::move(body)};
  CHECK(store_.begin().ok());
  const auto facts = store_.load(engine_->reads(command));
  CHECK(facts.ok());
  const engine::Effects effects = engine_->step(command, *facts);
  commit(effects);
  if (!effects.replies.empty()) last_reply_ = effects.replies.back();
  check();
  learn_run(effects);
  deliver(effects);
  return readable(engine::to_text(effects));
}

void World::commit(const engine::Effects& effects) {
  for (const auto& record : effects.records) CHECK(store_.write(record).ok());
  CHECK(store_.commit(effects.durability).ok());
}

engine::Snapshot World::stored() const {
  auto snapshot = store_.restore();
  CHECK(snapshot.ok());
  std::vector<std::string> zones;
  for (const auto& schedule : snapshot->schedules) zones.push_back(schedule.spec.zone);
  for (const auto& policy : snapshot->freshness) zones.push_back(policy.spec.zone);
  snapshot->zones = test::zones_of(zones);
  return std::move(*snapshot);
}

void World::check() const {
  engine_->check_invariants();
  const auto snapshot = stored();
  engine::Engine restored(options);
  restored.restore(snapshot, now);
  restored.check_invariants();
  const std::string live = engine_->durable_text(), stored = restored.durable_text();
  if (live == stored) return;
  CHECK_MSG(false, "the store restores another state.\nlive:\n" + live + "restored:\n" + stored);
}

void World::learn_run(const engine::Effects& effects) {
  for (const auto& record : effects.records) {
    const auto* row = std::get_if<engine::RunRow>(&record);
    if (row == nullptr) continue;
    const auto same = [&](const KnownRun& run) { return run.id == row->id; };
    auto known = std::find_if(runs_.begin(), runs_.end(), same);
    if (known == runs_.end()) {
      const std::string alias = "R" + std::to_string(runs_.size() + 1);
      known = runs_.insert(known, KnownRun{alias, row->id, {}, {}, {}});
    }
    KnownRun& run = *known;
    const auto found = engine_->state().runs.find(row->id);
    if (found == engine_->state().runs.end() || !run.tasks.empty()) continue;  // queued, or seen
    const auto& live = found->second;
    run.manifest = live.modules.front()->manifest;
    for (const auto& task : live.tasks) {
      run.tasks.push_back(task.spec->name);
      run.specs.push_back(*task.spec);
    }
  }
}

void World::deliver(const engine::Effects& effects) {
  for (const auto& sent : effects.sends) {
    for (auto& [id, worker] : workers) {
      if (worker.session != sent.session) continue;
      if (const auto* assign = std::get_if<engine::Assign>(&sent.message)) {
        worker.held.emplace(assign->key, *assign);
      } else if (const auto* ack = std::get_if<engine::Acknowledge>(&sent.message)) {
        worker.held.erase(ack->key);
      } else if (std::holds_alternative<engine::CloseSession>(sent.message)) {
        worker.session = {};
      }
    }
  }
}

std::string World::advance(base::Duration by, const std::vector<std::string>& beating) {
  const auto until = now.boot + by;
  auto next_beat = now.boot + kBeat;
  std::string text;
  while (true) {
    auto at = until;
    if (!beating.empty()) at = std::min(at, next_beat);
    const auto wait = engine_->next_deadlines().wait(now);
    const bool fires = wait && now.boot + *wait <= at;
    if (fires) at = now.boot + *wait;
    now.wall += at - now.boot;
    now.boot = at;
    if (fires) {
      text += step(engine::FireTimers{});
    } else if (!beating.empty() && at == next_beat) {
      next_beat += kBeat;
      for (const auto& id : beating) {
        const FakeWorker& worker = workers.at(id);
        engine::Heartbeat beat{worker.session, {}};
        for (const auto& [key, assign] : worker.held) beat.held.push_back(key);
        text += step(beat);
      }
    } else {
      return text;
    }
  }
}

std::string World::restart(base::Duration off) {
  now.wall += off;
  now.boot += off;
  const auto snapshot = stored();
  engine_ = std::make_unique<engine::Engine>(options);
  engine_->restore(snapshot, now);
  for (auto& [id, worker] : workers) worker.session = {};
  check();
  return "";
}

std::string World::damage(base::RunId run) {
  store_.damage(run);
  return restart();
}

std::string World::repair(base::RunId run) {
  store_.repair(run);
  return restart();
}

void World::upload(const std::string& text) {
  CHECK(store_.begin().ok());
  const auto ref = value(text, "");
  engine::ArtifactRow row{ref.digest, ref.size, engine::ArtifactKind::kFile, nullptr};
  CHECK(store_.write(row).ok());
  CHECK(store_.commit(engine::Durability::kSync).ok());
}

const KnownRun& World::run(const std::string& alias) const {
  for (const KnownRun& run : runs_) {
    if (run.alias == alias) return run;
  }
  CHECK_MSG(false, "no run is named " + alias);
  return runs_.front();
}

AttemptKey World::attempt(const std::string& reference) const {
  const auto slash = reference.find('/');
  const auto hash = reference.find('#');
  const KnownRun& owner = run(reference.substr(0, slash));
  const std::string name = reference.substr(slash + 1, hash - slash - 1);
  const auto found = std::find(owner.tasks.begin(), owner.tasks.end(), name);
  CHECK_MSG(found != owner.tasks.end(), "no such task: " + reference);
  AttemptKey key{owner.id, std::int32_t(found - owner.tasks.begin()), 0};
  if (hash != std::string::npos) {
    key.epoch = std::stoi(reference.substr(hash + 1));
  } else if (const auto* row = tables().tasks.find({key.run, key.task})) {
    key.epoch = row->epoch;
  }
  return key;
}

std::string World::name_of(const AttemptKey& key) const { return readable(engine::to_text(key)); }

std::string World::name_of(const engine::ValueRef& ref) const {
  const auto found = values_.find(ref.digest);
  return found == values_.end() ? ref.digest.hex().substr(0, 12) : found->second;
}

engine::ValueRef World::value(const std::string& text, const std::string& type) {
  engine::ValueRef ref;
  ref.digest = base::sha256(text);
  ref.size = std::int64_t(text.size());
  ref.type = type;
  values_[ref.digest] = text;
  return ref;
}

std::string World::readable(std::string text) const {
  for (const KnownRun& run : runs_) {
    const std::string id = run.id.text();
    for (auto at = text.find(id); at != std::string::npos; at = text.find(id, at)) {
      text.replace(at, id.size(), run.alias);
      at += run.alias.size();
      std::size_t end = at + 1;
      while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
      if (at >= text.size() || text[at] != '/' || end == at + 1) continue;
      const auto index = std::size_t(std::stoi(text.substr(at + 1, end - at - 1)));
      if (index < run.tasks.size()) text.replace(at + 1, end - at - 1, run.tasks[index]);
    }
  }
  return text;
}

}  // namespace weir::scenario
