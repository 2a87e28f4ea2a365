// What the dispatcher asked for, and what executors say and how they die. A result is passed on
// only when the log pipes were read up to the moment it was sent and nothing that the stage forked
// is left; what resources started is left until their executor ends.
#include <algorithm>
#include <filesystem>
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/base/check.h"
#include "sdk/base/json.h"
#include "sdk/base/manifest.h"
#include "worker/supervisor/spawn.h"
#include "worker/supervisor/supervisor.h"
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
  const auto manifest_a = base::manifest_from_json(*json_a);
  const auto manifest_b = base::manifest_from_json(*json_b);
  if (!manifest_a.ok() || !manifest_b.ok()) return false;
  return base::manifest_to_json(*manifest_a) == base::manifest_to_json(*manifest_b);
}

}  // namespace

Executor* Supervisor::find(ExecutorId id) {
  const auto found = executors_.find(id);
  return found == executors_.end() ? nullptr : found->second.get();
}

std::vector<TreeRoot> Supervisor::roots() const {
  std::vector<TreeRoot> all;
  for (const auto& [id, executor] : executors_) all.push_back(executor->root());
  return all;
}

void Supervisor::perform() {
  // Actions may lead to further ones, which are appended.
  for (std::size_t i = 0; i < actions_.size(); ++i) {
    const Action action = std::move(actions_[i]);
    std::visit([this](const auto& one) { act(one); }, action);
  }
  actions_.clear();
}

void Supervisor::act(const SpawnExecutor& action) {
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
  executor.attach(std::move(work->second), AttemptSpool(spool_dir_, *key, log_limits_));
  launches_.erase(work);
  std::error_code failed;
  std::filesystem::create_directories(executor.directory, failed);
  SpawnRequest request{modules_.at(action.module).executable, executor.directory,
                       std::to_string(action.executor), core_dumps_};
  auto spawned = spawn_executor(request);
  if (!spawned.ok()) {
    executor.stderr_tail = spawned.status().text();
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

void Supervisor::act(const RunAttempt& action) {
  Executor* executor = find(action.executor);
  CHECK(executor != nullptr);
  if (!executor->launch) {  // a warm one; a new one was given its attempt when it was started
    const auto work = launches_.find(action.key);
    CHECK(work != launches_.end());
    executor->attach(std::move(work->second), AttemptSpool(spool_dir_, action.key, log_limits_));
    launches_.erase(work);
    executor->busy_since_ticks = ticks_since_boot();
  }
  ran_since_sample_ = true;
  v1::ExecutorRequest request;
  fill_run(*executor, *request.mutable_run());
  executor->socket.queue(request);
  send_run(*executor);
}

void Supervisor::fill_run(Executor& executor, v1::ExecutorRun& run) {
  const v1::Assign& assign = executor.launch->assign();
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
    const bool known = i < executor.launch->input_paths_size();
    if (from.present()) {
      value(from.value(), known ? executor.launch->input_paths(i) : "", input->mutable_value());
    }
  }
  run.set_params(assign.params());
  run.set_cursor_version(assign.cursor_version());
  run.set_cursor_present(assign.has_cursor());
  if (assign.has_cursor())
    value(assign.cursor(), executor.launch->cursor_path(), run.mutable_cursor());
  run.set_artifact_dir(artifact_dir_);
  run.set_scratch_dir(scratch_dir_ + "/" + attempt_file_name(key));
  run.set_attempt_number(assign.attempt_number());
  run.set_job(assign.job());
  run.set_task(assign.task());
}

void Supervisor::send_run(Executor& executor) {
  // A peer that is gone is noticed by its death.
  if (!executor.socket.open() || !executor.socket.flush()) return;
  if (executor.socket.wants_write() == executor.write_watched) return;
  executor.write_watched = executor.socket.wants_write();
  watch(executor.socket.fd(), tag_of(executor.id, 0), executor.write_watched, true);
}

void Supervisor::act(const TerminateTree& action) {
  Executor* executor = find(action.executor);
  if (executor == nullptr || executor->dead) return;
  executor->killed_by_us = true;
  // The child may not have made its session yet: then there is no such group.
  if (::kill(-executor->pid, SIGTERM) != 0) ::kill(executor->pid, SIGTERM);
}

void Supervisor::act(const KillTree& action) {
  Executor* executor = find(action.executor);
  if (executor == nullptr) return;
  executor->killed_by_us = true;
  signal_strays(executor->root(), roots(), Strays::kAll, SIGKILL);
  if (executor->dead) return;
  ::kill(-executor->pid, SIGKILL);
  ::kill(executor->pid, SIGKILL);
}

void Supervisor::act(const RetireExecutor& action) {
  Executor* executor = find(action.executor);
  if (executor == nullptr) return;
  executor->killed_by_us = true;
  executor->socket.close();
}

void Supervisor::act(const ReturnAttempt& action) {
  Executor* executor = find(action.executor);
  CHECK(executor != nullptr && executor->launch != nullptr);
  launches_.insert_or_assign(action.key, std::move(executor->launch));
  executor->detach();
}

void Supervisor::act(const ReportStarted& action) {
  v1::Started* started = outgoing_.add_events()->mutable_started();
  set_key(action.key, started->mutable_attempt());
  started->set_started_at_us(unix_us(action.started.wall));
}

void Supervisor::act(const ReportReleased& action) {
  launches_.erase(action.key);
  v1::Released* released = outgoing_.add_events()->mutable_released();
  set_key(action.key, released->mutable_attempt());
  released->set_reason(action.reason);
}

void Supervisor::act(const ReportEnded& action) {
  v1::AttemptEnded* ended = outgoing_.add_events()->mutable_ended();
  v1::Finished& finished = *ended->mutable_finished();
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
    return;
  }
  if (action.by == EndedBy::kManifest || action.by == EndedBy::kNotReady) {
    ended->set_suspect_module(executor->launch->assign().module());
  }
  if (action.by == EndedBy::kResult) {
    describe_result(executor->result, finished);
  } else {
    DeathReport death{action.by,
                      action.reason,
                      action.started.has_value(),
                      executor->dead && executor->pid > 0,
                      executor->code,
                      executor->status,
                      executor->killed_by_us,
                      false,
                      executor->memory_peak,
                      std::chrono::milliseconds(executor->launch->assign().timeout_ms()),
                      limits_.ready_max,
                      modules_.at(executor->module).executable,
                      executor->stderr_tail};
    death.kernel_oom = !executor->killed_by_us && kernel_oom_kills() > executor->oom_kills_before;
    if (death.stderr_tail.size() > kStderrTailBytes) {
      death.stderr_tail.erase(0, death.stderr_tail.size() - kStderrTailBytes);
    }
    describe_death(death, finished);
  }
  executor->spool->finish();
  for (const LogKind kind : kLogKinds) {
    if (executor->spool->size(kind) == 0) continue;
    v1::LogSize* size = ended->add_logs();
    size->set_stream(v1::LogStream(int(kind) + 1));
    size->set_size(executor->spool->size(kind));
  }
  executor->detach();
  scratch_left_.push_back(action.key);
  gathered(finished.ByteSizeLong());
}

// A frame has a limit: large reports do not wait for company.
void Supervisor::gathered(std::size_t bytes) {
  outgoing_bytes_ += bytes;
  if (outgoing_bytes_ <= kFrameGatherBytes) return;
  agent_.queue(outgoing_);
  outgoing_.Clear();
  outgoing_bytes_ = 0;
}

// Stages make their scratch directory when they need one: usually there is nothing to remove, and
// reports do not wait for finding that out.
void Supervisor::remove_scratch() {
  for (const AttemptKey& key : scratch_left_) {
    const std::string path = scratch_dir_ + "/" + attempt_file_name(key);
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) continue;
    std::error_code
        ignored;  // what cannot be removed is removed with the whole directory at the next start
    std::filesystem::remove_all(path, ignored);
  }
  scratch_left_.clear();
}

void Supervisor::read_executor(Executor& executor) {
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

void Supervisor::respond(Executor& executor, v1::ExecutorResponse& response) {
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

void Supervisor::ready(Executor& executor, const v1::ExecutorReady& ready) {
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

void Supervisor::result(Executor& executor, v1::ExecutorResult& result) {
  const AttemptKey key{{result.run()}, result.task_index(), result.epoch()};
  if (executor.launch && key_of(executor.launch->assign().attempt()) != key) {
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
  executor.keep(result);
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

// Ends what the attempt forked; what its resources started lives on. While the machine makes no
// process at all there is nothing to look for.
void Supervisor::settle(Executor& executor) {
  const std::uint64_t forks = forks_.read();
  const bool quiet = forks != 0 && forks == executor.forks_before;
  const bool was_settling = executor.settling;
  if (!quiet && signal_strays(executor.root(), roots(), Strays::kOfAttempt, SIGKILL) > 0) {
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

void Supervisor::reap() {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) break;
    for (auto& [id, executor] : executors_) {
      if (executor->pid != info.si_pid || executor->dead) continue;
      mark_dead(*executor, info.si_code, info.si_status);
      break;
    }
  }
  if (sweeping_ > 0) sweep();
  perform();
}

void Supervisor::mark_dead(Executor& executor, int code, int status) {
  if (!executor.settling && !executor.hung_up) ++sweeping_;
  executor.dead = true;
  executor.settling = false;
  executor.hung_up = false;
  executor.code = code;
  executor.status = status;
  executor.patience_until = now_.boot + kSettleMax;
}

// Its death should follow and say more; if it does not come, the executor is killed.
void Supervisor::hung_up(Executor& executor) {
  if (!executor.socket.open()) return;
  executor.socket.close();
  if (executor.dead || executor.settling || executor.hung_up) return;
  executor.hung_up = true;
  executor.patience_until = now_.boot + kHangUpMax;
  ++sweeping_;
}

void Supervisor::sweep() {
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
void Supervisor::finish_dead(Executor& executor) {
  const ExecutorId id = executor.id;
  // A stray may hold the other end, so the end of the stream need not come.
  do {
    read_executor(executor);
  } while (executor.socket.available() > 0);
  if (signal_strays(executor.root(), roots(), Strays::kAll, SIGKILL) > 0 &&
      now_.boot < executor.patience_until)
    return;
  for (int i = 0; i < 2; ++i) executor.drain_pipe(i, kFinalDrainBytes);
  --sweeping_;
  const bool untouched = executor.socket.reset() || executor.socket.wants_write();
  dispatcher_.gone(id, untouched, now_, actions_);
  perform();
  std::error_code ignored;  // removed with the whole directory at the next start
  std::filesystem::remove_all(executor.directory, ignored);
  executors_.erase(id);
}

}  // namespace weir::worker
