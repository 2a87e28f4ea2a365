// Codes and passes; see the header. HMAC-SHA-256 (RFC 2104) with the token as the key, over a text
// that names its purpose, so that nothing that is signed for another can be taken for a pass.
// Any thread; writes nothing to disk.
#include "scheduler/access/browser_passes.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <sys/random.h>

#include "base/check.h"
#include "base/hmac.h"
#include "scheduler/access/access.h"

namespace weir::access {
namespace {

constexpr std::string_view kPurpose = "weir browser pass until ";
constexpr std::size_t kExpiryDigitsMax = 12;

base::Digest random_value() {
  base::Digest out;
  const ssize_t got = ::getrandom(out.bytes.data(), out.bytes.size(), 0);
  CHECK_MSG(got == std::ssize(out.bytes), "the kernel has no random bytes");
  return out;
}

}  // namespace

BrowserPasses::BrowserPasses(std::string token, Clock clock)
    : token_(std::move(token)), clock_(std::move(clock)) {
  CHECK_MSG(!token_.empty(), "passes signed with an empty token could be forged");
}

void BrowserPasses::forget_expired() {
  std::erase_if(codes_, [now = clock_().boot](const Code& code) { return code.until <= now; });
}

std::string BrowserPasses::make_code() {
  const std::lock_guard lock(mutex_);
  forget_expired();
  if (codes_.size() >= kCodesMax) codes_.erase(codes_.begin());
  return codes_.emplace_back(Code{random_value(), clock_().boot + kCodeLife}).value.hex();
}

bool BrowserPasses::redeem(std::string_view code) {
  const std::lock_guard lock(mutex_);
  forget_expired();
  const auto found = std::find_if(codes_.begin(), codes_.end(), [code](const Code& known) {
    return equal_constant_time(known.value.hex(), code);
  });
  if (found == codes_.end()) return false;
  codes_.erase(found);
  return true;
}

std::string BrowserPasses::signature(std::string_view expiry) const {
  return base::hmac_sha256(token_, std::string(kPurpose) + std::string(expiry)).hex();
}

std::string BrowserPasses::make_pass() const {
  const auto until = std::chrono::ceil<std::chrono::seconds>(clock_().wall + kPassLife);
  const std::string expiry = std::to_string(until.time_since_epoch().count());
  return expiry + "." + signature(expiry);
}

bool BrowserPasses::admits(std::string_view pass) const {
  const std::size_t dot = pass.find('.');
  if (dot == pass.npos || dot == 0 || dot > kExpiryDigitsMax) return false;
  const std::string_view expiry = pass.substr(0, dot);
  if (!equal_constant_time(signature(expiry), pass.substr(dot + 1))) return false;
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(expiry.data(), expiry.data() + expiry.size(), seconds);
  if (parsed.ec != std::errc{} || parsed.ptr != expiry.data() + expiry.size()) return false;
  return clock_().wall < base::WallTime(std::chrono::seconds(seconds));
}

std::string browser_address(const std::string& http, const std::string& code) {
  return "http://" + http + "/?code=" + code;
}

std::string pass_cookie_name(std::string_view port) { return "weir_pass_" + std::string(port); }

}  // namespace weir::access
