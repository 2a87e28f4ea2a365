// Frames survive any cutting of the byte stream, and rubbish
// is noticed instead of waited for. Pure: bytes in, frames
// out.
#include "worker/core/frame.h"

#include <vector>

#include <gtest/gtest.h>

namespace weir::worker {
namespace {

std::string framed(std::string_view payload) {
  std::string out;
  const std::size_t at = begin_frame(out);
  out += payload;
  end_frame(out, at);
  return out;
}

TEST(Frame, LengthIsLittleEndian) { EXPECT_EQ(framed("abc"), std::string("\x03\0\0\0abc", 7)); }

TEST(Frame, AnyCutGivesTheSameFrames) {
  const std::string large(70'000, 'x');
  const std::string stream = framed("one") + framed("") + framed(large);
  for (std::size_t step : {1, 2, 3, 5, 4096, 1'000'000}) {
    FrameReader reader;
    std::vector<std::string> got;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.append(std::string_view(stream).substr(at, step));
      while (const auto frame = reader.next()) got.emplace_back(*frame);
    }
    EXPECT_EQ(got, (std::vector<std::string>{"one", "", large})) << "cut every " << step;
    EXPECT_EQ(reader.pending(), 0u);
  }
}

TEST(Frame, LengthOverTheLimitBreaksTheStream) {
  FrameReader reader(10);
  reader.append(framed("12345678901"));
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.broken());
  reader.append(framed("ok"));
  EXPECT_FALSE(reader.next());
}

}  // namespace
}  // namespace weir::worker
