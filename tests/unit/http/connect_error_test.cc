// Error documents of the Connect protocol: names and HTTP statuses by
// gRPC's numbers. Pure functions; the expected pairs are the
// specification's.
#include "scheduler/http/connect_error.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace weir::http {
namespace {

TEST(ConnectError, CodesHaveTheirNamesAndStatuses) {
  EXPECT_EQ(connect_code(5), "not_found");
  EXPECT_EQ(http_status(5), 404u);
  EXPECT_EQ(connect_code(16), "unauthenticated");
  EXPECT_EQ(http_status(16), 401u);
  EXPECT_EQ(connect_code(9), "failed_precondition");
  EXPECT_EQ(http_status(9), 400u);
  EXPECT_EQ(http_status(8), 429u);
  EXPECT_EQ(http_status(14), 503u);
}

TEST(ConnectError, NumbersThatDoNotExistAreUnknown) {
  for (const int code : {-1, 17, 1000}) {
    EXPECT_EQ(connect_code(code), "unknown");
    EXPECT_EQ(http_status(code), 500u);
  }
}

TEST(ConnectError, TheDocumentIsJsonWhateverTheMessageHolds) {
  const std::string message = "WEIR-E0203: no \"run\"\n\\ \x01";
  const auto json = base::Json::parse(error_document(5, message));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["code"].as_string(), "not_found");
  EXPECT_EQ((*json)["message"].as_string(), message);
}

}  // namespace
}  // namespace weir::http
