// The head and the tail of a log are kept, exactly, and the reader is told how much lies
// between. Tried with the same bytes cut in different ways, because pipes cut as they
// like.
#include "worker/core/log_cap.h"

#include <gtest/gtest.h>

namespace weir::worker {
namespace {

std::string through(LogCap& cap, const std::string& data, std::size_t step) {
  std::string out;
  for (std::size_t at = 0; at < data.size(); at += step) {
    out += cap.add(std::string_view(data).substr(at, step));
  }
  return out + cap.finish();
}

TEST(LogCap, LogWithinTheLimitsIsUntouched) {
  std::string data;
  for (int i = 0; i < 15; ++i) data += char('a' + i);
  for (std::size_t step : {1, 4, 100}) {
    LogCap cap({10, 5});
    EXPECT_EQ(through(cap, data, step), data);
  }
}

TEST(LogCap, LargerLogKeepsHeadAndTail) {
  std::string data;
  for (int i = 0; i < 100; ++i) data += char('a' + i % 26);
  for (std::size_t step : {1, 3, 7, 100}) {
    LogCap cap({10, 5});
    const std::string got = through(cap, data, step);
    EXPECT_EQ(got.substr(0, 10), data.substr(0, 10));
    EXPECT_EQ(got.substr(got.size() - 5), data.substr(95)) << "cut every " << step;
    EXPECT_NE(got.find("[weir: 85 bytes dropped here"), std::string::npos) << got;
  }
}

TEST(LogCap, TailBeginsAtALine) {
  LogCap cap({4, 8});
  const std::string got = through(cap, "one\n2222222222\n3333\n", 3);
  EXPECT_EQ(got.substr(0, 4), "one\n");
  EXPECT_EQ(got.substr(got.size() - 6), "\n3333\n");
  EXPECT_NE(got.find("[weir: 11 bytes dropped"), std::string::npos) << got;
}

}  // namespace
}  // namespace weir::worker
