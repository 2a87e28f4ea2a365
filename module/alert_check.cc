// Goes over a rule and keeps every problem. What may be a secret is never repeated in one.
// Pure; it must not look at other rules, nor at what the operator has configured.
// Messages say what to do.
#include "module/alert_check.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "base/errors.h"
#include "base/text.h"

namespace weir::module {
namespace {

using base::Code;
using base::Status;

constexpr std::size_t kAddressBytesMax = 2'048;
constexpr std::int64_t kFailedAttemptsMax = 1'000;
constexpr std::int64_t kLimitMsMin = 1'000;
constexpr std::int64_t kLimitMsMax = std::int64_t{365} * 24 * 3600 * 1000;

Status bad(const std::string& name, const std::string& what) {
  return {Code::kInvalidArgument, base::kErrUsage,
          "alert rule '" + base::valid_utf8(name) + "': " + what};
}

Status check_webhook(const AlertSpec& rule) {
  const std::string& url = rule.webhook;
  const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (scheme == 0) return bad(rule.name, "a webhook begins with https:// or http://");
  if (url.size() > kAddressBytesMax || !printable_ascii(url)) {
    return bad(rule.name, "the webhook is no address of at most " +
                              std::to_string(kAddressBytesMax) + " printable characters");
  }
  const std::string host = url.substr(scheme, url.find_first_of("/?#", scheme) - scheme);
  if (host.empty()) return bad(rule.name, "the webhook names no host");
  if (host.find('@') != std::string::npos) {
    return bad(rule.name,
               "a webhook with a user or a password would be shown to everybody; put it into the "
               "operator's configuration (--alerts-config) and name its channel");
  }
  return {};
}

Status check_secret(const AlertSpec& rule) {
  const std::string& secret = rule.secret;
  if (secret.empty()) return {};
  if (rule.webhook.empty()) return bad(rule.name, "only a webhook has a secret");
  if (secret.starts_with("file:/") && printable_ascii(secret)) return {};
  constexpr std::string_view kPrefix = "env:WEIR_SECRET_";
  const bool named = secret.starts_with(kPrefix) && secret.size() > kPrefix.size() &&
                     std::all_of(secret.begin() + 4, secret.end(), [](char c) {
                       return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
                     });
  if (named) return {};
  // It may be the secret itself: it is not repeated.
  return bad(rule.name,
             "the secret is given as a reference: file:/path on the scheduler's machine, or "
             "env:WEIR_SECRET_NAME of its environment");
}

Status check_threshold(const AlertSpec& rule) {
  const std::int64_t threshold = rule.threshold;
  if (rule.over_usual && rule.event != AlertEvent::kRunSlow) {
    return bad(rule.name, "only run_slow knows a usual p95");
  }
  if (rule.over_usual && threshold == 0) return {};
  if (rule.over_usual) return bad(rule.name, "its limit is a time or the usual p95, not both");
  switch (rule.event) {
    case AlertEvent::kTaskFailed:
      if (threshold >= 1 && threshold <= kFailedAttemptsMax) return {};
      return bad(rule.name, "the number of failed attempts is from 1 to " +
                                std::to_string(kFailedAttemptsMax));
    case AlertEvent::kTickMissed:
      if (threshold == 0) return {};
      [[fallthrough]];
    case AlertEvent::kRunSlow:
      if (threshold >= kLimitMsMin && threshold <= kLimitMsMax) return {};
      return bad(rule.name, "the limit is from one second to a year");
    default:
      if (threshold == 0) return {};
      return bad(rule.name, std::string(base::word_of(rule.event)) + " has no limit");
  }
}

}  // namespace

bool printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::vector<Status> alert_problems(const AlertSpec& spec) {
  std::vector<Status> problems;
  const auto add = [&](Status status) {
    if (!status.ok()) problems.push_back(std::move(status));
  };
  if (!spec.webhook.empty() && !spec.channel.empty()) {
    add(bad(spec.name, "it has a webhook or a channel, not both"));
  }
  if (!spec.webhook.empty()) add(check_webhook(spec));
  add(check_secret(spec));
  add(check_threshold(spec));
  return problems;
}

}  // namespace weir::module
