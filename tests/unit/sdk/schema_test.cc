// Schemas as text and their fingerprints. These values are in databases: a change here breaks every
// pipeline that is registered, so the expected texts are never edited, only added to. Pure.
// Later formats get tests of their own.
#include <gtest/gtest.h>

#include "tests/unit/sdk/sample_types.h"
#include "weir/codec.h"

namespace {

struct Ticket {
  std::int64_t id = 0;
  std::string message;
};

struct Left;
struct Right {
  std::vector<Left> back;
};
struct Left {
  std::vector<Right> there;
};

TEST(Schema, TextsAreStable) {
  EXPECT_EQ(weir::schema_of<int>(), "i32");
  EXPECT_EQ(weir::schema_of<std::string>(), "string");
  EXPECT_EQ(weir::schema_of<std::vector<Ticket>>(), "[{id:i64,message:string}]");
  EXPECT_EQ(weir::schema_of<sample::Node>(), "{value:i32,children:[^0]}");
  EXPECT_EQ(weir::schema_of<Left>(), "{there:[{back:[^1]}]}");
  EXPECT_EQ(weir::schema_of<sample::Keep>(), "{}");
  EXPECT_EQ(
      weir::schema_of<sample::Everything>(),
      "{truth:bool,letter:char,i8:i8,u16:u16,i64:i64,u64:u64,f32:f32,f64:f64,color:enum<u8>,"
      "wait:duration<i64,1/1000>,at:time<i64,1/1000000>,day:date,text:string,bytes:bytes,json:json,"
      "external:external,numbers:[f64],flags:[bool],points:[{x:i32,y:i32}],"
      "pair_of_texts:[string*2],nothing:[i32*0],by_name:map<string,i32>,by_number:map<i32,string>,"
      "names:set<string>,seen:set<i32>,maybe:optional<{x:i32,y:i32}>,"
      "choice:one_of<{},i32,string>,pair:tuple<i32,string>,triple:tuple<i32,{},f64>,"
      "empty_tuple:tuple<>,keep:{},tree:{value:i32,children:[^0]}}");
}

TEST(Schema, FingerprintsAreStable) {
  EXPECT_EQ(weir::fingerprint_of<int>(), "579a6e6b342a11b9c01fffd40edb24ad");
  EXPECT_EQ(weir::fingerprint_of<std::vector<Ticket>>(), "38e3ac9fcdbd16bbf32fec3f74bc3196");
  EXPECT_EQ(weir::fingerprint_of<sample::Everything>(), "bf6d43f7eb9de3c416f12a02ab5d858c");
}

TEST(Schema, BytesAreStable) {
  const std::string bytes = weir::encode(std::vector<Ticket>{{258, "hi"}});
  EXPECT_EQ(bytes,
            std::string("wv1\0\x19[{id:i64,message:string}]\x01\x02\x01\0\0\0\0\0\0\x02hi", 42));
}

TEST(Schema, NamesOfTypesDoNotMatter) {
  struct Renamed {
    std::int64_t id = 0;
    std::string message;
  };
  EXPECT_EQ(weir::fingerprint_of<Ticket>(), weir::fingerprint_of<Renamed>());
}

struct BadlyNamed {};

}  // namespace

template <>
struct weir::Codec<BadlyNamed> {
  static std::string schema() { return "with a space"; }
  static void encode(const BadlyNamed&, std::string&) {}
  static BadlyNamed decode(std::string_view) { return {}; }
};

TEST(Schema, CodecsWithABadSchemaAreRefused) {
  EXPECT_THROW(weir::schema_of<BadlyNamed>(), weir::CodecError);
}
