// One simulated worker, the agent's half: see worker_node.h. What a message means is the ledger's
// to say, what runs where the dispatcher's; this file carries both out as the agent does. Executors
// are in worker_processes.cc. On the simulation's one thread, in virtual time.
#include "tests/simulation/worker_node.h"

#include <algorithm>
#include <utility>

namespace weir::simulation {

using engine::AttemptKey;
using engine::OutcomeClass;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using worker::OrderResponse;

namespace {

worker::DispatcherLimits limits_for(const WorkerPlan& plan, const Profile& profile) {
  worker::DispatcherLimits limits;
  limits.slots = plan.slots;
  limits.executors_max = plan.slots + 2;
  limits.grace = profile.options.cancel_grace;
  return limits;
}

}  // namespace

WorkerNode::WorkerNode(std::string id, const WorkerPlan& plan, const Profile& profile, Rng& rng,
                       Agenda& agenda, Coverage& coverage, SchedulerDoor& door,
                       Surroundings& around)
    : profile_(profile),
      rng_(rng),
      agenda_(agenda),
      coverage_(coverage),
      door_(door),
      around_(around),
      outcomes_(profile, rng, coverage, door),
      dispatcher_(limits_for(plan, profile)) {
  info_.id = info_.name = std::move(id);
  info_.slots = plan.slots;
  info_.prefetch = plan.prefetch;
}

base::Now WorkerNode::now() const { return {door_.wall(), base::BootTime(agenda_.now())}; }

void WorkerNode::dispatch(const std::function<void(base::Now, worker::Actions&)>& event) {
  worker::Actions actions;
  event(now(), actions);
  dispatcher_.check_invariants();
  for (const worker::Action& action : actions) {
    std::visit([this](const auto& its) { act(its); }, action);
  }
  wake_dispatcher();
}

void WorkerNode::wake_dispatcher() {
  const auto due = dispatcher_.next_deadline();
  if (!due) return;
  const Duration wait = std::max(Duration(0), due->time_since_epoch() - agenda_.now());
  // Only the latest plan to wake counts.
  around_.plan(*this, wait, [this, wake = ++wake_] {
    if (wake != wake_) return;
    dispatch([this](base::Now at, worker::Actions& out) { dispatcher_.advance(at, out); });
  });
}

// ---- the connection ----

void WorkerNode::connected(base::SessionId session) {
  session_ = session;
  welcomed_ = false;
  hello_at_ = agenda_.now();
  around_.say(*this, engine::ConnectWorker{session, info_, held()});
}

void WorkerNode::hear(const engine::Send& message) {
  std::visit([this](const auto& its) { on(its); }, message.message);
}

void WorkerNode::on(const engine::Welcome&) {
  welcomed_ = true;
  draining_ = false;
  dispatch([this](base::Now at, worker::Actions& out) { dispatcher_.drain(leaving_, at, out); });
  contact(hello_at_);
  for (const AttemptKey& key : ledger_.in(State::kReported)) report(key);
  beat(session_);
}

void WorkerNode::heard(Duration asked_at) {
  const bool late = worker::lease_may_have_ended(
      base::BootTime(contact_at_), profile_.options.lease, base::BootTime(agenda_.now()));
  if (!late) return contact(asked_at);
  coverage_.add(Seen::kHeardTooLate);
  around_.give_up(*this);
}

void WorkerNode::contact(Duration asked_at) {
  contact_at_ = asked_at;
  const auto until = worker::lease_horizons(base::BootTime(asked_at), profile_.options.lease);
  dispatcher_.set_lease(until.side_effects, until.others);
  wake_dispatcher();
  enforce_lease(until.side_effects.time_since_epoch());
}

// The session that the beat belongs to: a reconnected worker beats in its new one.
void WorkerNode::beat(base::SessionId session) {
  around_.plan(*this, profile_.options.heartbeat, [this, session] {
    if (session_ != session) return;
    around_.say(*this, engine::Heartbeat{session, held(), leaving_});
    beat(session);
  });
}

// ---- what happens to it ----

void WorkerNode::die() {
  for (auto& [id, process] : processes_) stop_running(process);
  processes_.clear();
  ledger_ = {};
  dispatcher_ = worker::Dispatcher(limits_for({info_.slots, info_.prefetch}, profile_));
  disconnected();
  draining_ = leaving_ = false;
  alive_ = false;
  ++life_;
}

void WorkerNode::start() { alive_ = true; }

void WorkerNode::begin_leaving() {
  leaving_ = true;
  dispatch([this](base::Now at, worker::Actions& out) { dispatcher_.drain(true, at, out); });
  if (welcomed_) around_.say(*this, engine::Heartbeat{session_, held(), true});
  give_back(State::kPreparing, "the worker stops");
}

void WorkerNode::end_leaving() { give_back(State::kKeptBack, "the worker stops"); }

void WorkerNode::end_faults() {
  calm_ = true;
  outcomes_.end_faults();
}

// ---- what the scheduler asks for ----

void WorkerNode::on(const engine::Assign& assign) {
  if (ledger_.settled(assign.key)) {
    around_.say(*this, engine::AttemptReleased{session_, assign.key, "it is over here"});
    return;
  }
  Work* work = ledger_.assign(assign.key, leaving_ ? State::kKeptBack : State::kPreparing);
  if (work == nullptr) return;
  work->assign = assign;
  if (leaving_) return;
  // Module and inputs are mostly there.
  const Duration fetching = rng_.chance(0.9)
                                ? Duration(0)
                                : rng_.between(Duration(milliseconds(5)), Duration(seconds(2)));
  around_.plan(*this, fetching, [this, key = assign.key] { launch(key); });
}

void WorkerNode::launch(const AttemptKey& key) {
  const Work* work = ledger_.launched(key);
  if (work == nullptr) return;
  worker::AttemptSpec spec;
  spec.key = key;
  spec.module = work->assign.module;
  spec.side_effects = door_.stage_of(work->assign).side_effects;
  dispatch([&](base::Now at, worker::Actions& out) { dispatcher_.launch(spec, at, out); });
}

void WorkerNode::on(const engine::Stop& stop) {
  switch (ledger_.stop(stop.key)) {
    case OrderResponse::kForward:
      return dispatch([&](base::Now at, worker::Actions& out) {
        dispatcher_.stop(stop.key, stop.reason, at, out);
      });
    case OrderResponse::kReport:
      ledger_.assign(stop.key);  // one that was unknown is held until the answer is acknowledged
      return report_canceled(stop.key, stop.reason);
    case OrderResponse::kIgnore:
    case OrderResponse::kRelease:
      return;
  }
}

void WorkerNode::on(const engine::Acknowledge& acknowledge) {
  if (ledger_.acknowledged(acknowledge.key) != OrderResponse::kForward) return;
  dispatch([&](base::Now at, worker::Actions& out) {
    dispatcher_.stop(acknowledge.key, "the attempt was given to another worker", at, out);
  });
}

void WorkerNode::on(const engine::NeedArtifacts& need) {
  if (ledger_.need_artifacts(need.key) != nullptr) upload(need);
}

void WorkerNode::on(const engine::Revoke& revoke) {
  const OrderResponse response = ledger_.revoke(revoke.key);
  if (response == OrderResponse::kRelease)
    return release(revoke.key, "revoked before it was begun");
  if (response != OrderResponse::kForward) return;
  dispatch([&](base::Now, worker::Actions& out) { dispatcher_.withdraw(revoke.key, out); });
}

void WorkerNode::on(const engine::SetDraining& message) {
  draining_ = message.draining;
  dispatch([this](base::Now at, worker::Actions& out) {
    dispatcher_.drain(draining_ || leaving_, at, out);
  });
  if (!draining_) return;
  coverage_.add(Seen::kDrained);
  for (const State state : {State::kPreparing, State::kKeptBack}) {
    give_back(state, "the worker is draining");
  }
}

void WorkerNode::give_back(State state, const std::string& why) {
  for (const AttemptKey& key : ledger_.in(state)) release(key, why);
}

void WorkerNode::release(const AttemptKey& key, const std::string& why) {
  if (!ledger_.released(key)) return;
  coverage_.add(Seen::kReleased);
  around_.say(*this, engine::AttemptReleased{session_, key, why});
}

// ---- reports ----

void WorkerNode::report_canceled(const AttemptKey& key, const std::string& why) {
  Work* work = ledger_.uploading(key);
  if (work == nullptr) work = ledger_.find(key, State::kUploading);
  work->report = {};
  work->report.outcome = OutcomeClass::kCanceled;
  work->report.message = why;
  work->report.finished_at = door_.wall();
  ledger_.reported(key);
  report(key);
}

void WorkerNode::report(const AttemptKey& key) {
  Work* work = ledger_.find(key, State::kReported);
  if (work == nullptr || !session_ || !welcomed_) return;  // sent again with the next welcome
  work->report.session = session_;
  work->report.key = key;
  around_.say(*this, work->report);
}

void WorkerNode::upload(const engine::NeedArtifacts& need) {
  around_.plan(*this, rng_.between(Duration(milliseconds(10)), Duration(seconds(3))), [this, need] {
    if (ledger_.find(need.key, State::kUploading) == nullptr) return;
    if (!door_.reachable()) return upload(need);
    for (const auto& digest : need.digests) door_.begin_upload(digest);
    around_.plan(*this, rng_.between(Duration(milliseconds(1)), Duration(seconds(6))),
                 [this, need] { end_upload(need); });
  });
}

void WorkerNode::end_upload(const engine::NeedArtifacts& need) {
  bool there = true;
  for (const auto& digest : need.digests) there = door_.end_upload(digest) && there;
  if (ledger_.find(need.key, State::kUploading) == nullptr) return;  // stopped meanwhile
  if (!there) return upload(need);
  ledger_.reported(need.key);
  report(need.key);
}

// ---- what the dispatcher says of attempts ----

void WorkerNode::act(const worker::ReportStarted& action) {
  around_.say(*this, engine::AttemptStarted{session_, action.key, action.started.wall});
}

void WorkerNode::act(const worker::ReportReleased& action) { release(action.key, action.reason); }

void WorkerNode::act(const worker::ReportEnded& action) {
  Work* work = ledger_.uploading(action.key);
  if (work == nullptr) return;  // fenced meanwhile
  engine::AttemptFinished& its = work->report;
  const auto instead = [&](OutcomeClass outcome, const std::string& why) {
    its = {};
    its.outcome = outcome;
    its.message = why;
  };
  switch (action.by) {
    case worker::EndedBy::kResult:
    case worker::EndedBy::kExit:
      break;  // as it was drawn
    case worker::EndedBy::kStop:
      instead(OutcomeClass::kCanceled, action.reason);
      break;
    case worker::EndedBy::kLease:
      coverage_.add(Seen::kEndedWithLease);
      instead(OutcomeClass::kLeaseLost, "no news from the scheduler");
      break;
    default:
      instead(OutcomeClass::kLoadError, "the executor was not ready");
  }
  if (action.started) its.started_at = action.started->wall;
  its.finished_at = action.ended.wall;
  ledger_.reported(action.key);
  report(action.key);
}

}  // namespace weir::simulation
