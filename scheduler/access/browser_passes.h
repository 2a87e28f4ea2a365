// How a browser, which no one can give a token file, comes to be admitted: it redeems a code that
// works once and soon expires, out of an address that `weir open` prints, and gets a pass that it
// keeps as a cookie. A pass is an expiry signed with the token: nothing is stored, so it outlives a
// restart and ends with the token. Safe from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/sha256.h"

namespace weir::access {

inline constexpr std::chrono::minutes kCodeLife{10};
inline constexpr std::size_t kCodesMax = 64;  // not redeemed yet; the oldest goes first
inline constexpr std::chrono::days kPassLife{30};

class BrowserPasses {
 public:
  using Clock = std::function<base::Now()>;
  BrowserPasses(std::string token, Clock clock);

  // 64 hexadecimal characters that redeem() takes once within kCodeLife.
  std::string make_code();
  bool redeem(std::string_view code);

  // Valid for kPassLife. Printable, without what a cookie must not hold.
  std::string make_pass() const;
  bool admits(std::string_view pass) const;

 private:
  struct Code {
    base::Digest value;
    base::BootTime until;
  };

  std::string signature(std::string_view expiry) const;
  void forget_expired();  // with mutex_ held

  const std::string token_;
  const Clock clock_;
  std::mutex mutex_;
  std::vector<Code> codes_;  // oldest first; guarded by mutex_
};

// "http://127.0.0.1:7600/?code=…" for the HTTP port's address.
std::string browser_address(const std::string& http, const std::string& code);

// The cookie's name. It carries the port that the browser asked, because cookies are kept by host
// alone and two schedulers of one machine, or two forwarded ports, would take turns with one name.
std::string pass_cookie_name(std::string_view port);

}  // namespace weir::access
