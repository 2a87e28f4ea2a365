// Reads values that another version of a type has written: rebuilds the payload in the reader's
// layout, field by name. An added field gets the bytes of its initialiser, a removed one is passed
// over. Pure: no state outlives a call, and safe on any bytes.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "value/schema.h"

namespace weir::value {

// For a struct of the reader's schema: one element a field, the encoded bytes of its initialiser.
using InitialFields = std::function<std::vector<std::string>(const SchemaNode&)>;

// The payload as `reader` lays it out. FAILED_PRECONDITION (WEIR-E0602) when the schemas cannot be
// reconciled, DATA_LOSS (WEIR-E0601) when the bytes do not match the writer's.
Result<std::string> resolve(const Schema& writer, const Schema& reader, std::string_view payload,
                            const InitialFields& initial_fields);

}  // namespace weir::value
