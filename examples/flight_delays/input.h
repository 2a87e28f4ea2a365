// Reads the two files of the npm package vega-datasets: flights as JSON, airports as CSV. Reads
// only the shape; whether a row makes sense is cleaning's business. Any thread. Errors are
// std::runtime_error with file and place, which Weir reports as the attempt's failure.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "values.h"

namespace flight_delays {

// The whole file. Throws when it cannot be read, and says how the data is installed.
std::string read_file(const std::filesystem::path& path);

// Throws when the text is no JSON array of objects. Members of another type than expected become
// absent or empty, for cleaning to drop and count.
std::vector<RawFlight> parse_flights(const std::string& json);

// RFC 4180: quoted fields, doubled quotes, LF or CRLF. Throws on a missing column, a row with
// another number of fields, or coordinates that are no numbers, with the line.
std::vector<Airport> parse_airports(std::string_view csv);

}  // namespace flight_delays
