// The definitions that reads need beside their rows: parsed manifests of the active modules, and
// names of tasks by run. Cached because manifests are large and change only with a registration.
// Blocks on the reader, so for read threads only; safe from any of them at once.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan/catalog.h"
#include "engine/records.h"
#include "module/manifest.h"
#include "scheduler/ports/reader.h"

namespace weir::rpc {

inline constexpr std::size_t kManifestsCachedMax = 32;

struct AssetDefinition {
  const module::Manifest* manifest = nullptr;
  std::size_t stage = 0;   // index in the manifest
  std::size_t output = 0;  // index in the stage

  const module::StageSpec& stage_spec() const { return manifest->stages[stage]; }
  const module::OutputSpec& output_spec() const { return stage_spec().outputs[output]; }
};

// All active modules at one moment. Immutable.
struct Definitions {
  std::vector<std::shared_ptr<const module::Manifest>> manifests;
  std::map<std::string, AssetDefinition, std::less<>> assets;
  std::shared_ptr<const engine::Catalog> catalog;  // what the engine plans with, made once here too

  // The assets whose stages the expression selects, over all pipelines. INVALID_ARGUMENT or
  // NOT_FOUND as the engine's selection says.
  base::Result<std::vector<std::string>> select(std::string_view expression) const;
};

// The assets whose values a stage reads.
std::vector<std::string> assets_read_by(const module::StageSpec& stage);

class Catalog {
 public:
  explicit Catalog(ports::Reader& reader) : reader_(reader) {}

  base::Result<std::shared_ptr<const Definitions>> definitions();
  // Of any module, active or not. NOT_FOUND kErrUnknownModule.
  base::Result<std::shared_ptr<const module::Manifest>> manifest(const engine::Digest& module);
  // Names of the run's tasks by index.
  base::Result<std::shared_ptr<const std::vector<std::string>>> task_names(engine::RunId run);

  // A registration was committed.
  void invalidate();

 private:
  struct NamesEntry {
    engine::RunId run;
    std::shared_ptr<const std::vector<std::string>> names;
  };
  struct ManifestEntry {
    engine::Digest module;
    std::shared_ptr<const module::Manifest> manifest;
  };

  void remember(const NamesEntry& entry);

  ports::Reader& reader_;
  std::mutex mutex_;
  std::uint64_t generation_ = 0;                    // counts registrations; guarded by mutex_
  std::shared_ptr<const Definitions> definitions_;  // null when stale; guarded by mutex_
  std::list<ManifestEntry> manifests_;              // newest first; guarded by mutex_
  std::list<NamesEntry> names_;                     // newest first; guarded by mutex_
  std::size_t names_count_ = 0;                     // over all entries; guarded by mutex_
};

}  // namespace weir::rpc
