// Between rows of tables and rows of the engine, derived from the lists of columns that the rows
// give: the SQL that names them, binding on the way in, checked decoding on the way out. A row that
// cannot be decoded is a Status that says which column and why, never a crash. Belongs to the
// thread of the statement.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/check.h"
#include "base/errors.h"
#include "base/json.h"
#include "engine/records.h"
#include "engine/text/json_text.h"
#include "scheduler/store/sqlite.h"

namespace weir::store {

// "run_id, task, name, …", with an empty text in place of the column that nobody will look at.
template <class Row>
std::string column_list(std::string_view unread = {}) {
  std::string text;
  const Row row{};
  engine::visit_columns(row, [&](std::string_view name, engine::Role, const auto&) {
    if (!text.empty()) text += ", ";
    text += name == unread ? "''" : name;
  });
  return text;
}

// Of all columns.
template <class Row>
const std::string& column_names() {
  static const std::string names = column_list<Row>();
  return names;
}

// "SELECT columns FROM table rest": what decode() expects.
template <class Row>
std::string select_rows(std::string_view rest, std::string_view columns = column_names<Row>()) {
  std::string sql = "SELECT ";
  return sql.append(columns).append(" FROM ").append(Row::kTable.name).append(" ").append(rest);
}

// The words of the terminal values, quoted: "'succeeded', 'failed', 'canceled'".
template <base::Worded State>
std::string terminal_words() {
  std::string text;
  for (std::size_t index = 0; index < base::kWords<State>.size(); ++index) {
    if (!terminal(static_cast<State>(index))) continue;
    text.append(text.empty() ? "'" : ", '").append(base::kWords<State>[index]).append("'");
  }
  return text;
}

// Binds the columns of a row from left to right. What SQLite is given must live until the statement
// has run: texts that are made for it are kept here, and a run id's thirteen characters need no
// allocation.
class RowBinder {
 public:
  explicit RowBinder(Statement& statement) : statement_(statement) {}

  // For visit_columns().
  template <class T>
  void operator()(std::string_view, engine::Role role, const T& value) {
    put(value, role);
  }

 private:
  template <class T>
  void put(const T& value, engine::Role role) {
    if constexpr (base::Worded<T>) {
      statement_.bind(++index_, base::word_of(value));
    } else if constexpr (std::is_same_v<T, base::Code>) {
      statement_.bind(++index_, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_same_v<T, base::RunId>) {
      if (role == engine::Role::kNullable && !value) return statement_.bind(++index_, nullptr);
      statement_.bind(++index_, keep(value.text()));
    } else if constexpr (std::is_same_v<T, base::Digest>) {
      if (role == engine::Role::kNullable && !value) return statement_.bind(++index_, nullptr);
      statement_.bind(++index_, value);
    } else if constexpr (std::is_same_v<T, std::shared_ptr<const std::string>>) {
      statement_.bind(++index_, Blob{value.get()});
    } else if constexpr (engine::json_impl::kIsList<T>) {
      std::string text;
      engine::append_json(text, value);
      statement_.bind(++index_, keep(std::move(text)));
    } else {
      statement_.bind(++index_, value);
    }
  }
  std::string_view keep(std::string text) {
    CHECK_MSG(kept_ < texts_.size(), "a row has more columns of made text than a binder keeps");
    return texts_[kept_++] = std::move(text);
  }

  static constexpr std::size_t kTextsMax = 6;
  Statement& statement_;
  int index_ = 0;
  std::size_t kept_ = 0;
  std::array<std::string, kTextsMax> texts_;
};

// Takes the columns of a row from left to right and remembers the first one that is wrong.
class RowDecoder {
 public:
  explicit RowDecoder(const Statement& row) : row_(row) {}

  // For visit_columns().
  template <class T>
  void operator()(std::string_view name, engine::Role role, T& out) {
    const bool empty = role == engine::Role::kNullable && row_.is_null(column_);
    if (!empty) take(name, out);
    ++column_;
  }
  // DATA_LOSS (WEIR-E0405) when a column holds what no writer of ours can have written.
  base::Status status() const {
    if (problem_.empty()) return {};
    return {base::Code::kDataLoss, base::kErrStore, problem_};
  }

 private:
  template <class T>
  void take(std::string_view name, T& out) {
    if constexpr (std::is_same_v<T, std::string>) {
      out = std::string(row_.text(column_));
    } else if constexpr (std::is_same_v<T, bool>) {
      out = row_.int64(column_) != 0;
    } else if constexpr (std::is_integral_v<T>) {
      const std::int64_t wide = row_.int64(column_);
      require(wide >= std::numeric_limits<T>::min() && wide <= std::numeric_limits<T>::max(), name,
              "is out of range");
      out = static_cast<T>(wide);
    } else if constexpr (std::is_same_v<T, base::WallTime>) {
      out = base::WallTime(base::Duration(row_.int64(column_)));
    } else if constexpr (std::is_same_v<T, std::optional<base::WallTime>>) {
      if (!row_.is_null(column_)) take(name, out.emplace());
    } else if constexpr (std::is_same_v<T, base::RunId>) {
      if (row_.is_null(column_)) return;
      take_known(base::RunId::parse(row_.text(column_)), out, name, "is no run id");
    } else if constexpr (std::is_same_v<T, base::Digest>) {
      take_known(base::Digest::from_bytes(row_.blob(column_)), out, name, "is no digest");
    } else if constexpr (base::Worded<T>) {
      take_known(base::parse_word<T>(row_.text(column_)), out, name, "is no known word");
    } else if constexpr (std::is_same_v<T, base::Code>) {
      const std::int64_t code = row_.int64(column_);
      require(code >= 0 && code <= static_cast<int>(base::Code::kUnauthenticated), name,
              "is no status code");
      out = static_cast<base::Code>(code);
    } else if constexpr (std::is_same_v<T, std::shared_ptr<const std::string>>) {
      if (row_.is_null(column_)) return;
      out = std::make_shared<const std::string>(row_.blob(column_));
    } else {
      const base::Result<base::Json> json = base::Json::parse(row_.text(column_));
      require(json.ok() && engine::read_json(*json, out), name, "is no list of this form");
    }
  }
  template <class T>
  void take_known(std::optional<T> found, T& out, std::string_view name, std::string_view what) {
    require(found.has_value(), name, what);
    if (found) out = std::move(*found);
  }
  void require(bool good, std::string_view name, std::string_view what) {
    if (good || !problem_.empty()) return;
    problem_ = "column " + std::string(name) + " " + std::string(what);
  }

  const Statement& row_;
  int column_ = 0;
  std::string problem_;
};

template <class Row>
base::Status decode(const Statement& row, Row& out) {
  RowDecoder decoder(row);
  engine::visit_columns(out, decoder);
  return decoder.status();
}

}  // namespace weir::store
