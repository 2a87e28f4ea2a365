// The version of this program, which the build defines from the project's.
// A constant of its own header, so that a new version compiles only what shows it.
// No thread affinity.
#pragma once

namespace weir::cli {

inline constexpr const char* kVersion = WEIR_VERSION;

}  // namespace weir::cli
