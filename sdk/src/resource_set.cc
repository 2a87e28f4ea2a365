// Makes resources lazily, one at a time each; different ones may be made at once, so one that takes
// long holds up only those who need it. Makers are user code: what they throw becomes a Status
// here.
#include <algorithm>
#include <iterator>
#include <optional>

#include "base/errors.h"
#include "sdk/src/stage_runner.h"
#include "weir/context.h"

namespace weir::sdk_impl {

ResourceSet::ResourceSet(const impl::PipelineRecord& pipeline) {
  for (const impl::ResourceRecord& record : pipeline.resources) {
    entries_[record.name].record = &record;
  }
}

void ResourceSet::give(std::string_view name, std::shared_ptr<void> resource) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw permanent("no resource is named '" + std::string(name) + "'");
  const std::lock_guard lock(found->second.mutex);
  found->second.resource = std::move(resource);
}

base::Result<std::shared_ptr<void>> ResourceSet::get(std::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    return base::Status(base::Code::kNotFound, base::kErrInternal,
                        "no resource is named '" + std::string(name) + "'");
  }
  Entry& entry = found->second;
  const std::lock_guard lock(entry.mutex);
  if (entry.resource == nullptr) {
    try {
      std::optional<HelperWatch> watch;
      if (watches_helpers_) watch.emplace();
      entry.resource = entry.record->make(Start());
      if (watch) std::ranges::copy(watch->started(), std::back_inserter(helpers_));
    } catch (...) {
      const CaughtError error = caught_error();
      return base::Status(base::Code::kUnavailable, 0,
                          "the resource '" + std::string(name) + "' cannot be made: " + error.type +
                              ": " + error.message);
    }
  }
  return entry.resource;
}

}  // namespace weir::sdk_impl
