// Alerts: who is told when something of the pipeline goes wrong, and when it is right again. A rule
// says what to look for and where to tell it; its options each give a copy that has the option, and
// a job or an asset takes it:
//   p.job("daily", weir::upstream_of(report)).alert(weir::on_failure().to("team"));
//   p.asset("report", report).alert(weir::on_stale()
//                                       .webhook("https://hooks.example/weir"));
// Values; used on the thread that defines the pipeline. Nothing is sent from here.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "impl/alert_record.h"
#include "name.h"

namespace weir {

// The options of all rules. One without .to() and .webhook() only records.
template <class Rule>
class AlertOptions {
 public:
  // A channel that the operator of the scheduler has configured: a webhook, mail, a command.
  Rule to(std::string channel) const {
    return with([&](impl::AlertRecord& record) { record.channel = std::move(channel); });
  }
  // An address, https:// or http://, that gets a POST; see docs/alerts.md.
  Rule webhook(std::string address) const {
    return with([&](impl::AlertRecord& record) { record.webhook = std::move(address); });
  }
  // Signs what the webhook gets: a reference on the scheduler's machine, "env:WEIR_SECRET_NAME" or
  // "file:/path", never the secret itself.
  Rule secret(std::string reference) const {
    return with([&](impl::AlertRecord& record) { record.secret = std::move(reference); });
  }
  // Its name in the pipeline; without one it is named after what it is about and the event.
  Rule named(Name name) const {
    return with([&](impl::AlertRecord& record) { record.name = name.str(); });
  }

  const impl::AlertRecord& record() const { return record_; }  // for the runtime, Job and Asset

 protected:
  AlertOptions(impl::AlertOn on, std::int64_t threshold, bool over_usual = false) {
    record_.on = on;
    record_.threshold = threshold;
    record_.over_usual = over_usual;
  }

 private:
  template <class Change>
  Rule with(const Change& change) const {
    Rule out = static_cast<const Rule&>(*this);
    change(static_cast<AlertOptions&>(out).record_);
    return out;
  }

  impl::AlertRecord record_;
};

// About the runs of a job.
class [[nodiscard]] JobAlert : public AlertOptions<JobAlert> {
 public:
  explicit JobAlert(impl::AlertOn on, std::int64_t threshold = 0, bool over_usual = false)
      : AlertOptions(on, threshold, over_usual) {}
};

// About an asset and the task that makes it.
class [[nodiscard]] AssetAlert : public AlertOptions<AssetAlert> {
 public:
  explicit AssetAlert(impl::AlertOn on, std::int64_t threshold = 0) : AlertOptions(on, threshold) {}
};

// A run fails. It is over when one succeeds.
inline JobAlert on_failure() { return JobAlert(impl::AlertOn::kRunFailed); }
// A run is canceled. It is over when one succeeds.
inline JobAlert on_cancel() { return JobAlert(impl::AlertOn::kRunCanceled); }
// A run ends, however: told each time.
inline JobAlert on_end() { return JobAlert(impl::AlertOn::kRunFinished); }
// A run goes on for longer than that, a second at least. It is over with the run.
inline JobAlert on_slow(std::chrono::milliseconds limit) {
  return JobAlert(impl::AlertOn::kRunSlow, limit.count());
}
// A run goes on for longer than 95 of 100 of the job's last successes did, by the last 20 and with
// five at least; a second at least. It is over with the run.
inline JobAlert on_slower_than_usual() { return JobAlert(impl::AlertOn::kRunSlow, 0, true); }
// A time of one of the job's schedules was missed or made no run. It is over when one makes a run.
inline JobAlert on_missed_tick() { return JobAlert(impl::AlertOn::kTickMissed); }
// The same, also when the run is asked for so late, a second at least.
inline JobAlert on_late_tick(std::chrono::milliseconds limit) {
  return JobAlert(impl::AlertOn::kTickMissed, limit.count());
}

// So many attempts of the asset's task in one run have failed. It is over when the task succeeds.
inline AssetAlert on_failed_attempts(int attempts = 1) {
  return AssetAlert(impl::AlertOn::kTaskFailed, attempts);
}
// One of the asset's checks fails. It is over when that passes.
inline AssetAlert on_failed_check() { return AssetAlert(impl::AlertOn::kCheckFailed); }
// The asset is older than its freshness policy allows. It is over when it is not any more.
inline AssetAlert on_stale() { return AssetAlert(impl::AlertOn::kFreshnessFail); }
// The same from where the policy warns.
inline AssetAlert on_aging() { return AssetAlert(impl::AlertOn::kFreshnessWarn); }

}  // namespace weir
