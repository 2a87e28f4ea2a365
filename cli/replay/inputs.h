// What an attempt was given: its module, stage, parameters and input versions, gathered from the
// records of its run. Inputs from inside the run are what their tasks committed; those from outside
// are what was current when the run was created, which is what the run pinned. Asks the scheduler;
// main thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "cli/text/reference.h"
#include "module/manifest.h"
#include "weir/v1/asset_service.pb.h"
#include "weir/v1/run_service.pb.h"

namespace weir::client {
class Api;
}

namespace weir::cli {

struct ReplayInput {
  bool present = false;
  std::string state;   // of the parent task, "succeeded" for one from outside the run
  std::string reason;  // why it is absent
  std::string asset;
  v1::DataVersion version;
};

struct ReplayPlan {
  v1::Run run;
  v1::Task task;
  int attempt = 0;
  base::WallTime scheduled_at{};              // the time that the run is for
  std::string module;                         // digest, hexadecimal
  module::StageSpec stage;                    // as that module declares it
  std::vector<ReplayInput> inputs;            // one for each dependency of the stage
  std::vector<v1::Materialization> recorded;  // what the task committed in this run, if it did
};

// NOT_FOUND for an unknown run, task or attempt; FAILED_PRECONDITION when what it was given cannot
// be told any more.
base::Result<ReplayPlan> plan_replay(client::Api& api, const Reference& reference);

}  // namespace weir::cli
