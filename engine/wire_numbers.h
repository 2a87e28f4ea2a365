// The numbers that enumerators have in worker.proto. Said once, for the scheduler, which uses
// protobuf, and for modules, which write its bytes by hand; a test compares them with the generated
// enums. Functions of their arguments.
#pragma once

#include <optional>

#include "engine/commands.h"
#include "engine/states.h"
#include "module/manifest.h"

namespace weir::engine {

// `first` is the number of the first enumerator: 0 is UNSPECIFIED.
template <class Enum>
struct WireEnum;
template <>
struct WireEnum<OutcomeClass> {
  static constexpr int first = 0;  // kNone
  static constexpr OutcomeClass last = OutcomeClass::kReleased;
};
template <>
struct WireEnum<SuccessKind> {
  static constexpr int first = 1;
  static constexpr SuccessKind last = SuccessKind::kUnchanged;
};
template <>
struct WireEnum<ArtifactKind> {
  static constexpr int first = 1;
  static constexpr ArtifactKind last = ArtifactKind::kExternal;
};
template <>
struct WireEnum<module::CheckSeverity> {
  static constexpr int first = 1;
  static constexpr module::CheckSeverity last = module::CheckSeverity::kBlocking;
};

template <class Enum>
constexpr int wire_number(Enum value) {
  return static_cast<int>(value) + WireEnum<Enum>::first;
}

// Nothing for 0 where that is no enumerator, and for what a newer peer may say.
template <class Enum>
constexpr std::optional<Enum> from_wire(int number) {
  if (number < WireEnum<Enum>::first || number > wire_number(WireEnum<Enum>::last)) {
    return std::nullopt;
  }
  return static_cast<Enum>(number - WireEnum<Enum>::first);
}

}  // namespace weir::engine
