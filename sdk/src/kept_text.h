// Texts made at run time that stand where a literal stands otherwise: kept for the life of the
// process, one copy of each.
// Thread-safe.
#pragma once

#include <string_view>

namespace weir::sdk_impl {

std::string_view keep(std::string_view text);

}  // namespace weir::sdk_impl
