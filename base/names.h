// Names of assets, tasks, jobs and pipelines: segments [a-z][a-z0-9_]* joined by '/'. And the
// nearest known name to a mistyped one, by edit distance, for messages. Pure functions: they keep
// nothing and know of no registry.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weir::base {

inline constexpr std::size_t kNameBytesMax = 200;

bool valid_name(std::string_view name);
// "" when the name is valid, else what is wrong with it in one sentence.
std::string name_problem(std::string_view name);

// The candidate at the smallest Damerau-Levenshtein distance, "" when none is within a third of the
// name's length (at least two edits; one for names of one or two letters).
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

// " Did you mean 'x'?" or "".
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

}  // namespace weir::base
