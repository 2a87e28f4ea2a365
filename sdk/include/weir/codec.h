// Which types are values, and how they become bytes and come back: numbers, enums, times, strings,
// weir::Bytes and Json, vectors, arrays, maps, sets, optionals, variants, pairs, tuples, plain
// structs of these, structs with WEIR_FIELDS, and types with a Codec. Bytes carry the writer's
// schema; readers find fields by name. Everything is thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "impl/codec/wire_struct.h"
#include "impl/stage.h"
#include "values.h"

namespace weir {

// Specialise it for a type that Weir cannot look into, with three static functions. schema() gives
// a name of letters, digits and _.:/- that changes with the format; encode(const T&, std::string&
// out) appends, equal values give equal bytes; decode(std::string_view) gives a T and throws when
// the bytes are not one. Example:
//
//   | template <>
//   | struct weir::Codec<Money> {
//   |   static std::string schema() { return "acme.Money/1"; }
//   |   static void encode(const Money& value, std::string& out) { out += value.text(); }
//   |   static Money decode(std::string_view bytes) { return Money::parse(bytes); }
//   | };
template <class T>
struct Codec;

// Names the fields of a struct that reflection cannot see: one with private members, a base class,
// a C array, or more than 64 fields. It stands in the public part of the struct:   WEIR_FIELDS(id,
// text)
#define WEIR_FIELDS(...)                                                          \
  constexpr auto weir_fields() { return ::std::tie(__VA_ARGS__); }                \
  constexpr auto weir_fields() const { return ::std::tie(__VA_ARGS__); }          \
  static constexpr ::std::string_view weir_field_names() { return #__VA_ARGS__; } \
  void weir_fields_of() const {}

// Whether T is a value. Shallow, because recursive types are legal: members are looked at where T
// is used.
template <class T>
concept Encodable = requires {
  sizeof(impl::Wire<T>);
};

// The schema of T as text, such as "[{id:i64,message:string}]".
template <class T>
const std::string& schema_of() {
  static const std::string text = impl::schema_text(impl::type_node<T>());
  return text;
}

// Identifies the schema of T across modules: 32 hexadecimal characters.
template <class T>
const std::string& fingerprint_of() {
  static const std::string text = impl::fingerprint(schema_of<T>());
  return text;
}

// The bytes of a value, schema included. Equal values give equal bytes. Throws CodecError when the
// value is nested more than 100 levels deep, and whatever a Codec of yours throws.
template <class T>
std::string encode(const T& value) {
  impl::Writer out;
  impl::begin_value(out, schema_of<T>());
  impl::Wire<T>::encode(value, out);
  return std::move(out.bytes());
}

// The value in `bytes`, which any schema of the same shape may have written: fields are found by
// name, an added one has its initialiser, a removed one is passed over. Throws CodecError when a
// type changed or the bytes are not a value; safe on any bytes.
template <class T>
T decode(std::string_view bytes) {
  std::string rebuilt;
  impl::Reader in(impl::payload_for(impl::type_node<T>(), schema_of<T>(), bytes, rebuilt));
  T value{};
  impl::Wire<T>::decode(in, value);
  impl::finish_value(in, schema_of<T>());
  return value;
}

}  // namespace weir
