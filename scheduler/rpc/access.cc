// The method table and the token check. A method that is missing from the table is refused, so a
// new one is closed until somebody decides who may call it; tests/unit/rpc compares the table with
// the services by reflection.
#include "scheduler/rpc/access.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/errors.h"

namespace weir::rpc {
namespace {

using enum AccessKind;

constexpr std::array kMethods = {
    MethodAccess{"/weir.v1.AssetService/GetAsset", kRead},
    MethodAccess{"/weir.v1.AssetService/GetLineage", kRead},
    MethodAccess{"/weir.v1.AssetService/ListAssets", kRead},
    MethodAccess{"/weir.v1.AssetService/ListMaterializations", kRead},
    MethodAccess{"/weir.v1.AssetService/ReadValue", kRead},
    MethodAccess{"/weir.v1.EventService/ListEvents", kRead},
    MethodAccess{"/weir.v1.EventService/WatchEvents", kRead},
    MethodAccess{"/weir.v1.LogService/ListLogs", kRead},
    MethodAccess{"/weir.v1.LogService/ReadLog", kRead},
    MethodAccess{"/weir.v1.ModuleService/FindMissingFiles", kRead},
    MethodAccess{"/weir.v1.ModuleService/ListJobs", kRead},
    MethodAccess{"/weir.v1.ModuleService/ListModules", kRead},
    MethodAccess{"/weir.v1.ModuleService/RegisterModules", kMutate},
    MethodAccess{"/weir.v1.ModuleService/UploadFile", kMutate},
    MethodAccess{"/weir.v1.RunService/CancelRun", kMutate},
    MethodAccess{"/weir.v1.RunService/CreateRun", kMutate},
    MethodAccess{"/weir.v1.RunService/GetRun", kRead},
    MethodAccess{"/weir.v1.RunService/ListAttempts", kRead},
    MethodAccess{"/weir.v1.RunService/ListRuns", kRead},
    MethodAccess{"/weir.v1.RunService/ListTasks", kRead},
    MethodAccess{"/weir.v1.RunService/PlanRun", kRead},
    MethodAccess{"/weir.v1.SystemService/CompleteName", kRead},
    MethodAccess{"/weir.v1.SystemService/Explain", kRead},
    MethodAccess{"/weir.v1.SystemService/GetHealth", kRead},
    MethodAccess{"/weir.v1.SystemService/GetInfo", kRead},
    MethodAccess{"/weir.v1.WorkerService/DrainWorker", kMutate},
    MethodAccess{"/weir.v1.WorkerService/ListWorkers", kRead},
    MethodAccess{"/weir.worker.v1.WorkerProtocolService/AppendLogs", kWorker},
    MethodAccess{"/weir.worker.v1.WorkerProtocolService/FetchArtifact", kWorker},
    MethodAccess{"/weir.worker.v1.WorkerProtocolService/FetchFile", kWorker},
    MethodAccess{"/weir.worker.v1.WorkerProtocolService/Session", kWorker},
    MethodAccess{"/weir.worker.v1.WorkerProtocolService/UploadArtifact", kWorker},
};

constexpr std::string_view kBearer = "Bearer ";

}  // namespace

std::span<const MethodAccess> method_table() { return kMethods; }

std::optional<AccessKind> access_of(std::string_view method) {
  const auto by_name = [](const MethodAccess& entry, std::string_view name) {
    return entry.method < name;
  };
  const auto found = std::lower_bound(kMethods.begin(), kMethods.end(), method, by_name);
  if (found == kMethods.end() || found->method != method) return std::nullopt;
  return found->kind;
}

bool equal_constant_time(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    difference |= static_cast<unsigned char>(left[i]) ^ static_cast<unsigned char>(right[i]);
  }
  // The barrier keeps the compiler from leaving the loop at the first difference.
  asm volatile("" : "+r"(difference));
  return difference == 0;
}

Access::Access(std::string token, std::string token_file)
    : token_(std::move(token)), token_file_(std::move(token_file)) {
  CHECK_MSG(!token_.empty(), "an empty token would admit everybody");
}

base::Status Access::admit(std::string_view method, std::string_view authorization) const {
  const std::optional<AccessKind> kind = access_of(method);
  if (!kind) {
    return base::Status(base::Code::kPermissionDenied, base::kErrUnauthenticated,
                        "the method " + std::string(method) + " is not served");
  }
  if (*kind == kRead) return {};
  if (authorization.starts_with(kBearer) &&
      equal_constant_time(authorization.substr(kBearer.size()), token_)) {
    return {};
  }
  const char* what = authorization.empty() ? " needs the scheduler's token"
                                           : " was called with a token that is not the scheduler's";
  return base::Status(base::Code::kUnauthenticated, base::kErrUnauthenticated,
                      std::string(method) + what + ", which is in " + token_file_ +
                          ": send it as 'authorization: Bearer TOKEN', or name the file with "
                          "--token-file");
}

}  // namespace weir::rpc
