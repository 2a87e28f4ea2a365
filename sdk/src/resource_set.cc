// Makes resources lazily, one at a time each; different ones may be made at once, so one that takes
// long holds up only those who need it. Makers are user code: what they throw passes through, for
// it says how the attempt is to be treated.
#include <algorithm>
#include <iterator>
#include <optional>

#include "sdk/src/stage_runner.h"
#include "weir/context.h"

namespace weir::sdk_impl {

ResourceSet::ResourceSet(const impl::PipelineRecord& pipeline) {
  for (const impl::ResourceRecord& record : pipeline.resources) {
    entries_[record.name].record = &record;
  }
}

void ResourceSet::give(std::string_view name, std::shared_ptr<void> resource) {
  Entry& entry = entry_of(name);
  const std::lock_guard lock(entry.mutex);
  entry.resource = std::move(resource);
}

std::shared_ptr<void> ResourceSet::get(std::string_view name) {
  Entry& entry = entry_of(name);
  const std::lock_guard lock(entry.mutex);
  if (entry.resource == nullptr) {
    std::optional<HelperWatch> watch;
    if (watches_helpers_) watch.emplace();
    entry.resource = entry.record->make(Start());
    if (watch) std::ranges::copy(watch->started(), std::back_inserter(helpers_));
  }
  return entry.resource;
}

ResourceSet::Entry& ResourceSet::entry_of(std::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw permanent("no resource is named '" + std::string(name) + "'");
  return found->second;
}

}  // namespace weir::sdk_impl
