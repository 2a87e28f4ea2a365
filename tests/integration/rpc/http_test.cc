// The HTTP port as a browser, curl and an attacker's page meet it: Connect calls,
// refusals, limits. Requests are raw bytes, so that nothing between helps either
// side.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/json.h"
#include "scheduler/http/limits.h"
#include "tests/integration/rpc/fixture.h"
#include "tests/integration/rpc/raw_http.h"

namespace weir::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kListRuns = "/weir.v1.RunService/ListRuns";
constexpr const char* kJson = "Content-Type: application/json\r\n";

class HttpTest : public SchedulerTest {
 protected:
  std::string address() const { return scheduler_->http_address(); }
  std::string authorized(const std::string& headers = kJson) const {
    return headers + "Authorization: Bearer " + scheduler_->token() + "\r\n";
  }
  static base::Json json(const HttpAnswer& answer) {
    auto parsed = base::Json::parse(answer.body);
    EXPECT_TRUE(parsed.ok()) << answer.body;
    return parsed.ok() ? std::move(parsed).value() : base::Json();
  }
};

TEST_F(HttpTest, AnyUnaryMethodAnswersJson) {
  register_module();
  const std::string run = create_run();
  const HttpAnswer answer = post(address(), kListRuns, "{\"pageSize\":10}", authorized());
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.headers, HasSubstr("Content-Type: application/json"));
  const base::Json document = json(answer);
  ASSERT_EQ(document["runs"].items().size(), 1u);
  const base::Json& first = document["runs"].items()[0];
  EXPECT_EQ(first["id"].as_string(), run);
  EXPECT_TRUE(first["taskCount"].is_int());  // counts stay numbers
}

TEST_F(HttpTest, BinaryMessagesAreTakenToo) {
  register_module();
  create_run();
  v1::ListRunsRequest request;
  request.set_page_size(5);
  const HttpAnswer answer = post(address(), kListRuns, request.SerializeAsString(),
                                 authorized("Content-Type: application/proto\r\n"));
  EXPECT_EQ(answer.status, 200);
  v1::ListRunsResponse response;
  ASSERT_TRUE(response.ParseFromString(answer.body));
  EXPECT_EQ(response.runs_size(), 1);
}

TEST_F(HttpTest, ErrorsAreConnectDocumentsWithTheirStatus) {
  const HttpAnswer missing =
      post(address(), "/weir.v1.RunService/GetRun", "{\"run\":\"0000000000000\"}", authorized());
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(json(missing)["code"].as_string(), "not_found");
  EXPECT_THAT(json(missing)["message"].as_string(), HasSubstr("WEIR-E0203"));
  const HttpAnswer invalid = post(address(), kListRuns, "{\"pageSize\":-1}", authorized());
  EXPECT_EQ(invalid.status, 400);
  EXPECT_EQ(json(invalid)["code"].as_string(), "invalid_argument");
  const HttpAnswer broken = post(address(), kListRuns, "{\"pageSize\":", authorized());
  EXPECT_EQ(broken.status, 400);
  const HttpAnswer unknown_field = post(address(), kListRuns, "{\"pagesize_\":1}", authorized());
  EXPECT_EQ(unknown_field.status, 400);
  EXPECT_THAT(unknown_field.body, HasSubstr("pagesize_"));
}

TEST_F(HttpTest, TheTokenIsNeededAsOverGrpc) {
  register_module();
  const char* create = "/weir.v1.RunService/CreateRun";
  const HttpAnswer refused = post(address(), create, "{\"job\":\"etl/daily\"}");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(json(refused)["code"].as_string(), "unauthenticated");
  const HttpAnswer created = post(address(), create, "{\"job\":\"etl/daily\"}", authorized());
  EXPECT_EQ(created.status, 200) << created.body;
  EXPECT_FALSE(json(created)["runId"].as_string().empty());
}

// gRPC would abort on them as metadata.
TEST_F(HttpTest, AnAuthorizationThatGrpcCannotCarryIsRefusedAndTheSchedulerLives) {
  for (const char* token : {"Bearer \xff", "Bearer a\tb", "\xc3\xbc"}) {
    const HttpAnswer refused =
        post(address(), kListRuns, "{}", std::string(kJson) + "Authorization: " + token + "\r\n");
    EXPECT_EQ(refused.status, 401) << refused.body;
    EXPECT_THAT(refused.body, HasSubstr(scheduler_->token_file()));
  }
  EXPECT_EQ(post(address(), kListRuns, "{}", authorized()).status, 200);
}

TEST_F(HttpTest, NoSocketOfItIsLeftToProgramsThatTheSchedulerStarts) {
  RawHttp client(address());
  client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.receive();
  const std::string port = address().substr(address().rfind(':') + 1);
  int sockets = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) continue;
    if (bound.sin_family != AF_INET || std::to_string(ntohs(bound.sin_port)) != port) continue;
    ++sockets;
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << fd;
  }
  EXPECT_GE(sockets, 2);  // the one that listens and the one that was accepted
}

TEST_F(HttpTest, OtherHostsAndOriginsAreRefusedWhateverTheyAsk) {
  for (const char* path : {"/", "/healthz", kListRuns}) {
    for (const char* host : {"evil.example", "evil.example:7600", "localhost.evil.example"}) {
      const HttpAnswer answer = post(address(), path, "{}", authorized(), host);
      EXPECT_EQ(answer.status, 403) << path << " " << host;
      EXPECT_THAT(answer.body, HasSubstr("WEIR-E0505"));
    }
    EXPECT_EQ(get(address(), path, "evil.example").status, 403) << path;
  }
  const std::string foreign = authorized() + "Origin: http://evil.example\r\n";
  EXPECT_EQ(post(address(), kListRuns, "{}", foreign).status, 403);
  const std::string own = authorized() + "Origin: http://localhost:7600\r\n";
  EXPECT_EQ(post(address(), kListRuns, "{}", own, "localhost:7600").status, 200);
  RawHttp without_host(address());
  without_host.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(without_host.receive().status, 403);
}

TEST_F(HttpTest, OnlyUnaryMethodsOfThePublicApiAreServed) {
  EXPECT_EQ(post(address(), "/weir.v1.RunService/Nothing", "{}", authorized()).status, 404);
  EXPECT_EQ(post(address(), "/nothing", "{}").status, 404);
  EXPECT_EQ(post(address(), "/weir.worker.v1.WorkerProtocolService/AppendLogs", "{}", authorized())
                .status,
            404);
  EXPECT_EQ(post(address(), "/grpc.health.v1.Health/Check", "{}", authorized()).status, 404);
  EXPECT_EQ(post(address(), "/weir.v1.EventService/WatchEvents", "{}", authorized()).status, 501);
  EXPECT_EQ(post(address(), kListRuns, "{}", authorized("Content-Type: text/plain\r\n")).status,
            415);
  EXPECT_EQ(post(address(), kListRuns, "x", authorized() + "Content-Encoding: gzip\r\n").status,
            501);
  RawHttp reading(address());
  reading.send("GET " + std::string(kListRuns) + " HTTP/1.1\r\nHost: localhost\r\n" + authorized() +
               "\r\n");
  EXPECT_EQ(reading.receive().status, 405);
}

TEST_F(HttpTest, TheStartPageNamesTheCommandsUnderAStrictPolicy) {
  const HttpAnswer page = get(address(), "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.headers, HasSubstr("Content-Security-Policy: default-src 'self'"));
  EXPECT_THAT(page.headers, HasSubstr("X-Content-Type-Options: nosniff"));
  EXPECT_THAT(page.headers, HasSubstr("text/html"));
  EXPECT_THAT(page.body, HasSubstr("weir run JOB"));
  EXPECT_THAT(page.body, Not(HasSubstr("<script")));
  const HttpAnswer health = get(address(), "/healthz");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, "ok\n");
  EXPECT_EQ(get(address(), "/readyz").body, "ok\n");
  EXPECT_EQ(get(address(), "/favicon.ico").status, 404);
}

TEST_F(HttpTest, AConnectionServesManyRequestsAndPipelinedOnes) {
  RawHttp http(address());
  const std::string request = "POST " + std::string(kListRuns) +
                              " HTTP/1.1\r\nHost: localhost\r\n" + authorized() +
                              "Content-Length: 2\r\n\r\n{}";
  http.send(request);
  EXPECT_EQ(http.receive().status, 200);
  http.send(request + request);
  EXPECT_EQ(http.receive().status, 200);
  EXPECT_EQ(http.receive().status, 200);
  http.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(http.receive(false).status, 200);
  http.send(request);
  EXPECT_EQ(http.receive().status, 200);
}

TEST_F(HttpTest, ChunkedBodiesAndExpectAreUnderstood) {
  RawHttp chunked(address());
  chunked.send("POST " + std::string(kListRuns) + " HTTP/1.1\r\nHost: localhost\r\n" +
               authorized() + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.receive().status, 200);
  RawHttp expecting(address());
  expecting.send("POST " + std::string(kListRuns) + " HTTP/1.1\r\nHost: localhost\r\n" +
                 authorized() + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(expecting.receive(false).status, 100);
  expecting.send("{}");
  EXPECT_EQ(expecting.receive().status, 200);
}

TEST_F(HttpTest, WhatIsTooLargeIsRefusedWithAnAnswer) {
  RawHttp header(address());
  header.send("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " +
              std::string(http::kHeaderBytesMax, 'x') + "\r\n\r\n");
  const HttpAnswer long_header = header.receive();
  EXPECT_EQ(long_header.status, 431);
  EXPECT_THAT(long_header.body, HasSubstr("WEIR-E0003"));
  const HttpAnswer long_body =
      post(address(), kListRuns, std::string(http::kBodyBytesMax + 1, ' '), authorized());
  EXPECT_EQ(long_body.status, 413);
  RawHttp chunked(address());
  chunked.send("POST " + std::string(kListRuns) + " HTTP/1.1\r\nHost: localhost\r\n" +
               authorized() + "Transfer-Encoding: chunked\r\n\r\n600000\r\n" +
               std::string(0x600000, ' ') + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.receive().status, 413);
}

TEST_F(HttpTest, WhoIsRefusedSendsNoBody) {
  RawHttp http(address());
  http.send("POST " + std::string(kListRuns) + " HTTP/1.1\r\nHost: localhost\r\n" + kJson +
            "Content-Length: 4000000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(http.receive().status, 401);
  EXPECT_TRUE(http.closed());
}

TEST_F(HttpTest, ReadinessIsWhetherNewRunsAreTaken) {
  scheduler_.reset();
  SchedulerOptions full = options();
  full.min_free_bytes = std::int64_t{1} << 60;  // no disk has so much
  start(full);
  EXPECT_EQ(get(address(), "/healthz").status, 200);
  const HttpAnswer answer = get(address(), "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("weir doctor"));
}

TEST_F(HttpTest, RubbishIsAnsweredAndTheConnectionClosed) {
  RawHttp http(address());
  http.send("this is not http\r\n\r\n");
  EXPECT_EQ(http.receive().status, 400);
  EXPECT_TRUE(http.closed());
}

TEST_F(HttpTest, StoppingClosesIdleConnections) {
  RawHttp http(address());
  http.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(http.receive().status, 200);
  scheduler_->stop();
  EXPECT_TRUE(http.closed());
}

}  // namespace
}  // namespace weir::test
