// Reading pipelines from text: see graph_text.h. Line by line into a manifest, which is then
// validated like any other, so that a test cannot use a graph that the SDK would refuse. Pure
// functions; a mistake in the text ends the process.
#include "tests/support/graph_text.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/json.h"
#include "tests/support/schedule_text.h"

namespace weir::test {
namespace {

using module::DependencyKind;
using module::DependencySpec;
using module::Manifest;
using module::StageSpec;
using module::TriggerRule;
using Options = std::multimap<std::string, std::string>;

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// "x[a=b c]" -> "x" and its options.
Options take_options(std::string& line) {
  Options options;
  const auto open = line.find('[');
  if (open == std::string::npos) return options;
  const auto close = line.find(']', open);
  CHECK_MSG(close != std::string::npos, "']' is missing: " + line);
  for (const auto& word : words_of(line.substr(open + 1, close - open - 1))) {
    const auto equals = word.find('=');
    options.emplace(word.substr(0, equals),
                    equals == std::string::npos ? "" : word.substr(equals + 1));
  }
  line = trimmed(line.substr(0, open));
  return options;
}

std::string option(const Options& options, const std::string& name, const std::string& otherwise) {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : found->second;
}

// The text up to the ')' of a word that began as "name(": arguments may be apart by spaces.
std::string whole_call(const std::vector<std::string>& words, std::size_t& i) {
  std::string call = words[i];
  while (call.find('(') != std::string::npos && call.back() != ')') {
    CHECK_MSG(i + 1 < words.size(), "a ')' is missing: " + call);
    call += " " + words[++i];
  }
  return call;
}

class StageParser {
 public:
  explicit StageParser(StageSpec& stage) : stage_(stage) { stage_.rules.clear(); }

  void dependencies(const std::string& text) {
    const auto words = words_of(text);
    for (std::size_t i = 0; i < words.size(); ++i) dependency(whole_call(words, i));
    if (stage_.rules.empty()) stage_.rules.push_back(TriggerRule::kAllSuccess);
  }

 private:
  void dependency(const std::string& word) {
    const auto open = word.find('(');
    if (open == std::string::npos) return plain(word);
    const std::string name = word.substr(0, open);
    const auto arguments = words_of(word.substr(open + 1, word.size() - open - 2));
    if (const auto rule = base::parse_word<TriggerRule>(name)) {
      const int group = add_group(*rule);
      for (const auto& argument : arguments) parent(argument, group, false);
    } else if (name == "optional") {
      parent(arguments.at(0), add_group(TriggerRule::kAllDone), true);
    } else if (name == "last_good") {
      add(DependencyKind::kLastGood, arguments.at(0), main_group(), false);
    } else if (name == "param") {
      add(DependencyKind::kParam, arguments.at(0), main_group(), false);
    } else {
      CHECK_MSG(false, "an unknown wrapper: " + word);
    }
  }
  void plain(const std::string& word) {
    if (word == "self") return add(DependencyKind::kSelfPrevious, "", main_group(), true);
    if (word == "cursor") return add(DependencyKind::kCursor, "", main_group(), false);
    parent(word, main_group(), false);
  }
  void parent(std::string name, int group, bool optional) {
    if (name.front() == '~') return add(DependencyKind::kAfter, name.substr(1), group, false);
    if (name.back() == '?') {
      name.pop_back();
      optional = true;
    }
    add(DependencyKind::kAsset, name, group, optional);
  }
  int add_group(TriggerRule rule) {
    stage_.rules.push_back(rule);
    return int(stage_.rules.size()) - 1;
  }
  int main_group() {
    if (main_ < 0) main_ = add_group(TriggerRule::kAllSuccess);
    return main_;
  }
  void add(DependencyKind kind, const std::string& name, int group, bool optional) {
    const bool typed = kind == DependencyKind::kAsset || kind == DependencyKind::kLastGood;
    stage_.dependencies.push_back({kind, name, typed ? "t" : "", group, optional});
  }

  StageSpec& stage_;
  int main_ = -1;
};

void set_options(StageSpec& stage, const Options& options) {
  const auto ms = [&](const std::string& name) {
    const auto text = option(options, name, "0s");
    return std::chrono::duration_cast<std::chrono::milliseconds>(parse_duration(text)).count();
  };
  stage.retry.max_attempts = std::stoi(option(options, "retry", "1"));
  stage.retry.delay_ms = ms("delay");
  stage.timeout_ms = ms("timeout");
  stage.priority = std::stoi(option(options, "priority", "0"));
  stage.code_version = option(options, "version", "1");
  stage.side_effects = options.contains("side_effects");
  const auto [begin, end] = options.equal_range("check");
  for (auto it = begin; it != end; ++it) {
    const auto colon = it->second.find(':');
    const auto severity = it->second.substr(colon + 1);
    module::CheckSpec check{stage.outputs.at(0).asset, it->second.substr(0, colon)};
    if (severity == "blocking") check.severity = module::CheckSeverity::kBlocking;
    if (severity == "warn") check.severity = module::CheckSeverity::kWarn;
    stage.checks.push_back(std::move(check));
  }
}

StageSpec parse_stage(std::string line, const Options& options) {
  StageSpec stage;
  const auto arrow = line.find("<-");
  const std::string dependencies = arrow == std::string::npos ? "" : line.substr(arrow + 2);
  std::string names = line.substr(0, arrow);
  std::replace(names.begin(), names.end(), ',', ' ');
  auto words = words_of(names);
  const bool is_task = words.at(0) == "task";
  stage.name = words.at(is_task ? 1 : 0);
  if (!is_task) {
    for (const auto& asset : words)
      stage.outputs.push_back({asset, option(options, "type", "t"), option(options, "schema", "")});
  }
  StageParser(stage).dependencies(dependencies);
  set_options(stage, options);
  return stage;
}

// Inputs have the type that their producer declares in the same text.
void fit_types(Manifest& manifest) {
  std::map<std::string, std::string> types;
  for (const auto& stage : manifest.stages) {
    for (const auto& output : stage.outputs) types[output.asset] = output.type;
  }
  for (const auto& external : manifest.externals) types[external.asset] = external.type;
  for (auto& stage : manifest.stages) {
    for (auto& dependency : stage.dependencies) {
      if (!dependency.type.empty() && types.contains(dependency.name)) {
        dependency.type = types.at(dependency.name);
      }
    }
  }
}

}  // namespace

Manifest parse_graph(const std::string& pipeline, const std::string& text) {
  Manifest manifest;
  manifest.pipeline = pipeline;
  manifest.sdk_version = "test";
  std::istringstream in(text);
  for (std::string raw; std::getline(in, raw);) {
    std::string line = trimmed(raw);
    if (line.empty() || line.front() == '#') continue;
    const Options options = take_options(line);
    const auto words = words_of(line);
    if (words.at(0) == "external") {
      manifest.externals.push_back(
          {words.at(1), option(options, "type", "t"), option(options, "schema", "")});
    } else if (words.at(0) == "param") {
      // With a schema its default values stand behind it.
      const bool typed = words.size() > 2;
      manifest.params.push_back(
          {words.at(1), "t", typed ? words.at(2) : "", typed ? words.at(3) : "{}"});
    } else if (words.at(0) == "job") {
      manifest.jobs.push_back({words.at(1), trimmed(line.substr(line.find('=') + 1)),
                               std::stoi(option(options, "priority", "0"))});
    } else if (words.at(0) == "freshness") {
      manifest.freshness.push_back(
          parse_freshness(words.at(1), trimmed(line.substr(line.find('=') + 1)), options));
    } else if (words.at(0) == "alert") {
      manifest.alerts.push_back(
          parse_alert(words.at(1), trimmed(line.substr(line.find('=') + 1)), options));
    } else if (words.at(0) == "schedule") {
      manifest.schedules.push_back(
          parse_schedule(words.at(1), line.substr(line.find('=') + 1), options));
    } else {
      manifest.stages.push_back(parse_stage(line, options));
    }
  }
  fit_types(manifest);
  const auto valid = module::validate_manifest(manifest);
  CHECK_MSG(valid.ok(), valid.text());
  return manifest;
}

engine::ModuleUpload upload_of(module::Manifest manifest) {
  engine::ModuleUpload upload;
  upload.manifest_json = module::manifest_to_json(manifest).dump();
  upload.digest = base::sha256(upload.manifest_json);
  upload.files = {{manifest.pipeline, base::sha256(manifest.pipeline), 1, true}};
  upload.manifest = std::make_shared<const Manifest>(std::move(manifest));
  return upload;
}

engine::ModuleUpload upload_of(const std::string& pipeline, const std::string& text) {
  return upload_of(parse_graph(pipeline, text));
}

base::Duration parse_duration(std::string_view text) {
  std::size_t digits = 0;
  const long long count = std::stoll(std::string(text), &digits);
  const std::string_view unit = text.substr(digits);
  if (unit == "ms") return std::chrono::milliseconds(count);
  if (unit == "s") return std::chrono::seconds(count);
  if (unit == "m") return std::chrono::minutes(count);
  CHECK_MSG(unit == "h", "not a duration: " + std::string(text));
  return std::chrono::hours(count);
}

}  // namespace weir::test
