// What a name may look like, and which known name a mistyped one probably meant. The rules are
// those of every asset, task, job, parameter, resource and pipeline. Pure functions; they know of
// no registry of names.
#include "base/names.h"

#include <algorithm>
#include <vector>

namespace weir::base {
namespace {

bool starts_segment(char c) { return c >= 'a' && c <= 'z'; }
bool continues_segment(char c) { return starts_segment(c) || (c >= '0' && c <= '9') || c == '_'; }

// Damerau-Levenshtein (adjacent transpositions count as one edit), over three rows.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_before(b.size() + 1);
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) before[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({before[j] + 1, current[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], two_before[j - 2] + 1);
      }
    }
    std::swap(two_before, before);
    std::swap(before, current);
  }
  return before[b.size()];
}

}  // namespace

std::string name_problem(std::string_view name) {
  if (name.empty()) return "a name must not be empty";
  if (name.size() > kNameBytesMax) {
    return "a name has at most " + std::to_string(kNameBytesMax) + " characters";
  }
  bool at_start = true;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '/') {
      if (at_start) return "a segment between slashes must not be empty";
      at_start = true;
      continue;
    }
    if (at_start && !starts_segment(c)) {
      return "every segment begins with a letter a-z (character " + std::to_string(i + 1) + ")";
    }
    if (!continues_segment(c)) {
      return "names use a-z, 0-9, _ and / only (character " + std::to_string(i + 1) + ")";
    }
    at_start = false;
  }
  return at_start ? "a name must not end with a slash" : "";
}

bool valid_name(std::string_view name) { return name_problem(name).empty(); }

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  // Two edits make any two letters out of two others.
  const std::size_t limit = name.size() < 3 ? 1 : std::max<std::size_t>(2, name.size() / 3);
  std::size_t best = limit + 1;
  std::string_view found;
  for (const std::string& candidate : candidates) {
    const std::size_t longer = std::max(candidate.size(), name.size());
    if (longer - std::min(candidate.size(), name.size()) >= best) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best) best = distance, found = candidate;
  }
  return std::string(found);
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  const std::string found = nearest_name(name, candidates);
  return found.empty() ? "" : " Did you mean '" + found + "'?";
}

}  // namespace weir::base
