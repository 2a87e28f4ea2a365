// What a browser gets at "/" until there is a user interface: a plain page that names the commands.
// Text only, without script or style, so that the strictest content policy fits it.
// Pure, safe from any thread.
#pragma once

#include <string_view>

namespace weir::http {

std::string_view start_page();

}  // namespace weir::http
