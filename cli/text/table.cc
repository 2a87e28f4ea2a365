// Rendering of tables: widths first, then lines. Trailing blanks are dropped, so that output can be
// compared and pasted.
// No thread affinity.
#include "cli/text/table.h"

#include <algorithm>

#include "base/check.h"

namespace weir::cli {
namespace {

constexpr std::size_t kGap = 2;  // blanks between columns
constexpr std::size_t kCutWidthMin = 10;

}  // namespace

void Table::add(std::vector<Cell> row) {
  CHECK(row.size() == columns_.size());
  for (Cell& cell : row) cell.text = printable(cell.text);
  rows_.push_back(std::move(row));
}

std::string Table::render(const Painter& paint, std::size_t width) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(display_width(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i].text));
    }
  }
  const std::size_t last = columns_.size() - 1;
  std::size_t before = 0;
  for (std::size_t i = 0; i < last; ++i) before += widths[i] + kGap;
  if (width > 0 && columns_[last].may_cut) {
    const std::size_t room = width > before + kCutWidthMin ? width - before : kCutWidthMin;
    widths[last] = std::min(widths[last], room);
  }
  std::string out;
  const auto line = [&](const std::vector<Cell>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool shorten = i == last && columns_[i].may_cut && width > 0;
      const std::string text = shorten ? cut(cells[i].text, widths[i]) : cells[i].text;
      const std::string fill(widths[i] - std::min(widths[i], display_width(text)), ' ');
      const bool right = columns_[i].align == Align::kRight;
      if (right) out += fill;
      out += paint(cells[i].color, text);
      if (!right && i != last) out += fill;
      if (i != last) out += std::string(kGap, ' ');
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
  };
  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.push_back({column.title, Color::kBold});
  line(titles);
  for (const auto& row : rows_) line(row);
  return out;
}

}  // namespace weir::cli
