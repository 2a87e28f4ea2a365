// weir::Json, and parameters as JSON.
// The documents themselves are handled by value/json.h; here failures become exceptions.
// Thread-safe: no state outlives a call.
#include "base/json.h"
#include "value/json.h"
#include "value/schema.h"
#include "weir/impl/codec/type_node.h"

namespace weir {
namespace {

// Drops the white space that stands outside of strings; `text` is a valid document.
std::string without_spaces(std::string_view text) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (space && !quoted) continue;
    out += c;
    if (c == '"') quoted = !quoted;
    if (c == '\\' && quoted) out += text[++i];
  }
  return out;
}

base::Json checked(base::Result<base::Json> parsed) {
  if (!parsed.ok()) throw permanent(parsed.status().text());
  return std::move(parsed).value();
}

}  // namespace

Json Json::parse(std::string_view text) {
  const auto parsed = base::Json::parse(text);
  if (!parsed.ok()) throw permanent("not JSON: " + parsed.status().text());
  Json made;
  made.text_ = without_spaces(text);
  return made;
}

std::optional<Json> Json::try_parse(std::string_view text) {
  if (!base::Json::parse(text).ok()) return std::nullopt;
  Json made;
  made.text_ = without_spaces(text);
  return made;
}

namespace impl {

std::string params_to_json(std::string_view encoded) {
  return checked(value::value_to_json(encoded)).dump();
}

std::string params_from_json(std::string_view encoded_defaults, std::string_view json) {
  const base::Json given = checked(base::Json::parse(json));
  const bool nothing = given.is_null() || (given.is_object() && given.members().empty());
  if (nothing) return std::string(encoded_defaults);
  const auto parts = value::split_value(encoded_defaults);
  if (!parts.ok()) throw CodecError(parts.status().text());
  const base::Json defaults = checked(value::value_to_json(encoded_defaults));
  const base::Json merged = checked(value::merge_params(parts->schema, defaults, given));
  auto encoded = value::value_from_json(parts->schema, merged);
  if (!encoded.ok()) throw permanent(encoded.status().text());
  return std::move(encoded).value();
}

}  // namespace impl
}  // namespace weir
