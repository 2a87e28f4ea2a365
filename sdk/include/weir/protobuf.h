// Protobuf messages as values: include it beside weir.h and link libprotobuf. Serialisation is
// deterministic within one version of protobuf. The schema is the message's full name: protobuf's
// own rules say which changes old bytes survive. Thread-safe.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message_lite.h>

#include "codec.h"

namespace weir {

// The codec of every generated message class, also inside of structs and containers.
template <class T>
requires std::derived_from<T, google::protobuf::MessageLite>
struct Codec<T> {
  static std::string schema() { return "proto:" + T().GetTypeName(); }

  // Throws CodecError when a required field is missing or the message exceeds protobuf's 2 GiB.
  static void encode(const T& value, std::string& out) {
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    if (!value.SerializeToCodedStream(&coded)) {
      throw CodecError("WEIR-E0601: a message of type " + T().GetTypeName() +
                       " cannot be serialised");
    }
  }

  // Throws CodecError when the bytes are not a message of that type.
  static T decode(std::string_view bytes) {
    T value;
    if (!value.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      throw CodecError("WEIR-E0601: bytes are not a message of type " + T().GetTypeName());
    }
    return value;
  }
};

}  // namespace weir
