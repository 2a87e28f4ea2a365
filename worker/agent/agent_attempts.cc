// The way of an attempt through the agent: assignment, module and inputs, launch, end, upload,
// report, acknowledgement. The ledger says what a message means for it; payloads are kept here
// under the same key. Runs on the thread of Agent::run().
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
using Verdict = Ledger::Verdict;

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
      for (const AttemptKey& key : ledger_.preparing()) release(key, "the worker is draining");
      return;
    case v1::SchedulerMessage::kHeard:
      return contact(BootTime(Duration(message.heard().sent_at_us())));
    case v1::SchedulerMessage::MESSAGE_NOT_SET:
      return;  // of a newer scheduler
  }
}

// ---- preparation ----

void Agent::Impl::assign(v1::Assign& assign) {
  const AttemptKey key = key_of(assign.attempt());
  if (!ledger_.assign(key)) return;
  if (leaving_) {
    // Given back at the very end: given back now, it might come here again at once.
    kept_back_.emplace(key, true);
    return;
  }
  auto work = std::make_unique<Launch>();
  work->assign.Swap(&assign);
  Preparation& preparation = preparations_[key];
  preparation.launch = std::move(work);
  preparation.waiting = 1;  // for this function
  want_module(key, preparation.launch->assign);
  want_inputs(key, *preparation.launch);
  prepared(key);
}

void Agent::Impl::want_module(const AttemptKey& key, const v1::Assign& assign) {
  const auto module = Digest::from_bytes(assign.module());
  if (!module)
    return preparation_failed(key,
                              Status(Code::kInvalidArgument, base::kErrLoad, "no module is named"));
  if (modules_->find(*module) != nullptr) return;
  ++preparations_.at(key).waiting;
  modules_->prepare(*module, [this, key](const base::Result<LoadedModule>& loaded) {
    if (!loaded.ok()) return preparation_failed(key, loaded.status());
    prepared(key);
  });
}

void Agent::Impl::want_inputs(const AttemptKey& key, Launch& launch) {
  std::vector<Digest> missing;
  const auto place = [&](const v1::ValueRef& value) -> std::string {
    const auto digest = Digest::from_bytes(value.digest());
    if (value.is_inline() || !digest) return "";
    const std::string shared = artifact_path(artifact_dir_, *digest);
    struct stat info {};
    if (::stat(shared.c_str(), &info) == 0) {
      if (!shared_) copies_[key].push_back(*digest);
      return shared;
    }
    const std::string own = artifact_path(data_->artifacts(), *digest);
    copies_[key].push_back(*digest);
    missing.push_back(*digest);
    return own;
  };
  for (const v1::Input& input : launch.assign.inputs()) {
    launch.input_paths.push_back(input.present() ? place(input.value()) : "");
  }
  if (launch.assign.has_cursor()) launch.cursor_path = place(launch.assign.cursor());
  for (const Digest& digest : missing) {
    const auto found = preparations_.find(key);
    if (found == preparations_.end()) return;
    ++found->second.waiting;
    transfer_->fetch(digest, [this, key](const Status& status) {
      if (!status.ok()) return preparation_failed(key, status);
      prepared(key);
    });
  }
}

// One of the things that the attempt waited for is there.
void Agent::Impl::prepared(const AttemptKey& key) {
  const auto found = preparations_.find(key);
  if (found == preparations_.end() || --found->second.waiting > 0) return;
  auto work = std::move(found->second.launch);
  preparations_.erase(found);
  launch(key, std::move(work));
}

void Agent::Impl::preparation_failed(const AttemptKey& key, const Status& status) {
  if (preparations_.erase(key) == 0) return;
  spdlog::warn("attempt_not_prepared attempt={} why=\"{}\"", attempt_file_name(key), status.text());
  report_without_run(key, v1::OUTCOME_LOAD_ERROR, status.text());
}

void Agent::Impl::launch(const AttemptKey& key, std::unique_ptr<Launch> work) {
  if (!ledger_.launched(key)) return;
  const Digest module = *Digest::from_bytes(work->assign.module());
  const LoadedModule* loaded = modules_->find(module);
  if (loaded == nullptr) {  // it fell under suspicion meanwhile
    return report_without_run(key, v1::OUTCOME_LOAD_ERROR, "the module is being verified again");
  }
  if (defined_.insert(module).second) {
    pool_.define_module(module, loaded->executable, loaded->manifest_json);
  }
  const auto stage = std::size_t(work->assign.stage());
  if (stage >= loaded->side_effects.size()) {
    return report_without_run(key, v1::OUTCOME_LOAD_ERROR,
                              "the module has no stage number " + std::to_string(stage));
  }
  work->side_effects = loaded->side_effects[stage];
  pool_.launch(std::move(work));
}

// ---- what the scheduler asks for ----

void Agent::Impl::stop_attempt(const v1::Stop& stop) {
  const AttemptKey key = key_of(stop.attempt());
  switch (ledger_.stop(key)) {
    case Verdict::kForward:
      return pool_.halt(key, stop.reason());
    case Verdict::kReport:
      preparations_.erase(key);
      kept_back_.erase(key);
      if (ledger_.find(key) == Ledger::State::kUploading)
        return report_canceled(key, stop.reason());
      ledger_.assign(key);  // one that was unknown is held until the answer is acknowledged
      return report_without_run(key, v1::OUTCOME_CANCELED, stop.reason());
    case Verdict::kIgnore:
    case Verdict::kRelease:
      return;
  }
}

void Agent::Impl::acknowledge(const v1::Acknowledge& acknowledge) {
  const AttemptKey key = key_of(acknowledge.attempt());
  preparations_.erase(key);
  kept_back_.erase(key);
  give_up_uploads(key);
  reports_.erase(key);
  if (ledger_.acknowledged(key) == Verdict::kForward)
    pool_.halt(key, "the attempt was given to another worker");
}

void Agent::Impl::need_artifacts(const v1::NeedArtifacts& need) {
  const AttemptKey key = key_of(need.attempt());
  if (!ledger_.need_artifacts(key)) return;
  std::set<Digest> wanted;
  for (const std::string& raw : need.digests()) {
    if (const auto digest = Digest::from_bytes(raw)) wanted.insert(*digest);
  }
  upload(key, &wanted);
}

void Agent::Impl::revoke(const AttemptKey& key) {
  switch (ledger_.revoke(key)) {
    case Verdict::kRelease:
      return release(key, "revoked before it was begun");
    case Verdict::kForward:
      return pool_.withdraw(key);
    case Verdict::kIgnore:
    case Verdict::kReport:
      return;
  }
}

void Agent::Impl::release(const AttemptKey& key, const std::string& reason) {
  copies_.erase(key);
  preparations_.erase(key);
  kept_back_.erase(key);
  if (!ledger_.released(key) || !session_) return;
  v1::WorkerMessage message;
  set_key(key, message.mutable_released()->mutable_attempt());
  message.mutable_released()->set_reason(reason);
  session_->queue(std::move(message));
}

// ---- what executors did ----

void Agent::Impl::on_event(const AttemptStarted& started) {
  if (!session_) return;
  v1::WorkerMessage message;
  set_key(started.key, message.mutable_started()->mutable_attempt());
  message.mutable_started()->set_started_at_us(unix_us(started.started.wall));
  session_->queue(std::move(message));
}

void Agent::Impl::on_event(const AttemptReleased& released) {
  release(released.key, released.reason);
}

void Agent::Impl::on_event(const LogsGrew& grew) { take_logs(grew.key, grew.logs, false); }

void Agent::Impl::take_logs(const AttemptKey& key, const std::vector<LogSize>& logs, bool over) {
  for (const LogSize& log : logs) logs_->grew(key, log.kind, log.bytes, over);
}

void Agent::Impl::on_event(AttemptEnded& ended) {
  const AttemptKey& key = ended.key;
  take_logs(key, ended.logs, true);
  // Whoever reads why it failed waits for its log: an empty one says that there is nothing to come.
  const bool silent = ended.logs.empty() && ended.finished.outcome() != v1::OUTCOME_SUCCEEDED;
  if (silent) logs_->grew(key, LogKind::kLog, 0, true);
  if (ended.suspect_module) {
    modules_->suspect(*ended.suspect_module);
    defined_.erase(*ended.suspect_module);
  }
  check_copies(key, ended.finished.outcome());
  if (!ledger_.uploading(key)) return;  // fenced meanwhile
  if (expelled_running_ && ended.finished.outcome() == v1::OUTCOME_CANCELED) {
    return release(key, "the worker stopped before the attempt ended");
  }
  Report& kept = reports_[key];
  kept.finished.Swap(&ended.finished);
  upload(key, nullptr);
}

// An input that does not match its digest is a load error: if this machine's copy is the culprit,
// it goes, so that the next attempt fetches it anew.
void Agent::Impl::check_copies(const AttemptKey& key, v1::Outcome outcome) {
  const auto found = copies_.find(key);
  if (found == copies_.end()) return;
  if (outcome == v1::OUTCOME_LOAD_ERROR) {
    for (const Digest& digest : found->second) transfer_->recheck(digest);
  }
  copies_.erase(found);
}

void Agent::Impl::report_without_run(const AttemptKey& key, v1::Outcome outcome,
                                     const std::string& message) {
  copies_.erase(key);
  if (!ledger_.uploading(key)) return;
  // As at the end of one that printed nothing.
  if (outcome == v1::OUTCOME_LOAD_ERROR) logs_->grew(key, LogKind::kLog, 0, true);
  v1::Finished& finished = reports_[key].finished;
  set_key(key, finished.mutable_attempt());
  finished.set_outcome(outcome);
  finished.set_message(message);
  finished.set_finished_at_us(unix_us(read_clock().wall));
  report(key);
}

// ---- reports ----

// Brings the large values of the report to the scheduler; all of them, or those of `only`. Then
// reports.
void Agent::Impl::upload(const AttemptKey& key, const std::set<Digest>* only) {
  Report& kept = reports_.at(key);
  const auto one = [&](const v1::ValueRef& value) {
    const auto digest = Digest::from_bytes(value.digest());
    if (value.is_inline() || !digest || value.kind() == v1::ARTIFACT_KIND_EXTERNAL) return;
    if (only == nullptr ? shared_ : !only->contains(*digest)) return;
    // A value that was made while another directory was in use is still there.
    const std::string here = artifact_path(artifact_dir_, *digest);
    const std::string own = artifact_path(data_->artifacts(), *digest);
    const auto id = std::make_shared<ArtifactTransfer::Id>();  // known before a letter is read
    *id = transfer_->upload(*digest, value.kind(), value.size(),
                            ::access(here.c_str(), F_OK) == 0 ? here : own,
                            [this, key, id](const Status& status) { uploaded(key, *id, status); });
    kept.uploads.insert(*id);
  };
  for (const v1::Output& output : kept.finished.outputs()) one(output.value());
  if (kept.finished.has_cursor()) one(kept.finished.cursor().value());
  if (kept.uploads.empty()) report(key);
}

void Agent::Impl::uploaded(const AttemptKey& key, ArtifactTransfer::Id id, const Status& status) {
  const auto found = reports_.find(key);
  // Fenced or stopped meanwhile.
  if (found == reports_.end() || found->second.uploads.erase(id) == 0) return;
  Report& kept = found->second;
  if (!status.ok()) {
    v1::Finished& finished = kept.finished;
    finished.set_outcome(v1::OUTCOME_FAILED);
    finished.set_message("a value that the stage returned could not be stored: " + status.text());
    finished.clear_outputs();
    finished.clear_cursor();
    give_up_uploads(key);  // the others have no use without this one
  }
  if (kept.uploads.empty()) report(key);
}

void Agent::Impl::give_up_uploads(const AttemptKey& key) {
  const auto found = reports_.find(key);
  if (found == reports_.end()) return;
  for (const ArtifactTransfer::Id id : std::exchange(found->second.uploads, {})) {
    transfer_->cancel(id);
  }
}

// It ended by itself, but its values are not at the scheduler, which does not want them any more.
void Agent::Impl::report_canceled(const AttemptKey& key, const std::string& reason) {
  give_up_uploads(key);
  v1::Finished& finished = reports_.at(key).finished;
  v1::Finished canceled;
  *canceled.mutable_attempt() = finished.attempt();
  canceled.set_outcome(v1::OUTCOME_CANCELED);
  canceled.set_message(reason);
  canceled.set_started_at_us(finished.started_at_us());
  canceled.set_finished_at_us(finished.finished_at_us());
  finished.Swap(&canceled);
  report(key);
}

void Agent::Impl::report(const AttemptKey& key) {
  v1::Finished& finished = reports_.at(key).finished;
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
  if (ledger_.reported(key)) send_report(key);
}

void Agent::Impl::send_report(const AttemptKey& key) {
  if (!session_ || !welcomed_) return;  // sent again with the next welcome
  v1::WorkerMessage message;
  *message.mutable_finished() = reports_.at(key).finished;
  session_->queue(std::move(message));
}

}  // namespace weir::worker
