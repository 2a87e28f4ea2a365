// The migrated schema against the lists of columns that the rows give: names, order, types, NULLs
// and primary keys must agree, so that a column that was forgotten in either shows here. Also the
// plans of the queries on which the time of a restart depends.
#include "scheduler/store/schema.h"

#include <gtest/gtest.h>

#include "engine/text/record_text.h"
#include "scheduler/store/restore.h"
#include "scheduler/store/row_codec.h"
#include "scheduler/store/sqlite_store.h"
#include "tests/unit/store/sample_rows.h"

namespace weir::store_tests {
namespace {

using store::Connection;
using store::OpenMode;
using store::Statement;

template <class T>
std::string sql_type() {
  if constexpr (std::is_same_v<T, base::Digest> ||
                std::is_same_v<T, std::shared_ptr<const std::string>>) {
    return "BLOB";
  } else if constexpr (base::Worded<T> || std::is_same_v<T, std::string> ||
                       std::is_same_v<T, base::RunId> || engine::json_impl::kIsList<T>) {
    return "TEXT";
  } else {
    return "INTEGER";
  }
}

template <class T>
constexpr bool kHoldsNothing =
    engine::json_impl::kIsOptional<T> || std::is_same_v<T, std::shared_ptr<const std::string>>;

// One line a column: "name TYPE NULL key 1".
std::string line(std::string_view name, const std::string& type, bool null, int key) {
  return std::string(name) + " " + type + (null ? " NULL" : " NOT NULL") +
         (key > 0 ? " key " + std::to_string(key) : "") + "\n";
}

template <class Row>
std::string columns_of_row() {
  std::string text;
  int keys = 0;
  const Row row{};
  engine::visit_columns(row, [&]<class T>(std::string_view name, engine::Role role, const T&) {
    const bool is_key = role == engine::Role::kKey;
    const bool null = role == engine::Role::kNullable || kHoldsNothing<T>;
    text += line(name, sql_type<T>(), null, is_key ? ++keys : 0);
  });
  return text;
}

std::string columns_of_table(Connection& connection, std::string_view table) {
  auto statement =
      connection.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info('" +
                         std::string(table) + "') ORDER BY cid");
  EXPECT_TRUE(statement.ok());
  statement->query();
  std::string text;
  while (true) {
    auto more = statement->next();
    EXPECT_TRUE(more.ok());
    if (!more.ok() || !*more) return text;
    const auto key = static_cast<int>(statement->int64(3));
    const bool null = statement->int64(2) == 0 && key == 0;
    text += line(statement->text(0), std::string(statement->text(1)), null, key);
  }
}

class SchemaTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::SqliteStore::open(directory_.file("weir.db"));
    ASSERT_TRUE(opened.ok());
    store_ = std::move(opened).value();
    auto connection = Connection::open(directory_.file("weir.db"), OpenMode::kReadOnly);
    ASSERT_TRUE(connection.ok());
    connection_ = std::move(connection).value();
  }
  template <class... Rows>
  void expect_tables(const std::variant<Rows...>*) {
    const auto one = [&]<class Row>(std::type_identity<Row>) {
      EXPECT_EQ(columns_of_table(connection_, Row::kTable.name), columns_of_row<Row>())
          << Row::kTable.name << ": the migrations and the row's columns() differ";
    };
    (one(std::type_identity<Rows>{}), ...);
  }
  std::string plan(const std::string& sql) {
    auto statement = connection_.prepare("EXPLAIN QUERY PLAN " + sql);
    EXPECT_TRUE(statement.ok()) << statement.status().text();
    if (!statement.ok()) return "none";
    statement->query();
    std::string text;
    while (true) {
      auto more = statement->next();
      if (!more.ok() || !*more) return text;
      text += std::string(statement->text(3)) + "\n";
    }
  }

  TemporaryDirectory directory_;
  std::unique_ptr<store::SqliteStore> store_;
  Connection connection_;
};

TEST_F(SchemaTest, MigratedTablesHaveTheColumnsOfTheRows) {
  expect_tables(static_cast<const engine::Record*>(nullptr));
}

// Every table but these two is a row of the engine.
TEST_F(SchemaTest, EveryTableIsListed) {
  EXPECT_EQ(*connection_.int64("SELECT COUNT(*) FROM pragma_table_list WHERE schema='main' AND "
                               "type='table' AND name NOT LIKE 'sqlite_%' "
                               "AND name NOT IN ('meta', 'expired_runs')"),
            static_cast<std::int64_t>(std::variant_size_v<engine::Record>));
}

// What a restart asks once, and once for each live run: no scan and no sorting of history.
TEST_F(SchemaTest, RestartReadsLiveRunsThroughTheirIndex) {
  EXPECT_EQ(plan(store::select_rows<engine::RunRow>(store::live_runs_condition())),
            "SCAN runs USING INDEX live_runs\n");
  EXPECT_EQ(plan("SELECT run_seq FROM events WHERE run_id='x' ORDER BY seq DESC LIMIT 1"),
            "SEARCH events USING INDEX events_by_run (run_id=?)\n");
}

// The newest versions of one partition, whatever others there are.
TEST_F(SchemaTest, VersionsOfAPartitionAreFoundThroughTheirIndex) {
  EXPECT_EQ(plan("SELECT id FROM materializations WHERE asset='x' AND partition='y' AND id < 9 "
                 "ORDER BY id DESC LIMIT 5"),
            "SEARCH materializations USING COVERING INDEX materializations_by_partition (asset=? "
            "AND partition=? AND rowid<?)\n");
}

// Those of one schedule among any number of others, and without an index over runs that have none.
TEST_F(SchemaTest, RunsOfAScheduleAreFoundThroughTheirIndex) {
  EXPECT_EQ(plan("SELECT run_id FROM runs WHERE run_id < 'x' AND origin = 'schedule' AND "
                 "origin_reference = 'y' ORDER BY run_id DESC LIMIT 5"),
            "SEARCH runs USING INDEX runs_by_schedule (origin_reference=? AND "
            "run_id<?)\n");
  EXPECT_EQ(plan("SELECT nominal FROM ticks WHERE schedule = 'x' AND nominal < 9 "
                 "ORDER BY nominal DESC LIMIT 5"),
            "SEARCH ticks USING PRIMARY KEY (schedule=? AND nominal<?)\n");
}

// Forgets `info` and lets `last_seen` be NULL.
struct DifferentWorker {
  std::string id, name;
  std::int32_t slots = 0;
  bool draining = false;
  base::WallTime last_seen{};
  static constexpr engine::Table kTable{"workers"};
  static constexpr auto columns() {
    using Row = DifferentWorker;
    return std::tuple(engine::primary("id", &Row::id), engine::column("name", &Row::name),
                      engine::column("slots", &Row::slots),
                      engine::column("draining", &Row::draining),
                      engine::nullable("last_seen", &Row::last_seen));
  }
};

TEST_F(SchemaTest, DifferencesAreSeen) {
  const std::string table = columns_of_table(connection_, "workers");
  EXPECT_NE(table, columns_of_row<DifferentWorker>());
  EXPECT_EQ(table, columns_of_row<engine::WorkerRow>());
}

}  // namespace
}  // namespace weir::store_tests
