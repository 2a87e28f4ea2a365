// What makes a manifest valid without a server: names, uniqueness, dependencies that exist and fit,
// no cycle, limits. All problems are reported at once, because people fix definitions in one go.
// Pure.
#include "module/manifest.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "base/errors.h"
#include "base/names.h"
#include "base/text.h"
#include "module/alert_check.h"
#include "module/freshness_check.h"
#include "module/schedule_check.h"

namespace weir::module {

using base::Code;
using base::Json;
using base::Status;
namespace {

constexpr std::size_t kProblemsShownMax = 20;
constexpr std::int64_t kAttemptsMax = 1000;

class Validator {
 public:
  explicit Validator(const Manifest& manifest) : manifest_(manifest) {}

  Status run() {
    check_name("pipeline", manifest_.pipeline);
    if (manifest_.stages.size() > kStagesMax) {
      add(base::kErrLimit, "a pipeline has at most " + std::to_string(kStagesMax) +
                               " stages, this one has " + std::to_string(manifest_.stages.size()));
      return result();
    }
    collect_producers();
    collect_plain_names();
    for (const StageSpec& stage : manifest_.stages) check_stage(stage);
    if (first_error_ == 0) find_cycle();
    check_schedules();
    check_freshness();
    check_alerts();
    return result();
  }

 private:
  struct Producer {
    int stage = -1;  // -1: an external asset
    std::string_view type;
    bool is_asset = true;
  };

  void add(int error, std::string problem) {
    if (first_error_ == 0) first_error_ = error;
    problems_.push_back(std::move(problem));
  }

  Status result() const {
    if (problems_.empty()) return {};
    std::string text;
    for (std::size_t i = 0; i < problems_.size() && i < kProblemsShownMax; ++i) {
      if (i > 0) text += '\n';
      text += problems_[i];
    }
    if (problems_.size() > kProblemsShownMax) {
      text += "\n… and " + std::to_string(problems_.size() - kProblemsShownMax) + " more problems";
    }
    return Status(Code::kInvalidArgument, first_error_, std::move(text));
  }

  bool check_name(std::string_view what, std::string_view name) {
    const std::string problem = base::name_problem(name);
    if (problem.empty()) return true;
    add(base::kErrBadName, std::string(what) + " '" + base::valid_utf8(name) + "': " + problem);
    return false;
  }

  // JSON and the messages that carry a manifest take nothing else.
  void check_text(const std::string& whose, std::string_view what, const std::string& text) {
    const std::string valid = base::valid_utf8(text);
    if (valid == text) return;
    const auto at = std::mismatch(text.begin(), text.end(), valid.begin(), valid.end()).first;
    char byte[8];
    std::snprintf(byte, sizeof byte, "0x%02X", static_cast<unsigned>(*at) & 0xFFu);
    add(base::kErrBadManifest, whose + ": its " + std::string(what) + " is not valid UTF-8, byte " +
                                   std::to_string(at - text.begin() + 1) + " is " + byte +
                                   "; give it as text in UTF-8");
  }

  void define(std::string_view what, const std::string& name, Producer producer) {
    if (!check_name(what, name)) return;
    if (!producers_.emplace(name, producer).second) {
      add(base::kErrDuplicateName,
          std::string(what) + " '" + name +
              "' is declared twice; every asset and task of a pipeline needs a "
              "name of its own");
      return;
    }
    producer_names_.push_back(name);
  }

  void collect_producers() {
    for (std::size_t i = 0; i < manifest_.stages.size(); ++i) {
      const StageSpec& stage = manifest_.stages[i];
      const int index = static_cast<int>(i);
      for (const OutputSpec& output : stage.outputs) {
        define("asset", output.asset, {index, output.type, true});
      }
      if (stage.outputs.empty()) {
        define("task", stage.name, {index, {}, false});
      } else if (stage.name != stage.outputs.front().asset) {
        add(base::kErrBadManifest, "stage '" + stage.name +
                                       "' must be named after its first asset, '" +
                                       stage.outputs.front().asset + "'");
      }
    }
    for (const ExternalSpec& external : manifest_.externals) {
      define("external asset", external.asset, {-1, external.type, true});
    }
  }

  void define_plain(std::string_view what, const std::string& name,
                    std::vector<std::string>& names) {
    if (!check_name(what, name)) return;
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      add(base::kErrDuplicateName, std::string(what) + " '" + name + "' is declared twice");
      return;
    }
    names.push_back(name);
  }

  void collect_plain_names() {
    for (const ParamSpec& param : manifest_.params) {
      define_plain("parameter", param.name, params_);
      const auto defaults = Json::parse(param.defaults);
      if (!defaults.ok()) {
        add(base::kErrBadManifest, "parameter '" + param.name + "': its defaults are not JSON: " +
                                       defaults.status().message());
      }
    }
    for (const std::string& resource : manifest_.resources) {
      define_plain("resource", resource, resources_);
    }
    for (const JobSpec& job : manifest_.jobs) {
      define_plain("job", job.name, jobs_);
      check_text("job '" + base::valid_utf8(job.name) + "'", "selection", job.selection);
      if (job.selection.empty()) {
        add(base::kErrBadManifest, "job '" + job.name + "' selects nothing; give it a selection");
      }
    }
  }

  void check_stage(const StageSpec& stage) {
    const std::string whose = "stage '" + base::valid_utf8(stage.name) + "'";
    check_text(whose, "version", stage.code_version);
    check_text(whose, "owner", stage.owner);
    check_text(whose, "group", stage.group);
    check_text(whose, "note", stage.note);
    if (stage.rules.empty())
      add(base::kErrBadManifest, "stage '" + stage.name + "' has no trigger rule");
    if (stage.retry.max_attempts < 1 || stage.retry.max_attempts > kAttemptsMax) {
      add(base::kErrBadManifest, "stage '" + stage.name + "': max_attempts must be 1 to " +
                                     std::to_string(kAttemptsMax) + ", not " +
                                     std::to_string(stage.retry.max_attempts));
    }
    if (stage.retry.delay_ms < 0 || stage.timeout_ms < 0) {
      add(base::kErrBadManifest,
          "stage '" + stage.name + "': a delay or timeout must not be negative");
    }
    int cursors = 0;
    for (const DependencySpec& dependency : stage.dependencies) {
      if (dependency.rule < 0 || dependency.rule >= static_cast<int>(stage.rules.size())) {
        add(base::kErrBadManifest, "stage '" + stage.name + "': dependency '" + dependency.name +
                                       "' belongs to a trigger rule that does not exist");
      }
      cursors += dependency.kind == DependencyKind::kCursor ? 1 : 0;
      check_dependency(stage, dependency);
    }
    if (cursors > 1) {
      add(base::kErrBadManifest, "stage '" + stage.name + "' declares " + std::to_string(cursors) +
                                     " cursors; a stage has at most one");
    }
    check_checks(stage);
  }

  void check_dependency(const StageSpec& stage, const DependencySpec& dependency) {
    switch (dependency.kind) {
      case DependencyKind::kAsset:
      case DependencyKind::kLastGood:
      case DependencyKind::kAfter:
        return check_upstream(stage, dependency);
      case DependencyKind::kParam:
        return check_member("parameter", stage, dependency, params_);
      case DependencyKind::kResource:
        return check_member("resource", stage, dependency, resources_);
      case DependencyKind::kSelfPrevious:
        if (stage.outputs.empty()) {
          add(base::kErrBadManifest, "task '" + stage.name +
                                         "' has no asset whose previous version it "
                                         "could take");
        }
        return;
      case DependencyKind::kCursor:
      case DependencyKind::kScheduledTime:
        return;
    }
  }

  void check_member(std::string_view what, const StageSpec& stage, const DependencySpec& dependency,
                    const std::vector<std::string>& names) {
    if (std::find(names.begin(), names.end(), dependency.name) != names.end()) return;
    add(base::kErrUnknownDependency,
        "stage '" + stage.name + "' takes the " + std::string(what) + " '" + dependency.name +
            "', which the pipeline does not declare." + base::did_you_mean(dependency.name, names));
  }

  void check_upstream(const StageSpec& stage, const DependencySpec& dependency) {
    const auto found = producers_.find(dependency.name);
    if (found == producers_.end()) {
      add(base::kErrUnknownDependency,
          "stage '" + stage.name + "' depends on '" + dependency.name +
              "', which the pipeline neither makes nor imports with external()." +
              base::did_you_mean(dependency.name, producer_names_));
      return;
    }
    if (dependency.kind == DependencyKind::kAfter) return;
    const Producer& producer = found->second;
    if (!producer.is_asset) {
      add(base::kErrTypeMismatch, "stage '" + stage.name + "' takes a value of the task '" +
                                      dependency.name + "', which has none; use after()");
    } else if (!dependency.type.empty() && !producer.type.empty() &&
               dependency.type != producer.type) {
      add(base::kErrTypeMismatch, "stage '" + stage.name + "' takes '" + dependency.name +
                                      "' as type " + dependency.type + ", but it is of type " +
                                      std::string(producer.type));
    }
  }

  void check_checks(const StageSpec& stage) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const CheckSpec& check : stage.checks) {
      check_name("check", check.name);
      const auto is_output = [&](const OutputSpec& output) { return output.asset == check.asset; };
      if (std::none_of(stage.outputs.begin(), stage.outputs.end(), is_output)) {
        add(base::kErrUnknownDependency, "check '" + check.name + "' is on '" + check.asset +
                                             "', which stage '" + stage.name + "' does not make");
      }
      if (!seen.insert({check.asset, check.name}).second) {
        add(base::kErrDuplicateName,
            "asset '" + check.asset + "' has two checks named '" + check.name + "'");
      }
    }
  }

  void check_schedules() {
    std::set<std::string_view> names;  // there may be a hundred thousand
    for (const ScheduleSpec& schedule : manifest_.schedules) {
      if (check_name("schedule", schedule.name) && !names.insert(schedule.name).second) {
        add(base::kErrDuplicateName, "schedule '" + schedule.name + "' is declared twice");
      }
      if (std::find(jobs_.begin(), jobs_.end(), schedule.job) == jobs_.end()) {
        add(base::kErrUnknownJob, "schedule '" + base::valid_utf8(schedule.name) +
                                      "' is of the job '" + base::valid_utf8(schedule.job) +
                                      "', which the pipeline does not declare." +
                                      base::did_you_mean(schedule.job, jobs_));
      }
      for (const Status& problem : schedule_problems(schedule, manifest_.params)) {
        add(problem.error(), problem.message());
      }
    }
  }

  // On what this pipeline makes: others answer for their own assets.
  void check_freshness() {
    std::set<std::string_view> seen;
    for (const FreshnessSpec& policy : manifest_.freshness) {
      const std::string asset = base::valid_utf8(policy.asset);
      const auto producer = producers_.find(policy.asset);
      const bool made =
          producer != producers_.end() && producer->second.is_asset && producer->second.stage >= 0;
      if (!made) {
        add(base::kErrFreshness, "freshness of '" + asset + "': " + not_made(policy.asset));
      } else if (!seen.insert(policy.asset).second) {
        add(base::kErrFreshness,
            "freshness of '" + asset + "': it has two policies; an asset takes one");
      }
      for (const Status& problem : freshness_problems(policy)) {
        add(problem.error(), problem.message());
      }
    }
  }

  // On what is its own: others answer for theirs, and the operator for workers and the disk.
  void check_alerts() {
    std::vector<std::string> names;
    for (const AlertSpec& alert : manifest_.alerts) {
      define_plain("alert rule", alert.name, names);
      const std::string problem = about_problem(alert);
      if (!problem.empty()) {
        add(base::kErrBadManifest, "alert rule '" + base::valid_utf8(alert.name) + "': " + problem);
      }
      for (const Status& wrong : alert_problems(alert)) add(wrong.error(), wrong.message());
    }
  }

  std::string about_problem(const AlertSpec& alert) const {
    const std::string event(base::word_of(alert.event));
    std::vector<std::string> known;
    switch (alert.event) {
      case AlertEvent::kWorkerLost:
      case AlertEvent::kDiskLow:
        return event + " is about the scheduler, not about a pipeline; make that rule by command";
      case AlertEvent::kTaskFailed:
        for (const StageSpec& stage : manifest_.stages) known.push_back(stage.name);
        break;
      case AlertEvent::kCheckFailed:
      case AlertEvent::kFreshnessWarn:
      case AlertEvent::kFreshnessFail:
        for (const StageSpec& stage : manifest_.stages) {
          for (const OutputSpec& output : stage.outputs) known.push_back(output.asset);
        }
        break;
      default:
        known = jobs_;
    }
    if (std::find(known.begin(), known.end(), alert.about) != known.end()) return "";
    return event + " is about '" + base::valid_utf8(alert.about) +
           "', which the pipeline does not declare." + base::did_you_mean(alert.about, known);
  }

  std::string not_made(const std::string& asset) const {
    std::vector<std::string> made;
    for (const auto& [name, producer] : producers_) {
      if (producer.is_asset && producer.stage >= 0) made.push_back(name);
    }
    return "a policy on an asset that nothing makes: the pipeline has none of that name." +
           base::did_you_mean(asset, made);
  }

  // Parents of a stage that join its run. last_good and self_previous read what was committed
  // before.
  std::vector<int> parents(const StageSpec& stage) const {
    std::vector<int> out;
    for (const DependencySpec& dependency : stage.dependencies) {
      if (dependency.kind != DependencyKind::kAsset && dependency.kind != DependencyKind::kAfter) {
        continue;
      }
      const auto found = producers_.find(dependency.name);
      if (found != producers_.end() && found->second.stage >= 0) out.push_back(found->second.stage);
    }
    return out;
  }

  // Takes away stages without open parents until none is left; what remains holds a cycle, which is
  // then walked.
  void find_cycle() {
    const std::size_t count = manifest_.stages.size();
    std::vector<std::vector<int>> children(count);
    std::vector<std::vector<int>> parents_of(count);
    std::vector<int> open(count, 0);
    for (std::size_t i = 0; i < count; ++i) {
      parents_of[i] = parents(manifest_.stages[i]);
      open[i] = static_cast<int>(parents_of[i].size());
      for (const int parent : parents_of[i]) {
        children[static_cast<std::size_t>(parent)].push_back(static_cast<int>(i));
      }
    }
    std::vector<std::size_t> free;
    for (std::size_t i = 0; i < count; ++i) {
      if (open[i] == 0) free.push_back(i);
    }
    for (std::size_t done = 0; done < free.size(); ++done) {
      for (const int child : children[free[done]]) {
        if (--open[static_cast<std::size_t>(child)] == 0) {
          free.push_back(static_cast<std::size_t>(child));
        }
      }
    }
    if (free.size() < count) describe_cycle(parents_of, open);
  }

  void describe_cycle(const std::vector<std::vector<int>>& parents_of,
                      const std::vector<int>& open) {
    std::size_t at = 0;
    while (open[at] == 0) ++at;
    std::vector<std::size_t> path;
    while (std::find(path.begin(), path.end(), at) == path.end()) {
      path.push_back(at);
      const auto& above = parents_of[at];
      const auto next = std::find_if(above.begin(), above.end(), [&](int parent) {
        return open[static_cast<std::size_t>(parent)] > 0;
      });
      at = static_cast<std::size_t>(*next);
    }
    path.erase(path.begin(), std::find(path.begin(), path.end(), at));
    std::string text = manifest_.stages[at].name;
    for (std::size_t i = path.size(); i-- > 0;) text += " → " + manifest_.stages[path[i]].name;
    add(base::kErrCycle, "stages depend on each other in a cycle: " + text);
  }

  const Manifest& manifest_;
  std::map<std::string, Producer, std::less<>> producers_;  // by asset or task name
  std::vector<std::string> producer_names_;
  std::vector<std::string> params_;
  std::vector<std::string> resources_;
  std::vector<std::string> jobs_;
  std::vector<std::string> problems_;
  int first_error_ = 0;
};

}  // namespace

Status validate_manifest(const Manifest& manifest) { return Validator(manifest).run(); }

}  // namespace weir::module
