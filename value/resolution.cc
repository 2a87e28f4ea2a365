// Payloads rebuilt in another layout: see resolution.h. Walks the payload once, under the guidance
// of both schemas; how one struct becomes another is worked out once a pair of them.
// Single-threaded objects; no state outlives a call.
#include "value/resolution.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/errors.h"
#include "value/reader.h"

namespace weir::value {
namespace {

constexpr std::size_t kRemoved = static_cast<std::size_t>(-1);

// How one struct becomes another.
struct Plan {
  std::vector<std::size_t> target;   // by the writer's field: the reader's, or kRemoved
  std::vector<std::string> initial;  // by the reader's field: its bytes when the writer had none
  bool ordered = true;               // the fields that stay are in the same order
};

Plan make_plan(const SchemaNode& from, const SchemaNode& to, std::vector<std::string> initial) {
  Plan plan;
  plan.initial = std::move(initial);
  std::size_t next = 0;
  for (const auto& field : from.parts) {
    const auto same = std::find_if(to.parts.begin(), to.parts.end(),
                                   [&](const auto& part) { return part.name == field.name; });
    if (same == to.parts.end()) {
      plan.target.push_back(kRemoved);
      continue;
    }
    const auto index = static_cast<std::size_t>(same - to.parts.begin());
    plan.ordered = plan.ordered && index >= next;
    next = index + 1;
    plan.target.push_back(index);
    plan.initial[index].clear();
  }
  return plan;
}

class Resolver {
 public:
  Resolver(std::string_view payload, const InitialFields& initial_fields)
      : in_(payload), initial_fields_(initial_fields) {}

  void value(const SchemaNode& from, const SchemaNode& to) {
    switch (from.kind) {
      case SchemaKind::kStruct:
        return structure(from, to);
      case SchemaKind::kList:
      case SchemaKind::kMap:
      case SchemaKind::kSet: {
        const std::uint64_t count = in_.count();
        append_varint(out_, count);
        return parts(from, to, count);
      }
      case SchemaKind::kArray:
        return from.length == 0 ? copy(from) : parts(from, to, from.length);
      case SchemaKind::kTuple:
        return from.parts.empty() ? copy(from) : parts(from, to, 1);
      case SchemaKind::kOptional: {
        const std::uint8_t present = in_.byte();
        out_ += static_cast<char>(present);
        return parts(from, to, present == 0 ? 0 : 1);
      }
      case SchemaKind::kOneOf:
        return alternative(from, to);
      default:
        return copy(from);
    }
  }

  std::string take() { return std::move(out_); }
  // nullptr when everything fitted.
  const char* problem() const {
    if (!in_.ok()) return in_.problem();
    return in_.left().empty() ? nullptr : "some bytes are left over";
  }

 private:
  void copy(const SchemaNode& from) {
    const std::string_view before = in_.left();
    in_.skip(from);
    if (in_.ok()) out_ += before.substr(0, before.size() - in_.left().size());
  }

  void parts(const SchemaNode& from, const SchemaNode& to, std::uint64_t times) {
    if (!in_.enter()) return;
    for (std::uint64_t i = 0; i < times && in_.ok(); ++i) {
      for (std::size_t part = 0; part < from.parts.size(); ++part) {
        value(*from.parts[part].type, *to.parts[part].type);
      }
    }
    in_.leave();
  }

  void alternative(const SchemaNode& from, const SchemaNode& to) {
    const std::uint64_t index = in_.varint();
    if (index >= from.parts.size()) return in_.fail("a variant has no such alternative");
    if (!in_.enter()) return;
    append_varint(out_, index);
    value(*from.parts[index].type, *to.parts[index].type);
    in_.leave();
  }

  // A struct without fields is one zero byte.
  void structure(const SchemaNode& from, const SchemaNode& to) {
    if (from.parts.empty()) in_.byte();
    if (to.parts.empty()) out_ += '\0';
    if (!in_.enter()) return;
    const Plan& plan = plan_for(from, to);
    plan.ordered ? in_order(plan, from, to) : by_index(plan, from, to);
    in_.leave();
  }

  const Plan& plan_for(const SchemaNode& from, const SchemaNode& to) {
    const auto key = std::make_pair(&from, &to);
    const auto known = plans_.find(key);
    if (known != plans_.end()) return known->second;
    Plan plan = to.parts.empty() ? Plan{std::vector(from.parts.size(), kRemoved), {}, true}
                                 : make_plan(from, to, initial_fields_(to));
    return plans_.emplace(key, std::move(plan)).first->second;
  }

  void in_order(const Plan& plan, const SchemaNode& from, const SchemaNode& to) {
    std::size_t next = 0;
    const auto fill_up_to = [&](std::size_t index) {
      for (; next < index; ++next) out_ += plan.initial[next];
    };
    for (std::size_t i = 0; i < from.parts.size() && in_.ok(); ++i) {
      const std::size_t index = plan.target[i];
      if (index == kRemoved) {
        in_.skip(*from.parts[i].type);
        continue;
      }
      fill_up_to(index);
      value(*from.parts[i].type, *to.parts[index].type);
      next = index + 1;
    }
    fill_up_to(plan.initial.size());
  }

  void by_index(const Plan& plan, const SchemaNode& from, const SchemaNode& to) {
    std::vector<std::string> made = plan.initial;
    for (std::size_t i = 0; i < from.parts.size() && in_.ok(); ++i) {
      const std::size_t index = plan.target[i];
      if (index == kRemoved) {
        in_.skip(*from.parts[i].type);
        continue;
      }
      std::string before = std::exchange(out_, {});
      value(*from.parts[i].type, *to.parts[index].type);
      made[index] = std::exchange(out_, std::move(before));
    }
    for (const std::string& field : made) out_ += field;
  }

  ValueReader in_;
  const InitialFields& initial_fields_;
  std::string out_;
  std::map<std::pair<const SchemaNode*, const SchemaNode*>, Plan> plans_;
};

}  // namespace

Result<std::string> resolve(const Schema& writer, const Schema& reader, std::string_view payload,
                            const InitialFields& initial_fields) {
  if (Status readable = schema_readable(writer, reader); !readable.ok()) return readable;
  Resolver resolver(payload, initial_fields);
  resolver.value(writer.root(), reader.root());
  if (const char* problem = resolver.problem(); problem != nullptr) {
    return Status(base::Code::kDataLoss, base::kErrCodec,
                  std::string("the bytes do not match their schema: ") + problem);
  }
  return resolver.take();
}

}  // namespace weir::value
