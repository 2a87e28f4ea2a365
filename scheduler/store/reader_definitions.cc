// Reads of assets and their versions, modules, workers and artifacts: the part of SqliteReader that
// does not concern runs and events. See sqlite_reader.h. Safe from any thread; each call borrows
// one connection for one short query and must not hold it longer.
#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "base/errors.h"
#include "scheduler/ports/page_token.h"
#include "scheduler/store/query.h"
#include "scheduler/store/restore.h"
#include "scheduler/store/sqlite_reader.h"
#include "scheduler/store/sqlite_store.h"

namespace weir::store {

using base::Code;
using base::Digest;
using base::Result;
using base::Status;
using ports::Page;
using ports::PageRequest;

namespace {

std::string first_text(const Statement& row) { return std::string(row.text(0)); }

}  // namespace

Result<Page<engine::AssetRow>> SqliteReader::list_assets(const std::string& pipeline,
                                                         const PageRequest& page) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const std::string sql = select_rows<engine::AssetRow>(
      "WHERE name > ?1 AND (?2='' OR pipeline=?2) ORDER BY name LIMIT ?3");
  return fetch_page<engine::AssetRow>(*lease, sql, page_size(page), first_text, page.after,
                                      pipeline);
}

Result<engine::AssetRow> SqliteReader::get_asset(const std::string& name) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const Status missing(Code::kNotFound, base::kErrUnknownAsset,
                       "there is no asset '" + name + "'; `weir assets list` shows them");
  return fetch_one<engine::AssetRow>(*lease, select_rows<engine::AssetRow>("WHERE name=?"), missing,
                                     name);
}

Result<engine::MaterializationRow> SqliteReader::get_materialization(std::int64_t id) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const Status missing(Code::kNotFound, base::kErrNeverMaterialized,
                       "there is no materialization " + std::to_string(id));
  return fetch_one<engine::MaterializationRow>(
      *lease, select_rows<engine::MaterializationRow>("WHERE id=?"), missing, id);
}

Result<engine::MaterializationRow> SqliteReader::get_current(const engine::AssetPartition& of) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const Status missing(Code::kNotFound, base::kErrNeverMaterialized,
                       "asset '" + engine::AssetPartitionView(of).text() +
                           "' has no version yet; `weir materialize " + of.asset + "` makes one");
  return fetch_one<engine::MaterializationRow>(
      *lease,
      select_rows<engine::MaterializationRow>("WHERE id=(SELECT materialization FROM "
                                              "asset_partitions WHERE asset=? AND partition=?)"),
      missing, of.asset, of.partition);
}

Result<engine::AssetPartitionRow> SqliteReader::get_partition(const engine::AssetPartition& of) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const Status missing(
      Code::kNotFound, base::kErrNeverMaterialized,
      "asset '" + engine::AssetPartitionView(of).text() + "' was neither made nor observed yet");
  return fetch_one<engine::AssetPartitionRow>(
      *lease, select_rows<engine::AssetPartitionRow>("WHERE asset=? AND partition=?"), missing,
      of.asset, of.partition);
}

Result<Page<engine::MaterializationRow>> SqliteReader::list_materializations(
    const engine::AssetPartition& of, const PageRequest& page) {
  std::array<std::int64_t, 1> before{std::numeric_limits<std::int64_t>::max()};
  if (!page.after.empty() && !ports::parse_page_token(page.after, before)) {
    return ports::bad_page_token(page.after);
  }
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const std::string sql = select_rows<engine::MaterializationRow>(
      "WHERE asset=? AND partition=? AND id < ? ORDER BY id DESC LIMIT ?");
  return fetch_page<engine::MaterializationRow>(*lease, sql, page_size(page), first_text, of.asset,
                                                of.partition, before[0]);
}

Result<Page<engine::ModuleRow>> SqliteReader::list_modules(const PageRequest& page) {
  const std::optional<Digest> after = page.after.empty() ? Digest{} : Digest::parse(page.after);
  if (!after) return ports::bad_page_token(page.after);
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  // By digest: few modules, and a key that stays in place while one is registered.
  const std::string sql =
      select_rows<engine::ModuleRow>("WHERE digest > ? ORDER BY digest LIMIT ?");
  const auto token = [](const Statement& row) {
    const std::optional<Digest> digest = Digest::from_bytes(row.blob(0));
    return digest ? digest->hex() : std::string();
  };
  return fetch_page<engine::ModuleRow>(*lease, sql, page_size(page), token, *after);
}

Result<engine::ModuleRow> SqliteReader::get_module(const Digest& digest) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const Status missing(Code::kNotFound, base::kErrUnknownModule,
                       "there is no module " + digest.hex() + "; register it");
  return fetch_one<engine::ModuleRow>(*lease, select_rows<engine::ModuleRow>("WHERE digest=?"),
                                      missing, digest);
}

Result<std::vector<engine::ModuleRow>> SqliteReader::active_modules() {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  return fetch_all<engine::ModuleRow>(
      *lease, select_rows<engine::ModuleRow>("WHERE active=1 ORDER BY pipeline"));
}

Result<Page<engine::WorkerRow>> SqliteReader::list_workers(const PageRequest& page) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const std::string sql = select_rows<engine::WorkerRow>("WHERE id > ? ORDER BY id LIMIT ?");
  return fetch_page<engine::WorkerRow>(*lease, sql, page_size(page), first_text, page.after);
}

Result<std::int32_t> SqliteReader::count_leases(const std::string& worker) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - lease_counts_at_ > kLeaseCountsAge) {
    Result<ReaderPool::Lease> lease = pool_->borrow();
    if (!lease.ok()) return lease.status();
    // Through the live runs: an index on live attempts would cost every lease two writes.
    Result<Statement*> prepared = lease->statement(
        "SELECT worker, COUNT(*) FROM attempts WHERE outcome='none' AND run_id IN (SELECT run_id "
        "FROM runs WHERE state IN ('queued', 'running', 'canceling')) GROUP BY worker");
    if (!prepared.ok()) return prepared.status();
    (*prepared)->query();
    std::map<std::string, std::int32_t> counts;
    while (true) {
      Result<bool> more = (*prepared)->next();
      if (!more.ok()) return more.status();
      if (!*more) break;
      counts[std::string((*prepared)->text(0))] = static_cast<std::int32_t>((*prepared)->int64(1));
    }
    lease_counts_ = std::move(counts);
    lease_counts_at_ = now;
  }
  const auto found = lease_counts_.find(worker);
  return found == lease_counts_.end() ? 0 : found->second;
}

Result<engine::ArtifactRow> SqliteReader::get_artifact(const Digest& digest) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  const Status missing(Code::kNotFound, base::kErrArtifactMissing,
                       "there is no artifact " + digest.hex());
  return fetch_one<engine::ArtifactRow>(*lease, select_rows<engine::ArtifactRow>("WHERE digest=?"),
                                        missing, digest);
}

Result<engine::Snapshot> SqliteReader::snapshot() {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  return read_snapshot(lease->connection());
}

Result<std::map<std::string, engine::Durations>> SqliteReader::durations(
    const std::vector<std::string>& assets) {
  return select_durations(kSelectDurations, assets);
}

Result<std::map<std::string, engine::Durations>> SqliteReader::job_durations(
    const std::vector<std::string>& jobs) {
  return select_durations(kSelectJobDurations, jobs);
}

Result<std::map<std::string, engine::Durations>> SqliteReader::select_durations(
    const char* sql, const std::vector<std::string>& names) {
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  Result<Statement*> prepared = lease->statement(sql);
  if (!prepared.ok()) return prepared.status();
  std::map<std::string, engine::Durations> found;
  for (const std::string& name : names) {
    (*prepared)->query(name, static_cast<std::int64_t>(engine::Durations::kKept));
    while (true) {
      Result<bool> more = (*prepared)->next();
      if (!more.ok()) return more.status();
      if (!*more) break;
      found[name].ms.push_back((*prepared)->int64(0));
    }
    if (const auto one = found.find(name); one != found.end()) {
      std::reverse(one->second.ms.begin(), one->second.ms.end());  // the newest last
    }
  }
  return found;
}

}  // namespace weir::store
