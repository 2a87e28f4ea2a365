// Tables for terminals: columns as wide as their widest cell; nothing is ever cut except, on a
// terminal, a last column of free text.
// A value type; no thread affinity.
#pragma once

#include <string>
#include <vector>

#include "cli/text/style.h"

namespace weir::cli {

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kLeft;
  bool may_cut = false;  // free text; only honoured in the last column
};

struct Cell {
  std::string text;
  Color color = Color::kNone;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void add(std::vector<Cell> row);
  bool empty() const { return rows_.empty(); }

  // Ends in a newline. `width`: of the terminal, 0 when there is none.
  std::string render(const Painter& paint, std::size_t width) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace weir::cli
