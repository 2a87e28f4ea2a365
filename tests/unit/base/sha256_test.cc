// The published digests of FIPS 180-4 and of the NIST validation suite, every split of a message,
// and digest text. The fast block function is held against the portable one, which the vectors
// alone would not reach.
#include "base/sha256.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "base/sha256_blocks.h"

namespace weir::base {
namespace {

struct Vector {
  std::string message;
  std::string digest;
};

TEST(Sha256, GivesThePublishedDigests) {
  const Vector vectors[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlm"
       "nopqrsmnopqrstnopqrstu",
       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
      {std::string("\xd3", 1), "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"},
      {std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const Vector& vector : vectors) {
    EXPECT_EQ(sha256(vector.message).hex(), vector.digest);
  }
}

TEST(Sha256, PiecesGiveTheDigestOfTheWhole) {
  std::string message;
  for (int i = 0; i < 200; ++i) message += static_cast<char>(i * 7);
  const Digest whole = sha256(message);
  for (std::size_t split = 0; split <= message.size(); ++split) {
    Sha256 hash;
    hash.update(std::string_view(message).substr(0, split));
    hash.update(std::string_view(message).substr(split));
    EXPECT_EQ(hash.finish(), whole) << split;
  }
  Sha256 bytewise;
  for (const char c : message) bytewise.update({&c, 1});
  EXPECT_EQ(bytewise.finish(), whole);
}

TEST(Sha256, EveryLengthAroundTheBlockSizeDiffers) {
  std::vector<Digest> seen;
  for (std::size_t length = 50; length < 140; ++length) {
    seen.push_back(sha256(std::string(length, 'x')));
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST(Sha256, TheFastestBlockFunctionAgreesWithThePortableOne) {
  std::vector<std::uint8_t> blocks(64 * 50);
  std::uint32_t noise = 12345;
  for (std::uint8_t& byte : blocks) {
    noise = noise * 1664525 + 1013904223;
    byte = static_cast<std::uint8_t>(noise >> 24);
  }
  for (std::size_t count = 0; count <= 50; ++count) {
    std::uint32_t portable[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    std::uint32_t best[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    compress_portable(portable, blocks.data(), count);
    best_sha256_blocks()(best, blocks.data(), count);
    EXPECT_TRUE(std::equal(portable, portable + 8, best)) << count;
  }
}

TEST(Digest, TextAndBytesRoundTrip) {
  const Digest digest = sha256("weir");
  EXPECT_EQ(Digest::parse(digest.hex()), digest);
  EXPECT_EQ(Digest::from_bytes(digest.raw()), digest);
  EXPECT_TRUE(digest);
  EXPECT_FALSE(Digest{});
}

TEST(Digest, ParseRefusesOtherText) {
  EXPECT_FALSE(Digest::parse("abc"));
  EXPECT_FALSE(Digest::parse(std::string(64, 'g')));
  EXPECT_FALSE(Digest::from_bytes("short"));
}

}  // namespace
}  // namespace weir::base
