// The way of an attempt through the agent: assignment, module and inputs, launch, end, upload,
// report, acknowledgement. The ledger owns it and says what a message means for it. Runs on the
// thread of Agent::run().
#include <algorithm>
#include <sys/stat.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include "base/errors.h"
#include "worker/agent/agent_impl.h"
#include "worker/agent/blob_file.h"

namespace weir::worker {

using base::AttemptKey;
using base::BootTime;
using base::Code;
using base::Digest;
using base::Duration;
using base::Status;

void Agent::Impl::on_message(v1::SchedulerMessage& message) {
  switch (message.message_case()) {
    case v1::SchedulerMessage::kWelcome:
      return welcome(message.welcome());
    case v1::SchedulerMessage::kAssign:
      return assign(*message.mutable_assign());
    case v1::SchedulerMessage::kStop:
      return stop_attempt(message.stop());
    case v1::SchedulerMessage::kAcknowledge:
      return acknowledge(message.acknowledge());
    case v1::SchedulerMessage::kNeedArtifacts:
      return need_artifacts(message.need_artifacts());
    case v1::SchedulerMessage::kRevoke:
      return revoke(key_of(message.revoke().attempt()));
    case v1::SchedulerMessage::kSetDraining:
      draining_ = message.set_draining().draining();
      pool_.drain(draining_ || leaving_);
      if (!draining_) return;
      for (const State state : {State::kPreparing, State::kKeptBack}) {
        for (const AttemptKey& key : ledger_.in(state)) release(key, "the worker is draining");
      }
      return;
    case v1::SchedulerMessage::kHeard:
      return heard(BootTime(Duration(message.heard().sent_at_us())));
    case v1::SchedulerMessage::MESSAGE_NOT_SET:
      return;  // of a newer scheduler
  }
}

// ---- preparation ----

void Agent::Impl::assign(v1::Assign& assign) {
  const AttemptKey key = key_of(assign.attempt());
  if (of_older_store(key)) return give_back(key, "its number was given before the restore, too");
  if (ledger_.settled(key)) return give_back(key, "it was sent twice, and is over here");
  // Given back at the very end: given back now, it might come here again at once.
  Work* work = ledger_.assign(key, leaving_ ? State::kKeptBack : State::kPreparing);
  if (work == nullptr || leaving_) return;
  // It was begun here, and its log is on its way: a second beginning would write over the first.
  // Under a new epoch it has a log of its own.
  if (logs_->began_before(own_log(key)))
    return release(key, "begun before the worker was restarted");
  work->launch.run().mutable_assign()->Swap(&assign);
  work->waiting = 1;  // for this function
  want_module(key, *work);
  want_inputs(key, *work);
  prepared(key);
}

void Agent::Impl::want_module(const AttemptKey& key, Work& work) {
  const auto module = Digest::from_bytes(work.launch.assign().module());
  if (!module)
    return preparation_failed(key,
                              Status(Code::kInvalidArgument, base::kErrLoad, "no module is named"));
  if (modules_->find(*module) != nullptr) return;
  ++work.waiting;
  modules_->prepare(*module, [this, key](const base::Result<LoadedModule>& loaded) {
    if (!loaded.ok()) return preparation_failed(key, loaded.status());
    prepared(key);
  });
}

void Agent::Impl::want_inputs(const AttemptKey& key, Work& work) {
  std::vector<Digest> missing;
  const auto place = [&](const v1::ValueRef& value) -> std::string {
    const auto digest = Digest::from_bytes(value.digest());
    if (value.is_inline() || !digest) return "";
    const std::string shared = base::blob_path(artifact_dir_, *digest);
    struct stat info {};
    if (::stat(shared.c_str(), &info) == 0) {
      if (!shared_) work.copies.push_back(*digest);
      return shared;
    }
    const std::string own = base::blob_path(data_->artifacts(), *digest);
    work.copies.push_back(*digest);
    missing.push_back(*digest);
    return own;
  };
  v1::ExecutorRun& run = work.launch.run();
  for (const v1::Input& input : run.assign().inputs()) {
    run.add_input_paths(input.present() ? place(input.value()) : "");
  }
  if (run.assign().has_cursor()) run.set_cursor_path(place(run.assign().cursor()));
  for (const Digest& digest : missing) {
    ++work.waiting;
    transfer_->fetch(digest, [this, key](const Status& status) {
      if (!status.ok()) return preparation_failed(key, status);
      prepared(key);
    });
  }
}

// One of the things that the attempt waited for is there.
void Agent::Impl::prepared(const AttemptKey& key) {
  Work* work = ledger_.find(key, State::kPreparing);
  if (work != nullptr && --work->waiting == 0) launch(key);
}

void Agent::Impl::preparation_failed(const AttemptKey& key, const Status& status) {
  if (ledger_.find(key, State::kPreparing) == nullptr) return;
  spdlog::warn("attempt_not_prepared attempt={} why=\"{}\"", attempt_file_name(key), status.text());
  report_without_run(key, v1::OUTCOME_LOAD_ERROR, status.text());
}

void Agent::Impl::launch(const AttemptKey& key) {
  Work* work = ledger_.launched(key);
  if (work == nullptr) return;
  const Digest module = *Digest::from_bytes(work->launch.assign().module());
  const LoadedModule* loaded = modules_->find(module);
  if (loaded == nullptr) {  // it fell under suspicion meanwhile
    return report_without_run(key, v1::OUTCOME_LOAD_ERROR, "the module is being verified again");
  }
  if (defined_.insert(module).second) {
    pool_.define_module(module, loaded->executable, loaded->manifest_json, loaded->files);
  }
  const auto stage = std::size_t(work->launch.assign().stage());
  if (stage >= loaded->side_effects.size()) {
    return report_without_run(key, v1::OUTCOME_LOAD_ERROR,
                              "the module has no stage number " + std::to_string(stage));
  }
  work->launch.side_effects = loaded->side_effects[stage];
  pool_.launch(work->launch);
}

// ---- what the scheduler asks for ----

void Agent::Impl::stop_attempt(const v1::Stop& stop) {
  const AttemptKey key = key_of(stop.attempt());
  switch (ledger_.stop(key)) {
    case OrderResponse::kForward:
      return pool_.halt(key, stop.reason());
    case OrderResponse::kReport:
      if (Work* work = ledger_.find(key, State::kUploading)) {
        return report_canceled(key, *work, stop.reason());
      }
      ledger_.assign(key);  // one that was unknown is held until the answer is acknowledged
      return report_without_run(key, v1::OUTCOME_CANCELED, stop.reason());
    case OrderResponse::kIgnore:
    case OrderResponse::kRelease:
      return;
  }
}

void Agent::Impl::acknowledge(const v1::Acknowledge& acknowledge) {
  const AttemptKey key = key_of(acknowledge.attempt());
  if (Work* work = ledger_.find(key, State::kUploading)) give_up_uploads(*work);
  if (staged_) staged_->remove({staging_of(key)});
  if (acknowledge.stale() && ledger_.state(key)) {
    spdlog::info("attempt_stale worker={} attempt={}", data_->worker_id(), attempt_file_name(key));
  }
  if (ledger_.acknowledged(key) == OrderResponse::kForward)
    pool_.halt(key, "the attempt was given to another worker");
}

void Agent::Impl::need_artifacts(const v1::NeedArtifacts& need) {
  const AttemptKey key = key_of(need.attempt());
  Work* work = ledger_.need_artifacts(key);
  if (work == nullptr) return;
  std::set<Digest> wanted;
  for (const std::string& raw : need.digests()) {
    if (const auto digest = Digest::from_bytes(raw)) wanted.insert(*digest);
  }
  upload(key, *work, &wanted);
}

void Agent::Impl::revoke(const AttemptKey& key) {
  switch (ledger_.revoke(key)) {
    case OrderResponse::kRelease:
      return release(key, "revoked before it was begun");
    case OrderResponse::kForward:
      return pool_.withdraw(key);
    case OrderResponse::kIgnore:
    case OrderResponse::kReport:
      return;
  }
}

void Agent::Impl::release(const AttemptKey& key, const std::string& reason) {
  if (ledger_.released(key)) give_back(key, reason);
}

void Agent::Impl::give_back(const AttemptKey& key, const std::string& reason) {
  if (!session_) return;
  v1::WorkerMessage message;
  set_key(key, message.mutable_released()->mutable_attempt());
  message.mutable_released()->set_reason(reason);
  queue(std::move(message));
}

// ---- what executors did ----

void Agent::Impl::on_event(const AttemptStarted& started) {
  if (!session_ || of_older_store(started.key)) return;
  v1::WorkerMessage message;
  set_key(started.key, message.mutable_started()->mutable_attempt());
  message.mutable_started()->set_started_at_us(unix_us(started.started.wall));
  queue(std::move(message));
}

void Agent::Impl::on_event(const AttemptReleased& released) {
  release(released.key, released.reason);
}

void Agent::Impl::on_event(const LogsGrew& grew) {
  if (!of_older_store(grew.key)) take_logs(own_log(grew.key), grew.logs, false);
}

void Agent::Impl::on_event(AttemptsProgressed& progressed) {
  if (!session_ || !welcomed_) return;  // told again with the next welcome
  v1::WorkerMessage message;
  for (auto& [key, progress] : progressed.attempts) {
    if (of_older_store(key)) continue;
    v1::AttemptProgress& one = *message.mutable_progressed()->add_attempts();
    set_key(key, one.mutable_attempt());
    one.mutable_progress()->Swap(&progress);
  }
  if (message.has_progressed()) queue(std::move(message));
}

void Agent::Impl::take_logs(const LogOwner& owner, const std::vector<LogSize>& logs, bool over) {
  for (const LogSize& log : logs) logs_->grew(owner, log.stream, log.bytes, over);
}

void Agent::Impl::on_event(AttemptEnded& ended) {
  const AttemptKey& key = ended.key;
  if (const Work* work = older_work(key)) {
    // The scheduler refuses its logs, and with that they go.
    take_logs({work->launch.assign().attempt().store_generation(), key}, ended.logs, true);
    ledger_.released(key);  // its number may be another attempt's by now
    return;
  }
  take_logs(own_log(key), ended.logs, true);
  // Whoever reads why it failed waits for its log: an empty one says that there is nothing to come.
  const bool silent = ended.logs.empty() && ended.finished.outcome() != v1::OUTCOME_SUCCEEDED;
  if (silent) logs_->grew(own_log(key), LogStream::kLog, 0, true);
  if (ended.suspect_module) {
    modules_->suspect(*ended.suspect_module);
    defined_.erase(*ended.suspect_module);
  }
  for (const State state : {State::kLaunched, State::kFenced}) {
    if (Work* work = ledger_.find(key, state)) check_copies(*work, ended.finished.outcome());
  }
  Work* work = ledger_.uploading(key);
  if (work == nullptr) return;  // fenced meanwhile
  if (expelled_running_ && ended.finished.outcome() == v1::OUTCOME_CANCELED) {
    return release(key, "the worker stopped before the attempt ended");
  }
  work->launch = {};
  work->report.Swap(&ended.finished);
  upload(key, *work, nullptr);
}

// An input that does not match its digest is a load error: if this machine's copy is the culprit,
// it goes, so that the next attempt fetches it anew.
void Agent::Impl::check_copies(Work& work, v1::Outcome outcome) {
  if (outcome != v1::OUTCOME_LOAD_ERROR) return;
  for (const Digest& digest : work.copies) transfer_->recheck(digest);
}

void Agent::Impl::report_without_run(const AttemptKey& key, v1::Outcome outcome,
                                     const std::string& message) {
  Work* work = ledger_.uploading(key);
  if (work == nullptr) return;
  work->launch = {};
  // As at the end of one that printed nothing.
  if (outcome == v1::OUTCOME_LOAD_ERROR) logs_->grew(own_log(key), LogStream::kLog, 0, true);
  v1::Finished& finished = work->report;
  set_key(key, finished.mutable_attempt());
  finished.set_outcome(outcome);
  finished.set_message(message);
  finished.set_finished_at_us(unix_us(read_clock().wall));
  report(key);
}

// ---- reports ----

// Where its executor puts large values for us, when it may not publish them.
std::string Agent::Impl::staging_of(const AttemptKey& key) const {
  return data_->staging() + "/" + attempt_file_name(key);
}

// Brings the large values of the report to the scheduler; all of them, or those of `only`. Then
// reports.
void Agent::Impl::upload(const AttemptKey& key, Work& work, const std::set<Digest>* only) {
  const auto one = [&](const v1::ValueRef& value) {
    const auto digest = Digest::from_bytes(value.digest());
    if (value.is_inline() || !digest || value.kind() == v1::ARTIFACT_KIND_EXTERNAL) return;
    if (only == nullptr ? shared_ : !only->contains(*digest)) return;
    // A value that was made while another directory was in use is still there.
    std::string place = base::blob_path(data_->artifacts(), *digest);
    for (const std::string& other : {artifact_dir_, staging_of(key)}) {
      const std::string there = base::blob_path(other, *digest);
      if (::access(there.c_str(), F_OK) == 0) place = there;
    }
    const auto id = std::make_shared<ArtifactTransfer::Id>();  // known before a letter is read
    *id = transfer_->upload(*digest, value.kind(), value.size(), std::move(place),
                            [this, key, id](const Status& status) { uploaded(key, *id, status); });
    work.uploads.insert(*id);
  };
  for (const v1::Output& output : work.report.outputs()) one(output.value());
  if (work.report.has_cursor()) one(work.report.cursor().value());
  if (work.uploads.empty()) report(key);
}

void Agent::Impl::uploaded(const AttemptKey& key, ArtifactTransfer::Id id, const Status& status) {
  Work* work = ledger_.find(key, State::kUploading);
  if (work == nullptr || work->uploads.erase(id) == 0) return;  // fenced or stopped meanwhile
  if (!status.ok()) {
    work->report.set_outcome(v1::OUTCOME_FAILED);
    work->report.set_message("a value that the stage returned could not be stored: " +
                             status.text());
    work->report.clear_outputs();
    work->report.clear_cursor();
    give_up_uploads(*work);  // the others have no use without this one
  }
  if (work->uploads.empty()) report(key);
}

void Agent::Impl::give_up_uploads(Work& work) {
  for (const ArtifactTransfer::Id id : std::exchange(work.uploads, {})) transfer_->cancel(id);
}

// It ended by itself, but its values are not at the scheduler, which does not want them any more.
void Agent::Impl::report_canceled(const AttemptKey& key, Work& work, const std::string& reason) {
  give_up_uploads(work);
  v1::Finished canceled;
  *canceled.mutable_attempt() = work.report.attempt();
  canceled.set_outcome(v1::OUTCOME_CANCELED);
  canceled.set_message(reason);
  canceled.set_started_at_us(work.report.started_at_us());
  canceled.set_finished_at_us(work.report.finished_at_us());
  work.report.Swap(&canceled);
  report(key);
}

void Agent::Impl::report(const AttemptKey& key) {
  Work* work = ledger_.reported(key);
  if (work == nullptr) return;
  v1::Finished& finished = work->report;
  const std::size_t bytes = finished.ByteSizeLong();
  if (bytes > kReportBytesMax) {
    v1::Finished small;
    *small.mutable_attempt() = finished.attempt();
    small.set_outcome(v1::OUTCOME_FAILED);
    small.set_permanent(true);
    small.set_message(Status(Code::kResourceExhausted, base::kErrLimit,
                             "the attempt's report has " + std::to_string(bytes) +
                                 " bytes, more than " + std::to_string(kReportBytesMax) +
                                 "; return fewer or shorter values and metadata")
                          .text());
    small.set_started_at_us(finished.started_at_us());
    small.set_finished_at_us(finished.finished_at_us());
    finished.Swap(&small);
  }
  send_report(*work);
}

void Agent::Impl::send_report(const Work& work) {
  if (!session_ || !welcomed_) return;  // sent again with the next welcome
  v1::WorkerMessage message;
  *message.mutable_finished() = work.report;
  queue(std::move(message));
}

}  // namespace weir::worker
