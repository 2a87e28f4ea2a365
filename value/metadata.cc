// Counting metadata: see metadata.h. What is refused is not counted, so that
// the entries that were taken before stay what they were. On whatever thread
// owns the account; it must not keep what it counted.
#include "value/metadata.h"

#include "base/text.h"

namespace weir::value {

using base::Json;
namespace {

constexpr std::size_t kNameShownMax = 200;

}  // namespace

std::string MetadataBudget::take(std::string_view name, const Json& value) {
  const std::size_t bytes = name.size() + value.dump().size();
  const auto named = [&] {
    return "metadata '" + base::cut_utf8(name, kNameShownMax) + "' has " + std::to_string(bytes) +
           " bytes; ";
  };
  if (bytes > kMetadataEntryBytesMax) {
    return named() + "an entry has at most " + std::to_string(kMetadataEntryBytesMax) +
           ": return large values as assets or files";
  }
  if (bytes > kMetadataBytesMax - used_) {
    return named() + "with it the attempt has more than " + std::to_string(kMetadataBytesMax) +
           " of metadata: return large values as assets or files";
  }
  used_ += bytes;
  return {};
}

std::string MetadataBudget::take_all(const Json& entries) {
  for (const auto& [name, value] : entries.members()) {
    if (std::string problem = take(name, value); !problem.empty()) return problem;
  }
  return {};
}

}  // namespace weir::value
