// What a browser gets at "/" until there is a user interface, a plain page that names the commands,
// and when it comes with a code that does not let it in. Text only, without script or style, so
// that the strictest content policy fits it. Pure, safe from any thread.
#pragma once

#include <string_view>

namespace weir::http {

std::string_view start_page();
// For an address whose code is not, or no longer, good for anything.
std::string_view refused_page();

}  // namespace weir::http
