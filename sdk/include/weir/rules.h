// How a stage depends on something other than "the value of an asset that succeeded": order only,
// the last good version, the stage's own previous result, a cursor, the time that the run is for,
// and trigger rules. Each rule decides over the dependencies that it is given: a stage runs when
// every rule says so. Values.
#pragma once

#include <string>
#include <utility>

#include "impl/dependency.h"

namespace weir {

namespace impl {
template <class T>
std::string name_of(const AssetKey<T>& key) {
  return key.name.str();
}
template <class H>
requires requires(const H& handle) { handle.name(); }
std::string name_of(const H& handle) { return handle.name(); }
}  // namespace impl

// Runs later than these assets and tasks and takes no value; they count under the trigger rule like
// any other parent.
template <class... H>
impl::AfterNames after(const H&... handles) {
  return {{impl::name_of(handles)...}};
}

// The asset's current version, whatever becomes of it in this run: it does not join the run and
// nothing waits for it.
template <class T>
impl::LastGood<T> last_good(const Asset<T>& asset) {
  return {impl::name_of(asset)};
}
template <class T>
impl::LastGood<T> last_good(const AssetKey<T>& asset) {
  return {impl::name_of(asset)};
}

// The stage takes weir::Cursor<C>&, which is committed together with its result.
template <class C>
impl::CursorOf<C> cursor() {
  return {};
}

// The stage takes weir::ScheduledTime, the time that the run is for:
//   p.asset("report", [](const weir::ScheduledTime& time, const Rows& rows) { … },
//           weir::scheduled_time, rows);
inline constexpr impl::ScheduledTimeOf scheduled_time;

namespace impl {
// The stage that is being declared; stateless.
struct Self {
  // The version before this one, as const weir::Input<T>&: absent the first time.
  constexpr SelfPrevious previous() const { return {}; }
};
}  // namespace impl
// The asset that the stage itself makes: weir::self.previous().
inline constexpr impl::Self self;

// The trigger rules. Parents are assets, asset keys and weir::after(…); in all but all_success the
// stage takes const weir::Input<T>&, because the value may be absent.

// All succeeded (what dependencies without a rule mean).
template <class... D>
impl::Ruled<impl::Rule::kAllSuccess, D...> all_success(D... parents) {
  return {{std::move(parents)...}};
}
// All failed.
template <class... D>
impl::Ruled<impl::Rule::kAllFailed, D...> all_failed(D... parents) {
  return {{std::move(parents)...}};
}
// All have ended, in whatever way.
template <class... D>
impl::Ruled<impl::Rule::kAllDone, D...> all_done(D... parents) {
  return {{std::move(parents)...}};
}
// All that were not skipped have ended, and at least one succeeded.
template <class... D>
impl::Ruled<impl::Rule::kAllDoneMinOneSuccess, D...> all_done_min_one_success(D... parents) {
  return {{std::move(parents)...}};
}
// All were skipped.
template <class... D>
impl::Ruled<impl::Rule::kAllSkipped, D...> all_skipped(D... parents) {
  return {{std::move(parents)...}};
}
// One failed; does not wait for the others.
template <class... D>
impl::Ruled<impl::Rule::kOneFailed, D...> one_failed(D... parents) {
  return {{std::move(parents)...}};
}
// One succeeded; does not wait for the others.
template <class... D>
impl::Ruled<impl::Rule::kOneSuccess, D...> one_success(D... parents) {
  return {{std::move(parents)...}};
}
// One succeeded or failed; does not wait for the others.
template <class... D>
impl::Ruled<impl::Rule::kOneDone, D...> one_done(D... parents) {
  return {{std::move(parents)...}};
}
// All succeeded or were skipped.
template <class... D>
impl::Ruled<impl::Rule::kNoneFailed, D...> none_failed(D... parents) {
  return {{std::move(parents)...}};
}
// All succeeded or were skipped, and at least one succeeded.
template <class... D>
impl::Ruled<impl::Rule::kNoneFailedMinOneSuccess, D...> none_failed_min_one_success(D... parents) {
  return {{std::move(parents)...}};
}
// None was skipped: all succeeded or failed.
template <class... D>
impl::Ruled<impl::Rule::kNoneSkipped, D...> none_skipped(D... parents) {
  return {{std::move(parents)...}};
}
// At once, whatever the parents do.
template <class... D>
impl::Ruled<impl::Rule::kAlways, D...> always(D... parents) {
  return {{std::move(parents)...}};
}

// The join after a branch: whichever was taken. The same as none_failed_min_one_success.
template <class... D>
impl::Ruled<impl::Rule::kNoneFailedMinOneSuccess, D...> any_branch(D... parents) {
  return {{std::move(parents)...}};
}
// Waits until the parent has ended, and runs with or without its value. The same as all_done of one
// parent.
template <class D>
impl::Ruled<impl::Rule::kAllDone, D> optional(D parent) {
  return {{std::move(parent)}};
}

}  // namespace weir
