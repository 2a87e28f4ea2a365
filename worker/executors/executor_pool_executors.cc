// What the dispatcher asked for, and what executors say and how they die. A result is passed on
// only when the log pipes were read up to the moment it was sent and nothing that the stage forked
// is left; what resources started is left until their executor ends. The supervisor answers later:
// nothing here waits for it.
#include <algorithm>
#include <filesystem>
#include <signal.h>

#include "base/check.h"
#include "base/json.h"
#include "base/text.h"
#include "module/manifest.h"
#include "weir/worker/v1/executor.pb.h"
#include "worker/executors/disk_reserve.h"
#include "worker/executors/executor_pool.h"
#include "worker/executors/reports.h"

namespace weir::worker {
namespace {

constexpr int kExecutorProtocolVersion = 3;

std::uint64_t tag_of(ExecutorId id, int which) {
  return (std::uint64_t{id} << 2) | std::uint64_t(which);
}

// What no SDK of ours sends must not burden the session either.
void bound_message(v1::Progress& progress) {
  if (progress.message().size() <= kProgressBytesMax) return;
  progress.set_message(base::cut_utf8(progress.message(), kProgressBytesMax));
}

// Both were written by the same code from the same program, but perhaps with other spaces, and an
// executor sends a part.
bool same_manifest(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto json_a = base::Json::parse(a);
  const auto json_b = base::Json::parse(b);
  if (!json_a.ok() || !json_b.ok()) return false;
  if (*json_a == *json_b) return true;
  auto manifest_a = module::manifest_from_json(*json_a);
  auto manifest_b = module::manifest_from_json(*json_b);
  if (!manifest_a.ok() || !manifest_b.ok()) return false;
  return module::manifest_to_json(module::executed_part(std::move(*manifest_a))) ==
         module::manifest_to_json(module::executed_part(std::move(*manifest_b)));
}

}  // namespace

Executor* ExecutorPool::find(ExecutorId id) {
  const auto found = executors_.find(id);
  return found == executors_.end() ? nullptr : found->second.get();
}

void ExecutorPool::ask_for_strays(Executor& executor, Strays which) {
  std::vector<ExecutorActivity> activities;
  for (const auto& [id, other] : executors_) {
    activities.push_back({id, other->launch != nullptr ? other->busy_since_ticks : 0});
  }
  executor.strays_asked = supervisor_.end_strays(executor.id, which, activities);
}

void ExecutorPool::perform() {
  if (performing_) return;
  performing_ = true;
  // Actions may lead to further ones, which are appended.
  for (std::size_t i = 0; i < actions_.size(); ++i) {
    const Action action = std::move(actions_[i]);
    std::visit([this](const auto& one) { act(one); }, action);
  }
  actions_.clear();
  performing_ = false;
}

void ExecutorPool::act(const SpawnExecutor& action) {
  auto owned = std::make_unique<Executor>();
  Executor& executor = *owned;
  executor.id = action.executor;
  executor.module = action.module;
  executor.directory = scratch_dir_ + "/executor-" + std::to_string(action.executor);
  executor.oom_kills_before = kernel_oom_kills();
  executors_.emplace(action.executor, std::move(owned));
  const AttemptSpec* attempt = dispatcher_.attempt_of(action.executor);
  CHECK(attempt != nullptr);
  attach(executor, *attempt);
  const Module& module = modules_.at(action.module);
  if (const auto changed = find_changed(module.files)) {
    executor.distrusted = true;
    executor.refusal = *changed + " is not what was verified; the module is verified again";
    return dispatcher_.gone(executor.id, false, now_, actions_);
  }
  supervisor_.spawn(executor.id, {module.executable, executor.directory, options_.core_dumps});
}

void ExecutorPool::attach(Executor& executor, const AttemptSpec& attempt) {
  const auto room = [spool = options_.spool_dir, reserve = options_.disk_reserve] {
    return room_beyond(spool, reserve);
  };
  executor.attach(*attempt.launch,
                  AttemptSpool(options_.spool_dir,
                               {attempt.launch->assign().attempt().store_generation(), attempt.key},
                               options_.logs, room));
  executor.busy_since_ticks = ticks_since_boot();
}

void ExecutorPool::act(const RunAttempt& action) {
  Executor* executor = find(action.executor);
  CHECK(executor != nullptr);
  // A new one was given its attempt when it was started.
  if (executor->launch == nullptr) attach(*executor, *dispatcher_.attempt_of(action.executor));
  ran_since_sample_ = true;
  fence(*executor);
  v1::ExecutorRun& run = executor->launch->run();
  run.set_artifact_dir(options_.staging_dir.empty()
                           ? options_.artifact_dir
                           : options_.staging_dir + "/" + attempt_file_name(action.key));
  run.set_scratch_dir(scratch_dir_ + "/" + attempt_file_name(action.key));
  run.set_disk_reserve(options_.disk_reserve);
  executor->socket.queue(executor->launch->request);
  send_run(*executor);
}

void ExecutorPool::act(const EndStrays& action) {
  Executor* executor = find(action.executor);
  if (executor == nullptr) return;
  ask_for_strays(*executor, action.with_helpers ? Strays::kAll : Strays::kOfAttempt);
}

// Reads what it said last, and tells the dispatcher that it is gone.
void ExecutorPool::act(const BuryExecutor& action) {
  Executor* executor = find(action.executor);
  if (executor == nullptr) return;
  const std::size_t helpers = executor->helpers;
  std::size_t unread = kExecutorFrameBytesMax;
  do {
    const auto available = std::size_t(executor->socket.available());
    read_executor(*executor);
    unread -= std::min(unread, available);
  } while (unread > 0 && executor->socket.available() > 0);
  if (executor->helpers > helpers) return ask_for_strays(*executor, Strays::kAll);
  for (int i = 0; i < 2; ++i) executor->drain_pipe(i, kFinalDrainBytes);
  const bool untouched = executor->socket.reset() || executor->socket.wants_write();
  dispatcher_.gone(action.executor, untouched, now_, actions_);
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
  if (executor == nullptr) return;
  executor->killed_by_us = true;
  supervisor_.signal(executor->id, SIGTERM);
}

void ExecutorPool::act(const KillTree& action) {
  Executor* executor = find(action.executor);
  if (executor == nullptr) return;
  executor->killed_by_us = true;
  ask_for_strays(*executor, Strays::kAll);  // before they are orphans; its death asks again
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
  let_go(*executor);
}

void ExecutorPool::act(const ForgetExecutor& action) {
  const auto found = executors_.find(action.executor);
  if (found == executors_.end()) return;
  scratch_left_.push_back(found->second->directory);
  ran_since_sample_ = true;
  executors_.erase(found);
}

// Its attempt is over, or waits for another executor.
void ExecutorPool::let_go(Executor& executor) {
  if (executor.launch->side_effects) supervisor_.unfence(executor.id);
  executor.detach();
}

void ExecutorPool::act(const ReportStarted& action) {
  events_.push_back(AttemptStarted{action.key, action.started});
}

void ExecutorPool::act(const ReportReleased& action) {
  events_.push_back(AttemptReleased{action.key, action.reason});
}

void ExecutorPool::act(const ReportEnded& action) {
  AttemptEnded ended{action.key, {}, {}, std::nullopt};
  Executor* executor = find(action.executor);
  if (executor != nullptr) {
    end_attempt(*executor, action, ended);
  } else {
    DeathReport death;
    death.by = action.by;
    death.reason = action.reason;
    describe_death(death, ended.finished);
  }
  v1::Finished& finished = ended.finished;
  set_key(action.key, finished.mutable_attempt());
  finished.set_started_at_us(action.started ? unix_us(action.started->wall) : 0);
  finished.set_finished_at_us(unix_us(action.ended.wall));
  events_.emplace_back(std::move(ended));
}

void ExecutorPool::end_attempt(Executor& executor, const ReportEnded& action, AttemptEnded& ended) {
  const bool did_not_load = action.by == EndedBy::kNotReady && executor.refusal.empty();
  if (action.by == EndedBy::kManifest || did_not_load || executor.distrusted) {
    ended.suspect_module = executor.module;
  }
  if (action.by == EndedBy::kResult) {
    ended.finished.Swap(&executor.finished);
    check_result(ended.finished);
  } else {
    describe_death(death_of(executor, action), ended.finished);
  }
  // One that died said what it said.
  if (executor.progress && !ended.finished.has_progress()) {
    *ended.finished.mutable_progress() = std::move(*executor.progress);
  }
  if (ended.finished.has_progress()) bound_message(*ended.finished.mutable_progress());
  executor.spool->finish();
  ended.logs = executor.spool->sizes();
  let_go(executor);
  // Stages make it when they need one. Nobody waits for its removal.
  scratch_left_.push_back(scratch_dir_ + "/" + attempt_file_name(action.key));
  ran_since_sample_ = true;
}

DeathReport ExecutorPool::death_of(const Executor& executor, const ReportEnded& action) const {
  DeathReport death;
  death.by = action.by;
  death.reason = action.reason;
  death.refusal = executor.refusal;
  death.begun = action.started.has_value();
  death.exited = executor.code != 0;
  death.code = executor.code;
  death.status = executor.status;
  death.killed_by_us = executor.killed_by_us;
  death.memory_peak = executor.memory_peak;
  death.timeout = std::chrono::milliseconds(executor.launch->assign().timeout_ms());
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
  if (!open && executor.socket.open()) {
    executor.socket.close();
    dispatcher_.hung_up(id, now_, actions_);  // its death should follow and say more
  }
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
      executor.log(LogStream::kLog, response.log().line());
      if (executor.log_grew && !notice_at_) notice_at_ = now_.boot + kLogNoticeEvery;
      return;
    case v1::ExecutorResponse::kProgress:
      if (executor.launch == nullptr) return;
      executor.progress = std::move(*response.mutable_progress());
      bound_message(*executor.progress);
      executor.progress_news = true;
      if (!progress_at_) {
        progress_at_ = std::max(now_.boot, progress_told_at_ + kProgressNoticeEvery);
      }
      return;
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
  const AttemptKey key = key_of(result.finished().attempt());
  if (executor.launch != nullptr && key_of(executor.launch->assign().attempt()) != key) {
    dispatcher_.condemn(executor.id, EndedBy::kProtocol,
                        "the executor sent the result of another attempt", now_, actions_);
    return;
  }
  const Dispatcher::Taken taken = dispatcher_.result_arrived(executor.id);
  if (taken == Dispatcher::Taken::kNotDue) {
    dispatcher_.condemn(executor.id, EndedBy::kProtocol,
                        "the executor sent a result that was not asked for", now_, actions_);
    return;
  }
  keep_helpers(executor, result);
  if (taken == Dispatcher::Taken::kIgnored) return;
  executor.finished.Swap(result.mutable_finished());
  // Everything that was written before the result is in the pipes now.
  for (int i = 0; i < 2; ++i) {
    const std::size_t waiting = executor.waiting_in_pipe(i);
    if (waiting > 0) executor.drain_pipe(i, waiting);
  }
  // A dead one must not be given another attempt: its burial reports the result.
  if (!dispatcher_.dead(executor.id)) settle(executor);
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
  executor.forks_before = forks;
  if (quiet) {
    dispatcher_.settled(executor.id, true, now_, actions_);
  } else {
    ask_for_strays(executor, Strays::kOfAttempt);
  }
}

// ---- what the supervisor says ----

void ExecutorPool::take_supervisor_events() {
  for (SupervisorEvent& event : supervisor_.take_events()) {
    std::visit([this](auto& one) { on_event(one); }, event);
    perform();
  }
}

void ExecutorPool::on_event(ExecutorStarted& started) {
  Executor* executor = find(started.executor);
  if (executor == nullptr) return;
  if (!started.spawned.ok()) {
    executor->refusal = started.spawned.status().text();
    return dispatcher_.gone(started.executor, false, now_, actions_);
  }
  Spawned& spawned = *started.spawned;
  executor->pid = spawned.pid;
  executor->socket = FrameSocket(std::move(spawned.socket), kExecutorFrameBytesMax);
  executor->pipes[0] = std::move(spawned.standard_output);
  executor->pipes[1] = std::move(spawned.standard_error);
  watch(executor->socket.fd(), tag_of(executor->id, 0));
  watch(executor->pipes[0].get(), tag_of(executor->id, 1));
  watch(executor->pipes[1].get(), tag_of(executor->id, 2));
  dispatcher_.spawned(executor->id, now_);
}

void ExecutorPool::on_event(const StraysEnded& ended) {
  Executor* executor = find(ended.executor);
  if (executor == nullptr || executor->strays_asked != ended.request) return;
  executor->strays_seen = executor->strays_seen || ended.alive > 0;
  // What they said before they died.
  for (int i = 0; i < 2 && executor->strays_seen; ++i) executor->drain_pipe(i, kPipeReadBytes);
  dispatcher_.strays_ended(ended.executor, ended.alive, now_, actions_);
}

void ExecutorPool::on_event(const ExecutorDeath& death) {
  Executor* executor = find(death.executor);
  if (executor == nullptr) return;
  executor->code = death.code;
  executor->status = death.status;
  executor->killed_by_us = executor->killed_by_us || death.fenced;
  dispatcher_.exited(death.executor, death.fenced, now_, actions_);
}

// The lease is enforced by the dispatcher; the fence is for the time when nobody asks that.
void ExecutorPool::fence(const Executor& executor) {
  if (executor.launch == nullptr || !executor.launch->side_effects) return;
  if (side_effects_until_ == BootTime::max()) return;
  supervisor_.fence(executor.id, side_effects_until_ + kFenceDelay);
}

}  // namespace weir::worker
