// Connects the typed codecs to the erased ones that the runtime uses: one ValueCodec for each type,
// with static storage. Thread-safe.
// The only place that casts values to and from void pointers, besides call.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "../codec.h"
#include "stage.h"

namespace weir::impl {

template <class T>
const T& typed(const void* value) {
  return *static_cast<const T*>(value);
}

template <class T>
ValueCodec make_codec() {
  ValueCodec codec;
  codec.schema = schema_of<T>();
  codec.kind = std::is_same_v<T, External> ? ValueKind::kExternal : ValueKind::kBytes;
  codec.encode = [](const void* value) { return Encoded{weir::encode(typed<T>(value)), {}}; };
  codec.decode = [](const Stored& stored) -> std::shared_ptr<const void> {
    return std::make_shared<const T>(weir::decode<T>(stored.bytes));
  };
  return codec;
}

// Files and trees travel as they are, by path.
template <class T>
ValueCodec make_path_codec(const char* schema, ValueKind kind) {
  ValueCodec codec;
  codec.schema = schema;
  codec.kind = kind;
  codec.encode = [](const void* value) { return Encoded{{}, typed<T>(value).path}; };
  codec.decode = [](const Stored& stored) -> std::shared_ptr<const void> {
    return std::make_shared<const T>(T{stored.path});
  };
  return codec;
}
template <>
inline ValueCodec make_codec<File>() {
  return make_path_codec<File>("file", ValueKind::kFile);
}
template <>
inline ValueCodec make_codec<Tree>() {
  return make_path_codec<Tree>("tree", ValueKind::kTree);
}

template <class T>
const ValueCodec& value_codec() {
  static const ValueCodec codec = make_codec<T>();
  return codec;
}

template <class C>
const CursorRecord& cursor_record() {
  static const CursorRecord record{&value_codec<C>(),
                                   [](std::shared_ptr<const void> at) -> std::shared_ptr<void> {
                                     if (!at) return std::make_shared<Cursor<C>>();
                                     return std::make_shared<Cursor<C>>(typed<C>(at.get()));
                                   },
                                   [](const void* cursor) -> std::shared_ptr<const void> {
                                     const auto& next = typed<Cursor<C>>(cursor).next();
                                     return next ? std::make_shared<const C>(*next) : nullptr;
                                   }};
  return record;
}

template <class T>
ParamRecord param_record(std::string name, T defaults) {
  ParamRecord record;
  record.name = std::move(name);
  record.codec = &value_codec<T>();
  record.defaults = std::make_shared<const T>(std::move(defaults));
  record.to_json = [](const void* value) { return params_to_json(weir::encode(typed<T>(value))); };
  record.from_json = [](const void* value, std::string_view json) -> std::shared_ptr<const void> {
    const std::string encoded = params_from_json(weir::encode(typed<T>(value)), json);
    return std::make_shared<const T>(weir::decode<T>(encoded));
  };
  return record;
}

}  // namespace weir::impl
