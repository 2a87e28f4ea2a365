// The rows of what is defined and of what was made: modules, assets, materializations, checks,
// artifacts, cursors. See engine/records.h, which has those of runs and says how rows list their
// columns. Values only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/ids.h"
#include "base/sha256.h"
#include "engine/rows/columns.h"
#include "engine/states.h"
#include "module/manifest.h"

namespace weir::engine {

using base::AttemptKey;
using base::RunId;
using base::WallTime;

struct BundleFile {
  std::string path;  // relative, '/'-separated; the first file of a bundle is the executable
  Digest digest;
  std::int64_t size = 0;
  bool executable = false;
  bool operator==(const BundleFile&) const = default;

  static constexpr auto columns() {
    return std::tuple(column("path", &BundleFile::path), column("digest", &BundleFile::digest),
                      column("size", &BundleFile::size),
                      column("executable", &BundleFile::executable));
  }
};

struct ModuleRow {
  Digest digest;  // over the sorted list of (path, executable, file digest)
  std::string pipeline;
  std::string manifest;  // JSON text
  std::vector<BundleFile> files;
  WallTime registered_at{};
  bool active = false;  // the pipeline's current module

  static constexpr Table kTable{"modules"};
  static constexpr auto columns() {  // the manifest last, because it is large
    return std::tuple(
        primary("digest", &ModuleRow::digest), column("pipeline", &ModuleRow::pipeline),
        column("active", &ModuleRow::active), column("registered_at", &ModuleRow::registered_at),
        column("files", &ModuleRow::files), column("manifest", &ModuleRow::manifest));
  }
};

// What an asset is: as the module that owns it declares.
struct AssetRow {
  std::string name;
  std::string pipeline;
  std::string type;
  bool retired = false;
  bool operator==(const AssetRow&) const = default;

  static constexpr Table kTable{"assets"};
  static constexpr auto columns() {
    return std::tuple(primary("name", &AssetRow::name), column("pipeline", &AssetRow::pipeline),
                      column("type", &AssetRow::type), column("retired", &AssetRow::retired));
  }
};

// What there is of one partition of an asset, from the first end of a task that writes it.
struct AssetPartitionRow {
  AssetPartition key;
  std::int64_t materialization = 0;  // current version, 0 when there is none
  RunId settled_by;                  // the newest run that is done with it
  std::string missed;                // "TASK STATE: why" that run made none; empty when it did
  // When it was last found to be as it would be made now; of an asset that no pipeline makes: when
  // somebody last told of a version of it, and which.
  std::optional<WallTime> verified_at;
  std::string observed;

  static constexpr Table kTable{"asset_partitions"};
  static constexpr auto columns() {
    using Row = AssetPartitionRow;
    return std::tuple(primary_nested(&Row::key), column("materialization", &Row::materialization),
                      nullable("settled_by", &Row::settled_by), column("missed", &Row::missed),
                      column("verified_at", &Row::verified_at), column("observed", &Row::observed));
  }
};

struct MaterializationRow {
  std::int64_t id = 0;  // commit order, from 1
  AssetPartition of;
  AttemptKey attempt;
  ValueRef value;
  std::string metadata;  // JSON object
  std::string code_version;
  Digest module;
  std::vector<AssetVersion> inputs;  // lineage: which versions it was made from
  WallTime at{};
  // See engine/versions/basis.h; none: it cannot be compared, or its stage takes no parameters.
  Digest basis, params;

  static constexpr Table kTable{"materializations", Writes::kOnce};
  static constexpr auto columns() {
    using Row = MaterializationRow;
    return std::tuple(primary("id", &Row::id), nested(&Row::of), nested(&Row::attempt),
                      nested(&Row::value), column("metadata", &Row::metadata),
                      column("code_version", &Row::code_version), column("module", &Row::module),
                      column("inputs", &Row::inputs), column("at", &Row::at),
                      nullable("basis", &Row::basis), nullable("params", &Row::params));
  }
};

// An attempt is of one partition, so the partition is no part of the key.
struct CheckRow {
  AttemptKey attempt;
  std::string asset;
  std::string name;
  module::CheckSeverity severity = module::CheckSeverity::kError;
  bool passed = false;
  std::string reason;
  std::string metadata;  // JSON object
  WallTime at{};
  std::string partition;  // of the asset

  static constexpr Table kTable{"checks", Writes::kOnce};
  static constexpr auto columns() {
    return std::tuple(primary_nested(&CheckRow::attempt), primary("asset", &CheckRow::asset),
                      primary("name", &CheckRow::name), column("severity", &CheckRow::severity),
                      column("passed", &CheckRow::passed), column("reason", &CheckRow::reason),
                      column("metadata", &CheckRow::metadata), column("at", &CheckRow::at),
                      column("partition", &CheckRow::partition));
  }
};

// Bytes of a value up to kInlineBytesMax, or the fact that the artifact store holds a larger one.
// The same digest may come again: a row whose bytes were damaged is made good by it.
struct ArtifactRow {
  Digest digest;
  std::int64_t size = 0;
  ArtifactKind kind = ArtifactKind::kBytes;
  std::shared_ptr<const std::string> bytes;  // null when it is a file

  static constexpr Table kTable{"artifacts"};
  static constexpr auto columns() {
    return std::tuple(primary("digest", &ArtifactRow::digest), column("size", &ArtifactRow::size),
                      column("kind", &ArtifactRow::kind), column("bytes", &ArtifactRow::bytes));
  }
};

struct CursorRow {
  StagePartition key;
  std::int64_t version = 0;  // counts commits, from 1
  Digest value;              // an inline artifact

  static constexpr Table kTable{"cursors"};
  static constexpr auto columns() {
    return std::tuple(primary_nested(&CursorRow::key), column("version", &CursorRow::version),
                      column("value", &CursorRow::value));
  }
};

}  // namespace weir::engine
