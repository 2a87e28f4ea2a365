// Who types: what the scheduler keeps beside the changes that a person asked for.
// Reads the environment and the names of the machine and its users, so it is no function of its
// arguments; any thread that does not change the environment.
#pragma once

#include <string>

namespace weir::cli {

// "ann@laptop": $USER, or the name of the user id; at most 200 bytes of text.
std::string caller();

}  // namespace weir::cli
