// What a worker is and has, as it says when it connects: labels and resources that work may be
// matched against, and its platform. Lists are in the order of their names. Values only; nothing
// here judges whether a worker fits.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "engine/rows/columns.h"

namespace weir::engine {

struct Label {
  std::string name;
  std::string value;
  bool operator==(const Label&) const = default;

  static constexpr auto columns() {
    return std::tuple(column("name", &Label::name), column("value", &Label::value));
  }
};

struct Resource {
  std::string name;
  std::int32_t amount = 0;
  bool operator==(const Resource&) const = default;

  static constexpr auto columns() {
    return std::tuple(column("name", &Resource::name), column("amount", &Resource::amount));
  }
};

struct WorkerTraits {
  std::vector<Label> labels;
  std::vector<Resource> resources;
  std::string architecture;  // "x86_64"
  std::string glibc;         // "2.36"
  std::string weir_version;
  std::string limits;    // level of resource limits achieved, for people
  std::string data_dir;  // on its host
  std::string host_id;   // hosts with the same one are the same
  bool operator==(const WorkerTraits&) const = default;

  static constexpr auto columns() {
    return std::tuple(
        column("labels", &WorkerTraits::labels), column("resources", &WorkerTraits::resources),
        column("architecture", &WorkerTraits::architecture), column("glibc", &WorkerTraits::glibc),
        column("weir_version", &WorkerTraits::weir_version),
        column("limits", &WorkerTraits::limits), column("data_dir", &WorkerTraits::data_dir),
        column("host_id", &WorkerTraits::host_id));
  }
};

}  // namespace weir::engine
