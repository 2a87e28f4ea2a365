// One request out of the scheduler, by HTTP or by SMTP: what libcurl is used for, and nothing else
// of it is seen outside. Each call blocks until the answer, the timeout or a request to stop, so
// never on the loop's thread. Errors name the host and no more of an address: the rest may be
// secret.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weir::alerts {

struct PostPlan {
  std::string url;                   // http:// or https://
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  std::chrono::milliseconds timeout{10'000};
  std::stop_token stop;
};

// OK when the answer is 2xx. A redirect is followed within the same scheme, host and port, as the
// same request; one to elsewhere is refused. UNAVAILABLE or DEADLINE_EXCEEDED with the host and
// what it answered; CANCELED when it is to stop.
base::Status post(const PostPlan& plan);

struct MailPlan {
  std::string server;  // smtp:// or smtps://
  std::string user;    // empty: without
  std::string password;
  std::string from;
  std::vector<std::string> to;
  bool needs_tls = true;  // else it is used where the server has it
  std::string message;    // headers and text, its lines end with CRLF
  std::chrono::milliseconds timeout{30'000};
  std::stop_token stop;
};

base::Status send_mail(const MailPlan& plan);

// "https://hooks.example:8443" of an address: what may be said of it.
std::string origin_of(std::string_view url);

}  // namespace weir::alerts
