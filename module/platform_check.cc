// Whether any connected worker's machine can start a module, judged from what the uploader read in
// the module's ELF files and what the workers said in their hellos. The best candidate's
// shortcomings are what the message names.
#include <algorithm>
#include <charconv>
#include <utility>

#include "base/errors.h"
#include "module/platform.h"

namespace weir::module {
namespace {

struct Shortcomings {
  bool architecture = false;
  bool glibc = false;
  std::vector<std::string> libraries;
  bool none() const { return !architecture && !glibc && libraries.empty(); }
  std::size_t weight() const {
    return libraries.size() + (glibc ? 1 : 0) + (architecture ? 1'000'000 : 0);
  }
};

Shortcomings compare(const PlatformNeeds& needs, const PlatformOffer& worker) {
  Shortcomings out;
  out.architecture = !needs.architecture.empty() && !worker.platform.architecture.empty() &&
                     needs.architecture != worker.platform.architecture;
  out.glibc = !needs.glibc.empty() && !worker.platform.glibc.empty() &&
              !version_at_least(worker.platform.glibc, needs.glibc);
  if (worker.platform.libraries.empty()) return out;  // the worker could not tell
  for (const std::string& library : needs.libraries) {
    if (!worker.platform.libraries.contains(library)) out.libraries.push_back(library);
  }
  return out;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

base::Status refusal(const PlatformNeeds& needs, const PlatformOffer& worker,
                     const Shortcomings& lacks) {
  const std::string module = "module '" + needs.pipeline + "' ";
  if (lacks.architecture) {
    return base::Status(base::Code::kFailedPrecondition, base::kErrArchitecture,
                        module + "is built for " + needs.architecture +
                            ", and no connected worker is: '" + worker.worker + "' is " +
                            worker.platform.architecture +
                            "; build it there or connect a worker that fits");
  }
  std::string what;
  if (!lacks.libraries.empty()) {
    what = "needs " + joined(lacks.libraries) + ", which worker '" + worker.worker +
           "' does not have: install the package that brings it, or put the library into the "
           "folder lib/ beside the executable, which is uploaded with it";
  }
  if (lacks.glibc) {
    what += (what.empty() ? "" : "; and it ");
    what += "needs glibc " + needs.glibc + ", and worker '" + worker.worker + "' has " +
            worker.platform.glibc + ": build the module on the oldest system it shall run on";
  }
  return base::Status(base::Code::kFailedPrecondition, base::kErrMissingLibrary, module + what);
}

}  // namespace

base::Status check_platforms(const PlatformNeeds& needs,
                             const std::vector<PlatformOffer>& workers) {
  const PlatformOffer* best = nullptr;
  Shortcomings fewest;
  for (const PlatformOffer& worker : workers) {
    Shortcomings lacks = compare(needs, worker);
    if (lacks.none()) return {};
    if (best != nullptr && lacks.weight() >= fewest.weight()) continue;
    best = &worker;
    fewest = std::move(lacks);
  }
  return best == nullptr ? base::Status() : refusal(needs, *best, fewest);
}

bool version_at_least(std::string_view have, std::string_view need) {
  while (!have.empty() || !need.empty()) {
    const auto take = [](std::string_view& text) {
      int value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      const std::size_t dot = text.find('.');
      text = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
      return error == std::errc{} && end != nullptr ? value : 0;
    };
    const int left = take(have);
    const int right = take(need);
    if (left != right) return left > right;
  }
  return true;
}

}  // namespace weir::module
