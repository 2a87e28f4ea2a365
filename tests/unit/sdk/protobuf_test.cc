// Protobuf messages as values, with the well-known types as examples.
// Deterministic although protobuf's maps are not.
// Pure.
#include "weir/protobuf.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

namespace {

struct Event {
  int id = 0;
  google::protobuf::Timestamp at;
};

google::protobuf::Struct document(bool backwards) {
  google::protobuf::Struct made;
  for (int i = 0; i < 100; ++i) {
    const int key = backwards ? 99 - i : i;
    (*made.mutable_fields())[std::to_string(key)].set_number_value(key);
  }
  return made;
}

TEST(Protobuf, MessagesComeBackInsideOfStructs) {
  Event event{7, {}};
  event.at.set_seconds(123);
  const auto back = weir::decode<Event>(weir::encode(event));
  EXPECT_EQ(back.id, 7);
  EXPECT_EQ(back.at.seconds(), 123);
  EXPECT_EQ(weir::schema_of<Event>(), "{id:i32,at:custom<proto:google.protobuf.Timestamp>}");
}

TEST(Protobuf, EqualMapsHaveEqualBytes) {
  EXPECT_EQ(weir::encode(document(false)), weir::encode(document(true)));
}

TEST(Protobuf, BytesThatAreNoMessageAreRefused) {
  using Codec = weir::Codec<google::protobuf::Timestamp>;
  EXPECT_THROW(Codec::decode("\xFF\xFF"), weir::CodecError);
  EXPECT_THROW(Codec::decode(std::string_view("\x08", 1)), weir::CodecError);
  EXPECT_EQ(Codec::decode("").seconds(), 0);
}

}  // namespace
