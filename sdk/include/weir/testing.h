// Runs a pipeline inside of a test: on the same engine as the scheduler's, over a store in memory,
// with fixtures instead of stages and fakes instead of resources. Link weir::sdk; used from one
// thread. It must not be included by stages.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "codec.h"
#include "impl/local_run.h"
#include "impl/value_codec.h"
#include "pipeline.h"

namespace weir::testing {

// What became of one check.
using CheckResult = impl::LocalRun::Check;

// One pipeline under test. Values and cursors stay from one materialize() to the next, as they do
// between real runs. Every call throws weir::Failure with what is wrong when the definition is
// invalid or a name is unknown.
class Run {
 public:
  // `pipeline` must outlive this.
  explicit Run(const Pipeline& pipeline) : run_(pipeline.record()) {}

  // A value in place of a stage: the asset is current and its stage does not run.
  template <class T>
  Run& given(const Asset<T>& asset, std::type_identity_t<T> value) {
    return given_asset<T>(asset.name(), std::move(value));
  }
  template <class T>
  Run& given(const AssetKey<T>& asset, std::type_identity_t<T> value) {
    return given_asset<T>(asset.name.str(), std::move(value));
  }
  // Parameters in place of the defaults.
  template <class T>
  Run& given(const Param<T>& param, std::type_identity_t<T> value) {
    run_.give_param(param.name, std::make_shared<const T>(std::move(value)));
    return *this;
  }
  // A fake in place of what the maker would make.
  template <class R>
  Run& given(const Resource<R>& resource, std::type_identity_t<std::shared_ptr<R>> fake) {
    run_.give_resource(resource.name, std::move(fake));
    return *this;
  }

  // What the following runs are for, in place of now: what stages take as weir::ScheduledTime.
  Run& given(ScheduledTime time) {
    run_.give_time(time);
    return *this;
  }

  // Runs this asset or task and everything it depends on, less what was given. A failed stage is no
  // exception: ask state() and reason(). Retry delays take no time.
  template <class H>
  Run& materialize(const H& handle) {
    run_.materialize(impl::name_of(handle));
    return *this;
  }
  // Runs everything.
  Run& all() {
    run_.all();
    return *this;
  }

  // The current value. Throws weir::Failure when there is none.
  template <class T>
  const T& value(const Asset<T>& asset) {
    const auto held = run_.value(asset.name(), impl::value_codec<T>());
    if (!held) throw permanent(asset.name() + " has no value: " + run_.reason(asset.name()));
    values_.push_back(held);
    return *static_cast<const T*>(held.get());
  }

  // Of the latest run; kMissing for what took no part.
  template <class H>
  State state(const H& handle) const {
    return run_.state(impl::name_of(handle));
  }
  // Why it failed, was skipped or did not run.
  template <class H>
  std::string reason(const H& handle) const {
    return run_.reason(impl::name_of(handle));
  }
  // How many attempts were made.
  template <class H>
  int attempts(const H& handle) const {
    return run_.attempts(impl::name_of(handle));
  }
  // What the stage attached with ctx.meta(), by asset (of a task, by its name):
  // {"raw":{"rows":{"kind":"int","value":3}}}.
  template <class H>
  Json metadata(const H& handle) const {
    return Json::parse(run_.metadata(impl::name_of(handle)));
  }
  // All checks of the latest run.
  std::vector<CheckResult> checks() const { return run_.checks(); }
  // Tasks in the order in which they were started.
  std::vector<std::string> order() const { return run_.order(); }

 private:
  template <class T>
  Run& given_asset(std::string_view asset, T value) {
    run_.give_asset(asset, impl::value_codec<T>(), std::make_shared<const T>(std::move(value)));
    return *this;
  }

  impl::LocalRun run_;
  std::vector<std::shared_ptr<const void>> values_;  // handed out by reference
};

// Checks what Weir expects of a codec: that `value` comes back equal, and that the copy has the
// same bytes. "" when it is so, else what is wrong. T needs operator==.
template <class T>
std::string codec_problem(const T& value) {
  const std::string bytes = encode(value);
  const T back = decode<T>(bytes);
  if (!(back == value)) return "the value does not come back equal";
  return encode(back) == bytes ? "" : "equal values have different bytes";
}

}  // namespace weir::testing
