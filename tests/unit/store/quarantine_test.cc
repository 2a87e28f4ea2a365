// Rows that cannot be decoded: the scheduler starts without them and says so, and a run is never
// restored in part. Each test breaks one row of a sound database by SQL, behind the store's back,
// and opens it again. One thread, files that go away.
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/state.h"
#include "module/manifest.h"
#include "scheduler/store/sqlite_reader.h"
#include "scheduler/store/sqlite_store.h"
#include "tests/unit/store/sample_rows.h"

namespace weir::store_tests {
namespace {

using store::Connection;
using store::OpenMode;
using store::SqliteStore;
using SetAside = std::map<base::RunId, std::string>;

class QuarantineTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = SqliteStore::open(path_);
    ASSERT_TRUE(opened.ok());
    commit_rows(**opened, sample_world());
  }
  // Breaks the file behind the store's back and restores from it.
  engine::Snapshot restore_after(const std::string& sql) {
    {
      auto connection = Connection::open(path_, OpenMode::kCreate);
      EXPECT_TRUE(connection.ok());
      const base::Status status = connection->exec(sql.c_str());
      EXPECT_TRUE(status.ok()) << status.text();
    }
    auto opened = SqliteStore::open(path_);
    EXPECT_TRUE(opened.ok());
    auto restored = (*opened)->restore();
    EXPECT_TRUE(restored.ok()) << restored.status().text();
    return *restored;
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.file("weir.db");
};

TEST_F(QuarantineTest, RunWithAnUndecodableTaskIsSetAsideWhole) {
  const auto snapshot = restore_after("UPDATE tasks SET outputs='{' WHERE task=1");
  ASSERT_EQ(snapshot.quarantined.size(), 2u);
  EXPECT_NE(snapshot.quarantined[0].find("tasks " + run_id(2).text() + " 1: column outputs"),
            std::string::npos)
      << snapshot.quarantined[0];
  EXPECT_NE(snapshot.quarantined[1].find("runs " + run_id(2).text()), std::string::npos);
  EXPECT_TRUE(snapshot.runs.empty());
  EXPECT_TRUE(snapshot.tasks.empty());
  EXPECT_TRUE(snapshot.attempts.empty());
  EXPECT_TRUE(snapshot.run_seq.empty());
  EXPECT_EQ(snapshot.assets.size(), 2u);
}

TEST_F(QuarantineTest, RunWithAMissingTaskIsSetAside) {
  const auto snapshot = restore_after("DELETE FROM tasks WHERE task=1");
  EXPECT_EQ(snapshot.quarantined.size(), 1u);
  EXPECT_TRUE(snapshot.runs.empty());
}

TEST_F(QuarantineTest, RunWithADamagedPlanIsSetAside) {
  const auto snapshot = restore_after("UPDATE runs SET plan='0:0+1' WHERE state='running'");
  EXPECT_EQ(snapshot.quarantined.size(), 1u);
  EXPECT_TRUE(snapshot.runs.empty());
}

TEST_F(QuarantineTest, RunWhosePlanNamesAStageThatItsModuleLacksIsSetAside) {
  const auto snapshot =
      restore_after("UPDATE runs SET plan='0:1+' || task_count WHERE state='running'");
  ASSERT_EQ(snapshot.quarantined.size(), 0u);
  const auto beyond =
      restore_after("UPDATE runs SET plan='0:2+' || task_count WHERE state='running'");
  ASSERT_EQ(beyond.quarantined.size(), 1u);
  EXPECT_NE(beyond.quarantined[0].find("it names a stage that its module does not have"),
            std::string::npos)
      << beyond.quarantined[0];
  EXPECT_TRUE(beyond.runs.empty());
  EXPECT_TRUE(beyond.tasks.empty());
  EXPECT_EQ(beyond.set_aside,
            (SetAside{{run_id(2), "it names a stage that its module does not have"}}));
}

TEST_F(QuarantineTest, RunWithATaskOfAStageThatItsModuleLacksIsSetAside) {
  for (const char* damage : {"stage=3", "stage=-1", "stage=0, module=1", "stage=0, module=-1"}) {
    const auto snapshot =
        restore_after(std::string("UPDATE tasks SET ") + damage + " WHERE task=1");
    ASSERT_EQ(snapshot.quarantined.size(), 1u) << damage;
    EXPECT_TRUE(snapshot.runs.empty()) << damage;
    EXPECT_EQ(snapshot.set_aside,
              (SetAside{{run_id(2), "it names a stage that its module does not have"}}))
        << damage;
  }
}

TEST_F(QuarantineTest, RunOfUnknownStateIsNamed) {
  const auto snapshot = restore_after("UPDATE runs SET state='dancing' WHERE state='running'");
  ASSERT_EQ(snapshot.quarantined.size(), 1u);
  EXPECT_NE(snapshot.quarantined[0].find("is no known word"), std::string::npos);
  EXPECT_EQ(snapshot.set_aside, (SetAside{{run_id(2), "its row cannot be read"}}));
  EXPECT_TRUE(snapshot.runs.empty());
  EXPECT_TRUE(snapshot.tasks.empty());
}

TEST_F(QuarantineTest, RunWhoseModuleIsGoneIsSetAside) {
  const auto snapshot = restore_after("UPDATE modules SET files='[[1]]' WHERE pipeline='shop'");
  ASSERT_EQ(snapshot.quarantined.size(), 3u);  // the active module, the same as pinned, the run
  EXPECT_TRUE(snapshot.runs.empty());
  EXPECT_TRUE(snapshot.tasks.empty());
}

TEST_F(QuarantineTest, AssetWhoseVersionIsUnreadableCountsAsNeverMaterialized) {
  const auto snapshot = restore_after("UPDATE materializations SET digest=x'00' WHERE id=1");
  ASSERT_EQ(snapshot.quarantined.size(), 2u);
  EXPECT_EQ(snapshot.assets.size(), 2u);
  ASSERT_EQ(snapshot.partitions.size(), 4u);
  EXPECT_EQ(snapshot.partitions[0].materialization, 0);
  EXPECT_EQ(snapshot.partitions[1].materialization, 2);
  ASSERT_EQ(snapshot.current.size(), 1u);
  EXPECT_EQ(snapshot.current[0].of.partition, "2026-11-27");
}

// An engine that is restored from the snapshot, as the scheduler does it at every start.
engine::Engine restored_engine(const engine::Snapshot& snapshot) {
  engine::Engine engine;
  engine.restore(snapshot, {at(1000), base::BootTime(std::chrono::hours(1))});
  engine.check_invariants();
  return engine;
}

// A module that makes "orders", with a live run of it.
class AssetQuarantineTest : public QuarantineTest {
 protected:
  void SetUp() override {
    auto opened = SqliteStore::open(path_);
    ASSERT_TRUE(opened.ok());
    commit_rows(**opened, {module("shop", at(100)), engine::AssetRow{"orders", "shop", "t1", false},
                           engine::AssetRow{"raw", "other", "t1", false}, partition("", 1),
                           partition("2026-11-27", 2), materialization_row(1, "orders"),
                           materialization_row(2, "orders", "2026-11-27"), run(), task(), attempt(),
                           engine::WorkerRow{"w-1", "worker-1", 4, false, at(7), {}}});
  }
  static engine::ModuleRow module(const std::string& name, base::WallTime registered) {
    module::Manifest manifest;
    manifest.pipeline = "shop";
    module::StageSpec& stage = manifest.stages.emplace_back();
    stage.name = "orders";
    stage.outputs = {{"orders", "t1", ""}};
    engine::ModuleRow row = module_row(name, true);
    row.pipeline = "shop";
    row.manifest = module::manifest_to_json(manifest).dump();
    row.registered_at = registered;
    return row;
  }
  static engine::AssetPartitionRow partition(const std::string& key, std::int64_t version) {
    return {{"orders", key}, version, run_id(1), "", {}, ""};
  }
  static engine::RunRow run() {
    engine::RunRow row = run_row(2, engine::RunState::kRunning, 1);
    row.pins.clear();
    return row;
  }
  static engine::AttemptRow attempt() {
    engine::AttemptRow row = attempt_row(2, 0, 2, engine::OutcomeClass::kNone);
    row.started_at = at(401);
    return row;
  }
  static engine::TaskRow task() {
    engine::TaskRow row = task_row(2, 0, engine::TaskState::kRunning);
    row.name = "orders";
    row.author_budget_used = row.infrastructure_budget_used = row.executor_deaths = 0;
    row.not_before.reset();
    row.started_at = at(401);
    row.outputs.clear();
    return row;
  }
};

TEST_F(AssetQuarantineTest, SoundRowsAreAllRestored) {
  const auto snapshot = restore_after("SELECT 1");
  EXPECT_TRUE(snapshot.quarantined.empty());
  EXPECT_EQ(restored_engine(snapshot).state().runs.size(), 1u);
}

TEST_F(AssetQuarantineTest, AssetThatALiveRunWritesIsSetAsideWithItsModuleAndTheRun) {
  const auto snapshot = restore_after("UPDATE assets SET name='lost' WHERE name='orders'");
  ASSERT_EQ(snapshot.quarantined.size(), 2u);
  EXPECT_NE(snapshot.quarantined[0].find("its asset orders cannot be read; register"),
            std::string::npos);
  EXPECT_NE(snapshot.quarantined[1].find("runs " + run_id(2).text()), std::string::npos);
  EXPECT_TRUE(restored_engine(snapshot).state().runs.empty());
}

// Of a damaged partition nothing is known; the others, the module and the runs go on.
TEST_F(AssetQuarantineTest, PartitionThatCannotBeReadCountsAsNeverMaterializedAlone) {
  const auto snapshot = restore_after(
      "UPDATE asset_partitions SET settled_by='nonsense' WHERE partition='2026-11-27'");
  ASSERT_EQ(snapshot.quarantined.size(), 1u);
  EXPECT_NE(snapshot.quarantined[0].find("asset_partitions orders 2026-11-27: column settled_by"),
            std::string::npos)
      << snapshot.quarantined[0];
  EXPECT_EQ(snapshot.assets.size(), 2u);
  const engine::Engine engine = restored_engine(snapshot);
  ASSERT_EQ(engine.state().partitions.size(), 1u);
  EXPECT_EQ(engine.state().partitions.begin()->second.current.materialization, 1);
  EXPECT_EQ(engine.state().runs.size(), 1u);
  EXPECT_EQ(engine.state().active.size(), 1u);
}

TEST_F(AssetQuarantineTest, ModuleThatIsRegisteredAgainWritesTheRowAnew) {
  const auto snapshot = restore_after("UPDATE assets SET name='lost' WHERE name='orders'");
  engine::Engine engine = restored_engine(snapshot);
  engine::RegisterModules command;
  const engine::ModuleRow row = module("shop", at(100));
  auto manifest = module::manifest_from_json(*base::Json::parse(row.manifest));
  ASSERT_TRUE(manifest.ok());
  command.modules.push_back({digest("next"), row.manifest,
                             std::make_shared<const module::Manifest>(*manifest), row.files});
  const auto effects =
      engine.step({{at(1001), base::BootTime(std::chrono::hours(2))}, 1, command}, {});
  {
    auto opened = SqliteStore::open(path_);
    ASSERT_TRUE(opened.ok());
    commit_rows(**opened, effects.records);
  }
  const auto healed = restore_after("SELECT 1");
  EXPECT_TRUE(healed.quarantined.empty());
  const engine::Engine after = restored_engine(healed);
  EXPECT_EQ(after.state().active.at("shop"), digest("next"));  // not the one that was set aside
  EXPECT_EQ(after.state().runs.size(), 1u);
}

TEST_F(AssetQuarantineTest, VersionOfAnotherPartitionIsNoneOfThisOne) {
  const auto snapshot =
      restore_after("UPDATE asset_partitions SET materialization=1 WHERE partition='2026-11-27'");
  ASSERT_EQ(snapshot.quarantined.size(), 1u);
  EXPECT_NE(snapshot.quarantined[0].find("asset_partitions orders 2026-11-27: its current version"),
            std::string::npos)
      << snapshot.quarantined[0];
  const engine::Engine engine = restored_engine(snapshot);
  EXPECT_EQ(engine.state().partitions.begin()->second.current.materialization, 1);
  EXPECT_EQ(engine.state().partitions.rbegin()->second.current.materialization, 0);
}

TEST_F(QuarantineTest, OtherRowsAreLeftOutAlone) {
  const auto snapshot = restore_after("UPDATE cursors SET value=x'01' WHERE partition=''");
  EXPECT_EQ(snapshot.quarantined.size(), 1u);
  ASSERT_EQ(snapshot.cursors.size(), 1u);
  EXPECT_EQ(snapshot.cursors[0].key.partition, "2026-11-27");
  EXPECT_EQ(snapshot.runs.size(), 1u);
}

TEST_F(QuarantineTest, AFreshnessPolicyThatCannotBeReadIsLeftOutAlone) {
  const auto sound = restore_after("SELECT 1");
  ASSERT_EQ(sound.freshness.size(), 1u);
  EXPECT_EQ(sound.freshness[0].spec, freshness_row("orders").spec);
  const auto snapshot = restore_after("UPDATE freshness SET state='rotten'");
  ASSERT_EQ(snapshot.quarantined.size(), 1u);
  EXPECT_NE(snapshot.quarantined[0].find("freshness orders by: column state"), std::string::npos)
      << snapshot.quarantined[0];
  EXPECT_TRUE(snapshot.freshness.empty());
  EXPECT_EQ(snapshot.partitions.size(), 4u);
}

TEST_F(QuarantineTest, RunWhoseLiveAttemptIsOfAnUnreadableWorkerIsSetAside) {
  const auto snapshot = restore_after("UPDATE workers SET slots=99999999999");
  ASSERT_EQ(snapshot.quarantined.size(), 2u);
  EXPECT_NE(snapshot.quarantined[1].find("its worker w-1 cannot be read"), std::string::npos);
  EXPECT_TRUE(snapshot.workers.empty());
  EXPECT_TRUE(snapshot.runs.empty());
  EXPECT_TRUE(snapshot.attempts.empty());
}

TEST_F(QuarantineTest, ModuleWhoseManifestIsDamagedIsSetAsideWithItsRuns) {
  const auto snapshot =
      restore_after("UPDATE modules SET manifest='{\"format\":1' WHERE pipeline='shop'");
  ASSERT_EQ(snapshot.quarantined.size(), 3u);  // the active module, the same as pinned, the run
  EXPECT_NE(snapshot.quarantined[0].find("its manifest cannot be read"), std::string::npos);
  EXPECT_TRUE(snapshot.runs.empty());
}

TEST_F(QuarantineTest, ReaderReportsTheRowThatIsAskedForAndListsTheOthers) {
  restore_after("UPDATE tasks SET state='dancing' WHERE task=0 AND run_id='" + run_id(2).text() +
                "'; UPDATE materializations SET digest=x'00'");
  auto reader = store::SqliteReader::open(path_, 1);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->get_materialization(1).status().code(), base::Code::kDataLoss);
  auto tasks = (*reader)->list_tasks(run_id(2), {}, "", {});
  ASSERT_TRUE(tasks.ok());
  EXPECT_EQ(tasks->rows.size(), 1u);
}

}  // namespace
}  // namespace weir::store_tests
