// Pages that fit a message: rows are of very different sizes, so that a page is bounded by bytes
// too. A page of stored rows that grows too large is read again with half of them; an answer that
// is computed as a whole is cut where the page is full. For the .cc files of services only. Any
// thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "base/sha256.h"
#include "scheduler/ports/reader.h"
#include "scheduler/rpc/limits.h"

namespace weir::rpc {

// Counts the bytes of a page's rows while they are added.
class PageBytes {
 public:
  template <class Row>
  void add(const Row& row) {
    add_bytes(row.ByteSizeLong());
  }
  void add_bytes(std::size_t bytes) {
    bytes_ += bytes;
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
base::Status fill_page(ports::PageRequest page, Response* response, const Fill& fill) {
  while (true) {
    PageBytes bytes;
    const base::Status filled = fill(page, bytes);
    if (!filled.ok() || !bytes.over()) return filled;
    page.size = std::max(1, page.size / 2);
    response->Clear();
  }
}

// As fill_page(), of stored rows that become messages one by one: `read(page)` gives a Result of a
// page of them, and `fill(row, message)` fills a message of `list`, which is the response's.
template <class Response, class List, class Read, class Fill>
base::Status fill_rows(const ports::PageRequest& page, Response* response, List* list,
                       const Read& read, const Fill& fill) {
  return fill_page(page, response, [&](const ports::PageRequest& part, PageBytes& bytes) {
    const auto rows = read(part);
    if (!rows.ok()) return rows.status();
    for (const auto& row : rows->rows) {
      auto* message = list->Add();
      const base::Status filled = fill(row, message);
      if (!filled.ok()) return filled;
      bytes.add(*message);
      if (bytes.over()) break;
    }
    response->set_next_page_token(rows->next);
    return base::Status();
  });
}

// The row of the answer at which the page begins. INVALID_ARGUMENT kErrPageToken for what is no
// token, FAILED_PRECONDITION kErrPageStale for one of another answer.
base::Result<std::size_t> answer_begin(const std::string& token, const base::Digest& answer,
                                       std::size_t rows);
std::string answer_token(const base::Digest& answer, std::size_t row);

// A page of an answer of `rows` rows that is computed as a whole for each of its pages. Its tokens
// are bound to the digest of the answer: once that changes, places in it mean nothing any more, so
// the next page is refused rather than joined to those before. `size(row)` tells the bytes of a
// row, `add(row)` adds it to the response.
template <class Response, class Size, class Add>
base::Status fill_answer_page(const ports::PageRequest& page, const base::Digest& answer,
                              std::size_t rows, Response* response, const Size& size,
                              const Add& add) {
  const auto begin = answer_begin(page.after, answer, rows);
  if (!begin.ok()) return begin.status();
  const std::size_t end = std::min(rows, *begin + static_cast<std::size_t>(page.size));
  PageBytes bytes;
  std::size_t row = *begin;
  for (; row < end; ++row) {
    bytes.add_bytes(size(row));
    if (bytes.over()) break;
    add(row);
  }
  if (row < rows) response->set_next_page_token(answer_token(answer, row));
  return {};
}

}  // namespace weir::rpc
