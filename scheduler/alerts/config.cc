// The operator's file as JSON, checked member by member: what is not known is refused, so that a
// mistyped name is found at the start and not at the first alert. See the header; the start's
// thread.
#include "scheduler/alerts/config.h"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <iterator>

#include "base/errors.h"
#include "base/json.h"
#include "base/names.h"

namespace weir::alerts {
namespace {

using base::Code;
using base::Json;
using base::Result;
using base::Status;

constexpr std::int64_t kEveryMin = 10;
constexpr std::int64_t kEveryMax = 86'400;

Status wrong(const std::string& where, const std::string& what) {
  return {Code::kInvalidArgument, base::kErrUsage, where + ": " + what};
}

Status check_members(const Json& json, const std::string& where,
                     std::initializer_list<std::string> known) {
  if (!json.is_object()) return wrong(where, "is to be an object {…}");
  const std::vector<std::string> names(known);
  for (const auto& [name, value] : json.members()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return wrong(where, "'" + name + "' is not known." + base::did_you_mean(name, names));
    }
    if (name != "to" && name != "every_s" && !value.is_string()) {
      return wrong(where + "." + name, "is to be a string");
    }
  }
  return {};
}

bool is_reference(const std::string& text) {
  return text.empty() || text.starts_with("file:/") || text.starts_with("env:WEIR_SECRET_");
}

Status check_reference(const std::string& text, const std::string& where) {
  if (is_reference(text)) return {};
  return wrong(where, "is to be a reference, file:/path or env:WEIR_SECRET_NAME, not the secret");
}

Result<WebhookChannel> webhook_of(const Json& json, const std::string& where) {
  WebhookChannel hook{json["webhook"].as_string(), json["webhook_file"].as_string(),
                      json["secret"].as_string()};
  if (hook.url.empty() == hook.url_file.empty()) {
    return wrong(where, "give 'webhook', the address, or 'webhook_file', the file that holds it");
  }
  const bool http = hook.url.starts_with("https://") || hook.url.starts_with("http://");
  if (!hook.url.empty() && !http)
    return wrong(where + ".webhook", "begins with https:// or http://");
  if (Status status = check_reference(hook.secret, where + ".secret"); !status.ok()) return status;
  return hook;
}

Result<MailChannel> mail_of(const Json& json, const std::string& where) {
  MailChannel mail;
  mail.server = json["smtp"].as_string();
  mail.from = json["from"].as_string();
  mail.user = json["user"].as_string();
  mail.password = json["password"].as_string();
  const std::string& tls = json["tls"].as_string();
  mail.needs_tls = tls != "optional";
  if (!tls.empty() && tls != "required" && tls != "optional") {
    return wrong(where + ".tls", "is 'required' (the default) or 'optional'");
  }
  if (!mail.server.starts_with("smtp://") && !mail.server.starts_with("smtps://")) {
    return wrong(where + ".smtp", "begins with smtp:// or smtps://");
  }
  for (const Json& to : json["to"].items()) mail.to.push_back(to.as_string());
  auto addresses = mail.to;
  addresses.push_back(mail.from);
  for (const std::string& address : addresses) {
    const bool plain = address.find('@') != std::string::npos &&
                       std::all_of(address.begin(), address.end(), [](char c) {
                         return c > ' ' && c < 0x7f && c != '<' && c != '>';
                       });
    if (!plain) return wrong(where, "'from' and 'to' are addresses such as ops@example.org");
  }
  if (mail.to.empty()) return wrong(where + ".to", "is to be a list of addresses");
  if (mail.user.empty() != mail.password.empty()) {
    return wrong(where, "give 'user' and 'password', or neither");
  }
  if (Status status = check_reference(mail.password, where + ".password"); !status.ok()) {
    return status;
  }
  return mail;
}

Result<Channel> channel_of(const Json& json, const std::string& where) {
  if (json.contains("command")) {
    Status status = check_members(json, where, {"command"});
    if (!status.ok()) return status;
    if (json["command"].as_string().empty()) return wrong(where + ".command", "is empty");
    return Channel(CommandChannel{json["command"].as_string()});
  }
  if (json.contains("smtp")) {
    Status status = check_members(json, where, {"smtp", "from", "to", "user", "password", "tls"});
    if (!status.ok()) return status;
    auto mail = mail_of(json, where);
    if (!mail.ok()) return mail.status();
    return Channel(std::move(*mail));
  }
  Status status =
      check_members(json, where, {"webhook", "webhook_file", "secret", "command", "smtp"});
  if (!status.ok()) return status;
  auto hook = webhook_of(json, where);
  if (!hook.ok()) return hook.status();
  return Channel(std::move(*hook));
}

Status take_heartbeat(const Json& json, HeartbeatConfig& out) {
  const std::string where = "heartbeat";
  Status status = check_members(json, where, {"webhook", "webhook_file", "secret", "every_s"});
  if (!status.ok()) return status;
  auto hook = webhook_of(json, where);
  if (!hook.ok()) return hook.status();
  out.to = std::move(*hook);
  const std::int64_t every = json.contains("every_s") ? json["every_s"].as_int() : 60;
  if (every < kEveryMin || every > kEveryMax) {
    return wrong("heartbeat.every_s", "is a number of seconds from 10 to 86400");
  }
  out.every = std::chrono::seconds(every);
  return {};
}

}  // namespace

Result<Config> parse_config(const std::string& text) {
  const auto json = Json::parse(text);
  if (!json.ok()) return json.status();
  Config config;
  if (!json->is_object()) return wrong("the document", "is to be an object {…}");
  for (const auto& [name, value] : json->members()) {
    if (name == "heartbeat") {
      Status status = take_heartbeat(value, config.heartbeat);
      if (!status.ok()) return status;
    } else if (name != "channels" || !value.is_object()) {
      return wrong("'" + name + "'", "only 'channels' and 'heartbeat' are known, each an object");
    }
  }
  for (const auto& [name, value] : (*json)["channels"].members()) {
    const std::string where = "channels." + name;
    if (const std::string problem = base::name_problem(name); !problem.empty()) {
      return wrong(where, problem);
    }
    auto channel = channel_of(value, where);
    if (!channel.ok()) return channel.status();
    config.channels.insert_or_assign(name, std::move(*channel));
  }
  return config;
}

Result<Config> read_config(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return wrong("--alerts-config " + path, "it cannot be read");
  auto config = parse_config(text);
  if (config.ok()) return config;
  return wrong("--alerts-config " + path, config.status().message());
}

}  // namespace weir::alerts
