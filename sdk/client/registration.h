// Registering bundles: asks which files are missing, uploads those, then registers all modules in
// one request, all or none.
// Blocking; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sdk/client/module_bundle.h"
#include "weir/v1/module_service.pb.h"

namespace weir::client {

class Api;

struct RegistrationOptions {
  bool dry_run = false;
  bool allow_breaking = false;
  std::string idempotency_key;  // empty: a fresh one
  // File, bytes sent so far of all missing files, and bytes of all missing files.
  std::function<void(std::string_view, std::int64_t, std::int64_t)> progress;
};

base::Result<v1::RegisterModulesResponse> register_bundles(Api& api,
                                                           const std::vector<ModuleBundle>& bundles,
                                                           const RegistrationOptions& options);

}  // namespace weir::client
