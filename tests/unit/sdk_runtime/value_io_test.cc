// Values on their way: small ones inline, large ones as files, and what is wrong
// when they cannot be read. Corruption is found by the digest, before any codec is
// shown the bytes.
#include "sdk/src/value_io.h"

#include <fstream>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "sdk/src/local/local_driver.h"
#include "weir/impl/value_codec.h"

namespace weir::sdk_impl {
namespace {

using ::testing::HasSubstr;

class ValueIo : public ::testing::Test {
 protected:
  template <class T>
  base::Result<WireValue> store(const T& value) {
    return encode_value("the value", impl::value_codec<T>(), std::make_shared<const T>(value),
                        {temporary_.path(), Sync::kDurable}, writer_cache_);
  }
  template <class T>
  base::Result<std::shared_ptr<const void>> load(const WireValue& value) {
    return decode_value("the value", impl::value_codec<T>(), value, reader_cache_);
  }

  TemporaryDirectory temporary_;
  ValueCache writer_cache_;
  ValueCache reader_cache_;
};

TEST_F(ValueIo, TheLimitOfInlineValuesIsExact) {
  const std::string empty = encode(std::string(1000, 'x'));
  const std::size_t frame =
      empty.size() - 1000;  // what the encoding adds, with two bytes of length
  const auto exact = store(std::string(engine::kInlineBytesMax - frame - 1, 'x'));
  ASSERT_TRUE(exact.ok());
  EXPECT_EQ(exact->ref.size, engine::kInlineBytesMax);
  EXPECT_NE(exact->bytes, nullptr);
  const auto over = store(std::string(engine::kInlineBytesMax - frame, 'x'));
  ASSERT_TRUE(over.ok());
  EXPECT_EQ(over->ref.size, engine::kInlineBytesMax + 1);
  EXPECT_EQ(over->bytes, nullptr);
  EXPECT_TRUE(std::filesystem::exists(over->path));
}

TEST_F(ValueIo, AValueIsNotStoredIntoTheReserveOfTheDisk) {
  const std::vector<int> value(50'000, 7);
  ArtifactTarget target{temporary_.path(), Sync::kQuick};
  target.disk_reserve = std::numeric_limits<std::int64_t>::max() / 2;
  const auto codec = impl::value_codec<std::vector<int>>();
  const auto shared = std::make_shared<const std::vector<int>>(value);
  const auto refused = encode_value("the value", codec, shared, target, writer_cache_);
  EXPECT_EQ(refused.status().code(), base::Code::kResourceExhausted);
  EXPECT_EQ(refused.status().error(), base::kErrDiskFull);
  EXPECT_THAT(refused.status().message(), HasSubstr("are kept back"));
  target.disk_reserve = 1;
  EXPECT_TRUE(encode_value("the value", codec, shared, target, writer_cache_).ok());
}

TEST_F(ValueIo, LargeValuesReadBackFromTheirFile) {
  const std::vector<int> value(50'000, 7);
  const auto stored = store(value);
  ASSERT_TRUE(stored.ok()) << stored.status().text();
  const auto loaded = load<std::vector<int>>(*stored);
  ASSERT_TRUE(loaded.ok()) << loaded.status().text();
  EXPECT_EQ(*static_cast<const std::vector<int>*>(loaded->get()), value);
}

TEST_F(ValueIo, ConsecutiveStagesShareTheDecodedValue) {
  const auto held = std::make_shared<const int>(5);
  const auto& codec = impl::value_codec<int>();
  const auto stored =
      encode_value("x", codec, held, {temporary_.path(), Sync::kQuick}, writer_cache_);
  EXPECT_EQ(decode_value("x", codec, *stored, writer_cache_).value(), held);
  EXPECT_NE(decode_value("x", codec, *stored, reader_cache_).value(), held);
}

TEST_F(ValueIo, ACorruptFileIsFoundBeforeTheCodecSeesIt) {
  auto stored = store(std::vector<int>(50'000, 7));
  std::filesystem::permissions(stored->path, std::filesystem::perms::owner_all);
  std::fstream file(stored->path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(1000);
  file.put('!');
  file.close();
  EXPECT_EQ(load<std::vector<int>>(*stored).status().error(), base::kErrArtifactCorrupt);
}

TEST_F(ValueIo, KindsAreNotMixedUp) {
  std::ofstream(temporary_.path() / "f") << "text";
  const auto stored = store(File{temporary_.path() / "f"});
  ASSERT_TRUE(stored.ok()) << stored.status().text();
  EXPECT_EQ(load<std::string>(*stored).status().error(), base::kErrSchema);
}

TEST_F(ValueIo, ExternalReferencesTravelInline) {
  const auto stored = store(External{"s3://bucket/table", "7"});
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->ref.kind, engine::ArtifactKind::kExternal);
  const auto loaded = load<External>(*stored);
  ASSERT_TRUE(loaded.ok()) << loaded.status().text();
  EXPECT_EQ(static_cast<const External*>(loaded->get())->version, "7");
}

TEST_F(ValueIo, ACodecThatThrowsIsNamedWithItsValue) {
  impl::ValueCodec codec = impl::value_codec<int>();
  codec.encode = [](const void*) -> impl::Encoded { throw std::runtime_error("cannot"); };
  const auto stored = encode_value("the asset 'a'", codec, std::make_shared<const int>(1),
                                   {temporary_.path(), Sync::kQuick}, writer_cache_);
  EXPECT_EQ(stored.status().code(), base::Code::kInvalidArgument);
  EXPECT_THAT(stored.status().message(), HasSubstr("the asset 'a' cannot be encoded: cannot"));
}

TEST(Fingerprint, IsTheStartOfTheSchemasHash) {
  EXPECT_EQ(impl::fingerprint("abc"), "ba7816bf8f01cfea414140de5dae2223");
  EXPECT_EQ(impl::fingerprint(schema_of<int>()), fingerprint_of<int>());
}

}  // namespace
}  // namespace weir::sdk_impl
