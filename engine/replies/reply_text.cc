// Kept answers as text and back: a run's id, or a JSON object of the changes of a registration
// or of the names that were changed. Read only when a request is repeated. Pure functions, safe
// from any thread; what is read was written by an earlier version of the same functions, or it is
// refused.
#include <utility>

#include "base/errors.h"
#include "base/json.h"
#include "engine/replies/replies.h"

namespace weir::engine {
namespace {

using base::Json;

Json list_json(const std::vector<std::string>& texts) {
  Json list{Json::Array{}};
  for (const std::string& text : texts) list.push(text);
  return list;
}

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& text : list.items()) texts.push_back(text.as_string());
  return texts;
}

Json change_json(const ModuleChange& change) {
  Json json{Json::Object{}};
  json.set("pipeline", change.pipeline).set("module", change.module.hex());
  json.set("replaces", change.replaces ? change.replaces.hex() : "");
  json.set("added", list_json(change.added)).set("removed", list_json(change.removed));
  json.set("changed", list_json(change.changed)).set("breaking", list_json(change.breaking));
  json.set("unchanged", change.unchanged);
  return json;
}

ModuleChange change_of_json(const Json& json) {
  ModuleChange change;
  change.pipeline = json["pipeline"].as_string();
  change.module = base::Digest::parse(json["module"].as_string()).value_or(base::Digest{});
  change.replaces = base::Digest::parse(json["replaces"].as_string()).value_or(base::Digest{});
  change.added = texts_of(json["added"]);
  change.removed = texts_of(json["removed"]);
  change.changed = texts_of(json["changed"]);
  change.breaking = texts_of(json["breaking"]);
  change.unchanged = json["unchanged"].as_bool();
  return change;
}

struct ToText {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(base::RunId run) const { return run.text(); }
  std::string operator()(const std::vector<ModuleChange>& changes) const {
    Json list{Json::Array{}};
    for (const ModuleChange& change : changes) list.push(change_json(change));
    Json object{Json::Object{}};
    object.set("changes", std::move(list));
    return object.dump();
  }
  std::string operator()(const ChangedNames& changed) const {
    Json object{Json::Object{}};
    object.set("names", list_json(changed.names));
    return object.dump();
  }
  std::string operator()(const Explanation& explanation) const {
    std::string text;
    for (const ExplainItem& item : explanation) text += words_of(item) + "\n";
    return text;
  }
};

}  // namespace

std::string payload_text(const ReplyPayload& payload) { return std::visit(ToText{}, payload); }

base::Result<ReplyPayload> parse_payload(std::string_view text) {
  if (text.empty()) return ReplyPayload();
  if (const auto run = base::RunId::parse(text)) return ReplyPayload(*run);
  const auto json = Json::parse(text);
  if (json.ok() && (*json)["names"].is_array()) {
    return ReplyPayload(ChangedNames{texts_of((*json)["names"])});
  }
  if (!json.ok() || !(*json)["changes"].is_array()) {
    return base::Status(base::Code::kDataLoss, base::kErrStore,
                        "the answer that was kept for the request cannot be read; it was accepted");
  }
  std::vector<ModuleChange> changes;
  for (const Json& item : (*json)["changes"].items()) changes.push_back(change_of_json(item));
  return ReplyPayload(std::move(changes));
}

}  // namespace weir::engine
