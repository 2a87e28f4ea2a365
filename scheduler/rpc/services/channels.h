// Channels of alerts, which are the operator's: what is said of one that there is not, to whoever
// makes a rule by command and to whoever registers a pipeline that has one.
// Pure; any thread.
#pragma once

#include <string>

#include "base/names.h"
#include "scheduler/rpc/backend.h"

namespace weir::rpc {

// "the operator has configured no channel 'tem'. Did you mean 'team'? Channels are in …"
inline std::string unknown_channel(const Backend& backend, const std::string& channel) {
  return "the operator has configured no channel '" + channel + "'." +
         base::did_you_mean(channel, backend.options.alert_channels) +
         " Channels are in the file that the scheduler was given with --alerts-config.";
}

}  // namespace weir::rpc
