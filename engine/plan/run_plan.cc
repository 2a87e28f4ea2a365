// The text of a plan and the tasks in it: see run_plan.h. "0:0+1! 0:1+9999" are the stages 0 to
// 9999 of the first module, the first of them ready at once. Pure; what comes from a table is
// checked, never trusted.
#include "engine/plan/run_plan.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/errors.h"

namespace weir::engine {
namespace {

std::string part_text(const PlannedStages& stages) {
  return std::to_string(stages.module) + ":" + std::to_string(stages.stage) + "+" +
         std::to_string(stages.count) + (stages.ready ? "!" : "");
}

// Takes a number that ends with `end`.
bool take_number(std::string_view& text, char end, std::int32_t& out) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const auto used = std::size_t(at - text.data());
  if (error != std::errc() || out < 0) return false;
  if (end != '\0' && (used == text.size() || text[used] != end)) return false;
  text.remove_prefix(used + (end != '\0' ? 1 : 0));
  return true;
}

bool parse_part(std::string_view text, PlannedStages& out) {
  if (!take_number(text, ':', out.module) || !take_number(text, '+', out.stage)) return false;
  if (!take_number(text, '\0', out.count) || out.count == 0) return false;
  out.ready = text == "!";
  return out.ready || text.empty();
}

}  // namespace

base::Result<RunPlan> RunPlan::of(const RunRow& run) {
  RunPlan plan;
  const auto damaged = [&] {
    return base::Status(base::Code::kDataLoss, base::kErrStore,
                        "the plan of run " + run.id.text() + " cannot be read");
  };
  std::string_view rest = run.plan;
  std::int64_t tasks = 0;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    PlannedStages stages;
    if (!parse_part(word, stages) || stages.module >= std::ssize(run.modules)) return damaged();
    tasks += stages.count;
    if (tasks > run.task_count) return damaged();
    plan.append(stages);
  }
  if (!plan.empty() && plan.size_ != run.task_count) return damaged();
  return plan;
}

void RunPlan::append(const PlannedStages& stages) {
  std::int32_t ready_before = 0;
  if (!parts_.empty()) {
    const Part& last = parts_.back();
    ready_before = last.ready_before + (last.stages.ready ? last.stages.count : 0);
  }
  parts_.push_back({stages, size_, ready_before});
  size_ += stages.count;
}

void RunPlan::add(std::int32_t module, std::int32_t stage, bool ready) {
  if (!parts_.empty()) {
    PlannedStages& last = parts_.back().stages;
    if (last.module == module && last.stage + last.count == stage && last.ready == ready) {
      last.count += 1;
      size_ += 1;
      return;
    }
  }
  append({module, stage, 1, ready});
}

std::string RunPlan::text() const {
  std::string text;
  for (const Part& part : parts_) text += (text.empty() ? "" : " ") + part_text(part.stages);
  return text;
}

bool RunPlan::fits(const std::vector<std::int32_t>& stages) const {
  return std::all_of(parts_.begin(), parts_.end(), [&](const Part& part) {
    const auto module = std::size_t(part.stages.module);
    return module < stages.size() &&
           std::int64_t{part.stages.stage} + part.stages.count <= stages[module];
  });
}

TaskRow RunPlan::task(const RunRow& run, std::int32_t index) const {
  CHECK_MSG(index >= 0 && index < size_, "the plan has no such task");
  const auto after =
      std::upper_bound(parts_.begin(), parts_.end(), index,
                       [](std::int32_t at, const Part& part) { return at < part.first; });
  const Part& part = *std::prev(after);
  const std::int32_t within = index - part.first;
  TaskRow row;
  row.run = run.id;
  row.index = index;
  row.module = part.stages.module;
  row.stage = part.stages.stage + within;
  row.partition = run.origin.partition;
  if (part.stages.ready) {
    row.state = TaskState::kReady;
    row.ready_order = run.first_order + part.ready_before + within;
    row.ready_at = run.created_at;
  }
  return row;
}

}  // namespace weir::engine
