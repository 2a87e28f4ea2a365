// JSON objects out of dotted assignments. Whether a member exists and has that type is the
// scheduler's to say: it holds the schema.
// Pure functions.
#include "cli/text/params.h"

#include "base/errors.h"
#include "base/names.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Json;
using base::Status;

Status bad_param(const std::string& argument, const std::string& why) {
  return Status(Code::kInvalidArgument, base::kErrBadParam,
                "-p " + argument + ": " + why +
                    "; write -p name.member=value or -p name='{\"member\": value}'");
}

// `into` with the member at a dotted path replaced.
Json assigned(const Json& into, std::string_view path, Json value) {
  Json object = into.is_object() ? into : Json(Json::Object{});
  const std::size_t dot = path.find('.');
  const std::string_view key = path.substr(0, dot);
  if (dot == std::string_view::npos) {
    object.set(key, std::move(value));
  } else {
    object.set(key, assigned(object[key], path.substr(dot + 1), std::move(value)));
  }
  return object;
}

bool empty_segment(std::string_view path) {
  return path.empty() || path.front() == '.' || path.back() == '.' ||
         path.find("..") != std::string_view::npos;
}

Status apply(const std::string& argument, std::map<std::string, Json>& params) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos) return bad_param(argument, "there is no '='");
  const std::string left = argument.substr(0, equals);
  const std::string text = argument.substr(equals + 1);
  const std::size_t dot = left.find('.');
  const std::string name = left.substr(0, dot);
  if (!base::valid_name(name)) return bad_param(argument, base::name_problem(name));
  base::Result<Json> parsed = Json::parse(text);
  Json& param = params.emplace(name, Json(Json::Object{})).first->second;
  if (dot == std::string::npos) {
    if (!parsed.ok()) return bad_param(argument, "the JSON is wrong: " + parsed.status().message());
    if (!parsed->is_object()) return bad_param(argument, "the value is not a JSON object");
    for (const auto& [key, value] : parsed->members()) param.set(key, value);
    return {};
  }
  const std::string path = left.substr(dot + 1);
  if (empty_segment(path)) return bad_param(argument, "a member's name is empty");
  param = assigned(param, path, parsed.ok() ? std::move(*parsed) : Json(text));
  return {};
}

}  // namespace

base::Result<std::map<std::string, Json>> parse_params(const std::vector<std::string>& arguments) {
  std::map<std::string, Json> params;
  for (const std::string& argument : arguments) {
    if (Status status = apply(argument, params); !status.ok()) return status;
  }
  return params;
}

}  // namespace weir::cli
