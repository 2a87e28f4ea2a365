// Why a run or a task that has ended, ended as it did. The scheduler explains what is live; of what
// is past the records tell everything, and they are read here.
// Asks the scheduler; main thread.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace weir::client {
class Api;
}

namespace weir::cli {

inline constexpr int kFailedTasksTold = 10;

// Lines about RUN or RUN/TASK. NOT_FOUND when there is no such run or task, or it has not ended.
base::Result<std::vector<std::string>> explain_past(client::Api& api, const std::string& reference);

}  // namespace weir::cli
