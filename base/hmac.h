// HMAC-SHA-256 (RFC 2104): a digest of a text that only who has the key can make.
// Pure function, safe from any thread. Comparing two of them without telling where they differ is
// the caller's affair.
#pragma once

#include <string_view>

#include "base/sha256.h"

namespace weir::base {

Digest hmac_sha256(std::string_view key, std::string_view text);

}  // namespace weir::base
