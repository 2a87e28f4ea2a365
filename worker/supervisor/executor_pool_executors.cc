// What the dispatcher asked for, and what executors say and how they die. A result is passed on
// only when the log pipes were read up to the moment it was sent and nothing that the stage forked
// is left; what resources started is left until their executor ends.
#include <algorithm>
#include <filesystem>
#include <signal.h>

#include "base/check.h"
#include "base/json.h"
#include "module/manifest.h"
#include "weir/worker/v1/executor.pb.h"
#include "worker/supervisor/executor_pool.h"
#include "worker/supervisor/verdict.h"

namespace weir::worker {
namespace {

constexpr int kExecutorProtocolVersion = 2;

std::uint64_t tag_of(ExecutorId id, int which) {
  return (std::uint64_t{id} << 2) | std::uint64_t(which);
}

// Both were written by the same code from the same program, but perhaps with other spaces.
bool same_manifest(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto json_a = base::Json::parse(a);
  const auto json_b = base::Json::parse(b);
  if (!json_a.ok() || !json_b.ok()) return false;
  if (*json_a == *json_b) return true;
  const auto manifest_a = module::manifest_from_json(*json_a);
  const auto manifest_b = module::manifest_from_json(*json_b);
  if (!manifest_a.ok() || !manifest_b.ok()) return false;
  return module::manifest_to_json(*manifest_a) == module::manifest_to_json(*manifest_b);
}

}  // namespace

Executor* ExecutorPool::find(ExecutorId id) {
  const auto found = executors_.find(id);
  return found == executors_.end() ? nullptr : found->second.get();
}

int ExecutorPool::end_strays(const Executor& executor, Strays which) {
  std::vector<ExecutorActivity> activities;
  for (const auto& [id, other] : executors_) {
    activities.push_back({id, other->launch ? other->busy_since_ticks : 0});
  }
  return supervisor_.end_strays(executor.id, which, activities);
}

void ExecutorPool::perform() {
  // Actions may lead to further ones, which are appended.
  for (std::size_t i = 0; i < actions_.size(); ++i) {
    const Action action = std::move(actions_[i]);
    std::visit([this](const auto& one) { act(one); }, action);
  }
  actions_.clear();
}

void ExecutorPool::act(const SpawnExecutor& action) {
  auto owned = std::make_unique<Executor>();
  Executor& executor = *owned;
  executor.id = action.executor;
  executor.module = action.module;
  executor.directory = scratch_dir_ + "/executor-" + std::to_string(action.executor);
  executor.oom_kills_before = kernel_oom_kills();
  executors_.emplace(action.executor, std::move(owned));
  const auto key = dispatcher_.attempt_of(action.executor);
  CHECK(key.has_value());
  const auto work = launches_.find(*key);
  CHECK(work != launches_.end());
  executor.attach(std::move(work->second), AttemptSpool(options_.spool_dir, *key, options_.logs));
  launches_.erase(work);
  std::error_code failed;
  std::filesystem::create_directories(executor.directory, failed);
  auto spawned = supervisor_.spawn(executor.id, {modules_.at(action.module).executable,
                                                 executor.directory, options_.core_dumps});
  if (!spawned.ok()) {
    executor.refusal = spawned.status().text();
    mark_dead(executor, 0, 0);
    return;
  }
  executor.pid = spawned->pid;
  executor.busy_since_ticks = ticks_since_boot();
  executor.socket = FrameSocket(std::move(spawned->socket), kExecutorFrameBytesMax);
  executor.pipes[0] = std::move(spawned->standard_output);
  executor.pipes[1] = std::move(spawned->standard_error);
  watch(executor.socket.fd(), tag_of(executor.id, 0));
  watch(executor.pipes[0].get(), tag_of(executor.id, 1));
  watch(executor.pipes[1].get(), tag_of(executor.id, 2));
}

void ExecutorPool::act(const RunAttempt& action) {
  Executor* executor = find(action.executor);
  CHECK(executor != nullptr);
  if (!executor->launch) {  // a warm one; a new one was given its attempt when it was started
    const auto work = launches_.find(action.key);
    CHECK(work != launches_.end());
    executor->attach(std::move(work->second),
                     AttemptSpool(options_.spool_dir, action.key, options_.logs));
    launches_.erase(work);
    executor->busy_since_ticks = ticks_since_boot();
  }
  ran_since_sample_ = true;
  fence(*executor);
  v1::ExecutorRequest request;
  fill_run(*executor, *request.mutable_run());
  executor->socket.queue(request);
  send_run(*executor);
}

void ExecutorPool::fill_run(Executor& executor, v1::ExecutorRun& run) {
  const v1::Assign& assign = executor.launch->assign;
  const AttemptKey key = key_of(assign.attempt());
  const auto value = [](const v1::ValueRef& from, const std::string& path, v1::ExecutorValue* to) {
    to->set_digest(from.digest());
    to->set_size(from.size());
    to->set_kind(int(from.kind()));
    to->set_type(from.type());
    to->set_is_inline(from.is_inline());
    to->set_inline_bytes(from.inline_bytes());
    to->set_path(path);
  };
  run.set_run(key.run.value);
  run.set_task_index(key.task);
  run.set_epoch(key.epoch);
  run.set_stage(assign.stage());
  for (int i = 0; i < assign.inputs_size(); ++i) {
    const v1::Input& from = assign.inputs(i);
    v1::ExecutorInput* input = run.add_inputs();
    input->set_present(from.present());
    input->set_state(from.state());
    input->set_reason(from.reason());
    const std::vector<std::string>& paths = executor.launch->input_paths;
    const bool known = std::size_t(i) < paths.size();
    if (from.present()) value(from.value(), known ? paths[i] : "", input->mutable_value());
  }
  run.set_params(assign.params());
  run.set_cursor_version(assign.cursor_version());
  run.set_cursor_present(assign.has_cursor());
  if (assign.has_cursor())
    value(assign.cursor(), executor.launch->cursor_path, run.mutable_cursor());
  run.set_artifact_dir(options_.artifact_dir);
  run.set_scratch_dir(scratch_dir_ + "/" + attempt_file_name(key));
  run.set_attempt_number(assign.attempt_number());
  run.set_job(assign.job());
  run.set_task(assign.task());
}

void ExecutorPool::send_run(Executor& executor) {
  // A peer that is gone is noticed by its death.
  if (!executor.socket.open() || !executor.socket.flush()) return;
  if (executor.socket.wants_write() == executor.write_watched) return;
  executor.write_watched = executor.socket.wants_write();
  watch(executor.socket.fd(), tag_of(executor.id, 0), executor.write_watched, true);
}

void ExecutorPool::act(const TerminateTree& action) {
  Executor* executor = find(action.executor);
  if (executor == nullptr || executor->dead) return;
  executor->killed_by_us = true;
  supervisor_.signal(executor->id, SIGTERM);
}

void ExecutorPool::act(const KillTree& action) {
  Executor* executor = find(action.executor);
  if (executor == nullptr) return;
  executor->killed_by_us = true;
  end_strays(*executor, Strays::kAll);
  supervisor_.signal(executor->id, SIGKILL);
}

void ExecutorPool::act(const RetireExecutor& action) {
  Executor* executor = find(action.executor);
  if (executor == nullptr) return;
  executor->killed_by_us = true;
  executor->socket.close();
}

void ExecutorPool::act(const ReturnAttempt& action) {
  Executor* executor = find(action.executor);
  CHECK(executor != nullptr && executor->launch != nullptr);
  if (executor->launch->side_effects) supervisor_.unfence(executor->id);
  launches_.insert_or_assign(action.key, std::move(executor->launch));
  executor->detach();
}

void ExecutorPool::act(const ReportStarted& action) {
  events_.push_back(AttemptStarted{action.key, action.started});
}

void ExecutorPool::act(const ReportReleased& action) {
  launches_.erase(action.key);
  events_.push_back(AttemptReleased{action.key, action.reason});
}

void ExecutorPool::act(const ReportEnded& action) {
  AttemptEnded ended{action.key, {}, {}, std::nullopt};
  v1::Finished& finished = ended.finished;
  set_key(action.key, finished.mutable_attempt());
  if (action.started) finished.set_started_at_us(unix_us(action.started->wall));
  finished.set_finished_at_us(unix_us(action.ended.wall));
  Executor* executor = find(action.executor);
  if (executor == nullptr) {
    launches_.erase(action.key);
    DeathReport death;
    death.by = action.by;
    death.reason = action.reason;
    describe_death(death, finished);
    events_.emplace_back(std::move(ended));
    return;
  }
  const bool did_not_load = action.by == EndedBy::kNotReady && executor->refusal.empty();
  if (action.by == EndedBy::kManifest || did_not_load) {
    ended.suspect_module = executor->module;
  }
  if (action.by == EndedBy::kResult) {
    describe_result(executor->result, finished);
  } else {
    describe_death(death_of(*executor, action), finished);
  }
  if (executor->launch->side_effects) supervisor_.unfence(executor->id);
  executor->spool->finish();
  ended.logs = executor->spool->sizes();
  executor->detach();
  // Stages make it when they need one. Nobody waits for its removal.
  scratch_left_.push_back(scratch_dir_ + "/" + attempt_file_name(action.key));
  ran_since_sample_ = true;
  events_.emplace_back(std::move(ended));
}

DeathReport ExecutorPool::death_of(const Executor& executor, const ReportEnded& action) const {
  DeathReport death;
  death.by = action.by;
  death.reason = action.reason;
  death.refusal = executor.refusal;
  death.begun = action.started.has_value();
  death.exited = executor.dead && executor.pid > 0;
  death.code = executor.code;
  death.status = executor.status;
  death.killed_by_us = executor.killed_by_us;
  death.memory_peak = executor.memory_peak;
  death.timeout = std::chrono::milliseconds(executor.launch->assign.timeout_ms());
  death.ready_max = options_.limits.ready_max;
  death.executable = modules_.at(executor.module).executable;
  death.stderr_tail = executor.stderr_tail;
  death.kernel_oom = !executor.killed_by_us && kernel_oom_kills() > executor.oom_kills_before;
  if (death.stderr_tail.size() > kStderrTailBytes) {
    death.stderr_tail.erase(0, death.stderr_tail.size() - kStderrTailBytes);
  }
  return death;
}

void ExecutorPool::read_executor(Executor& executor) {
  const ExecutorId id = executor.id;
  const bool open = executor.socket.receive();
  for (;;) {
    const auto frame = executor.socket.next();
    if (!frame) break;
    v1::ExecutorResponse response;
    if (!response.ParseFromArray(frame->data(), int(frame->size()))) {
      dispatcher_.condemn(id, EndedBy::kProtocol,
                          "the executor sent a frame that is no message of the protocol", now_,
                          actions_);
      executor.socket.close();
      break;
    }
    respond(executor, response);
  }
  if (executor.socket.broken()) {
    dispatcher_.condemn(id, EndedBy::kProtocol,
                        "the executor sent a frame over the limit of " +
                            std::to_string(kExecutorFrameBytesMax) + " bytes",
                        now_, actions_);
    executor.socket.close();
  }
  if (!open) hung_up(executor);
  perform();
}

void ExecutorPool::respond(Executor& executor, v1::ExecutorResponse& response) {
  switch (response.response_case()) {
    case v1::ExecutorResponse::kReady:
      ready(executor, response.ready());
      return;
    case v1::ExecutorResponse::kResult:
      result(executor, *response.mutable_result());
      return;
    case v1::ExecutorResponse::kLog:
      response.mutable_log()->mutable_line()->push_back('\n');
      executor.log(LogKind::kLog, response.log().line());
      if (executor.log_grew && !notice_at_) notice_at_ = now_.boot + kLogNoticeEvery;
      return;
    case v1::ExecutorResponse::kProgress:
      return;  // the scheduler has no use for it yet
    case v1::ExecutorResponse::RESPONSE_NOT_SET:
      dispatcher_.condemn(executor.id, EndedBy::kProtocol,
                          "the executor sent a message that this worker does not know", now_,
                          actions_);
      return;
  }
}

void ExecutorPool::ready(Executor& executor, const v1::ExecutorReady& ready) {
  if (ready.protocol_version() != kExecutorProtocolVersion) {
    dispatcher_.condemn(executor.id, EndedBy::kManifest,
                        "the module speaks version " + std::to_string(ready.protocol_version()) +
                            " of the executor protocol, this worker version " +
                            std::to_string(kExecutorProtocolVersion) +
                            "; build it again with a matching SDK",
                        now_, actions_);
    return;
  }
  Module& module = modules_.at(executor.module);
  if (module.accepted.empty() || module.accepted != ready.manifest_json()) {
    if (!same_manifest(module.manifest, ready.manifest_json())) {
      dispatcher_.condemn(executor.id, EndedBy::kManifest,
                          "the program declares something else here than when it was registered; "
                          "its definitions must "
                          "not depend on the machine, the environment or the time",
                          now_, actions_);
      return;
    }
    module.accepted = ready.manifest_json();
  }
  dispatcher_.ready(executor.id, now_, actions_);
}

void ExecutorPool::result(Executor& executor, v1::ExecutorResult& result) {
  const AttemptKey key{{result.run()}, result.task_index(), result.epoch()};
  if (executor.launch && key_of(executor.launch->assign.attempt()) != key) {
    dispatcher_.condemn(executor.id, EndedBy::kProtocol,
                        "the executor sent the result of another attempt", now_, actions_);
    return;
  }
  if (!dispatcher_.result_arrived(executor.id)) {
    dispatcher_.condemn(executor.id, EndedBy::kProtocol,
                        "the executor sent a result that was not asked for", now_, actions_);
    return;
  }
  if (!executor.launch || executor.settling) return;
  keep_helpers(executor, result);
  // A dead one must not be given another attempt: its death reports the result.
  executor.result.Swap(&result);
  // Everything that was written before the result is in the pipes now.
  for (int i = 0; i < 2; ++i) {
    const std::size_t waiting = executor.waiting_in_pipe(i);
    if (waiting > 0) executor.drain_pipe(i, waiting);
  }
  if (executor.dead) return;
  settle(executor);
  // The next attempt begins in the same turn: perform what was decided before another frame is
  // looked at.
  perform();
}

void ExecutorPool::keep_helpers(Executor& executor, const v1::ExecutorResult& result) {
  std::vector<Helper> fresh;
  for (const v1::ExecutorProcess& process : result.helpers()) {
    if (executor.helpers >= kHelpersMax) break;
    ++executor.helpers;
    fresh.push_back({pid_t(process.pid()), process.born_ticks()});
  }
  supervisor_.add_helpers(executor.id, fresh);
}

// Ends what the attempt forked; what its resources started lives on. While the machine makes no
// process at all there is nothing to look for.
void ExecutorPool::settle(Executor& executor) {
  const std::uint64_t forks = forks_.read();
  const bool quiet = forks != 0 && forks == executor.forks_before;
  const bool was_settling = executor.settling;
  if (!quiet && end_strays(executor, Strays::kOfAttempt) > 0) {
    if (!was_settling) {
      executor.settling = true;
      executor.patience_until = now_.boot + kSettleMax;
      ++sweeping_;
    }
    if (now_.boot < executor.patience_until) return;
  }
  const bool clean = !was_settling || now_.boot < executor.patience_until;
  if (was_settling) {
    executor.settling = false;
    --sweeping_;
    for (int i = 0; i < 2; ++i) executor.drain_pipe(i, kPipeReadBytes);
  }
  executor.forks_before = forks;
  dispatcher_.settled(executor.id, clean && executor.socket.open(), now_, actions_);
}

void ExecutorPool::take_deaths() {
  for (const ExecutorDeath& death : supervisor_.take_deaths()) {
    Executor* executor = find(death.executor);
    if (executor == nullptr || executor->dead) continue;
    executor->fenced = death.fenced;
    executor->killed_by_us = executor->killed_by_us || death.fenced;
    mark_dead(*executor, death.code, death.status);
  }
  if (sweeping_ > 0) sweep();
  perform();
}

// The lease is enforced by the dispatcher; the fence is for the time when nobody asks that.
void ExecutorPool::fence(const Executor& executor) {
  if (!executor.launch || !executor.launch->side_effects) return;
  if (side_effects_until_ == BootTime::max()) return;
  supervisor_.fence(executor.id, side_effects_until_ + kFenceDelay);
}

void ExecutorPool::mark_dead(Executor& executor, int code, int status) {
  if (!executor.settling && !executor.hung_up) ++sweeping_;
  executor.dead = true;
  executor.settling = false;
  executor.hung_up = false;
  executor.code = code;
  executor.status = status;
  executor.patience_until = now_.boot + kSettleMax;
}

// Its death should follow and say more; if it does not come, the executor is killed.
void ExecutorPool::hung_up(Executor& executor) {
  if (!executor.socket.open()) return;
  executor.socket.close();
  if (executor.dead || executor.settling || executor.hung_up) return;
  executor.hung_up = true;
  executor.patience_until = now_.boot + kHangUpMax;
  ++sweeping_;
}

void ExecutorPool::sweep() {
  std::vector<ExecutorId> ids;
  for (const auto& [id, executor] : executors_) {
    if (executor->dead || executor->settling || executor->hung_up) ids.push_back(id);
  }
  for (const ExecutorId id : ids) {
    Executor* executor = find(id);
    if (executor == nullptr) continue;
    if (executor->dead) {
      finish_dead(*executor);
    } else if (executor->settling) {
      settle(*executor);
    } else if (now_.boot >= executor->patience_until) {
      executor->hung_up = false;
      --sweeping_;
      dispatcher_.condemn(id, EndedBy::kProtocol,
                          "the executor closed its socket and went on running", now_, actions_);
    }
    perform();
  }
}

// Reads what it said last, waits until its whole tree is dead, then tells the dispatcher.
void ExecutorPool::finish_dead(Executor& executor) {
  const ExecutorId id = executor.id;
  // They may hold the other ends of what is read here, so that no end of it need come.
  int alive = end_strays(executor, Strays::kAll);
  const std::size_t helpers = executor.helpers;
  std::size_t unread = kExecutorFrameBytesMax;
  do {
    const auto available = std::size_t(executor.socket.available());
    read_executor(executor);
    unread -= std::min(unread, available);
  } while (unread > 0 && executor.socket.available() > 0);
  if (executor.helpers > helpers) alive = end_strays(executor, Strays::kAll);
  if (alive > 0 && now_.boot < executor.patience_until) return;
  for (int i = 0; i < 2; ++i) executor.drain_pipe(i, kFinalDrainBytes);
  --sweeping_;
  const bool untouched = executor.socket.reset() || executor.socket.wants_write();
  dispatcher_.gone(id, untouched, executor.fenced, now_, actions_);
  perform();
  scratch_left_.push_back(executor.directory);
  ran_since_sample_ = true;
  executors_.erase(id);
}

}  // namespace weir::worker
