// Which Host and Origin headers reach the scheduler. A name that an
// attacker controls must never be let in, whatever it resolves to. Pure
// function.
#include "scheduler/http/guard.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace weir::http {
namespace {

TEST(HostGuard, LoopbackNamesPassWithAndWithoutAPort) {
  for (const char* host : {"localhost", "localhost:7600", "127.0.0.1", "127.0.0.1:7600", "[::1]",
                           "[::1]:7600", "LOCALHOST:7600", "127.0.0.9:80"}) {
    EXPECT_TRUE(check_origin(host, "", "127.0.0.9").ok()) << host;
  }
}

TEST(HostGuard, EveryOtherNameIsRefused) {
  for (const char* host :
       {"", "evil.example", "evil.example:7600", "localhost.evil.example", "127.0.0.1.evil.example",
        "127.0.0.1:7600.evil.example", "localhost:", "localhost:76a0", "[::1", "[::1]x", "::1",
        "127.0.0.9", "localhost@evil.example", "0.0.0.0:7600", "user@localhost"}) {
    const base::Status status = check_origin(host, "", "127.0.0.1");
    EXPECT_EQ(status.code(), base::Code::kPermissionDenied) << host;
    EXPECT_EQ(status.error(), base::kErrHost) << host;
  }
}

TEST(HostGuard, AnOriginMustBeTheHostThatWasAsked) {
  EXPECT_TRUE(check_origin("localhost:7600", "http://localhost:7600", "127.0.0.1").ok());
  EXPECT_TRUE(check_origin("localhost:7600", "https://localhost:7600", "127.0.0.1").ok());
  for (const char* origin :
       {"http://evil.example", "null", "http://localhost:3000", "http://localhost",
        "http://127.0.0.1:7600", "localhost:7600", "http://localhost:7600.evil.example"}) {
    EXPECT_FALSE(check_origin("localhost:7600", origin, "127.0.0.1").ok()) << origin;
  }
}

}  // namespace
}  // namespace weir::http
