// Handles of assets and tasks: what p.asset() and p.task() return. A handle is given to later
// stages as a dependency and takes the options of its stage, each of which returns the handle
// again. Cheap to copy; valid while the Pipeline lives; used on the thread that defines the
// pipeline.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "alert.h"
#include "freshness.h"
#include "impl/call.h"

namespace weir {

class Pipeline;

// When and how often a failed attempt is made again.
struct Retry {
  int max_attempts = 1;                // counting the first
  std::chrono::milliseconds delay{0};  // between two attempts
};

// The options of a stage, for Asset and Task.
template <class Handle>
class StageHandle {
 public:
  // Name of the asset or task.
  const std::string& name() const { return name_; }

  // Attempts after a failure, a crash or a timeout.
  Handle retry(Retry retry) const {
    stage().max_attempts = retry.max_attempts;
    stage().retry_delay = retry.delay;
    return self();
  }
  // How long an attempt may take; none by default.
  Handle timeout(std::chrono::milliseconds limit) const {
    stage().timeout = limit;
    return self();
  }
  // Added to the priority of the run: higher goes first.
  Handle priority(int value) const {
    stage().priority = value;
    return self();
  }
  // The stage changes something outside of Weir: an attempt that lost its lease must end at once.
  Handle side_effects() const {
    stage().side_effects = true;
    return self();
  }
  // The version of the code, instead of the hash that weir_module() computes: change it to say that
  // results differ.
  Handle version(std::string text) const {
    stage().code_version = std::move(text);
    return self();
  }
  // Who answers for it.
  Handle owner(std::string who) const {
    stage().owner = std::move(who);
    return self();
  }
  // A heading to show it under.
  Handle group(std::string title) const {
    stage().group = std::move(title);
    return self();
  }
  // A few words for people.
  Handle note(std::string text) const {
    stage().note = std::move(text);
    return self();
  }

 protected:
  StageHandle(impl::PipelineRecord* pipeline, std::size_t stage, std::string name)
      : pipeline_(pipeline), stage_(stage), name_(std::move(name)) {}
  impl::PipelineRecord& pipeline() const { return *pipeline_; }
  impl::StageRecord& stage() const { return pipeline_->stages[stage_]; }

 private:
  Handle self() const { return static_cast<const Handle&>(*this); }

  impl::PipelineRecord* pipeline_;
  std::size_t stage_;
  std::string name_;
};

// A stage without assets; give weir::after(task) to depend on it.
class Task : public StageHandle<Task> {
 private:
  friend Pipeline;
  Task(impl::PipelineRecord* pipeline, std::size_t stage, std::string name)
      : StageHandle(pipeline, stage, std::move(name)) {}
};

// An asset whose value is a T.
template <class T>
class Asset : public StageHandle<Asset<T>> {
 public:
  using Value = T;

  // Adds a check: a function of the value, then of params and resources, that returns bool or
  // weir::Verdict. It runs after every attempt that made a value; an exception counts as not
  // passed.
  template <class F, class... D>
  requires impl::Fits<impl::CheckProblem<T, F, D...>> Asset check(Name check_name, F function,
                                                                  Severity severity,
                                                                  const D&... dependencies)
  const {
    this->stage().checks.push_back(impl::check_record<T>(
        this->name(), check_name.str(), std::move(function), severity, dependencies...));
    return *this;
  }
  // Chosen when the check does not fit; `Problem` says why.
  template <class F, class... D, class Problem = impl::CheckProblem<T, F, D...>>
  requires(!impl::Fits<Problem>) Asset check(Name, F, Severity, const D&...)
  const = delete;

  // How old it may be: weir::max_age(26h), or weir::fresh_by("0 9 * * *"). One policy an asset;
  // members of p.assets() have theirs each.
  template <class Policy>
  Asset freshness(const FreshnessOptions<Policy>& policy) const {
    impl::FreshnessRecord record = policy.record();
    record.asset = this->name();
    this->pipeline().freshness.push_back(std::move(record));
    return *this;
  }

  // Somebody is told of it: weir::on_stale().to("team").
  Asset alert(const AssetAlert& rule) const {
    impl::AlertRecord record = rule.record();
    const bool of_task = record.on == impl::AlertOn::kTaskFailed;
    record.about = of_task ? this->stage().name : this->name();
    this->pipeline().alerts.push_back(std::move(record));
    return *this;
  }

 private:
  friend Pipeline;
  Asset(impl::PipelineRecord* pipeline, std::size_t stage, std::string name)
      : StageHandle<Asset>(pipeline, stage, std::move(name)) {}
};

}  // namespace weir
