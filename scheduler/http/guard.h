// Whether a request may be answered at all, judged by its Host and Origin headers: a page of
// another site that a browser shows must not reach the scheduler, not even when its name resolves
// to 127.0.0.1 (DNS rebinding). Pure functions, safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace weir::http {

// PERMISSION_DENIED kErrHost unless `host` names this machine's loopback (localhost, 127.0.0.1,
// [::1]) or `bound_host`, with or without a port, and `origin` is absent or the same host and port.
base::Status check_origin(std::string_view host, std::string_view origin,
                          std::string_view bound_host);

// The port that a Host header names, "80" when it names none.
std::string_view port_of(std::string_view host);

}  // namespace weir::http
