// What answers say: one type a kind of answer. The ones of mutating requests are kept as text, so
// that a repeated request gets the same; that text is written and read in one place. Values only,
// and pure functions of them.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/sha256.h"
#include "base/status.h"
#include "engine/explain/explanation.h"

namespace weir::engine {

// What a registration changes, or would, in one pipeline.
struct ModuleChange {
  std::string pipeline;
  base::Digest module;
  base::Digest replaces;  // zero: none was active
  std::vector<std::string> added, removed;
  std::vector<std::string> changed;   // "stage: fields"
  std::vector<std::string> breaking;  // consumers that would not be served
  bool unchanged = false;             // it was active before
  bool operator==(const ModuleChange&) const = default;
};

// Names of what a request changed, schedules.
struct ChangedNames {
  std::vector<std::string> names;
  bool operator==(const ChangedNames&) const = default;
};

// Of requests that are only accepted or refused: nothing.
using ReplyPayload =
    std::variant<std::monostate, base::RunId, std::vector<ModuleChange>, ChangedNames, Explanation>;

// Of answers that are kept; explanations are not.
std::string payload_text(const ReplyPayload& payload);
// DATA_LOSS when it is not what payload_text() writes.
base::Result<ReplyPayload> parse_payload(std::string_view text);

}  // namespace weir::engine
