// What both ends of the supervisor's socket agree on beside the
// messages of supervisor.proto: how it is inherited, and its limits.
// Constants only.
#pragma once

#include <cstddef>

namespace weir::worker {

inline constexpr int kSupervisorFd = 3;  // of the socket, in the supervisor
inline constexpr const char* kSupervisorFdVariable = "WEIR_SUPERVISOR_FD";
inline constexpr const char* kStageUserVariable = "WEIR_SUPERVISOR_STAGE_USER";  // by name
// Of one message, either way: the activities of as many executors as there may be, and what a
// socket takes by default.
inline constexpr std::size_t kSupervisorMessageMax = 192u << 10;
inline constexpr std::size_t kSpawnedDescriptors = 3;  // socket, output, error
inline constexpr std::size_t kHelpersMax = 1024;       // of one executor; further ones are strays

}  // namespace weir::worker
