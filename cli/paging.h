// Reading lists page by page into one response message, so that every output format sees the
// whole. A template over request and response types; the limit on items is named here.
// No thread affinity.
#pragma once

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace weir::cli {

inline constexpr int kPageSize = 1000;
inline constexpr int kLargePageSize = 5000;  // of lists that are computed anew for each page
inline constexpr int kItemsMax = 1'000'000;  // of one list

// Calls `list(request)` until there is no next page or `limit` items are there (0: all). `items`
// gives the repeated field of a response. The result is the last response with the items of all
// pages.
template <class Request, class List, class Items>
auto read_pages(Request request, int limit, List list, Items items, int page_size = kPageSize)
    -> decltype(list(request)) {
  const int most = limit > 0 ? limit : kItemsMax;
  request.set_page_size(std::min(most, page_size));
  auto all = list(request);
  if (!all.ok()) return all;
  while (!all->next_page_token().empty() && items(*all)->size() < most) {
    request.set_page_token(all->next_page_token());
    request.set_page_size(std::min(most - items(*all)->size(), page_size));
    auto page = list(request);
    if (!page.ok()) return page;
    items(*all)->MergeFrom(*items(*page));
    all->set_next_page_token(page->next_page_token());
  }
  return all;
}

// The same for a response of several lists: all pages, merged.
template <class Request, class List>
auto read_pages_merged(Request request, List list) -> decltype(list(request)) {
  request.set_page_size(kLargePageSize);
  auto all = list(request);
  while (all.ok() && !all->next_page_token().empty()) {
    request.set_page_token(all->next_page_token());
    auto page = list(request);
    if (!page.ok()) return page;
    all->clear_next_page_token();
    all->MergeFrom(*page);
  }
  return all;
}

// The same for events, which have a sequence instead of tokens, to the newest that there was at the
// beginning: on a busy scheduler there is always another one. A page may be short; only an empty
// one is the end.
template <class Request, class List>
auto read_event_pages(Request request, List list) -> decltype(list(request)) {
  request.set_page_size(kPageSize);
  auto all = list(request);
  if (!all.ok()) return all;
  const auto goal = all->as_of_seq();
  bool more = !all->events().empty();
  while (more && all->next_since_seq() < goal) {
    request.set_since_seq(all->next_since_seq());
    auto page = list(request);
    if (!page.ok()) return page;
    more = !page->events().empty();
    all->MergeFrom(*page);
  }
  all->set_as_of_seq(goal);
  return all;
}

}  // namespace weir::cli
