// `graph`: the stages in an order in which they could run, each with what it
// takes; or the same for Graphviz. Works on the manifest alone: runs no stage and
// makes no resource.
#include <map>
#include <vector>

#include "module/manifest.h"
#include "sdk/src/pipeline_manifest.h"
#include "sdk/src/verbs/verbs.h"

namespace weir::sdk_impl {
namespace {

using module::DependencyKind;
using module::StageSpec;

bool joins_run(const module::DependencySpec& dependency) {
  return dependency.kind == DependencyKind::kAsset || dependency.kind == DependencyKind::kAfter;
}

using Producers = std::map<std::string, std::size_t, std::less<>>;  // stage by task and by asset

Producers producers_of(const module::Manifest& manifest) {
  Producers out;
  for (std::size_t i = 0; i < manifest.stages.size(); ++i) {
    out.emplace(manifest.stages[i].name, i);
    for (const module::OutputSpec& output : manifest.stages[i].outputs)
      out.emplace(output.asset, i);
  }
  return out;
}

// Declaration order, but parents first. The manifest is valid, so there is no cycle.
std::vector<std::size_t> run_order(const module::Manifest& manifest, const Producers& producers) {
  const std::size_t count = manifest.stages.size();
  std::vector<std::vector<std::size_t>> children(count);
  std::vector<int> open(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    for (const module::DependencySpec& dependency : manifest.stages[i].dependencies) {
      const auto parent = producers.find(dependency.name);
      if (!joins_run(dependency) || parent == producers.end()) continue;
      children[parent->second].push_back(i);
      ++open[i];
    }
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < count; ++i) {
    if (open[i] == 0) order.push_back(i);
  }
  for (std::size_t done = 0; done < order.size(); ++done) {
    for (const std::size_t child : children[order[done]]) {
      if (--open[child] == 0) order.push_back(child);
    }
  }
  return order;
}

std::string dependency_text(const module::DependencySpec& dependency) {
  switch (dependency.kind) {
    case DependencyKind::kAsset:
      return dependency.name + (dependency.optional ? "?" : "");
    case DependencyKind::kSelfPrevious:
      return "self.previous()";
    case DependencyKind::kCursor:
      return "cursor";
    case DependencyKind::kScheduledTime:
      return "scheduled time";
    case DependencyKind::kAfter:
    case DependencyKind::kLastGood:
    case DependencyKind::kParam:
    case DependencyKind::kResource:
      return std::string(base::word_of(dependency.kind)) + "(" + dependency.name + ")";
  }
  return dependency.name;
}

std::string stage_line(const StageSpec& stage) {
  std::string out;
  for (const module::OutputSpec& output : stage.outputs) {
    out += (out.empty() ? "" : ", ") + output.asset;
  }
  if (stage.outputs.empty()) out = stage.name + " (task)";
  std::string takes;
  for (const module::DependencySpec& dependency : stage.dependencies) {
    takes += (takes.empty() ? "" : ", ") + dependency_text(dependency);
  }
  if (!takes.empty()) out += "  <-  " + takes;
  for (const module::TriggerRule rule : stage.rules) {
    if (rule != module::TriggerRule::kAllSuccess) {
      out += "  [" + std::string(base::word_of(rule)) + "]";
    }
  }
  return out + "\n";
}

std::string dot_id(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string dot_text(const module::Manifest& manifest, const Producers& producers) {
  std::string out =
      "digraph " + dot_id(manifest.pipeline) + " {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const module::ExternalSpec& external : manifest.externals) {
    out += "  " + dot_id(external.asset) + " [style=dashed];\n";
  }
  for (const StageSpec& stage : manifest.stages) {
    out += "  " + dot_id(stage.name) + (stage.outputs.empty() ? " [shape=ellipse]" : "") + ";\n";
    for (const module::DependencySpec& dependency : stage.dependencies) {
      const auto parent = producers.find(dependency.name);
      const bool upstream = joins_run(dependency) || dependency.kind == DependencyKind::kLastGood;
      if (!upstream) continue;
      const std::string& from =
          parent == producers.end() ? dependency.name : manifest.stages[parent->second].name;
      out += "  " + dot_id(from) + " -> " + dot_id(stage.name) +
             (dependency.kind == DependencyKind::kAsset ? "" : " [style=dashed]") + ";\n";
    }
  }
  return out + "}\n";
}

}  // namespace

int graph_verb(const impl::PipelineRecord& pipeline, Arguments arguments) {
  const bool dot = arguments.size() == 1 && arguments[0] == "--dot";
  if (!arguments.empty() && !dot) return fail_usage("usage: graph [--dot]");
  const module::Manifest manifest = manifest_of(pipeline);
  if (base::Status status = check_manifest(manifest); !status.ok()) {
    return fail(status, kExitUsage);
  }
  const Producers producers = producers_of(manifest);
  if (dot) {
    print(dot_text(manifest, producers));
    return kExitOk;
  }
  std::string out;
  for (const module::ExternalSpec& external : manifest.externals) {
    out += external.asset + " (external)\n";
  }
  for (const std::size_t index : run_order(manifest, producers)) {
    out += stage_line(manifest.stages[index]);
  }
  for (const module::JobSpec& job : manifest.jobs) {
    out += "job " + job.name + ": " + job.selection + "\n";
  }
  print(out);
  return kExitOk;
}

}  // namespace weir::sdk_impl
