// The kinds of things in a manifest. They mirror those of weir::module, which public headers cannot
// include: the enumerators have the same order, and sdk/src holds both sides to it.
// Values.
#pragma once

namespace weir::impl {

enum class Rule {
  kAllSuccess,
  kAllFailed,
  kAllDone,
  kAllDoneMinOneSuccess,
  kAllSkipped,
  kOneFailed,
  kOneSuccess,
  kOneDone,
  kNoneFailed,
  kNoneFailedMinOneSuccess,
  kNoneSkipped,
  kAlways,
};
enum class DependencyKind {
  kAsset,
  kAfter,
  kLastGood,
  kSelfPrevious,
  kParam,
  kResource,
  kCursor,
  kScheduledTime
};

enum class CatchUpKind { kLatest, kNone, kAll, kLast };

}  // namespace weir::impl
