// Checks every row against the rows before it, and every transaction as a whole before it is
// committed: terminal states never change, one live lease and one result a task, gapless sequences,
// result and readiness in one commit, a task starts only when its rule allows. Knows the tables and
// the semantics, nothing of the engine.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "engine/records.h"
#include "scheduler/ports/blobs.h"
#include "sdk/src/memory_store.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/run_graph.h"

namespace weir::simulation {

class Audit {
 public:
  Audit(const sdk_impl::MemoryTables& tables, const ports::BlobStore& blobs, Coverage& coverage,
        bool notify)
      : tables_(tables), blobs_(blobs), coverage_(coverage), notify_(notify) {}

  // The audit needs what was uploaded to understand runs.
  void learn(const base::Digest& module, std::shared_ptr<const module::Manifest> manifest) {
    manifests_[module] = std::move(manifest);
  }
  // Whether the run has not ended and is still to make the asset.
  bool will_make(const engine::RunRow& run, const std::string& asset);

  void on_begin();
  void on_write(const engine::Record& record);  // before it is applied
  // Everything is applied. To the runs that were set aside nothing more happens.
  void on_commit(const std::set<base::RunId>& set_aside);

  // All runs have ended but those that were set aside: the tables as a whole.
  void at_the_end(const std::function<bool(base::RunId)>& set_aside) const;

 private:
  void row(const engine::TaskRow& row);
  void row(const engine::AttemptRow& row);
  void row(const engine::RunRow& row);
  void row(const engine::EventRow& row);
  void row(const engine::MaterializationRow& row);
  void row(const engine::CursorRow& row);
  void row(const engine::ReplyRow& row);
  void row(const engine::AssetPartitionRow& row);
  void row(const engine::OutboxRow& row);
  template <class Row>
  void row(const Row&) {}

  const RunGraph& graph_of(const engine::RunRow& run);
  void check_passed_over(const engine::TaskRow& row);
  const engine::TaskRow& task(base::RunId run, std::int32_t index) const;
  void check_lease(const engine::AttemptKey& key);
  void check_one_writer(const engine::AttemptKey& key, const std::set<base::RunId>& set_aside);
  void check_live_attempts(base::RunId run, std::int32_t index) const;
  void check_end(base::RunId run, std::int32_t index);
  void check_result(const engine::TaskRow& row) const;
  void check_materialization(const engine::MaterializationRow& row) const;
  void check_partition(const engine::AssetPartitionRow& row) const;
  void check_counts(const engine::RunRow& run) const;
  void check_run(const engine::RunRow& run);
  void check_ended_run(const engine::RunRow& run);
  void check_end_is_told(const engine::RunRow& run) const;
  void count(const engine::EventRow& row);

  const sdk_impl::MemoryTables& tables_;
  const ports::BlobStore& blobs_;
  Coverage& coverage_;
  const bool notify_;
  std::map<base::Digest, std::shared_ptr<const module::Manifest>> manifests_;
  std::map<base::RunId, RunGraph> graphs_;

  // Of the open transaction.
  std::set<base::RunId> runs_;
  std::set<std::pair<base::RunId, std::int32_t>> tasks_, ends_;
  std::vector<engine::AttemptKey> leases_;
  std::vector<engine::MaterializationRow> made_;
  std::set<engine::AssetPartition> partitions_;  // whose rows were written
  std::multiset<std::pair<base::RunId, std::int32_t>> finished_events_;
  std::multiset<base::RunId> run_finished_events_;
  std::int64_t outbox_rows_ = 0;
  base::RunId last_run_;  // of the commits before
  mutable std::map<std::pair<base::RunId, std::int32_t>, engine::TaskRow> planned_;  // as asked for
};

}  // namespace weir::simulation
