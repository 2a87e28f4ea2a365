// Reads of tasks: the part of SqliteReader that knows that a task has a row from its first change
// on and is until then what its run's plan says. Safe from any thread: each call borrows one
// connection for a few short reads. Rows are read after the list of which there are, so that a task
// that changes meanwhile is shown once, as it was or as it is.
#include <algorithm>
#include <array>

#include "engine/plan/run_plan.h"
#include "scheduler/ports/page_token.h"
#include "scheduler/store/query.h"
#include "scheduler/store/sqlite_reader.h"

namespace weir::store {

using base::Result;
using base::Status;
using engine::TaskRow;
using engine::TaskState;
using ports::Page;

namespace {

Status missing() { return {base::Code::kNotFound, 0, "there is no such row"}; }

// The indices, in order, of the run's tasks after that one that have rows.
Result<std::vector<std::int32_t>> indices_with_rows(ReaderPool::Lease& lease,
                                                    const std::string& run, std::int64_t after) {
  Result<Statement*> prepared =
      lease.statement("SELECT task FROM tasks WHERE run_id=? AND task > ? ORDER BY task");
  if (!prepared.ok()) return prepared.status();
  (*prepared)->query(run, after);
  std::vector<std::int32_t> indices;
  while (true) {
    Result<bool> more = (*prepared)->next();
    if (!more.ok()) return more.status();
    if (!*more) return indices;
    indices.push_back(static_cast<std::int32_t>((*prepared)->int64(0)));
  }
}

bool may_be_planned(const std::optional<TaskState>& state) {
  return !state || *state == TaskState::kWaiting || *state == TaskState::kReady;
}

bool by_index(const TaskRow& a, const TaskRow& b) { return a.index < b.index; }
bool same_index(const TaskRow& a, const TaskRow& b) { return a.index == b.index; }

}  // namespace

Result<std::vector<std::int32_t>> SqliteReader::task_counts(ReaderPool::Lease& lease,
                                                            engine::RunId run) {
  const std::string id = run.text();
  const auto row = fetch_one<engine::RunCountsRow>(
      lease, select_rows<engine::RunCountsRow>("WHERE run_id=?"), missing(), id);
  if (!row.ok() && row.status().code() != base::Code::kNotFound) return row.status();
  const auto counts = row.ok() ? row->by_state() : engine::RunCountsRow{}.by_state();
  return std::vector<std::int32_t>(counts.begin(), counts.end());
}

Result<Page<TaskRow>> SqliteReader::list_tasks(engine::RunId run, std::optional<TaskState> state,
                                               const std::string& name,
                                               const ports::PageRequest& page) {
  std::array<std::int64_t, 1> after{-1};
  if (!page.after.empty() && !ports::parse_page_token(page.after, after)) {
    return ports::bad_page_token(page.after);
  }
  Result<ReaderPool::Lease> lease = pool_->borrow();
  if (!lease.ok()) return lease.status();
  // An empty filter matches everything; the scan is of one run's rows, in the order of its key.
  const std::string sql = select_rows<TaskRow>(
      "WHERE run_id=? AND task > ? AND (?3='' OR state=?3) AND (?4='' OR name=?4) "
      "ORDER BY task LIMIT ?5");
  const auto token = [](const Statement& row) { return std::string(row.text(1)); };
  const TaskQuery query{run, state, name, after[0], page_size(page)};
  const std::string id = run.text();
  const std::string wanted = state ? std::string(engine::task_state_name(*state)) : std::string();
  Result<std::vector<TaskRow>> planned = planned_tasks(*lease, query);
  if (!planned.ok()) return planned.status();
  Result<Page<TaskRow>> rows =
      fetch_page<TaskRow>(*lease, sql, query.size, token, id, query.after, wanted, name);
  if (rows.ok()) add_planned(query, std::move(planned).value(), *rows);
  return rows;
}

Result<std::vector<TaskRow>> SqliteReader::planned_tasks(ReaderPool::Lease& lease,
                                                         const TaskQuery& query) {
  std::vector<TaskRow> planned;
  if (!may_be_planned(query.state)) return planned;
  const std::string id = query.run.text();
  const auto run = fetch_one<engine::RunRow>(lease, select_rows<engine::RunRow>("WHERE run_id=?"),
                                             missing(), id);
  if (!run.ok() && run.status().code() == base::Code::kNotFound) return planned;
  if (!run.ok()) return run.status();
  const auto plan = engine::RunPlan::of(*run);
  if (!plan.ok()) return plan.status();
  const auto present = indices_with_rows(lease, id, query.after);
  if (!present.ok()) return present.status();
  std::vector<StageNames> names(run->modules.size());
  auto next = present->begin();
  // One more than fits says that there is another page.
  for (std::int64_t i = std::max<std::int64_t>(query.after + 1, 0); i < plan->size(); ++i) {
    if (std::ssize(planned) > query.size) break;
    while (next != present->end() && *next < i) ++next;
    if (next != present->end() && *next == i) continue;
    TaskRow task = plan->task(*run, static_cast<std::int32_t>(i));
    if (query.state && task.state != *query.state) continue;
    const auto module = static_cast<std::size_t>(task.module);
    if (names[module] == nullptr) {
      Result<StageNames> found = stage_names(lease, run->modules[module]);
      if (!found.ok()) return found.status();
      names[module] = std::move(found).value();
    }
    const auto stage = static_cast<std::size_t>(task.stage);
    if (stage < names[module]->size()) task.name = (*names[module])[stage];
    if (query.name.empty() || task.name == query.name) planned.push_back(std::move(task));
  }
  return planned;
}

void SqliteReader::add_planned(const TaskQuery& query, std::vector<TaskRow> planned,
                               Page<TaskRow>& page) {
  // What comes after the last row of a full page belongs to the next one.
  if (!page.next.empty() && !page.rows.empty()) {
    const std::int32_t last = page.rows.back().index;
    std::erase_if(planned, [&](const TaskRow& task) { return task.index > last; });
  }
  const auto rows = static_cast<std::ptrdiff_t>(page.rows.size());
  std::move(planned.begin(), planned.end(), std::back_inserter(page.rows));
  std::inplace_merge(page.rows.begin(), page.rows.begin() + rows, page.rows.end(), by_index);
  // One that has got its row meanwhile is there twice, its row first.
  page.rows.erase(std::unique(page.rows.begin(), page.rows.end(), same_index), page.rows.end());
  if (std::ssize(page.rows) > query.size) {
    page.rows.resize(static_cast<std::size_t>(query.size));
    page.next = std::to_string(page.rows.back().index);
  }
}

Result<SqliteReader::StageNames> SqliteReader::stage_names(ReaderPool::Lease& lease,
                                                           const engine::Digest& module) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = stage_names_.find(module); known != stage_names_.end()) {
      return known->second;
    }
  }
  Result<Statement*> prepared = lease.statement(
      "SELECT json_extract(stage.value, '$.name') FROM modules, "
      "json_each(modules.manifest, '$.stages') AS stage WHERE digest=? ORDER BY stage.key");
  if (!prepared.ok()) return prepared.status();
  (*prepared)->query(module);
  auto names = std::make_shared<std::vector<std::string>>();
  while (true) {
    Result<bool> more = (*prepared)->next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    names->emplace_back((*prepared)->text(0));
  }
  const std::lock_guard lock(mutex_);
  if (stage_names_.size() >= kStageNamesMax) stage_names_.erase(stage_names_.begin());
  stage_names_[module] = names;
  return StageNames(std::move(names));
}

}  // namespace weir::store
