// What an executor leaves behind when a stage crashes: a raw backtrace on stderr, then the death
// that the signal means. Install once, from the main thread; it must not change what the process
// ends with.
#pragma once

namespace weir::sdk_impl {

// Leaves signals alone that somebody else handles already, such as a sanitizer.
void install_crash_handler();

}  // namespace weir::sdk_impl
