// The edges, counts of parents, leaves and input sources of a run's tasks, and what they read from
// outside of it. Writes the new run only; which stages it has was selected before. Called within a
// step, and by those who show a plan.
#include "engine/plan/plan.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <unordered_map>
#include <utility>

namespace weir::engine {
namespace {

using module::DependencyKind;
using module::DependencySpec;
using module::TriggerRule;

bool always_fires(TriggerRule rule) {
  return rule == TriggerRule::kAllDone || rule == TriggerRule::kAlways;
}

// A clean-up task runs whatever its parents came to, so it says nothing about them.
bool is_clean_up(const Run& run, const Task& task) {
  return std::all_of(task.parent_sets.begin(), task.parent_sets.end(), [&](std::int32_t g) {
    const ParentCounts& set = run.parent_sets[std::size_t(g)];
    return set.total == 0 || always_fires(set.rule);
  });
}

// Where a run's assets and tasks are made: by way of the indices of its modules, for a map of its
// own would cost more than all the rest of a large run.
class Producers {
 public:
  explicit Producers(const Run& run) : run_(run) {
    for (const auto& module : run.modules) {
      task_of_.emplace_back(module->manifest->stages.size(), -1);
    }
    for (std::size_t i = 0; i < run.tasks.size(); ++i) {
      const Task& task = run.tasks[i];
      task_of_[std::size_t(task.module)][std::size_t(task.stage)] = std::int32_t(i);
    }
  }

  // An empty source when no task of the run makes it.
  InputSource of(const Task& task, const DependencySpec& dep) const {
    if (!joins_run(dep.kind)) return {};
    for (std::size_t m = 0; m < run_.modules.size(); ++m) {
      const auto made = run_.modules[m]->stage_by_asset.find(dep.name);
      if (made == run_.modules[m]->stage_by_asset.end()) continue;
      const std::int32_t parent = task_of_[m][std::size_t(made->second)];
      if (parent >= 0) return {.parent = parent, .output = output_of(parent, dep.name), .pin = -1};
    }
    const auto& own = *run_.modules[std::size_t(task.module)];
    const auto named = own.stage_by_name.find(dep.name);
    if (named == own.stage_by_name.end()) return {};
    const std::int32_t parent = task_of_[std::size_t(task.module)][std::size_t(named->second)];
    return {.parent = parent, .output = -1, .pin = -1};
  }

 private:
  std::int32_t output_of(std::int32_t task, const std::string& asset) const {
    const auto& outputs = run_.tasks[std::size_t(task)].spec->outputs;
    const auto found = std::find_if(outputs.begin(), outputs.end(),
                                    [&](const auto& output) { return output.asset == asset; });
    return std::int32_t(found - outputs.begin());
  }

  const Run& run_;
  std::vector<std::vector<std::int32_t>> task_of_;  // by module and stage; -1: not in the run
};

// What a run's links follow from: its modules and, in order, its stages.
Digest digest_of_plan(const Run& run) {
  std::string text;
  for (const Digest& module : run.row.modules) text += module.hex();
  for (const Task& task : run.tasks) {
    text.append(reinterpret_cast<const char*>(&task.module), sizeof task.module);
    text.append(reinterpret_cast<const char*>(&task.stage), sizeof task.stage);
  }
  return base::sha256(text);
}

std::map<AssetPartitionView, std::int32_t, PartitionOrder> pins_of(const Run& run) {
  std::map<AssetPartitionView, std::int32_t, PartitionOrder> index;
  for (std::size_t i = 0; i < run.row.pins.size(); ++i) {
    index.emplace(run.row.pins[i].of, std::int32_t(i));
  }
  return index;
}

std::span<const std::int32_t> sets_of(const Links& links, const Run& run, std::size_t task) {
  return std::span(links.sets_of_tasks)
      .subspan(std::size_t(links.first_set[task]), run.tasks[task].spec->rules.size());
}

// Lists of others turned round: for each of `to` those of `from` in whose list it stands.
template <class ListOf>
Lists turned_round(std::size_t from, const ListOf& list_of, std::size_t to) {
  Lists lists;
  lists.first.assign(to + 1, 0);
  for (std::size_t i = 0; i < from; ++i) {
    for (const std::int32_t item : list_of(i)) lists.first[std::size_t(item) + 1] += 1;
  }
  std::partial_sum(lists.first.begin(), lists.first.end(), lists.first.begin());
  lists.items.resize(std::size_t(lists.first.back()));
  std::vector<std::int32_t> next(lists.first.begin(), lists.first.end() - 1);
  for (std::size_t i = 0; i < from; ++i) {
    for (const std::int32_t item : list_of(i)) {
      lists.items[std::size_t(next[std::size_t(item)]++)] = std::int32_t(i);
    }
  }
  return lists;
}

template <class Item>
std::int32_t count_of(const std::vector<Item>& items) {
  return std::int32_t(items.size());
}

// Finds the inputs and the sets of parents of one run's tasks, each once.
class LinkMaker {
 public:
  LinkMaker(const Run& run, Links& links)
      : run_(run), links_(links), producers_(run), pins_(pins_of(run)) {}

  void make() {
    AlikeTasks alike(run_);
    for (const Task& task : run_.tasks) {
      const auto first = std::size_t(alike.first(task));
      const bool known = first < links_.first_input.size();
      links_.first_input.push_back(known ? links_.first_input[first] : count_of(links_.inputs));
      links_.first_set.push_back(known ? links_.first_set[first] : count_of(links_.sets_of_tasks));
      if (known) continue;
      add_inputs(task);
      add_sets(task);
    }
    parents_.first.push_back(count_of(parents_.items));
    links_.counted_in = turned_round(
        links_.parent_sets.size(), [&](std::size_t set) { return parents_.of(set); },
        run_.tasks.size());
    links_.children = turned_round(
        run_.tasks.size(), [&](std::size_t task) { return sets_of(links_, run_, task); },
        links_.parent_sets.size());
  }

 private:
  void add_inputs(const Task& task) {
    for (const DependencySpec& dep : task.spec->dependencies) {
      InputSource source = producers_.of(task, dep);
      const auto pin =
          source.parent < 0 ? pins_.find({dep.name, partition_of(run_, task)}) : pins_.end();
      if (pin != pins_.end()) source.pin = pin->second;
      links_.inputs.push_back(source);
    }
  }

  void add_sets(const Task& task) {
    const auto& dependencies = task.spec->dependencies;
    const auto inputs = std::span(links_.inputs).last(dependencies.size());
    std::vector<std::int32_t> parents;
    for (std::size_t g = 0; g < task.spec->rules.size(); ++g) {
      parents.clear();
      for (std::size_t i = 0; i < dependencies.size(); ++i) {
        const bool counts = dependencies[i].rule == int(g) && inputs[i].parent >= 0;
        if (counts) parents.push_back(inputs[i].parent);
      }
      std::sort(parents.begin(), parents.end());
      links_.sets_of_tasks.push_back(set_of(task.spec->rules[g], parents));
    }
  }

  // Made, or found when there is one of the same rule and parents.
  std::int32_t set_of(TriggerRule rule, const std::vector<std::int32_t>& parents) {
    auto hash = std::size_t(rule);
    for (const std::int32_t parent : parents) {
      hash = hash * 0x9E3779B97F4A7C15ull + std::size_t(parent) + 1;
    }
    const auto [begin, end] = known_.equal_range(hash);
    for (auto at = begin; at != end; ++at) {
      const ParentCounts& set = links_.parent_sets[std::size_t(at->second)];
      if (set.rule != rule || set.total != count_of(parents)) continue;
      const auto first = parents_.items.begin() + parents_.first[std::size_t(at->second)];
      if (std::equal(parents.begin(), parents.end(), first)) return at->second;
    }
    const std::int32_t made = count_of(links_.parent_sets);
    known_.emplace(hash, made);
    links_.parent_sets.push_back({.rule = rule, .total = count_of(parents)});
    parents_.first.push_back(count_of(parents_.items));
    parents_.items.insert(parents_.items.end(), parents.begin(), parents.end());
    return made;
  }

  const Run& run_;
  Links& links_;
  const Producers producers_;
  const std::map<AssetPartitionView, std::int32_t, PartitionOrder> pins_;
  Lists parents_;  // of sets, in order, one for each dependency on it
  std::unordered_multimap<std::size_t, std::int32_t> known_;  // sets, by what they are made of
};

std::shared_ptr<const Links> make_links(const Run& run, const Digest& plan) {
  auto links = std::make_shared<Links>();
  links->plan = plan;
  LinkMaker(run, *links).make();
  return links;
}

}  // namespace

const std::string& partition_of(const Run& run, const Task&) { return run.row.origin.partition; }

AlikeTasks::AlikeTasks(const Run& run) : run_(run) {
  for (const auto& module : run.modules) first_.emplace_back(module->alike.size(), -1);
}

std::int32_t AlikeTasks::first(const Task& task) {
  const auto module = std::size_t(task.module);
  const std::int32_t stage = run_.modules[module]->alike[std::size_t(task.stage)];
  std::int32_t& first = first_[module][std::size_t(stage)];
  if (first < 0) first = index_of(run_, task);
  return first;
}

int bounded_priority(int priority) { return std::clamp(priority, -kPriorityMax, kPriorityMax); }

std::int32_t task_priority(const RunRow& run, const module::StageSpec& stage) {
  return run.priority + bounded_priority(stage.priority);
}

void link_tasks(State& state, Run& run) {
  const Digest plan = digest_of_plan(run);
  auto& shared = state.links[plan];
  run.links = shared.lock();
  if (run.links == nullptr) shared = run.links = make_links(run, plan);
  const Links& links = *run.links;
  run.parent_sets = links.parent_sets;
  for (std::size_t i = 0; i < run.tasks.size(); ++i) {
    Task& task = run.tasks[i];
    const auto first = std::size_t(links.first_input[i]);
    task.inputs = std::span(links.inputs).subspan(first, task.spec->dependencies.size());
    task.parent_sets = sets_of(links, run, i);
    task.counted_in = links.counted_in.of(i);
  }
  // By set: whether no child says anything about its parents.
  std::vector<bool> cleans_up(run.parent_sets.size(), true);
  for (const Task& task : run.tasks) {
    if (is_clean_up(run, task)) continue;
    for (const std::int32_t set : task.parent_sets) cleans_up[std::size_t(set)] = false;
  }
  for (Task& task : run.tasks) {
    task.decides = std::all_of(task.counted_in.begin(), task.counted_in.end(),
                               [&](std::int32_t set) { return cleans_up[std::size_t(set)]; });
  }
}

std::vector<OutsideInput> outside_inputs(const Run& run) {
  const Producers producers(run);
  std::map<AssetPartition, OutsideInput> inputs;
  AlikeTasks alike(run);
  for (const Task& task : run.tasks) {
    if (alike.first(task) != index_of(run, task)) continue;
    for (const DependencySpec& dep : task.spec->dependencies) {
      const bool reads =
          dep.kind == DependencyKind::kAsset || dep.kind == DependencyKind::kLastGood;
      if (!reads) continue;
      if (dep.kind == DependencyKind::kAsset && producers.of(task, dep).parent >= 0) continue;
      AssetPartition of{dep.name, partition_of(run, task)};
      OutsideInput& input = inputs[of];
      input.of = std::move(of);
      input.required = input.required || !dep.optional;
      if (!dep.optional) input.consumer = task.spec->name;
    }
  }
  std::vector<OutsideInput> list;
  for (auto& [of, input] : inputs) list.push_back(std::move(input));
  return list;
}

}  // namespace weir::engine
