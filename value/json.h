// Encoded values as JSON for people, and JSON as encoded values for parameters, from the schema
// alone: no user code is needed. Numbers are numbers (an unsigned one above 2^63-1 and a NaN are
// strings), times are "2026-01-31T00:00:00Z", durations "1.5s" (a count where the unit is no
// decimal fraction of a second), bytes and custom types base64, maps with string keys objects,
// other maps lists of pairs, a variant is {"alternative":1,"value":…}. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/json.h"
#include "base/status.h"

namespace weir::value {

using base::Json;
using base::Result;

inline constexpr std::size_t kValueJsonBytesMax = 256u << 20;  // roughly, of the document in memory

// DATA_LOSS (WEIR-E0601) when the bytes are not an encoded value, RESOURCE_EXHAUSTED (WEIR-E0603)
// past the limit.
Result<Json> value_to_json(std::string_view encoded);

// The encoded value of that schema. INVALID_ARGUMENT (WEIR-E0209) with the path of the member that
// is missing, unknown or of another type. A string is taken for a number or truth value where one
// is expected, a whole number or truth value for a string.
Result<std::string> value_from_json(std::string_view schema, const Json& json);

// `defaults` with the members that `given` names replaced, structs member by member.
// INVALID_ARGUMENT (WEIR-E0209) as above; the result has been checked against the schema.
Result<Json> merge_params(std::string_view schema, const Json& defaults, const Json& given);

// What the member of that name is given for a time: a time cut to its unit, a date as `day`, which
// is the one that it is by somebody's clock, a string as RFC 3339 in UTC; the same of optionals.
// INVALID_ARGUMENT (WEIR-E0209) when there is no such member, or it can hold no time.
Result<Json> time_for_member(std::string_view schema, std::string_view member, base::WallTime at,
                             std::string_view day);

}  // namespace weir::value
