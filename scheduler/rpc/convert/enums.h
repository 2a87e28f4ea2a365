// The API's enums from the words of ours and back: `up_for_retry` is TASK_STATE_UP_FOR_RETRY. A
// word that the API does not have is its UNSPECIFIED; a test knows which those may be. Pure
// functions over tables that are made once, safe from any thread.
#pragma once

#include <array>
#include <cctype>
#include <optional>
#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/generated_enum_reflection.h>

#include "base/words.h"

namespace weir::rpc {

// Every enum of the API begins with PREFIX_UNSPECIFIED = 0.
template <class Proto>
std::string proto_name(std::string_view word) {
  std::string name = google::protobuf::GetEnumDescriptor<Proto>()->FindValueByNumber(0)->name();
  name.resize(name.rfind("UNSPECIFIED"));
  for (const char c : word) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

template <class Proto, base::Worded Enum>
Proto to_proto_enum(Enum value) {
  static const auto kTable = [] {
    std::array<Proto, base::kWords<Enum>.size()> table{};
    for (std::size_t index = 0; index < table.size(); ++index) {
      const auto* found = google::protobuf::GetEnumDescriptor<Proto>()->FindValueByName(
          proto_name<Proto>(base::kWords<Enum>[index]));
      table[index] = static_cast<Proto>(found == nullptr ? 0 : found->number());
    }
    return table;
  }();
  return kTable.at(static_cast<std::size_t>(value));
}

// Nothing for UNSPECIFIED and for numbers that are not ours.
template <base::Worded Enum, class Proto>
std::optional<Enum> from_proto_enum(Proto proto) {
  for (std::size_t index = 0; index < base::kWords<Enum>.size(); ++index) {
    const auto value = static_cast<Enum>(index);
    if (proto != Proto{} && to_proto_enum<Proto>(value) == proto) return value;
  }
  return std::nullopt;
}

}  // namespace weir::rpc
