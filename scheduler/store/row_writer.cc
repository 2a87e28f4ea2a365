// One INSERT OR REPLACE per table. The statements are built from the column lists that decoding
// uses, so the two cannot drift. On the write connection's thread, inside a transaction that the
// caller has opened; begins and commits none itself.
#include "scheduler/store/row_writer.h"

#include <algorithm>
#include <string>
#include <variant>

#include "scheduler/store/row_codec.h"

namespace weir::store {

using base::Result;
using base::Status;

namespace {

// "INSERT OR REPLACE INTO table(columns) VALUES(?,?,…)". REPLACE and not an upsert: every row is
// whole, and no table has triggers or foreign keys that could tell the difference.
std::string replace_sql(std::string_view table, std::string_view columns) {
  std::string sql = "INSERT OR REPLACE INTO ";
  sql.append(table).append("(").append(columns).append(") VALUES(?");
  const auto commas = std::count(columns.begin(), columns.end(), ',');
  for (auto i = commas; i > 0; --i) sql += ",?";
  return sql + ")";
}

}  // namespace

Result<RowWriter> RowWriter::prepare(Connection& connection) {
  RowWriter writer;
  struct Entry {
    Statement* statement;
    std::string sql;
  };
  const std::array<Entry, 15> entries{{
      {&writer.modules_, replace_sql("modules", kModuleColumns)},
      {&writer.assets_, replace_sql("assets", kAssetColumns)},
      {&writer.runs_, replace_sql("runs", kRunColumns)},
      {&writer.tasks_, replace_sql("tasks", kTaskColumns)},
      {&writer.attempts_, replace_sql("attempts", kAttemptColumns)},
      {&writer.materializations_, replace_sql("materializations", kMaterializationColumns)},
      {&writer.checks_, replace_sql("checks", kCheckColumns)},
      {&writer.artifacts_, replace_sql("artifacts", kArtifactColumns)},
      {&writer.cursors_, replace_sql("cursors", kCursorColumns)},
      {&writer.events_, replace_sql("events", kEventColumns)},
      {&writer.workers_, replace_sql("workers", kWorkerColumns)},
      {&writer.workers_delete_, "DELETE FROM workers WHERE id=?"},
      {&writer.replies_, replace_sql("replies", kReplyColumns)},
      {&writer.outbox_, replace_sql("outbox", kOutboxColumns)},
      {&writer.outbox_delete_, "DELETE FROM outbox WHERE id=?"},
  }};
  for (const Entry& entry : entries) {
    Result<Statement> statement = connection.prepare(entry.sql);
    if (!statement.ok()) return statement.status();
    *entry.statement = std::move(statement).value();
  }
  return writer;
}

Status RowWriter::write(const engine::Record& record) {
  return std::visit([this](const auto& row) { return put(row); }, record);
}

Status RowWriter::put(const engine::ModuleRow& row) {
  return modules_.run(row.digest, row.pipeline, row.active, row.registered_at,
                      encode_files(row.files), row.manifest);
}

Status RowWriter::put(const engine::AssetRow& row) {
  const auto write = [&](const auto& run_or_null) {
    return assets_.run(row.name, row.pipeline, row.type, row.retired, row.materialization,
                       run_or_null, row.missed);
  };
  const std::string run = row.settled_by.text();
  return row.settled_by ? write(run) : write(nullptr);
}

Status RowWriter::put(const engine::RunRow& row) {
  const engine::Origin& origin = row.origin;
  return runs_.run(row.id.text(), engine::run_state_name(row.state), row.job, row.selection,
                   row.params, row.reason, row.message, row.priority,
                   engine::origin_kind_name(origin.kind), origin.reference, origin.nominal,
                   origin.partition, engine::queue_reason_name(row.queued_for), row.start_at,
                   encode_digests(row.modules), encode_pins(row.pins), row.task_count,
                   row.created_at, row.started_at, row.finished_at);
}

Status RowWriter::put(const engine::TaskRow& row) {
  return tasks_.run(row.run.text(), row.index, row.name, row.module, row.stage,
                    engine::task_state_name(row.state), row.epoch, row.attempts_used,
                    row.infrastructure_used, row.executor_deaths, row.reason, row.not_before,
                    row.ready_order, row.ready_at, row.started_at, row.finished_at,
                    encode_outputs(row.outputs));
}

Status RowWriter::put(const engine::AttemptRow& row) {
  return attempts_.run(row.key.run.text(), row.key.task, row.key.epoch, row.worker,
                       engine::outcome_name(row.outcome), row.message, row.detail, row.metadata,
                       row.leased_at, row.started_at, row.finished_at);
}

Status RowWriter::put(const engine::MaterializationRow& row) {
  return materializations_.run(row.id, row.asset, row.attempt.run.text(), row.attempt.task,
                               row.attempt.epoch, row.value.digest, row.value.size,
                               artifact_kind_name(row.value.kind), row.value.type, row.metadata,
                               row.code_version, row.module, encode_pins(row.inputs), row.at);
}

Status RowWriter::put(const engine::CheckRow& row) {
  return checks_.run(row.attempt.run.text(), row.attempt.task, row.attempt.epoch, row.asset,
                     row.name, module::check_severity_name(row.severity), row.passed, row.reason,
                     row.metadata, row.at);
}

Status RowWriter::put(const engine::ArtifactRow& row) {
  return artifacts_.run(row.digest, row.size, artifact_kind_name(row.kind), Blob{row.bytes.get()});
}

Status RowWriter::put(const engine::CursorRow& row) {
  return cursors_.run(row.stage, row.version, row.value);
}

Status RowWriter::put(const engine::EventRow& row) {
  const auto write = [&](const auto& run_or_null) {
    return events_.run(row.seq, run_or_null, row.run_seq, row.at, engine::event_kind_name(row.kind),
                       row.subject, row.task, row.epoch, row.state, row.message);
  };
  return row.run ? write(row.run.text()) : write(nullptr);
}

Status RowWriter::put(const engine::WorkerRow& row) {
  if (row.forgotten) return workers_delete_.run(row.id);
  return workers_.run(row.id, row.name, row.slots, row.draining, row.info, row.last_seen);
}

Status RowWriter::put(const engine::ReplyRow& row) {
  return replies_.run(row.key, row.request_hash, static_cast<int>(row.status.code()),
                      row.status.error(), row.status.message(), row.payload, row.at);
}

Status RowWriter::put(const engine::OutboxRow& row) {
  if (row.delivered) return outbox_delete_.run(row.id);
  return outbox_.run(row.id, row.kind, row.payload, row.at);
}

}  // namespace weir::store
