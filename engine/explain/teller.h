// Items of an explanation that are about one subject, one after the other: for whoever explains a
// schedule or a policy. Adds to the explanation that it was given and to nothing else.
// One step, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "engine/explain/explanation.h"

namespace weir::engine {

// As the numbers of items give times.
inline std::int64_t us_of(base::WallTime at) { return at.time_since_epoch().count(); }

class Teller {
 public:
  Teller(std::string subject, Explanation& out) : out_(out), subject_(std::move(subject)) {}

  void say(ExplainKind kind, std::vector<std::string> references, std::string text,
           std::map<std::string, std::int64_t> numbers = {}) {
    ExplainItem item;
    item.kind = kind;
    item.subject = subject_;
    item.numbers = std::move(numbers);
    item.references = std::move(references);
    item.text = std::move(text);
    out_.push_back(std::move(item));
  }

 protected:
  Explanation& out_;

 private:
  const std::string subject_;
};

}  // namespace weir::engine
