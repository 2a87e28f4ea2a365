// What a pipeline declares, as the manifest that `describe` prints and an executor sends: the same
// record gives the same bytes, so that a worker can compare them. Safe from any thread; pure but
// for the files of calendars, which full_manifest_of() reads.
#pragma once

#include <string>

#include "module/manifest.h"
#include "weir/impl/stage.h"

namespace weir::sdk_impl {

// Everything but schedules, freshness and alerts: what an executor sends and a local run needs. Not
// validated: see module::validate_manifest. Stages without a version of their own get the module's.
module::Manifest manifest_of(const impl::PipelineRecord& pipeline);

// With all of that; fails when the file of a calendar cannot be read.
base::Result<module::Manifest> full_manifest_of(const impl::PipelineRecord& pipeline);

// All that can be judged without a server: what module::validate_manifest says, then the selections
// of the jobs.
base::Status check_manifest(const module::Manifest& manifest);

// The hash of the module's sources that weir_module() links in, "" when the module was built
// without it.
std::string module_code_version();

// "0.1.0"
std::string sdk_version();

}  // namespace weir::sdk_impl
