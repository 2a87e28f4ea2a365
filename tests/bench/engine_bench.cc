// The engine alone: microseconds a task from the creation of a run to its end, without store,
// network and clock. A chain (every end makes one task ready), a fan-out (ten thousand at once) and
// a merge (ten thousand parents of one task), on a worker with room for all or for eight at a time;
// ten thousand runs that wait for one asset, by completion; what accepting a large run takes, and
// what a hundred thousand schedules hold.
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>
#include <malloc.h>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/json.h"
#include "engine/engine.h"
#include "engine/state.h"
#include "engine/text/record_text.h"

namespace weir::engine {
namespace {

using module::DependencyKind;

module::StageSpec make_stage(const std::string& name) {
  module::StageSpec stage;
  stage.name = name;
  stage.outputs = {{name, "t", ""}};
  return stage;
}

void depend(module::StageSpec& stage, const std::string& parent) {
  stage.dependencies.push_back({DependencyKind::kAsset, parent, "t", 0, false});
}

module::Manifest chain(int tasks) {
  module::Manifest manifest;
  manifest.pipeline = "chain";
  for (int i = 0; i < tasks; ++i) {
    manifest.stages.push_back(make_stage("s" + std::to_string(i)));
    if (i > 0) depend(manifest.stages.back(), "s" + std::to_string(i - 1));
  }
  return manifest;
}

module::Manifest fan_out(int tasks) {
  module::Manifest manifest;
  manifest.pipeline = "fan_out";
  manifest.stages.push_back(make_stage("root"));
  for (int i = 1; i < tasks; ++i) {
    manifest.stages.push_back(make_stage("s" + std::to_string(i)));
    depend(manifest.stages.back(), "root");
  }
  return manifest;
}

module::Manifest merge(int tasks) {
  module::Manifest manifest;
  manifest.pipeline = "merge";
  module::StageSpec join = make_stage("join");
  for (int i = 1; i < tasks; ++i) {
    manifest.stages.push_back(make_stage("s" + std::to_string(i)));
    depend(join, "s" + std::to_string(i));
  }
  manifest.stages.push_back(std::move(join));
  return manifest;
}

// Stages that are ready at once and stages that are not in turn, twenty of each: a plan of many
// parts.
module::Manifest parts(int tasks) {
  constexpr int kPart = 20;
  module::Manifest manifest;
  manifest.pipeline = "parts";
  for (int i = 0; i < tasks; ++i) {
    manifest.stages.push_back(make_stage("s" + std::to_string(i)));
    if (i / kPart % 2 == 1) depend(manifest.stages.back(), "s" + std::to_string(i - kPart));
  }
  return manifest;
}

// Two layers of as many stages each, all of the second after all of the first: for the scheduler
// cost their sum and not their product.
module::Manifest layers(int stages) {
  module::Manifest manifest;
  manifest.pipeline = "layers";
  module::StageSpec second;
  for (int i = 0; i < stages; ++i) {
    manifest.stages.push_back(make_stage("a" + std::to_string(i)));
    depend(second, "a" + std::to_string(i));
  }
  for (int i = 0; i < stages; ++i) {
    manifest.stages.push_back(make_stage("b" + std::to_string(i)));
    manifest.stages.back().dependencies = second.dependencies;
  }
  return manifest;
}

// An engine with one registered pipeline and one worker, and what is under way at that worker.
class Rig {
 public:
  Rig(module::Manifest manifest, int slots) : tasks_(std::ssize(manifest.stages)) {
    RegisterModules command;
    ModuleUpload upload;
    upload.digest = base::sha256(manifest.pipeline);
    if (!manifest.schedules.empty()) {
      upload.manifest_json = module::manifest_to_json(manifest).dump();
    }
    command.zones["UTC"] = std::make_shared<const calendar::Zone>(calendar::Zone::utc());
    upload.manifest = std::make_shared<const module::Manifest>(std::move(manifest));
    command.modules.push_back(std::move(upload));
    step(std::move(command));
    WorkerInfo worker{.id = "w", .name = "w", .slots = slots, .prefetch = 0};
    step(ConnectWorker{SessionId{1}, worker, {}});
  }

  std::int64_t tasks() const { return tasks_; }
  std::int64_t schedules() const { return std::ssize(engine_.state().schedules); }

  void run_once() {
    create_run();
    finish_all();
  }

  void create_run() {
    CreateRun create;
    create.spec.selection = "*";
    ++runs_;
    step(std::move(create));
  }

  // Until nothing is under way.
  void finish_all() {
    while (!leased_.empty()) {
      const Assign assign = std::move(leased_.front());
      leased_.pop_front();
      step(AttemptStarted{SessionId{1}, assign.key, now_.wall});
      AttemptFinished finished;
      finished.session = SessionId{1};
      finished.key = assign.key;
      finished.outputs.push_back({assign.task, {digest_, 4, ArtifactKind::kBytes, "t"}, bytes_});
      finished.started_at = finished.finished_at = now_.wall;
      step(std::move(finished));
    }
    CHECK_MSG(finished_runs_ == runs_, "a run did not end");
  }

  std::int64_t records() const { return records_; }
  std::int64_t bytes() const { return bytes_written_; }
  void measure_bytes(bool measure) { measures_bytes_ = measure; }

 private:
  template <class Body>
  void step(Body body) {
    now_.boot += std::chrono::microseconds(50);
    now_.wall += std::chrono::microseconds(50);
    Effects effects = engine_.step(Command{now_, ++seed_, std::move(body)}, Facts{});
    records_ += std::ssize(effects.records);
    for (const Record& record : effects.records) {
      if (measures_bytes_) bytes_written_ += std::ssize(record_text(record));
      const auto* run = std::get_if<RunRow>(&record);
      finished_runs_ += run != nullptr && terminal(run->state) ? 1 : 0;
    }
    for (Send& sent : effects.sends) {
      if (auto* assign = std::get_if<Assign>(&sent.message)) leased_.push_back(std::move(*assign));
    }
  }

  Engine engine_;
  base::Now now_{base::WallTime(std::chrono::hours(1)), base::BootTime(std::chrono::hours(1))};
  const std::shared_ptr<const std::string> bytes_ = std::make_shared<const std::string>("1234");
  const Digest digest_ = base::sha256("1234");
  std::deque<Assign> leased_;
  const std::int64_t tasks_;
  std::uint64_t seed_ = 0, runs_ = 0, finished_runs_ = 0;
  std::int64_t records_ = 0, bytes_written_ = 0;
  bool measures_bytes_ = false;
};

void play(benchmark::State& state, module::Manifest manifest, int slots) {
  Rig rig(std::move(manifest), slots);
  for (auto _ : state) rig.run_once();
  const auto tasks = double(state.iterations()) * double(rig.tasks());
  // A rate turned over: seconds, which are printed with their unit.
  state.counters["per_task"] =
      benchmark::Counter(tasks, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["records_per_task"] = double(rig.records()) / tasks;
}

// Runs that each write the one asset: what the end of one costs while the others wait for it.
void Waiting(benchmark::State& state) {
  const auto runs = state.range(0);
  std::int64_t records = 0, bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Rig rig(chain(1), 2);
    for (std::int64_t i = 0; i < runs; ++i) rig.create_run();
    const std::int64_t before = rig.records();
    state.ResumeTiming();
    rig.finish_all();
    records += rig.records() - before;
  }
  // Once more, for the rendering of rows must not count as time.
  Rig rig(chain(1), 2);
  for (std::int64_t i = 0; i < runs; ++i) rig.create_run();
  rig.measure_bytes(true);
  rig.finish_all();
  bytes = rig.bytes();
  const auto completions = double(state.iterations()) * double(runs);
  state.counters["per_completion"] =
      benchmark::Counter(completions, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["records_per_completion"] = double(records) / completions;
  state.counters["bytes_per_completion"] = double(bytes) / double(runs);
}

// Large blocks are counted apart by glibc.
std::size_t allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// What accepting a run costs, in time and memory, on top of the registered module.
void accept(benchmark::State& state, module::Manifest (*graph)(int)) {
  std::size_t bytes = 0;
  std::int64_t records = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Rig rig(graph(int(state.range(0))), 1);
    const std::size_t before = allocated();
    const std::int64_t records_before = rig.records();
    state.ResumeTiming();
    rig.create_run();
    state.PauseTiming();
    bytes = allocated() - before;
    records = rig.records() - records_before;
    state.ResumeTiming();
  }
  state.counters["records"] = double(records);
  state.counters["MiB"] = double(bytes) / (1 << 20);
  state.counters["bytes_per_task"] = double(bytes) / double(state.range(0));
}

// Schedules that one module declares: all alike, or each with a time and a parameter of its own.
module::Manifest scheduled(int schedules, bool alike) {
  module::Manifest manifest = chain(1);
  manifest.pipeline = "many_schedules";
  manifest.jobs.push_back({"make", "*", 0});
  manifest.params.push_back({"of", "t", "", R"({"customer":0})"});
  for (int i = 0; i < schedules; ++i) {
    module::ScheduleSpec& spec = manifest.schedules.emplace_back();
    spec.name = "s" + std::to_string(i);
    spec.job = "make";
    const int minute = alike ? 0 : i % 60, hour = alike ? 2 : i / 60 % 24;
    spec.crons = {std::to_string(minute) + " " + std::to_string(hour) + " * * *"};
    if (!alike) spec.params = R"({"of":{"customer":)" + std::to_string(i) + "}}";
  }
  return manifest;
}

// Bytes a schedule: of the manifest as it is read, and of the engine, its module included, when
// nobody else holds the manifest any more.
void schedules(benchmark::State& state, bool alike) {
  const auto count = int(state.range(0));
  double read = 0, held = 0;
  for (auto _ : state) {
    const std::size_t before = allocated();
    module::Manifest manifest = scheduled(count, alike);
    read = double(allocated() - before) / count;
    Rig rig(std::move(manifest), 1);
    held = double(allocated() - before) / count;
    CHECK_MSG(rig.schedules() == count, "the schedules are not registered");
  }
  state.counters["manifest_bytes"] = read;
  state.counters["held_bytes"] = held;
}

void SchedulesAlike(benchmark::State& state) { schedules(state, true); }
void SchedulesApart(benchmark::State& state) { schedules(state, false); }
void Accept(benchmark::State& state) { accept(state, chain); }
void AcceptParts(benchmark::State& state) { accept(state, parts); }
void AcceptLayers(benchmark::State& state) { accept(state, layers); }
void Chain(benchmark::State& state) { play(state, chain(int(state.range(0))), 4); }
void FanOut(benchmark::State& state) {
  play(state, fan_out(int(state.range(0))), int(state.range(1)));
}
void Merge(benchmark::State& state) { play(state, merge(int(state.range(0))), 8); }

BENCHMARK(Chain)->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(FanOut)->Args({10'000, 8})->Args({10'000, 10'000})->Unit(benchmark::kMillisecond);
BENCHMARK(Merge)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(Accept)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(AcceptParts)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(AcceptLayers)->Arg(500)->Arg(3000)->Iterations(3)->Unit(benchmark::kMillisecond);
BENCHMARK(Waiting)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(SchedulesAlike)->Arg(100'000)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(SchedulesApart)->Arg(100'000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::engine

BENCHMARK_MAIN();
