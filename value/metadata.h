// The limits of what stages and checks attach to a result, and the account of one attempt: the
// runner of the stage keeps it entry by entry, the scheduler over what a worker reports, so that
// both count the same. A value: no thread affinity, and it knows nothing of where entries come
// from.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json.h"

namespace weir::value {

using base::Json;

inline constexpr std::size_t kMetadataEntryBytesMax = 64u << 10;
inline constexpr std::size_t kMetadataBytesMax = 256u << 10;  // an attempt, its checks included

class MetadataBudget {
 public:
  // What is wrong with one more entry, naming it; empty when nothing is. An entry has the bytes of
  // its name, which is UTF-8, and of its value as JSON.
  std::string take(std::string_view name, const Json& value);
  // The first problem with the entries of an object {name: value}.
  std::string take_all(const Json& entries);

 private:
  std::size_t used_ = 0;
};

}  // namespace weir::value
