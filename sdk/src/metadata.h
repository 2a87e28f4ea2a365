// Metadata and structured log lines as JSON text, the form in which they are
// stored and shown. Pure functions: time is given, nothing is printed. The names
// of kinds and members are a stored format.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "weir/impl/context_host.h"

namespace weir::sdk_impl {

// Names and texts of stages may hold any bytes: what is not UTF-8 is replaced, here and in log
// lines, because the messages that carry them take nothing else.
// {"kind": "int" | "float" | "bool" | "text" | "bytes" | "url" | "duration_ns", "value": …}
base::Json meta_to_json(const Meta& entry);
// {name: {"kind", "value"}}; the last entry of a name counts.
base::Json metadata_to_json(const std::vector<Meta>& entries);

// "rows 20000 · size 1.2 MiB" of such an object, for people.
std::string metadata_text(const base::Json& metadata);

inline constexpr std::size_t kLogTextBytesMax = 64u << 10;    // the text of a line
inline constexpr std::size_t kLogFieldsBytesMax = 64u << 10;  // names and values of its fields

// "info", "warn" or "error".
std::string_view level_word(impl::LogLevel level);

// One JSON object without a line break: at (RFC 3339, microseconds, UTC), level, text, fields. What
// is longer than the limits is cut, and a mark there says by how much.
std::string log_line(base::WallTime at, impl::LogLevel level, std::string_view text,
                     std::vector<Meta> fields);

// "2026-01-02T03:04:05.678901Z"
std::string rfc3339(base::WallTime at);

}  // namespace weir::sdk_impl
