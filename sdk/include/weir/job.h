// Jobs: named selections of assets and tasks that can be run, by hand or on schedules. Values; used
// on the thread that defines the pipeline.
// Expressions are parsed by the engine, not here.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "alert.h"
#include "rules.h"
#include "schedule.h"

namespace weir {

class Pipeline;

// Which assets and tasks: the text of a selection expression.
struct Selection {
  std::string text;
};

// A selection as the command line takes it: "raw+", "+report and not raw", of this pipeline's own
// assets and tasks. Parsed when the pipeline is described or run; an error points at the column.
inline Selection select(std::string expression) { return {std::move(expression)}; }

// These assets and tasks and everything that they depend on.
template <class H, class... More>
Selection upstream_of(const H& handle, const More&... more) {
  std::string text = "+" + impl::name_of(handle);
  ((text += " or +" + impl::name_of(more)), ...);
  return {std::move(text)};
}

// What p.job() returns, for its options.
class Job {
 public:
  // Of its runs: higher goes first.
  Job priority(int value) const {
    pipeline_->jobs[index_].priority = value;
    return *this;
  }

  // Runs by itself at the times of a cron expression, by the clock of a zone: a schedule of the
  // job's name. Each further one is a schedule of its own: job_2, job_3.
  Job cron(CronExpression when, ZoneName zone = {}) const {
    return schedule(weir::cron(when, zone));
  }
  // The same with everything that a schedule can say.
  Job schedule(const Schedule& schedule) const;

  // Somebody is told of its runs: weir::on_failure().to("team").
  Job alert(const JobAlert& rule) const {
    impl::AlertRecord record = rule.record();
    record.about = pipeline_->jobs[index_].name;
    pipeline_->alerts.push_back(std::move(record));
    return *this;
  }

 private:
  friend Pipeline;
  Job(impl::PipelineRecord* pipeline, std::size_t index) : pipeline_(pipeline), index_(index) {}

  impl::PipelineRecord* pipeline_;
  std::size_t index_;
};

}  // namespace weir
