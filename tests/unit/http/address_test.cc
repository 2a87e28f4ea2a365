// HOST:PORT as people write it, and which addresses are this machine's
// own. Pure functions; the probe of a port in use is tested with real
// servers.
#include "base/address.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace weir::base {
namespace {

TEST(ParseAddress, UnderstandsWhatPeopleWrite) {
  EXPECT_EQ(parse_address("127.0.0.1:7601").value().text(), "127.0.0.1:7601");
  EXPECT_EQ(parse_address("localhost:0").value().text(), "127.0.0.1:0");
  EXPECT_EQ(parse_address("[::1]:65535").value().text(), "[::1]:65535");
}

TEST(ParseAddress, RefusesTheRestAsWrongUse) {
  for (const char* text : {"", "7601", "127.0.0.1", "127.0.0.1:", ":7601", "::1:7601",
                           "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:7a", "127.0.0.1: 1"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.status().error(), kErrUsage) << text;
  }
}

TEST(RequireLoopback, RefusesEveryAddressThatOthersCanReach) {
  for (const char* text : {"0.0.0.0:7601", "192.168.1.2:7601", "[::]:7601", "example.com:7601",
                           "128.0.0.1:1", "[::ffff:8.8.8.8]:1"}) {
    const Status status = require_loopback(parse_address(text).value(), "--grpc");
    EXPECT_EQ(status.error(), kErrNotLoopback) << text;
  }
  for (const char* text : {"127.0.0.1:1", "127.255.0.1:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(require_loopback(parse_address(text).value(), "--grpc").ok()) << text;
  }
}

}  // namespace
}  // namespace weir::base
