// `MODULE executor`: the loop of a module process that a worker's supervisor
// started. Attempts run on the calling thread, one after the other. It must not
// outlive the worker's end of the socket.
#pragma once

#include "weir/impl/stage.h"

namespace weir::sdk_impl {

inline constexpr const char* kExecutorFdVariable = "WEIR_EXECUTOR_FD";

// Speaks over the inherited descriptor until the worker closes it. The exit code: 0 after a clean
// end, 1 when the socket broke or the worker broke the protocol, 2 when there is no such
// descriptor.
int run_executor(const impl::PipelineRecord& pipeline);

}  // namespace weir::sdk_impl
