// The readers of the two input files. nlohmann-json does the JSON; the CSV has seven columns and
// needs no library. Both read text that is already in memory: the files are small (1.8 MB, 0.2 MB).
// Any thread.
#include "input.h"

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace flight_delays {
namespace {

std::optional<std::int64_t> integer(const nlohmann::json& row, const char* name) {
  const auto found = row.find(name);
  if (found == row.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

std::string text(const nlohmann::json& row, const char* name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Takes one record off the front of `rest`; fields come without their quotes.
std::vector<std::string> take_record(std::string_view& rest) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest.size(); ++at) {
    const char c = rest[at];
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (at + 1 < rest.size() && rest[at + 1] == '"') {
        fields.back() += rest[++at];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '\n') {
      break;
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return fields;
}

double number(const std::string& field, std::size_t line) {
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size()) {
    throw std::runtime_error("airports.csv:" + std::to_string(line) + ": '" + field +
                             "' is no coordinate");
  }
  return value;
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::runtime_error("cannot read " + path.string() +
                             "; install it with `npm ci --ignore-scripts` in "
                             "examples/flight_delays, or name another folder with "
                             "-p source.data_dir=DIR");
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<RawFlight> parse_flights(const std::string& json) {
  const auto document = nlohmann::json::parse(json);
  if (!document.is_array()) throw std::runtime_error("the flights are no JSON array");
  std::vector<RawFlight> rows;
  rows.reserve(document.size());
  for (const auto& row : document) {
    if (!row.is_object()) {
      throw std::runtime_error("flight " + std::to_string(rows.size() + 1) + " is no JSON object");
    }
    rows.push_back({text(row, "date"), integer(row, "delay"), integer(row, "distance"),
                    text(row, "origin"), text(row, "destination")});
  }
  return rows;
}

std::vector<Airport> parse_airports(std::string_view csv) {
  static const std::vector<std::string> kColumns = {"iata",    "name",     "city",     "state",
                                                    "country", "latitude", "longitude"};
  if (take_record(csv) != kColumns) {
    throw std::runtime_error(
        "airports.csv:1: expected iata,name,city,state,country,latitude,longitude");
  }
  std::vector<Airport> airports;
  for (std::size_t line = 2; !csv.empty(); ++line) {
    const auto fields = take_record(csv);
    if (fields.size() == 1 && fields[0].empty()) continue;
    if (fields.size() != kColumns.size()) {
      throw std::runtime_error("airports.csv:" + std::to_string(line) + ": " +
                               std::to_string(fields.size()) + " fields, expected " +
                               std::to_string(kColumns.size()));
    }
    airports.push_back({fields[0], fields[1], fields[2], fields[3], fields[4],
                        number(fields[5], line), number(fields[6], line)});
  }
  return airports;
}

}  // namespace flight_delays
