// Page tokens as text: the one refusal of what is none, and keys of several numbers. Tokens come
// from outside and are checked, never trusted. Pure functions, for whoever makes pages: the store
// and the API edge.
#pragma once

#include <charconv>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/status.h"

namespace weir::ports {

inline base::Status bad_page_token(std::string_view token) {
  return {base::Code::kInvalidArgument, base::kErrPageToken,
          "'" + std::string(token) + "' is no page token of this list; start from the first page"};
}

// "12", "12.3" or "12.3.0", by how many numbers are wanted; false for anything else.
inline bool parse_page_token(std::string_view token, std::span<std::int64_t> out) {
  const char* at = token.data();
  const char* const end = at + token.size();
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return false;
    const auto [stop, error] = std::from_chars(at, end, out[i]);
    if (error != std::errc()) return false;
    at = stop;
  }
  return at == end;
}

}  // namespace weir::ports
