// Reads of freshness policies: filters, pages, the one of an asset, and what is known of an asset
// beside its version. Real SQLite in a temporary directory, filled through the store's commits as
// in the scheduler. One thread; times are values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "engine/text/record_text.h"
#include "tests/unit/store/reader_fixture.h"

namespace weir::store_tests {
namespace {

using base::Code;
using engine::FreshnessState;
using engine::record_text;
using ports::FreshnessFilter;
using ports::PageRequest;
using testing::ElementsAre;
using testing::HasSubstr;

engine::FreshnessRow in_state(const std::string& asset, FreshnessState state) {
  engine::FreshnessRow row = freshness_row(asset);
  row.state = state;
  return row;
}

class FreshnessReaderTest : public StoreReaderTest {
 protected:
  void SetUp() override {
    open_with({engine::AssetRow{"model", "ml", "t", false},
               engine::AssetRow{"orders", "shop", "t", false},
               engine::AssetRow{"report", "shop", "t", false},
               in_state("orders", FreshnessState::kFail), in_state("model", FreshnessState::kPass),
               in_state("report", FreshnessState::kPass)});
  }

  std::vector<std::string> assets(const FreshnessFilter& filter, int size = 50) {
    return walk(
        size, [&](const PageRequest& page) { return reader_->list_freshness(filter, page); },
        [](const engine::FreshnessRow& row) { return row.asset; });
  }
};

TEST_F(FreshnessReaderTest, ListsAreInTheOrderOfAssetsWhateverThePage) {
  for (const int size : {1, 2, 3, 4}) {
    EXPECT_THAT(assets({}, size), ElementsAre("model", "orders", "report")) << size;
  }
}

TEST_F(FreshnessReaderTest, FiltersOfFreshnessCombine) {
  EXPECT_THAT(assets({.state = FreshnessState::kPass}), ElementsAre("model", "report"));
  EXPECT_THAT(assets({.state = FreshnessState::kWarn}), ElementsAre());
  EXPECT_THAT(assets({.pipeline = "shop"}), ElementsAre("orders", "report"));
  EXPECT_THAT(assets({.pipeline = "sho"}), ElementsAre());
  EXPECT_THAT(assets({.state = FreshnessState::kPass, .pipeline = "shop"}, 1),
              ElementsAre("report"));
}

TEST_F(FreshnessReaderTest, OneComesBackWholeAndChanged) {
  engine::FreshnessRow row = freshness_row("orders");
  row.retry_at.reset();
  row.paused = false;
  commit_rows(*store_, {row});
  EXPECT_EQ(record_text(*reader_->get_freshness("orders")), record_text(row));
  row.deleted = true;
  commit_rows(*store_, {row});
  EXPECT_EQ(reader_->get_freshness("orders").status().code(), Code::kNotFound);
}

TEST_F(FreshnessReaderTest, AnAssetWithoutOneSuggestsTheNearest) {
  const auto unknown = reader_->get_freshness("modell").status();
  EXPECT_EQ(unknown.code(), Code::kNotFound);
  EXPECT_EQ(unknown.error(), base::kErrFreshness);
  EXPECT_THAT(unknown.message(), HasSubstr("Did you mean 'model'?"));
  EXPECT_EQ(reader_->get_freshness("").status().error(), base::kErrFreshness);
}

TEST_F(FreshnessReaderTest, WhatIsKnownOfAnAssetFromOutsideIsRead) {
  EXPECT_EQ(reader_->get_partition({"rates", ""}).status().error(), base::kErrNeverMaterialized);
  const engine::AssetPartitionRow row{{"rates", ""}, 0, {}, "", at(610), "2026-11"};
  commit_rows(*store_, {row});
  EXPECT_EQ(record_text(*reader_->get_partition({"rates", ""})), record_text(row));
  EXPECT_FALSE(reader_->get_partition({"rates", "2026-11-27"}).ok());
}

}  // namespace
}  // namespace weir::store_tests
