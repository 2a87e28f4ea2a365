// What leaves for a webhook and what its answers mean, against a real receiver on the loopback
// device: signature, ids, redirects, silence, refusal, endless answers; the log in a message; the
// operator's channels. One receiver a test; waits are its answers.
#include "scheduler/alerts/sender.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/hmac.h"
#include "scheduler/alerts/http.h"
#include "tests/support/loopback_http.h"

namespace weir::alerts_tests {
namespace {

using alerts::Sender;
using base::Code;
using base::Json;
using base::Status;
using testing::HasSubstr;
using tests::HttpRequest;
using tests::LoopbackHttp;

// Logs of one attempt, by stream.
class OneLog final : public ports::LogStore {
 public:
  Status append(const base::AttemptKey&, ports::LogStream stream, std::int64_t,
                std::string_view data, bool) override {
    texts_[stream] += data;
    return {};
  }
  base::Result<ports::Page<ports::LogInfo>> list(base::RunId, std::optional<std::int32_t>,
                                                 const ports::PageRequest&) override {
    return Status(Code::kUnimplemented, base::kErrInternal, "not asked for");
  }
  base::Result<std::string> read(const base::AttemptKey&, ports::LogStream stream,
                                 std::int64_t& offset, std::int64_t limit,
                                 ports::LogInfo&) override {
    const std::string& text = texts_[stream];
    const auto size = std::int64_t(text.size());
    offset = std::max<std::int64_t>(size + offset, 0);
    return text.substr(std::size_t(offset), std::size_t(limit));
  }

 private:
  std::map<ports::LogStream, std::string> texts_;
};

class SenderTest : public testing::Test {
 protected:
  SenderTest() {
    folder_ = testing::TempDir() + "weir-sender-XXXXXX";
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    std::ofstream(folder_ + "/key") << "a shared secret\n";
    options_.version = "9.9";
    options_.logs = &log_;
  }
  ~SenderTest() override { std::filesystem::remove_all(folder_); }

  static Json message() {
    Json message{Json::Object{}};
    message.set("alert", std::int64_t(5)).set("text", "[firing] bad: shop/daily\nit failed");
    return message;
  }
  // As the engine writes it, for a rule with a webhook.
  std::string payload(const std::string& url, const std::string& secret = "") const {
    Json payload{Json::Object{}};
    payload.set("webhook", url).set("secret", secret).set("message", message());
    return payload.dump();
  }
  Status deliver(const std::string& payload) {
    return Sender(options_).deliver(7, payload, stop_.get_token());
  }

  std::string folder_;
  OneLog log_;
  alerts::SenderOptions options_;
  std::stop_source stop_;
};

std::optional<std::string> take(const HttpRequest&, std::size_t) {
  return LoopbackHttp::reply(200);
}

TEST_F(SenderTest, SignsWhatItSendsWithItsTime) {
  LoopbackHttp receiver(take);
  const Status status = deliver(payload(receiver.url(), "file:" + folder_ + "/key"));
  ASSERT_TRUE(status.ok()) << status.text();
  const HttpRequest got = receiver.requests().at(0);
  EXPECT_THAT(got.head, HasSubstr("POST /hook HTTP/1.1"));
  EXPECT_EQ(got.header("Content-Type"), "application/json");
  EXPECT_EQ(got.header("User-Agent"), "weir/9.9");
  EXPECT_EQ(got.header("Weir-Delivery"), "7");
  EXPECT_EQ(got.body, message().dump());
  const std::string time = got.header("Weir-Timestamp");
  EXPECT_GT(std::stoll(time), 1'700'000'000);
  EXPECT_EQ(got.header("Weir-Signature"),
            "v1=" + base::hmac_sha256("a shared secret", time + "." + got.body).hex());
}

TEST_F(SenderTest, SignatureIsThatOfOtherPrograms) {
  // printf '%s' '1700000000.{}' | openssl dgst -sha256 -hmac key
  EXPECT_EQ(alerts::signature_of("key", "1700000000", "{}"),
            "v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae");
}

TEST_F(SenderTest, WithoutASecretItIsNotSigned) {
  LoopbackHttp receiver(take);
  ASSERT_TRUE(deliver(payload(receiver.url())).ok());
  EXPECT_EQ(receiver.requests().at(0).header("Weir-Signature"), "");
}

TEST_F(SenderTest, ASecretThatCannotBeReadSendsNothing) {
  LoopbackHttp receiver(take);
  const Status status = deliver(payload(receiver.url(), "file:" + folder_ + "/absent"));
  EXPECT_THAT(status.text(), HasSubstr("absent"));
  EXPECT_TRUE(receiver.requests().empty());
}

TEST_F(SenderTest, AnAnswerOtherThanSuccessIsAFailureThatNamesTheHostAlone) {
  LoopbackHttp receiver([](const auto&, auto) { return LoopbackHttp::reply(500); });
  const Status status = deliver(payload(receiver.url("/T0/secret-path")));
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.text(), HasSubstr("127.0.0.1:" + std::to_string(receiver.port())));
  EXPECT_THAT(status.text(), HasSubstr("answered 500"));
  EXPECT_THAT(status.text(), testing::Not(HasSubstr("secret-path")));
}

TEST_F(SenderTest, ARedirectWithinTheHostIsFollowedAsTheSameRequest) {
  LoopbackHttp receiver([](const HttpRequest& request, auto) {
    return request.path() == "/hook" ? LoopbackHttp::reply(307, "Location: /new\r\n")
                                     : LoopbackHttp::reply(204);
  });
  ASSERT_TRUE(deliver(payload(receiver.url())).ok());
  const auto got = receiver.requests();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_THAT(got[1].head, HasSubstr("POST /new HTTP/1.1"));
  EXPECT_EQ(got[1].body, got[0].body);
}

TEST_F(SenderTest, ARedirectToAnotherHostIsRefused) {
  LoopbackHttp other(take);
  LoopbackHttp receiver([&](const auto&, auto) {
    return LoopbackHttp::reply(302, "Location: " + other.url() + "\r\n");
  });
  const Status status = deliver(payload(receiver.url()));
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.text(), HasSubstr("redirects to another host"));
  EXPECT_TRUE(other.requests().empty());
}

TEST_F(SenderTest, RedirectsInACircleEnd) {
  LoopbackHttp receiver(
      [](const auto&, auto) { return LoopbackHttp::reply(307, "Location: /hook\r\n"); });
  EXPECT_THAT(deliver(payload(receiver.url())).text(), HasSubstr("redirects more than"));
  EXPECT_EQ(receiver.requests().size(), 4u);
}

TEST_F(SenderTest, AReceiverThatSaysNothingIsGivenUpAfterItsTime) {
  LoopbackHttp receiver([](const auto&, auto) { return std::nullopt; });
  options_.post_time_max = std::chrono::milliseconds(200);
  const Status status = deliver(payload(receiver.url()));
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(receiver.requests().size(), 1u);
}

TEST_F(SenderTest, AStopEndsWhatHangs) {
  LoopbackHttp receiver([](const auto&, auto) { return std::nullopt; });
  options_.post_time_max = std::chrono::hours(1);
  const std::jthread stopper([&] {
    receiver.wait_for(1);
    stop_.request_stop();
  });
  EXPECT_EQ(deliver(payload(receiver.url())).code(), Code::kCanceled);
}

TEST_F(SenderTest, AnAnswerWithoutEndIsCutOff) {
  LoopbackHttp receiver(
      [](const auto&, auto) { return "HTTP/1.1 200 OK\r\n\r\n" + std::string(4 << 20, 'x'); });
  EXPECT_THAT(deliver(payload(receiver.url())).text(), HasSubstr("more than anybody reads"));
}

TEST_F(SenderTest, NobodyThereIsAFailure) {
  std::string url;
  {
    const LoopbackHttp gone(take);
    url = gone.url();
  }
  EXPECT_EQ(deliver(payload(url)).code(), Code::kUnavailable);
}

TEST_F(SenderTest, TheLastLinesOfTheAttemptsLogAreAdded) {
  std::string text;
  for (int i = 1; i <= 100; ++i) text += "line " + std::to_string(i) + "\n";
  const base::AttemptKey key{*base::RunId::parse("01JDM4WQ000000000000000001"), 0, 1};
  ASSERT_TRUE(log_.append(key, ports::LogStream::kStderr, 0, text, true).ok());
  LoopbackHttp receiver(take);
  Json whole = *Json::parse(payload(receiver.url()));
  Json attempt{Json::Object{}};
  attempt.set("run", key.run.text()).set("task", std::int64_t(0)).set("epoch", std::int64_t(1));
  whole.set("log", std::move(attempt));
  ASSERT_TRUE(deliver(whole.dump()).ok());
  const Json got = *Json::parse(receiver.requests().at(0).body);
  ASSERT_EQ(got["log"].items().size(), 20u);
  EXPECT_EQ(got["log"].items().front().as_string(), "line 81");
  EXPECT_THAT(got["text"].as_string(), HasSubstr("last lines of its log:\n  line 81\n"));
  EXPECT_THAT(got["text"].as_string(), testing::EndsWith("\n  line 100"));
}

TEST_F(SenderTest, AChannelIsTheOperatorsAndOneThatIsNotThereIsNamed) {
  std::ofstream(folder_ + "/url") << "";
  LoopbackHttp receiver(take);
  std::ofstream(folder_ + "/url") << receiver.url("/chat") << "\n";
  const std::string out = folder_ + "/out";
  options_.config.channels["chat"] = alerts::WebhookChannel{"", folder_ + "/url", ""};
  options_.config.channels["pager"] = alerts::CommandChannel{"cat > " + out};
  const auto to = [](const std::string& channel) {
    Json payload{Json::Object{}};
    payload.set("channel", channel).set("message", message());
    return payload.dump();
  };
  ASSERT_TRUE(deliver(to("chat")).ok());
  EXPECT_EQ(receiver.requests().at(0).path(), "/chat");
  const Status paged = deliver(to("pager"));
  ASSERT_TRUE(paged.ok()) << paged.text();
  std::ifstream in(out);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), message().dump() + "\n");
  EXPECT_THAT(deliver(to("nobody")).text(), HasSubstr("no channel 'nobody'"));
  options_.config.channels["pager"] = alerts::CommandChannel{"/no/such/command"};
  EXPECT_THAT(deliver(to("pager")).text(), HasSubstr("status 127"));
}

TEST_F(SenderTest, AHeartbeatSaysWhoIsAlive) {
  LoopbackHttp receiver(take);
  options_.config.heartbeat.to.url = receiver.url("/beat");
  ASSERT_TRUE(Sender(options_).beat(stop_.get_token()).ok());
  EXPECT_EQ(receiver.requests().at(0).body, R"({"heartbeat":true,"version":"9.9"})");
}

TEST(OriginOf, SaysOfAnAddressWhatMayBeSaid) {
  EXPECT_EQ(alerts::origin_of("https://user:key@hooks.example:8443/a?b#c"),
            "https://hooks.example:8443");
  EXPECT_EQ(alerts::origin_of("nonsense"), "the address");
}

}  // namespace
}  // namespace weir::alerts_tests
