// What the operator configures of alerts, and nobody else may: channels, among them commands and
// mail, and the heartbeat. Read once, at the start, from the JSON file of --alerts-config. Values
// only; secrets are references.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"

namespace weir::alerts {

struct WebhookChannel {
  std::string url;       // or
  std::string url_file;  // a file that holds it, where the address is a secret
  std::string secret;    // reference; empty: not signed
};
struct CommandChannel {
  std::string command;  // for sh -c; the message is JSON on its stdin
};
struct MailChannel {
  std::string server;  // smtp:// or smtps://
  std::string from;
  std::vector<std::string> to;
  std::string user;
  std::string password;  // reference
  bool needs_tls = true;
};
using Channel = std::variant<WebhookChannel, CommandChannel, MailChannel>;

struct HeartbeatConfig {
  WebhookChannel to;  // empty: none is sent
  std::chrono::seconds every{60};
};

struct Config {
  std::map<std::string, Channel, std::less<>> channels;
  HeartbeatConfig heartbeat;
};

// INVALID_ARGUMENT names the file, the member and what is wrong with it.
base::Result<Config> read_config(const std::string& path);
base::Result<Config> parse_config(const std::string& text);

}  // namespace weir::alerts
