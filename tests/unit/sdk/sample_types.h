// Value types that the codec tests share: one of every kind that has a codec, with an example of
// each. Plain structs, no macro, but for those that show the macro. Values only.
// They must not change: golden values depend on them.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "weir/codec.h"

namespace sample {

enum class Color : std::uint8_t { kRed, kGreen };

struct Point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  bool operator==(const Point&) const = default;
};

struct Keep {
  bool operator==(const Keep&) const = default;
};

struct Node {  // contains itself
  int value = 0;
  std::vector<Node> children;
  bool operator==(const Node&) const = default;
};

// One field of every kind.
struct Everything {
  bool truth = false;
  char letter = 'a';
  std::int8_t i8 = 0;
  std::uint16_t u16 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u64 = 0;
  float f32 = 0;
  double f64 = 0;
  Color color = Color::kRed;
  std::chrono::milliseconds wait{0};
  std::chrono::sys_time<std::chrono::microseconds> at{};
  std::chrono::year_month_day day{};
  std::string text;
  weir::Bytes bytes;
  weir::Json json;
  weir::External external;
  std::vector<double> numbers;
  std::vector<bool> flags;
  std::vector<Point> points;
  std::array<std::string, 2> pair_of_texts;
  std::array<int, 0> nothing{};
  std::map<std::string, int> by_name;
  std::unordered_map<int, std::string> by_number;
  std::set<std::string> names;
  std::unordered_set<int> seen;
  std::optional<Point> maybe;
  std::variant<std::monostate, int, std::string> choice;
  std::pair<int, std::string> pair;
  std::tuple<int, Keep, double> triple;
  std::tuple<> empty_tuple;
  Keep keep;
  Node tree;
  bool operator==(const Everything&) const = default;
};

inline Everything full() {
  using std::chrono::hours, std::chrono::microseconds, std::chrono::milliseconds;
  using std::chrono::sys_days, std::chrono::year;
  Everything value;
  value.truth = true;
  value.letter = 'z';
  value.i8 = -8;
  value.u16 = 65535;
  value.i64 = INT64_MIN;
  value.u64 = UINT64_MAX;
  value.f32 = 0.1f;
  value.f64 = -1e300;
  value.color = Color::kGreen;
  value.wait = milliseconds(1500);
  value.at = sys_days(year(2026) / 1 / 31) + hours(10) + microseconds(5);
  value.day = year(2024) / 2 / 29;
  value.text = std::string("with \0 inside", 13);
  value.bytes = {std::byte{0}, std::byte{255}};
  value.json = weir::Json::parse(R"( {"a": [1, 2.50], "b c": " x "} )");
  value.external = {"s3://bucket/table", "7"};
  value.numbers = {1.5, -2.5, 0};
  value.flags = {true, false, true};
  value.points = {{1, 2}, {3, 4}};
  value.pair_of_texts = {"left", ""};
  value.by_name = {{"b", 2}, {"a", 1}};
  for (int i = 0; i < 50; ++i) value.by_number[i] = std::to_string(i);
  value.names = {"x", "y"};
  for (int i = 0; i < 50; ++i) value.seen.insert(i * 7);
  value.maybe = Point{9, 9};
  value.choice = "text";
  value.pair = {1, "one"};
  value.triple = {1, {}, 0.5};
  value.tree = {1, {{2, {}}, {3, {{4, {}}}}}};
  return value;
}

// Private members, a base class and a C array: named in WEIR_FIELDS.
struct Base {
  int id = 0;
};
class Account : public Base {
 public:
  WEIR_FIELDS(id, balance_, history)
  Account() = default;
  explicit Account(int number, double balance) : balance_(balance) { id = number; }
  double balance() const { return balance_; }
  double history[3] = {};

 private:
  double balance_ = 0;
};

// A type with a codec of its own.
class Money {
 public:
  Money() = default;
  explicit Money(std::int64_t cents) : cents_(cents) {}
  std::int64_t cents() const { return cents_; }
  bool operator==(const Money&) const = default;

 private:
  std::int64_t cents_ = 0;
};

}  // namespace sample

template <>
struct weir::Codec<sample::Money> {
  static std::string schema() { return "sample.Money/1"; }
  static void encode(const sample::Money& value, std::string& out) {
    out += std::to_string(value.cents());
  }
  static sample::Money decode(std::string_view bytes) {
    return sample::Money(std::stoll(std::string(bytes)));
  }
};
