// How a browser is let in: addresses with a code, the cookie that they are redeemed for, and what
// other pages and ports try with it. Requests are raw bytes, so that nothing between helps either
// side.
#include <filesystem>
#include <fstream>

#include "tests/integration/rpc/fixture.h"
#include "tests/integration/rpc/raw_http.h"

namespace weir::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kHost = "localhost:7600";
constexpr const char* kListRuns = "/weir.v1.RunService/ListRuns";
constexpr const char* kJson = "Content-Type: application/json\r\n";
constexpr const char* kOwnOrigin = "Origin: http://localhost:7600\r\n";

// The value of a header, empty when it is not there.
std::string header(const HttpAnswer& answer, const std::string& name) {
  const std::size_t at = answer.headers.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return answer.headers.substr(begin, answer.headers.find("\r\n", begin) - begin);
}

class BrowserTest : public SchedulerTest {
 protected:
  std::string address() const { return scheduler_->http_address(); }

  // "/?code=…", as `weir open` prints it after the host.
  std::string path_with_code() {
    Call call(scheduler_->token());
    v1::CreateBrowserAddressResponse response;
    const grpc::Status status =
        system_->CreateBrowserAddress(call.get(), v1::CreateBrowserAddressRequest(), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_GT(response.valid_seconds(), 0);
    const std::string origin = "http://" + address();
    EXPECT_TRUE(response.address().starts_with(origin + "/?code=")) << response.address();
    return response.address().substr(origin.size());
  }

  HttpAnswer visit(const std::string& target, const std::string& headers = "") {
    RawHttp http(address());
    http.send("GET " + target + " HTTP/1.1\r\nHost: " + kHost + "\r\n" + headers + "\r\n");
    return http.receive();
  }

  // The Cookie header that a browser sends once it has been let in.
  std::string let_in() {
    const HttpAnswer answer = visit(path_with_code());
    const std::string cookie = header(answer, "Set-Cookie");
    EXPECT_EQ(answer.status, 303);
    return "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n";
  }

  int call(const std::string& headers, const std::string& host = kHost) {
    return post(address(), kListRuns, "{}", kJson + headers, host).status;
  }
};

TEST_F(BrowserTest, AnAddressWithACodeIsRedeemedForACookieOnce) {
  const std::string path = path_with_code();
  const HttpAnswer first = visit(path);
  EXPECT_EQ(first.status, 303);
  EXPECT_EQ(header(first, "Location"), "/");
  EXPECT_EQ(header(first, "Referrer-Policy"), "no-referrer");
  EXPECT_EQ(header(first, "Cache-Control"), "no-store");
  const std::string cookie = header(first, "Set-Cookie");
  EXPECT_TRUE(cookie.starts_with("weir_pass_7600=")) << cookie;
  for (const char* attribute : {"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age="}) {
    EXPECT_THAT(cookie, HasSubstr(attribute));
  }
  EXPECT_THAT(cookie, Not(HasSubstr(scheduler_->token())));
  const std::string sent = "Cookie: other=1; " + cookie.substr(0, cookie.find(';')) + "\r\n";
  EXPECT_EQ(call(sent + kOwnOrigin), 200);

  const HttpAnswer second = visit(path);
  EXPECT_EQ(second.status, 401);
  EXPECT_EQ(header(second, "Set-Cookie"), "");
  EXPECT_THAT(second.body, HasSubstr("weir open"));
  const HttpAnswer by_the_same_browser = visit(path, sent);
  EXPECT_EQ(by_the_same_browser.status, 303);
  EXPECT_EQ(header(by_the_same_browser, "Set-Cookie"), "");
}

TEST_F(BrowserTest, ACookieOutlivesARestartButNotTheToken) {
  const std::string cookie = let_in();
  scheduler_.reset();
  start(options());
  EXPECT_EQ(call(cookie + kOwnOrigin), 200);
  const std::string token_file = scheduler_->token_file();
  scheduler_.reset();
  std::filesystem::remove(token_file);
  start(options());
  EXPECT_EQ(call(cookie + kOwnOrigin), 401);
}

TEST_F(BrowserTest, OtherPagesCannotUseTheCookie) {
  const std::string cookie = let_in();
  EXPECT_EQ(call(cookie), 403);  // no browser sends a POST without its Origin
  for (const char* origin : {"http://evil.example", "http://localhost:7601", "http://localhost",
                             "http://127.0.0.1:7600", "null"}) {
    EXPECT_EQ(call(cookie + "Origin: " + origin + "\r\n"), 403) << origin;
  }
  const HttpAnswer form =
      post(address(), kListRuns, "{}", "Content-Type: text/plain\r\n" + cookie + kOwnOrigin, kHost);
  EXPECT_EQ(form.status, 415);
  EXPECT_EQ(call(cookie + kOwnOrigin), 200);
}

TEST_F(BrowserTest, ACookieIsOfThePortThatWasAsked) {
  const std::string cookie = let_in();
  EXPECT_EQ(call(cookie + "Origin: http://localhost:7700\r\n", "localhost:7700"), 401);
  EXPECT_EQ(call("Cookie: weir_pass_7600=1.0; weir_pass_7600=x\r\n" + std::string(kOwnOrigin)),
            401);
  const std::string after_another = "Cookie: weir_pass_7600=forged; " + cookie.substr(8);
  EXPECT_EQ(call(after_another + kOwnOrigin), 200);
}

TEST_F(BrowserTest, AWrongTokenIsNotMadeGoodByACookie) {
  EXPECT_EQ(call(let_in() + kOwnOrigin + "Authorization: Bearer wrong\r\n"), 401);
}

TEST_F(BrowserTest, WrongCodesLetNobodyInAndAreAnsweredWithAPage) {
  for (const char* target : {"/?code=", "/?code=0", "/?token=", "/?token=wrong", "/x?a=1&code=2"}) {
    const HttpAnswer answer = visit(target);
    EXPECT_EQ(answer.status, 401) << target;
    EXPECT_EQ(header(answer, "Set-Cookie"), "") << target;
    EXPECT_THAT(answer.headers, HasSubstr("text/html"));
    EXPECT_THAT(answer.body, HasSubstr("weir open"));
  }
}

TEST_F(BrowserTest, TheTokenItselfLetsInAsWell) {
  const HttpAnswer answer = visit("/?token=" + scheduler_->token());
  EXPECT_EQ(answer.status, 303);
  EXPECT_THAT(header(answer, "Set-Cookie"), Not(HasSubstr(scheduler_->token())));
  EXPECT_EQ(header(answer, "Location"), "/");
}

TEST_F(BrowserTest, OneIsSentOnToTheSamePageAndNeverToAnotherSite) {
  const auto sent_to = [&](const std::string& path) {
    return header(visit(path + path_with_code().substr(1)), "Location");
  };
  EXPECT_EQ(sent_to("/runs/abc"), "/runs/abc");
  for (const char* path : {"//evil.example/", "/\\evil.example", "/a\"b", "http://evil.example/"}) {
    EXPECT_EQ(sent_to(path), "/") << path;
  }
}

TEST_F(BrowserTest, AskingForTheHeadersOnlyUsesNoCodeUp) {
  const std::string path = path_with_code();
  RawHttp http(address());
  http.send("HEAD " + path + " HTTP/1.1\r\nHost: " + kHost + "\r\n\r\n");
  EXPECT_EQ(http.receive(false).status, 200);
  EXPECT_EQ(visit(path).status, 303);
}

}  // namespace
}  // namespace weir::test
