// One message on its way; see the header.
// The log is read anew at each try: a worker's last lines may come after its report. On the
// outbox's thread or the watch's, never on the loop's.
#include "scheduler/alerts/sender.h"

#include <array>
#include <ctime>
#include <vector>

#include "base/errors.h"
#include "base/hmac.h"
#include "base/text.h"
#include "scheduler/alerts/http.h"

namespace weir::alerts {
namespace {

using base::Code;
using base::Json;
using base::Status;

constexpr std::size_t kLogLinesMax = 20;
constexpr std::int64_t kLogBytesMax = 16 << 10;
constexpr std::size_t kLineBytesMax = 500;

std::string unix_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

std::string mail_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  std::array<char, 64> text{};
  if (::gmtime_r(&now, &utc) == nullptr) return {};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S +0000", &utc);
  return text.data();
}

std::vector<std::string> last_lines(std::string text, bool cut) {
  if (cut) text.erase(0, text.find('\n') + 1);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(base::cut_utf8(base::valid_utf8(text.substr(at, end - at)), kLineBytesMax));
    at = end + 1;
  }
  if (lines.size() > kLogLinesMax) lines.erase(lines.begin(), lines.end() - kLogLinesMax);
  return lines;
}

std::string with_crlf(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    if (c != '\r') out += c;
  }
  return out;
}

}  // namespace

std::string signature_of(const std::string& secret, const std::string& timestamp,
                         const std::string& body) {
  return "v1=" + base::hmac_sha256(secret, timestamp + "." + body).hex();
}

Status Sender::deliver(std::int64_t id, const std::string& payload,
                       const std::stop_token& stop) const {
  const auto json = Json::parse(payload);
  if (!json.ok()) return json.status();
  Json message = (*json)["message"];
  if (json->contains("log")) add_log((*json)["log"], message);
  const std::string number = std::to_string(id);
  if (!json->contains("channel")) {
    const WebhookChannel hook{(*json)["webhook"].as_string(), "", (*json)["secret"].as_string()};
    return post_to(hook, number, message.dump(), stop);
  }
  const std::string& name = (*json)["channel"].as_string();
  const auto channel = options_.config.channels.find(name);
  if (channel == options_.config.channels.end()) {
    return {Code::kFailedPrecondition, base::kErrUsage,
            "the operator's configuration has no channel '" + name + "'"};
  }
  if (const auto* hook = std::get_if<WebhookChannel>(&channel->second)) {
    return post_to(*hook, number, message.dump(), stop);
  }
  if (const auto* command = std::get_if<CommandChannel>(&channel->second)) {
    return run_command(command->command, message.dump() + "\n", options_.command_time_max, stop);
  }
  return mail(std::get<MailChannel>(channel->second), number, message, stop);
}

Status Sender::beat(const std::stop_token& stop) const {
  Json body{Json::Object{}};
  body.set("heartbeat", true).set("version", options_.version);
  return post_to(options_.config.heartbeat.to, "heartbeat", body.dump(), stop);
}

Status Sender::post_to(const WebhookChannel& to, const std::string& id, const std::string& body,
                       const std::stop_token& stop) const {
  PostPlan plan;
  plan.url = to.url;
  if (plan.url.empty()) {
    auto url = options_.secrets.read_file(to.url_file);
    if (!url.ok()) return url.status();
    plan.url = std::move(*url);
  }
  const std::string timestamp = unix_seconds();
  plan.headers = {"Content-Type: application/json", "User-Agent: weir/" + options_.version,
                  "Weir-Delivery: " + id, "Weir-Timestamp: " + timestamp, "Expect:"};
  if (!to.secret.empty()) {
    const auto secret = options_.secrets.read(to.secret);
    if (!secret.ok()) return secret.status();
    plan.headers.push_back("Weir-Signature: " + signature_of(*secret, timestamp, body));
  }
  plan.body = body;
  plan.timeout = options_.post_time_max;
  plan.stop = stop;
  return post(plan);
}

Status Sender::mail(const MailChannel& to, const std::string& id, const Json& message,
                    const std::stop_token& stop) const {
  MailPlan plan;
  plan.server = to.server;
  plan.user = to.user;
  if (!to.password.empty()) {
    auto password = options_.secrets.read(to.password);
    if (!password.ok()) return password.status();
    plan.password = std::move(*password);
  }
  plan.from = to.from;
  plan.to = to.to;
  plan.needs_tls = to.needs_tls;
  plan.stop = stop;
  std::string all;
  for (const std::string& address : to.to) all += (all.empty() ? "" : ", ") + address;
  const std::string& text = message["text"].as_string();
  // Encoded, so that no name of a job can add a header.
  const std::string subject = base::base64("weir " + text.substr(0, text.find('\n')));
  plan.message = "From: " + to.from + "\r\nTo: " + all + "\r\nDate: " + mail_date() +
                 "\r\nMessage-ID: <" + id + "." + unix_seconds() + ".weir@" +
                 to.from.substr(to.from.find('@') + 1) + ">\r\nSubject: =?UTF-8?B?" + subject +
                 "?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                 "Content-Transfer-Encoding: 8bit\r\n\r\n" +
                 with_crlf(text) + "\r\n";
  return send_mail(plan);
}

void Sender::add_log(const Json& attempt, Json& message) const {
  const auto run = base::RunId::parse(attempt["run"].as_string());
  if (options_.logs == nullptr || !run) return;
  const base::AttemptKey key{*run, std::int32_t(attempt["task"].as_int()),
                             std::int32_t(attempt["epoch"].as_int())};
  using base::LogStream;
  for (const LogStream stream : {LogStream::kStderr, LogStream::kLog, LogStream::kStdout}) {
    std::int64_t offset = -kLogBytesMax;
    ports::LogInfo info;
    const auto text = options_.logs->read(key, stream, offset, kLogBytesMax, info);
    if (!text.ok() || text->empty()) continue;  // the message goes without
    const auto lines = last_lines(*text, offset > 0);
    Json list{Json::Array{}};
    std::string words = message["text"].as_string() + "\nlast lines of its log:";
    for (const std::string& line : lines) {
      list.push(line);
      words += "\n  " + line;
    }
    message.set("log", std::move(list)).set("text", words);
    return;
  }
}

}  // namespace weir::alerts
