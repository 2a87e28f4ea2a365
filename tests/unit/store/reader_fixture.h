// A database in a temporary directory, with rows that the store has committed as in the scheduler,
// and a reader over it; and every page of a list.
// One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "scheduler/store/sqlite_reader.h"
#include "scheduler/store/sqlite_store.h"
#include "tests/unit/store/sample_rows.h"

namespace weir::store_tests {

class StoreReaderTest : public testing::Test {
 protected:
  void open_with(const std::vector<engine::Record>& rows) {
    auto opened = store::SqliteStore::open(directory_.file("weir.db"));
    ASSERT_TRUE(opened.ok()) << opened.status().text();
    store_ = std::move(opened).value();
    commit_rows(*store_, rows);
    auto reader = store::SqliteReader::open(directory_.file("weir.db"), 2);
    ASSERT_TRUE(reader.ok()) << reader.status().text();
    reader_ = std::move(reader).value();
  }

  TemporaryDirectory directory_;
  std::unique_ptr<store::SqliteStore> store_;
  std::unique_ptr<store::SqliteReader> reader_;
};

// What `key` says of each row of a list: over all of its pages, which `fetch` gives.
template <class Fetch, class Key>
auto walk(int size, const Fetch& fetch, const Key& key) {
  ports::PageRequest request{size, ""};
  std::vector<decltype(key(fetch(request)->rows.front()))> keys;
  for (int pages = 0; pages < 100; ++pages) {
    const auto page = fetch(request);
    EXPECT_TRUE(page.ok()) << page.status().text();
    if (!page.ok()) break;
    EXPECT_LE(page->rows.size(), static_cast<std::size_t>(size));
    for (const auto& row : page->rows) keys.push_back(key(row));
    if (page->next.empty()) break;
    request.after = page->next;
  }
  return keys;
}

}  // namespace weir::store_tests
