// The HTTP port's door: whether a call may be made, by the token that it carries or by a browser's
// pass, and how an address with a one-time code is turned into such a pass. Host and Origin have
// been judged before (guard.h). Safe from any thread; opens no socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "scheduler/access/access.h"
#include "scheduler/access/browser_passes.h"

namespace weir::http {

// What a request says of who makes it: the values of its headers, empty when absent.
struct Caller {
  std::string_view host;
  std::string_view origin;
  std::string_view authorization;
  std::string_view cookie;
};

// The answer to an address that asks to be let in.
struct Entry {
  bool admitted = false;
  std::string location;  // the same address without the code
  std::string cookie;    // the value of Set-Cookie; empty when the browser has a pass already
};

class Door {
 public:
  // Both outlive it.
  Door(const access::Access& access, access::BrowserPasses& passes)
      : access_(access), passes_(passes) {}

  // UNAUTHENTICATED without the token or a pass. A call by pass also has to name its Origin
  // (PERMISSION_DENIED kErrHost): it is by that, compared with Host, that other pages are told
  // from the scheduler's own.
  base::Status admit(std::string_view method, const Caller& caller) const;

  // Nothing when `target` ("/?code=…") carries neither a code nor the token.
  std::optional<Entry> enter(std::string_view target, const Caller& caller) const;

 private:
  bool has_pass(const Caller& caller) const;

  const access::Access& access_;
  access::BrowserPasses& passes_;
};

}  // namespace weir::http
