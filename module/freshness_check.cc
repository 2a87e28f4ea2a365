// Goes over a policy member by member and keeps every problem, as of a schedule. What belongs to
// the other kind must have its default: a policy that says both would be half ignored. Pure; it
// must not look at other policies.
#include "module/freshness_check.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors.h"
#include "base/text.h"
#include "calendar/cron_text.h"
#include "module/schedule_check.h"

namespace weir::module {
namespace {

using base::Code;
using base::Status;

class FreshnessCheck {
 public:
  explicit FreshnessCheck(const FreshnessSpec& spec)
      : spec_(spec), whose_("freshness of '" + base::valid_utf8(spec.asset) + "': ") {}

  std::vector<Status> run() {
    if (spec_.kind == FreshnessKind::kMaxAge) {
      check_age();
    } else {
      check_deadlines();
    }
    if (spec_.required_after_ms < -1) {
      add(base::kErrFreshness, "the time after which it is required must not be negative");
    }
    if (spec_.expected_ms < 0) {
      add(base::kErrFreshness, "a refresh is expected to take " + span(spec_.expected_ms) +
                                   "; it cannot take less than nothing");
    }
    return std::move(problems_);
  }

 private:
  static std::string span(std::int64_t ms) {
    return base::span_words(std::chrono::milliseconds(ms));
  }
  void add(int error, std::string_view problem) {
    problems_.emplace_back(Code::kInvalidArgument, error, whose_ + std::string(problem));
  }
  void add(const Status& problem) {
    if (!problem.ok()) add(problem.error(), problem.message());
  }

  void check_age() {
    if (spec_.fail_ms < kFreshnessMsMin) {
      add(base::kErrFreshness,
          "its largest age is " + span(spec_.fail_ms) + "; it must be a minute at least");
    }
    if (spec_.warn_ms < 0) {
      add(base::kErrFreshness, "the age from which it warns must be more than nothing");
    }
    if (spec_.warn_ms > 0 && spec_.warn_ms >= spec_.fail_ms) {
      add(base::kErrFreshness, "it warns from " + span(spec_.warn_ms) + " and fails from " +
                                   span(spec_.fail_ms) + "; it must warn before it fails");
    }
    const bool both = !spec_.cron.empty() || spec_.lower_bound_ms != 0 || spec_.warn_margin_ms != 0;
    if (both) add(base::kErrFreshness, "it has a largest age and deadlines; it takes one of them");
  }

  void check_deadlines() {
    add(calendar::read_cron(spec_.cron).status());
    add(zone_problem(spec_.zone));
    if (spec_.lower_bound_ms < kFreshnessMsMin) {
      add(base::kErrFreshness,
          "its lower bound is " + span(spec_.lower_bound_ms) + "; it must be a minute at least");
    }
    if (spec_.warn_margin_ms < 0) {
      add(base::kErrFreshness, "it warns " + span(spec_.warn_margin_ms) +
                                   " before a deadline; that must not be negative");
    }
    const bool both = spec_.fail_ms != 0 || spec_.warn_ms != 0;
    if (both) add(base::kErrFreshness, "it has deadlines and a largest age; it takes one of them");
  }

  const FreshnessSpec& spec_;
  const std::string whose_;
  std::vector<Status> problems_;
};

}  // namespace

std::vector<Status> freshness_problems(const FreshnessSpec& spec) {
  return FreshnessCheck(spec).run();
}

}  // namespace weir::module
