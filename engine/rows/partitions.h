// What versions, live writers, lineage and cursors are kept by: one partition of an asset, one of a
// stage. The empty partition is the whole of one that is not split. Values only; whether an asset
// has such a partition is not known here.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>

#include "engine/rows/columns.h"

namespace weir::engine {

struct AssetPartition {
  std::string asset;
  std::string partition;
  auto operator<=>(const AssetPartition&) const = default;

  static constexpr auto columns() {
    return std::tuple(column("asset", &AssetPartition::asset),
                      column("partition", &AssetPartition::partition));
  }
};

// The same without a copy, to look up and to name.
struct AssetPartitionView {
  std::string_view asset;
  std::string_view partition;

  AssetPartitionView(std::string_view name, std::string_view key) : asset(name), partition(key) {}
  AssetPartitionView(const AssetPartition& of) : asset(of.asset), partition(of.partition) {}
  bool operator==(const AssetPartitionView&) const = default;

  AssetPartition own() const { return {std::string(asset), std::string(partition)}; }
  // For people: "orders", or "orders[2026-11-27]".
  std::string text() const {
    std::string name(asset);
    if (!partition.empty()) name.append("[").append(partition).append("]");
    return name;
  }
};

// Finds one in a map without making a copy of the names.
struct PartitionOrder {
  using is_transparent = void;
  bool operator()(AssetPartitionView a, AssetPartitionView b) const {
    const int order = a.asset.compare(b.asset);
    return order != 0 ? order < 0 : a.partition < b.partition;
  }
};

// The same where nobody asks for an order.
struct PartitionHash {
  using is_transparent = void;
  std::size_t operator()(AssetPartitionView of) const {
    const std::hash<std::string_view> hash;
    return of.partition.empty() ? hash(of.asset) : hash(of.asset) * 31 + hash(of.partition);
  }
};
struct PartitionEqual {
  using is_transparent = void;
  bool operator()(AssetPartitionView a, AssetPartitionView b) const { return a == b; }
};

struct StagePartition {
  std::string stage;  // "pipeline:task"
  std::string partition;
  auto operator<=>(const StagePartition&) const = default;

  static constexpr auto columns() {
    return std::tuple(column("stage", &StagePartition::stage),
                      column("partition", &StagePartition::partition));
  }
};

}  // namespace weir::engine
