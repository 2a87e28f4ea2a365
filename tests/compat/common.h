// What the programs in wrong/ share; compiled once into a precompiled header.
// Each program must be refused with exactly one error, on its line that ends in "// error: …", with
// these words. Never linked.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <weir/weir.h>

struct Row {
  int id = 0;
  std::string text;
};
struct Labels {
  std::vector<int> of;
};
struct Dataset {
  std::vector<Row> rows;
};
struct Db {
  int port = 0;
};
using Rows = std::vector<Row>;

inline Rows extract(weir::Context&) { return {}; }
inline Labels load_labels(weir::Context&) { return {}; }
inline Dataset build(weir::Context&, const Rows&, const Labels&) { return {}; }
