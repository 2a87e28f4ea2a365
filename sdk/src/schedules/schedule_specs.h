// The schedules of a pipeline as its manifest has them: with the days of calendar files, and of its
// parameters what differs from their defaults. Apart from the rest of the manifest, because an
// executor has neither the files nor a use for schedules.
#pragma once

#include <vector>

#include "base/status.h"
#include "module/manifest.h"
#include "weir/impl/stage.h"

namespace weir::sdk_impl {

// Reads the calendar files; fails when one cannot be read. Not validated otherwise. `params` are
// those of the manifest.
base::Result<std::vector<module::ScheduleSpec>> schedule_specs(
    const impl::PipelineRecord& pipeline, const std::vector<module::ParamSpec>& params);

}  // namespace weir::sdk_impl
