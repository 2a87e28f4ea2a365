// The two header checks. Strict on purpose: an Origin must be exactly the Host that was asked, so a
// page that another local port serves is another site. Browsers send Origin with every request that
// could change something.
#include "scheduler/http/guard.h"

#include <algorithm>
#include <cctype>

#include "base/errors.h"

namespace weir::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool valid_port(std::string_view port) {
  return !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == port.npos;
}

// The host part, brackets kept; empty when the text is not HOST or HOST:PORT.
std::string_view host_part(std::string_view authority) {
  std::size_t end = authority.find(':');
  if (authority.starts_with('[')) {
    end = authority.find(']');
    if (end == authority.npos) return {};
    ++end;
  }
  if (end >= authority.size()) return authority;
  if (authority[end] != ':' || !valid_port(authority.substr(end + 1))) return {};
  return authority.substr(0, end);
}

base::Status refused(const std::string& what) {
  return base::Status(
      base::Code::kPermissionDenied, base::kErrHost,
      what + "; use http://127.0.0.1 or http://localhost with the scheduler's port");
}

}  // namespace

std::string_view port_of(std::string_view host) {
  const std::string_view name = host_part(host);
  return name.empty() || name.size() == host.size() ? "80" : host.substr(name.size() + 1);
}

base::Status check_origin(std::string_view host, std::string_view origin,
                          std::string_view bound_host) {
  const std::string authority = lower(host);
  const std::string_view name = host_part(authority);
  std::string bound = lower(bound_host);
  if (bound.find(':') != bound.npos) bound = "[" + bound + "]";
  const bool known = name == "localhost" || name == "127.0.0.1" || name == "[::1]" ||
                     (!name.empty() && name == bound);
  if (!known) return refused("the Host header '" + std::string(host) + "' is not this scheduler");
  if (origin.empty()) return {};
  const std::string asked_by = lower(origin);
  if (asked_by == "http://" + authority || asked_by == "https://" + authority) return {};
  return refused("a page of '" + std::string(origin) + "' may not call this scheduler");
}

}  // namespace weir::http
