// Mail about alerts, against a mail server of the test on the loopback device that speaks as much
// SMTP as it takes: who it is from and for, that no name in a message becomes a header, and that
// nothing goes out in the clear unless the operator allows it. One connection a test.
#include <array>
#include <string>
#include <thread>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "scheduler/alerts/sender.h"

namespace weir::alerts_tests {
namespace {

using base::Json;
using base::Status;
using testing::HasSubstr;
using testing::Not;

// Takes one mail.
class MailServer {
 public:
  MailServer() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, plain, size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, plain, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~MailServer() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }
  MailServer(const MailServer&) = delete;
  MailServer& operator=(const MailServer&) = delete;

  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  // All that was said to it, when the other side has gone.
  std::string said() {
    thread_.join();
    return said_;
  }

 private:
  void answer(int connection, const std::string& text) {
    const std::string line = text + "\r\n";
    static_cast<void>(::send(connection, line.data(), line.size(), MSG_NOSIGNAL));
  }

  void serve() {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    answer(connection, "220 test");
    std::string line;
    bool data = false;
    for (std::array<char, 1> c; ::recv(connection, c.data(), 1, 0) == 1;) {
      line += c[0];
      if (!line.ends_with("\r\n")) continue;
      said_ += line;
      if (data && line == ".\r\n") {
        data = false;
        answer(connection, "250 taken");
      } else if (!data) {
        data = line.starts_with("DATA");
        answer(connection, data ? "354 go on" : line.starts_with("QUIT") ? "221 bye" : "250 ok");
      }
      line.clear();
    }
    ::close(connection);
  }

  int listener_ = -1, port_ = 0;
  std::string said_;  // of the thread while it runs
  std::jthread thread_;
};

Status send(const std::string& url, bool needs_tls) {
  alerts::SenderOptions options;
  alerts::MailChannel mail;
  mail.server = url;
  mail.from = "weir@example.org";
  mail.to = {"ops@example.org", "ann@example.org"};
  mail.needs_tls = needs_tls;
  options.config.channels["mail"] = mail;
  Json message{Json::Object{}};
  message.set("text", "[firing] bad: a\r\nBcc: evil@example.org\nthe second line\n.\nthe last");
  Json payload{Json::Object{}};
  payload.set("channel", "mail").set("message", std::move(message));
  return alerts::Sender(std::move(options)).deliver(7, payload.dump(), {});
}

TEST(AlertMail, IsFromAndForWhomTheOperatorSays) {
  MailServer server;
  const Status sent = send(server.url(), false);
  ASSERT_TRUE(sent.ok()) << sent.text();
  const std::string said = server.said();
  EXPECT_THAT(said, HasSubstr("MAIL FROM:<weir@example.org>"));
  EXPECT_THAT(said, HasSubstr("RCPT TO:<ops@example.org>"));
  EXPECT_THAT(said, HasSubstr("RCPT TO:<ann@example.org>"));
  const std::string mail = said.substr(said.find("DATA\r\n"));
  const std::string head = mail.substr(0, mail.find("\r\n\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nTo: ops@example.org, ann@example.org\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nSubject: =?UTF-8?B?"));
  EXPECT_THAT(head, Not(HasSubstr("Bcc")));
  // A line of one dot is not its end.
  EXPECT_THAT(mail, HasSubstr("\r\nthe second line\r\n..\r\nthe last\r\n"));
}

TEST(AlertMail, GoesOutInTheClearOnlyIfThatIsAllowed) {
  MailServer server;
  const Status sent = send(server.url(), true);
  EXPECT_FALSE(sent.ok());
  EXPECT_THAT(sent.text(), HasSubstr("127.0.0.1"));
  EXPECT_THAT(server.said(), Not(HasSubstr("DATA")));
}

}  // namespace
}  // namespace weir::alerts_tests
