// Carries one message where its rule says: signs and posts it, mails it, or hands it to a command.
// Adds what the attempt's log said last, which the engine does not see. Blocks, so never on the
// loop's thread; deliver() and beat() may run at the same time.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "base/json.h"
#include "base/status.h"
#include "scheduler/alerts/config.h"
#include "scheduler/alerts/secrets.h"
#include "scheduler/ports/logs.h"

namespace weir::alerts {

// What is signed: "TIMESTAMP.BODY", with HMAC-SHA256; the header holds "v1=" and its hex digits.
std::string signature_of(const std::string& secret, const std::string& timestamp,
                         const std::string& body);

struct SenderOptions {
  Config config;
  Secrets secrets;
  ports::LogStore* logs = nullptr;  // null: messages go without; outlives the sender
  std::string version;
  std::chrono::milliseconds post_time_max{10'000};     // of one webhook, its answer included
  std::chrono::milliseconds command_time_max{60'000};  // then it is killed
};

class Sender {
 public:
  explicit Sender(SenderOptions options) : options_(std::move(options)) {}

  // `payload` as the engine wrote it; `id` tells a receiver that a message has come twice.
  base::Status deliver(std::int64_t id, const std::string& payload,
                       const std::stop_token& stop) const;
  // The heartbeat, if there is one.
  base::Status beat(const std::stop_token& stop) const;

  const Config& config() const { return options_.config; }

 private:
  base::Status post_to(const WebhookChannel& to, const std::string& id, const std::string& body,
                       const std::stop_token& stop) const;
  base::Status mail(const MailChannel& to, const std::string& id, const base::Json& message,
                    const std::stop_token& stop) const;
  void add_log(const base::Json& attempt, base::Json& message) const;

  const SenderOptions options_;
};

// Runs `sh -c command` with `input` on its stdin and nothing else inherited but stdout, stderr and
// the environment. UNAVAILABLE with the exit status or signal; DEADLINE_EXCEEDED when it was killed
// for running too long; CANCELED when `stop` was requested.
base::Status run_command(const std::string& command, std::string_view input,
                         std::chrono::milliseconds timeout, const std::stop_token& stop);

}  // namespace weir::alerts
