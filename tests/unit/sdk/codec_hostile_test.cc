// Bytes that nobody wrote: cut off, flipped, or made to ask for the moon. Decoding throws
// CodecError or gives a value; it never reads past the end, never allocates what it was not given,
// never runs away. Meant for ASan and UBSan. Pure; the random bytes come from a fixed seed.
#include <random>

#include <gtest/gtest.h>

#include "tests/unit/sdk/sample_types.h"
#include "value/json.h"
#include "value/reader.h"
#include "value/schema.h"
#include "weir/codec.h"

namespace {

using sample::Everything;

// Everything with an added and a removed field, so that the bytes go through resolution.
struct Other {
  std::string added = "added";
  std::vector<sample::Point> points;
  std::map<std::string, int> by_name;
  std::optional<sample::Point> maybe;
  std::variant<std::monostate, int, std::string> choice;
  sample::Node tree;
};

// True when the bytes are a T. Anything but CodecError escapes.
template <class T>
bool reads(std::string_view bytes) {
  bool refused = false;
  try {
    weir::decode<T>(bytes);
  } catch (const weir::CodecError& error) {
    refused = true;
    EXPECT_EQ(std::string(error.what()).substr(0, 8), "WEIR-E06");
  }
  return !refused;
}

// Copied to the heap, so that a read past the end is seen.
void feed(std::string_view bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  const std::string_view view(exact.data(), exact.size());
  reads<Everything>(view);
  reads<Other>(view);
  (void)weir::value::value_to_json(view).ok();
}

TEST(CodecHostile, CutOffBytesAreRefusedAtEveryLength) {
  const std::string bytes = weir::encode(sample::full());
  ASSERT_TRUE(reads<Everything>(bytes));
  ASSERT_TRUE(reads<Other>(bytes));
  ASSERT_TRUE(weir::value::value_to_json(bytes).ok());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<char> exact(bytes.begin(), bytes.begin() + static_cast<long>(size));
    const std::string_view cut(exact.data(), exact.size());
    EXPECT_FALSE(reads<Everything>(cut)) << size;
    EXPECT_FALSE(reads<Other>(cut)) << size;
    EXPECT_FALSE(weir::value::value_to_json(cut).ok()) << size;
  }
}

TEST(CodecHostile, BytesLeftOverAreRefused) {
  const std::string bytes = weir::encode(sample::full()) + '\0';
  EXPECT_FALSE(reads<Everything>(bytes));
  EXPECT_FALSE(reads<Other>(bytes));
  EXPECT_FALSE(weir::value::value_to_json(bytes).ok());
}

TEST(CodecHostile, EveryFlippedByteIsSurvived) {
  const std::string bytes = weir::encode(sample::full());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ flip);
      feed(flipped);
    }
  }
}

TEST(CodecHostile, RandomDamageIsSurvived) {
  const std::string bytes = weir::encode(sample::full());
  std::mt19937 random(20261120);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = bytes;
    for (unsigned i = random() % 8 + 1; i > 0; --i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    if (round % 3 == 0) damaged.erase(random() % damaged.size(), random() % 64);
    feed(damaged);
  }
}

TEST(CodecHostile, HugeCountsDoNotAllocate) {
  std::string bytes = weir::value::value_header("[f64]");
  weir::value::append_varint(bytes, UINT64_MAX);
  EXPECT_FALSE(reads<std::vector<double>>(bytes));
  bytes = weir::value::value_header("[string]");
  weir::value::append_varint(bytes, std::uint64_t{1} << 40);
  EXPECT_FALSE(reads<std::vector<std::string>>(bytes));
  EXPECT_FALSE(weir::value::value_to_json(bytes).ok());
  bytes = weir::value::value_header("[{}]");
  weir::value::append_varint(bytes, std::uint64_t{1} << 60);
  EXPECT_FALSE(reads<std::vector<sample::Keep>>(bytes));
  EXPECT_FALSE(weir::value::value_to_json(bytes).ok());
  bytes = weir::value::value_header("[[u8*99999999999]*99999999999]") + std::string(64, 'x');
  EXPECT_FALSE(weir::value::value_to_json(bytes).ok());
}

TEST(CodecHostile, DeepNestingEndsAtALimit) {
  std::string bytes = weir::value::value_header(weir::schema_of<sample::Node>());
  for (int i = 0; i < 100'000; ++i) bytes += std::string("\1\0\0\0\1", 5);
  EXPECT_FALSE(reads<sample::Node>(bytes));
  EXPECT_FALSE(weir::value::value_to_json(bytes).ok());
  struct Fewer {
    std::vector<Fewer> children;
  };
  EXPECT_FALSE(reads<Fewer>(bytes));
}

TEST(CodecHostile, LargeDocumentsAreRefusedRatherThanBuilt) {
  std::string name(100'000, 'n');
  std::string bytes = weir::value::value_header("[{" + name + ":u8}]");
  weir::value::append_varint(bytes, 100'000);
  bytes += std::string(100'000, '\0');
  const auto json = weir::value::value_to_json(bytes);
  ASSERT_FALSE(json.ok());
  EXPECT_EQ(json.status().code(), weir::base::Code::kResourceExhausted);
}

TEST(CodecHostile, BadSchemasAreRefused) {
  using weir::value::Schema;
  for (const char* text : {"",
                           "{",
                           "{a}",
                           "{a:}",
                           "{a:i32",
                           "{a:i32,a:i32}",
                           "[i32",
                           "[i32*]",
                           "^0",
                           "[^0]",
                           "{a:^1}",
                           "map<i32>",
                           "optional<i32,i32>",
                           "duration<i64,1/0>",
                           "duration<i64,-1/1>",
                           "custom<>",
                           "custom<a b>",
                           "i32i32",
                           "i128",
                           "one_of<i32",
                           "enum<string>",
                           "tuple<i32 i32>"}) {
    EXPECT_FALSE(Schema::parse(text).ok()) << text;
  }
  EXPECT_FALSE(Schema::parse(std::string(100'000, '[')).ok());
  EXPECT_TRUE(Schema::parse("{a:[^0],b:tuple<>}").ok());
}

}  // namespace
