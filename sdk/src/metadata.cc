// Formatting of metadata: one kind per alternative of weir::MetaValue, so that a new alternative
// breaks the build here. The kinds are stored and read by the command line and the UI: they must
// not be renamed. Pure.
#include "sdk/src/metadata.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "base/text.h"
#include "value/text.h"

namespace weir::sdk_impl {
namespace {

using base::Json;
using base::valid_utf8;

struct KindAndValue {
  const char* kind;
  Json value;
};

struct Convert {
  KindAndValue operator()(std::int64_t value) const { return {"int", value}; }
  KindAndValue operator()(double value) const { return {"float", value}; }
  KindAndValue operator()(bool value) const { return {"bool", value}; }
  KindAndValue operator()(const std::string& value) const { return {"text", valid_utf8(value)}; }
  KindAndValue operator()(ByteCount value) const {
    return {"bytes", static_cast<std::int64_t>(value.bytes)};
  }
  KindAndValue operator()(const Url& value) const { return {"url", valid_utf8(value.text)}; }
  KindAndValue operator()(std::chrono::nanoseconds value) const {
    return {"duration_ns", std::int64_t{value.count()}};
  }
};

std::string formatted(const char* format, double value, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof text, format, value, unit);
  return text;
}

std::string bytes_text(double bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1024;
  return formatted(unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
}

std::string duration_text(double nanoseconds) {
  if (nanoseconds < 1e6) return formatted("%.0f %s", nanoseconds / 1e3, "us");
  if (nanoseconds < 1e9) return formatted("%.1f %s", nanoseconds / 1e6, "ms");
  return formatted("%.2f %s", nanoseconds / 1e9, "s");
}

std::string value_text(const Json& entry) {
  const std::string& kind = entry["kind"].as_string();
  const Json& value = entry["value"];
  if (kind == "bytes") return bytes_text(value.as_number());
  if (kind == "duration_ns") return duration_text(value.as_number());
  if (kind == "float") return formatted("%.6g%s", value.as_number(), "");
  return value.is_string() ? value.as_string() : value.dump();
}

// Between characters.
std::string cut_line(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return valid_utf8(text);
  constexpr std::size_t kContinuationsMax = 3;
  std::size_t end = bytes_max;
  for (std::size_t i = 0; i < kContinuationsMax && end > 0; ++i) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0) != 0x80) break;
    --end;
  }
  return valid_utf8(text.substr(0, end)) + "… (" + std::to_string(text.size() - end) +
         " bytes cut)";
}

// What fits the limit: texts are cut, and then fields left out.
std::vector<Meta> cut_fields(std::vector<Meta> fields) {
  constexpr std::size_t kFieldBytes = 32;  // what a number or a mark takes
  std::size_t left = kLogFieldsBytesMax;
  std::vector<Meta> out;
  for (Meta& field : fields) {
    if (field.name.size() + kFieldBytes > left) continue;
    left -= field.name.size() + kFieldBytes;
    const auto shorten = [&](std::string& text) {
      if (text.size() > left) text = cut_line(text, left);
      left -= std::min(left, text.size());
    };
    if (auto* const text = std::get_if<std::string>(&field.value)) shorten(*text);
    if (auto* const url = std::get_if<Url>(&field.value)) shorten(url->text);
    out.push_back(std::move(field));
  }
  return out;
}

}  // namespace

Json meta_to_json(const Meta& entry) {
  KindAndValue converted = std::visit(Convert(), entry.value);
  return Json().set("kind", converted.kind).set("value", std::move(converted.value));
}

Json metadata_to_json(const std::vector<Meta>& entries) {
  Json out = Json::Object{};
  for (const Meta& entry : entries) out.set(valid_utf8(entry.name), meta_to_json(entry));
  return out;
}

std::string metadata_text(const Json& metadata) {
  std::string out;
  for (const auto& [name, entry] : metadata.members()) {
    out += (out.empty() ? "" : " · ") + name + " " + value_text(entry);
  }
  return out;
}

std::string rfc3339(base::WallTime at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text;
}

std::string_view level_word(impl::LogLevel level) {
  constexpr std::array<std::string_view, 3> kWords{"info", "warn", "error"};
  return kWords[static_cast<std::size_t>(level)];
}

std::string log_line(base::WallTime at, impl::LogLevel level, std::string_view text,
                     std::vector<Meta> fields) {
  std::string shown = cut_line(text, kLogTextBytesMax);
  const std::size_t given = fields.size();
  fields = cut_fields(std::move(fields));
  if (const std::size_t cut = given - fields.size(); cut > 0) {
    shown += "… (" + std::to_string(cut) + " fields cut)";
  }
  Json out;
  out.set("at", rfc3339(at)).set("level", level_word(level)).set("text", std::move(shown));
  if (!fields.empty()) out.set("fields", metadata_to_json(fields));
  return out.dump();
}

}  // namespace weir::sdk_impl
