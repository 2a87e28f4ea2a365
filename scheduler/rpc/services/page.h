// Pages that fit a message: rows are of very different sizes, so that a page is bounded by bytes
// too. A page that grows too large is read again with half its rows. For the .cc files of services
// only. Read threads.
#pragma once

#include <algorithm>
#include <cstddef>

#include "scheduler/engine/ports.h"
#include "scheduler/rpc/limits.h"

namespace weir::rpc {

// Counts the bytes of a page's rows while they are added.
class PageBytes {
 public:
  template <class Row>
  void add(const Row& row) {
    bytes_ += row.ByteSizeLong();
    ++rows_;
  }
  // One row is a page, whatever its size.
  bool over() const { return rows_ > 1 && bytes_ > kPageBytesMax; }

 private:
  std::size_t bytes_ = 0;
  int rows_ = 0;
};

// `fill(page, bytes)` adds rows to the response, counts them in `bytes` and stops once it is over.
template <class Response, class Fill>
base::Status fill_page(engine::PageRequest page, Response* response, const Fill& fill) {
  while (true) {
    PageBytes bytes;
    const base::Status filled = fill(page, bytes);
    if (!filled.ok() || !bytes.over()) return filled;
    page.size = std::max(1, page.size / 2);
    response->Clear();
  }
}

}  // namespace weir::rpc
