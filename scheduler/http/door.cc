// Reading what browsers send: cookies, queries. A pass is as good as the token but comes by itself
// with every request to this host, whatever page causes it; SameSite=Strict keeps other sites from
// using it, and Origin the other ports of this one. Any thread.
#include "scheduler/http/door.h"

#include "base/errors.h"
#include "scheduler/http/guard.h"

namespace weir::http {
namespace {

using base::Code;
using base::Status;

constexpr std::string_view kBlank = " \t";

// Takes the text up to `separator`, or all of it, off `rest`.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return part;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// The value of `name` in a query; nothing when it is not there. Codes and tokens need no decoding.
std::optional<std::string_view> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    std::string_view value = take(query, '&');
    if (take(value, '=') == name) return value;
  }
  return std::nullopt;
}

// Where a browser may be sent: "//host" and "/\host" would be another site.
std::string local_path(std::string_view path) {
  const bool plain = path.starts_with('/') && !path.starts_with("//") &&
                     path.find_first_of("\\\"<>\r\n\t ") == path.npos;
  return plain ? std::string(path) : "/";
}

std::string pass_cookie(std::string_view host, const std::string& pass) {
  const auto age = std::chrono::seconds(access::kPassLife).count();
  return access::pass_cookie_name(port_of(host)) + "=" + pass +
         "; Path=/; Max-Age=" + std::to_string(age) + "; HttpOnly; SameSite=Strict";
}

}  // namespace

bool Door::has_pass(const Caller& caller) const {
  const std::string name = access::pass_cookie_name(port_of(caller.host));
  std::string_view rest = caller.cookie;
  while (!rest.empty()) {
    std::string_view value = trimmed(take(rest, ';'));
    // Whatever else listens on this host may have set a cookie of this name, too.
    if (take(value, '=') == name && passes_.admits(value)) return true;
  }
  return false;
}

Status Door::admit(std::string_view method, const Caller& caller) const {
  const Status by_token = access_.admit(method, caller.authorization);
  if (by_token.ok() || !caller.authorization.empty() || !has_pass(caller)) return by_token;
  if (caller.origin.empty()) {
    return Status(Code::kPermissionDenied, base::kErrHost,
                  "a call with a browser's pass has to say which page makes it (Origin); programs "
                  "send the token: 'authorization: Bearer TOKEN'");
  }
  return {};
}

std::optional<Entry> Door::enter(std::string_view target, const Caller& caller) const {
  std::string_view query = target;
  Entry entry;
  entry.location = local_path(take(query, '?'));
  const auto code = query_value(query, "code");
  const auto token = query_value(query, "token");
  if (!code && !token) return std::nullopt;
  if ((code && passes_.redeem(*code)) || (token && access_.is_token(*token))) {
    entry.admitted = true;
    entry.cookie = pass_cookie(caller.host, passes_.make_pass());
  } else {
    entry.admitted = has_pass(caller);  // the address was opened a second time
  }
  return entry;
}

}  // namespace weir::http
