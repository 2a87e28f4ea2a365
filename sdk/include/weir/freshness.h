// Freshness: how old an asset may be. weir::max_age() and weir::fresh_by() make a policy, its
// options each give a copy that has the option, and an asset takes it:
//   p.asset("report", report, model).freshness(weir::max_age(26h).warn_after(25h));
//   p.asset("rates", rates).freshness(weir::fresh_by("0 9 * * mon-fri", "Europe/Berlin")
//                                         .lower_bound(1h));
// Values; used on the thread that defines the pipeline. Nothing here looks at a clock.
#pragma once

#include <chrono>
#include <utility>

#include "impl/freshness_record.h"
#include "schedule_text.h"

namespace weir {

// The options of both kinds of policies. Unless observe_only() is said, runs are started early
// enough that the asset stays fresh.
template <class Policy>
class FreshnessOptions {
 public:
  // An asset that was never made fails so long after its policy was registered; without this it
  // stays unknown.
  Policy required_after(std::chrono::milliseconds grace) const {
    return with([&](impl::FreshnessRecord& record) { record.required_after = grace; });
  }
  // Its state is told, and no runs are started.
  Policy observe_only() const {
    return with([](impl::FreshnessRecord& record) { record.observe_only = true; });
  }
  // How long making it anew takes, upstreams included, until enough runs have been measured.
  Policy expected(std::chrono::milliseconds duration) const {
    return with([&](impl::FreshnessRecord& record) { record.expected = duration; });
  }

  const impl::FreshnessRecord& record() const { return record_; }  // for the runtime and Asset

 protected:
  explicit FreshnessOptions(impl::FreshnessRecord record) : record_(std::move(record)) {}

  template <class Change>
  Policy with(const Change& change) const {
    Policy out = static_cast<const Policy&>(*this);
    change(static_cast<FreshnessOptions&>(out).record_);
    return out;
  }

 private:
  impl::FreshnessRecord record_;
};

// Never older than a span. Made by weir::max_age().
class [[nodiscard]] MaxAge : public FreshnessOptions<MaxAge> {
 public:
  // From this age on it warns; less than the age from which it fails.
  MaxAge warn_after(std::chrono::milliseconds age) const {
    return with([&](impl::FreshnessRecord& record) { record.warn = age; });
  }

 private:
  friend MaxAge max_age(std::chrono::milliseconds fail);
  using FreshnessOptions::FreshnessOptions;
};

// Made anew for each deadline of a cron expression. Made by weir::fresh_by().
class [[nodiscard]] FreshBy : public FreshnessOptions<FreshBy> {
 public:
  // What is made so long before a deadline, or later, counts for it; a minute at least.
  FreshBy lower_bound(std::chrono::milliseconds before) const {
    return with([&](impl::FreshnessRecord& record) { record.lower_bound = before; });
  }
  // So long before a deadline for which nothing was made yet it warns.
  FreshBy warn_before(std::chrono::milliseconds margin) const {
    return with([&](impl::FreshnessRecord& record) { record.warn_margin = margin; });
  }

 private:
  friend FreshBy fresh_by(CronExpression deadlines, ZoneName zone);
  using FreshnessOptions::FreshnessOptions;
};

// Never older than this, a minute at least: weir::max_age(26h).
inline MaxAge max_age(std::chrono::milliseconds fail) {
  impl::FreshnessRecord record;
  record.fail = fail;
  return MaxAge(std::move(record));
}

// Fresh at each time of a cron expression, by the clock of a zone. What counts for a deadline says
// .lower_bound(); an hour unless another is given.
inline FreshBy fresh_by(CronExpression deadlines, ZoneName zone = {}) {
  impl::FreshnessRecord record;
  record.by_deadlines = true;
  record.cron = deadlines.view();
  record.zone = zone.view();
  record.lower_bound = std::chrono::hours(1);
  return FreshBy(std::move(record));
}

}  // namespace weir
