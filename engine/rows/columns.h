// How a row lists its columns, once: a struct's `columns()` names its members and says what each is
// to the table. Statements, encoding, decoding, canonical text, keys and the tables in memory are
// derived from that list by visiting it. Compile-time values; knows no SQL and no row.
#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/ids.h"

namespace weir::engine {

// How the rows of a table may be written. What breaks this is refused, never done in silence.
enum class Writes {
  kOnce,     // history: a row is inserted and never changed
  kUpdated,  // the row takes the place of the one of its key, unless that is sealed
};

struct Table {
  std::string_view name;
  Writes writes = Writes::kUpdated;
};

enum class Role {
  kPlain,
  kKey,       // part of the primary key
  kNullable,  // its empty value is NULL
  kSealing,   // from its first terminal value on, the row does not change any more
};

template <Role kRole, class Row, class Value>
struct Column {
  static constexpr Role role = kRole;
  std::string_view name;  // empty for a member whose own columns stand in its place
  Value Row::*member;
};

template <class Row, class Value>
constexpr Column<Role::kKey, Row, Value> primary(std::string_view name, Value Row::*member) {
  return {name, member};
}
template <class Row, class Value>
constexpr Column<Role::kPlain, Row, Value> column(std::string_view name, Value Row::*member) {
  return {name, member};
}
template <class Row, class Value>
constexpr Column<Role::kNullable, Row, Value> nullable(std::string_view name, Value Row::*member) {
  return {name, member};
}
template <class Row, class Value>
constexpr Column<Role::kSealing, Row, Value> sealing(std::string_view name, Value Row::*member) {
  return {name, member};
}
template <class Row, class Value>
constexpr Column<Role::kKey, Row, Value> primary_nested(Value Row::*member) {
  return {{}, member};
}
template <class Row, class Value>
constexpr Column<Role::kPlain, Row, Value> nested(Value Row::*member) {
  return {{}, member};
}

// The list of a type; specialised for those that cannot have one of their own.
template <class Type>
struct ColumnsOf {
  static constexpr auto list() requires requires { Type::columns(); }
  { return Type::columns(); }
};
template <>
struct ColumnsOf<base::AttemptKey> {
  static constexpr auto list() {
    return std::tuple(column("run_id", &base::AttemptKey::run),
                      column("task", &base::AttemptKey::task),
                      column("epoch", &base::AttemptKey::epoch));
  }
};

template <class Type>
concept HasColumns = requires {
  ColumnsOf<Type>::list();
};

// Calls visit(name, role, value) for every column of the row in their order, nested lists included.
template <class Row, class Visit>
constexpr void visit_columns(Row& row, Visit&& visit, bool within_key = false) {
  const auto one = [&]<class Listed>(const Listed& listed) {
    auto& value = row.*listed.member;
    const Role role = within_key ? Role::kKey : Listed::role;
    if constexpr (HasColumns<std::remove_cvref_t<decltype(value)>>) {
      visit_columns(value, visit, role == Role::kKey);
    } else {
      visit(listed.name, role, value);
    }
  };
  std::apply([&](const auto&... listed) { (one(listed), ...); },
             ColumnsOf<std::remove_const_t<Row>>::list());
}

// Whether the row has come to its end and must not change any more.
template <class Row>
constexpr bool is_sealed(const Row& row) {
  bool sealed = false;
  visit_columns(row, [&](std::string_view, Role role, const auto& value) {
    if constexpr (requires { terminal(value); }) {
      sealed = sealed || (role == Role::kSealing && terminal(value));
    }
  });
  return sealed;
}

// A row is erased, not written, when the bool member that `erased()` names is set.
template <class Row>
concept Erasable = requires {
  Row::erased();
};

// ---- keys ----

namespace columns_impl {

template <class Row, class Value>
constexpr std::tuple<Value> key_part(const Row& row, const Column<Role::kKey, Row, Value>& listed) {
  return {row.*listed.member};
}
template <Role kRole, class Row, class Value>
constexpr std::tuple<> key_part(const Row&, const Column<kRole, Row, Value>&) {
  return {};
}
template <class Value>
constexpr Value unwrap(std::tuple<Value> one) {
  return std::get<0>(std::move(one));
}
template <class... Values>
constexpr std::tuple<Values...> unwrap(std::tuple<Values...> several) {
  return several;
}

// Converts to whatever a member is; named in unevaluated code only.
struct Anything {
  template <class T>
  operator T() const noexcept;
};
template <class Row, class... Members>
consteval std::size_t count_members() {
  if constexpr (requires { Row{Members{}..., Anything{}}; }) {
    return count_members<Row, Members..., Anything>();
  } else {
    return sizeof...(Members);
  }
}

}  // namespace columns_impl

// The primary key of the row as a value: its member, or a tuple of several.
template <class Row>
constexpr auto key_of(const Row& row) {
  return std::apply(
      [&](const auto&... listed) {
        return columns_impl::unwrap(std::tuple_cat(columns_impl::key_part(row, listed)...));
      },
      ColumnsOf<Row>::list());
}
template <class Row>
using KeyOf = decltype(key_of(std::declval<const Row&>()));

// Whether every member of the struct is listed: a column that was forgotten does not compile.
template <class Row>
consteval bool lists_every_member() {
  constexpr std::size_t listed = std::tuple_size_v<decltype(ColumnsOf<Row>::list())>;
  return columns_impl::count_members<Row>() == listed + (Erasable<Row> ? 1 : 0);
}

}  // namespace weir::engine
