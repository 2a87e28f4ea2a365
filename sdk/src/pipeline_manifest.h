// What a pipeline declares, as the manifest that `describe` prints and an executor sends: the same
// record gives the same bytes, so that a worker can compare them. Pure functions of the record,
// safe from any thread.
#pragma once

#include <string>

#include "module/manifest.h"
#include "weir/impl/stage.h"

namespace weir::sdk_impl {

// Not validated: see module::validate_manifest. Stages without a version of their own get the
// module's.
module::Manifest manifest_of(const impl::PipelineRecord& pipeline);

// All that can be judged without a server: what module::validate_manifest says, then the selections
// of the jobs.
base::Status check_manifest(const module::Manifest& manifest);

// The hash of the module's sources that weir_module() links in, "" when the module was built
// without it.
std::string module_code_version();

// "0.1.0"
std::string sdk_version();

}  // namespace weir::sdk_impl
