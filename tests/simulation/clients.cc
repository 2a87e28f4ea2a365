// Simulated people: see clients.h. What they ask for and when is drawn from the seed; how often
// they repeat themselves depends on the answers. On the simulation's one thread, from the agenda.
// They see replies only and never look into engine or tables.
#include "tests/simulation/clients.h"

#include <utility>

#include "base/errors.h"
#include "scheduler/loop/turn.h"
#include "tests/simulation/failure.h"
#include "tests/simulation/freshness/freshness_world.h"
#include "tests/simulation/schedules/schedule_world.h"
#include "tests/support/graph_text.h"

namespace weir::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kPatience = seconds(10);  // before a request is repeated

engine::RequestInfo* request_info(ports::CommandBody& body) {
  return std::visit(
      [](auto& its) -> engine::RequestInfo* {
        if constexpr (requires { its.request.idempotency_key; }) return &its.request;
        return nullptr;
      },
      body);
}

bool is_of_schedules(const ports::CommandBody& body) {
  return std::holds_alternative<engine::PutSchedule>(body) ||
         std::holds_alternative<engine::TriggerSchedule>(body);
}

}  // namespace

Clients::Clients(std::uint64_t seed, const Profile& profile, Rng& rng, Agenda& agenda,
                 Coverage& coverage, Promises& promises, Clock now, Post post, Learn learn)
    : seed_(seed),
      profile_(profile),
      rng_(rng),
      agenda_(agenda),
      coverage_(coverage),
      promises_(promises),
      now_(std::move(now)),
      post_(std::move(post)),
      learn_(std::move(learn)) {}

void Clients::start() {
  agenda_.in(milliseconds(1), [this] { register_modules(0); });
  const auto sometime = [this] { return rng_.between(Duration(seconds(1)), profile_.length); };
  for (int i = 0; i < profile_.runs; ++i) {
    const Duration when =
        i < 2 ? rng_.between(Duration(milliseconds(10)), Duration(seconds(15))) : sometime();
    agenda_.in(when, [this, i] { create_run(i); });
  }
  for (int i = 0; i < profile_.registrations; ++i) {
    agenda_.in(sometime(), [this, i] { register_modules(i + 1); });
  }
  for (int i = 0; i < profile_.cancels; ++i) agenda_.in(sometime(), [this] { cancel_run(); });
  for (int i = 0; i < profile_.drains; ++i) agenda_.in(sometime(), [this] { drain(true); });
  for (int i = 0; i < 4; ++i) agenda_.in(sometime(), [this] { look(); });
  for (int i = 0; i < profile_.schedule_requests; ++i) {
    agenda_.in(sometime(), [this] { ask_for_schedules(); });
  }
  for (int i = 0; i < profile_.freshness_requests; ++i) {
    agenda_.in(sometime(), [this] { ask_for_freshness(); });
  }
}

Clients::Shared Clients::make(const std::string& what, ports::CommandBody body) {
  auto request = std::make_shared<Request>();
  request->key = what + "-" + std::to_string(++last_key_);
  engine::RequestInfo& info = *request_info(body);
  info.idempotency_key = request->key;
  info.hash = base::sha256(request->key + " content");
  if (auto* create = std::get_if<engine::CreateRun>(&body)) create->spec.reason = request->key;
  request->body = std::move(body);
  return request;
}

void Clients::submit(const Shared& request) {
  ++open_;
  ask(request);
}

void Clients::ask(const Shared& request) {
  if (request->answered) return;
  if (++request->sent > 1) coverage_.add(Seen::kRequestRepeated);
  ports::CommandBody body = request->body;
  request_info(body)->reply_to = ++last_reply_to_;
  asked_[last_reply_to_] = request;
  const Duration delay = rng_.between(Duration(milliseconds(1)), Duration(milliseconds(50)));
  agenda_.in(delay, [this, body] { post_(body); });
  agenda_.in(kPatience, [this, request] { ask(request); });
}

void Clients::on_reply(const engine::Reply& reply) {
  const auto found = asked_.find(reply.reply_to);
  if (found == asked_.end()) return;
  const Shared request = found->second;
  // It was given, whether or not it arrives.
  if (reply.status.ok()) promises_.answered(request->key, request->body, reply.payload);
  if (!calm_ && rng_.chance(profile_.rates.reply_lost)) return;
  agenda_.in(rng_.between(Duration(milliseconds(1)), Duration(milliseconds(30))),
             [this, request, reply] { settle(request, reply); });
}

void Clients::settle(const Shared& request, const engine::Reply& reply) {
  if (request->answered) return coverage_.add(Seen::kRequestReplayed);
  const auto code = reply.status.code();
  // Asks again.
  if (code == base::Code::kUnavailable) return;
  if (code == base::Code::kAlreadyExists && !is_of_schedules(request->body)) return;
  if (code == base::Code::kResourceExhausted) return;
  request->answered = true;
  --open_;
  if (!reply.status.ok()) return count_refusal(reply);
  if (request->sent > 1) coverage_.add(Seen::kRequestReplayed);
  // Not before it is answered: a repeated drain would come after the resumption.
  const auto* drained = std::get_if<engine::DrainWorker>(&request->body);
  if (drained != nullptr && drained->drain) {
    agenda_.in(seconds(20), [this] { drain(false); });
  }
  if (std::holds_alternative<engine::CreateRun>(request->body)) {
    runs_.push_back(std::get<base::RunId>(reply.payload));
    if (rng_.chance(0.1)) misuse_key(request);
  }
}

void Clients::count_refusal(const engine::Reply& reply) {
  const int error = reply.status.error();
  const bool damaged = reply.status.code() == base::Code::kFailedPrecondition;  // a run's rows
  const bool fine = error == base::kErrInputMissing || error == base::kErrRunFinished ||
                    error == base::kErrUnknownWorker || error == base::kErrTypeMismatch ||
                    error == base::kErrIdempotency || error == base::kErrUnknownAsset ||
                    error == base::kErrUnknownJob || error == base::kErrUnknownRun ||
                    error == base::kErrUnknownSchedule || error == base::kErrDuplicateName ||
                    error == base::kErrUsage || error == base::kErrFreshness ||
                    (error == base::kErrStore && damaged);
  expect(fine, "a request was refused unexpectedly: " + reply.status.text());
  if (error == base::kErrFreshness) return;
  const bool schedules = error == base::kErrUnknownSchedule || error == base::kErrUsage ||
                         error == base::kErrDuplicateName;
  coverage_.add(error == base::kErrIdempotency ? Seen::kKeyMisused
                : schedules                    ? Seen::kScheduleRefused
                                               : Seen::kRunRefused);
}

void Clients::register_modules(int variant) {
  engine::RegisterModules command;
  auto pipelines = make_pipelines(seed_, variant);
  if (profile_.schedules) declare_schedules(seed_, variant, profile_, pipelines);
  if (profile_.freshness) declare_policies(seed_, variant, profile_, pipelines);
  for (auto& manifest : pipelines) {
    command.zones.merge(zones_of(manifest.schedules));
    command.zones.merge(zones_of_policies(manifest));
    command.modules.push_back(test::upload_of(std::move(manifest)));
    learn_(command.modules.back());
  }
  if (variant > 0) coverage_.add(Seen::kRegisteredDuringRun);
  submit(make("register", std::move(command)));
}

void Clients::create_run(int number) {
  engine::CreateRun command;
  engine::RunSpec& spec = command.spec;
  spec.priority = int(rng_.between(0, 3));
  const std::int64_t which = rng_.below(6);
  if (number == 0 || which == 0) {
    spec.job = "p0/all";
  } else if (which == 1) {
    spec.job = rng_.chance(0.5) ? "p0/first" : "p1/first";
  } else if (which == 2) {
    spec.selection = "*";
  } else {
    const std::string name = (rng_.chance(0.5) ? "p0_s" : "p1_s") + std::to_string(rng_.below(4));
    spec.selection = rng_.chance(0.7) ? "+" + name : name + (rng_.chance(0.5) ? "+" : "");
  }
  if (rng_.chance(0.2))
    spec.start_at = now_().wall + rng_.between(Duration(0), Duration(seconds(40)));
  if (rng_.chance(0.3)) {
    const std::string partition = number % 3 == 0 ? "" : "p" + std::to_string(number % 3);
    spec.origin = {engine::OriginKind::kBackfill, "backfill", now_().wall, partition};
  }
  submit(make("run", std::move(command)));
}

void Clients::cancel_run() {
  if (runs_.empty()) return;
  engine::CancelRun command;
  command.run = runs_[std::size_t(rng_.below(std::ssize(runs_)))];
  if (rng_.chance(0.6)) command.run = runs_.back();
  submit(make("cancel", std::move(command)));
}

void Clients::drain(bool begin) {
  engine::DrainWorker command;
  command.worker = "w1";
  command.drain = begin;
  submit(make(begin ? "drain" : "undrain", std::move(command)));
}

// The same key with another request must be refused, and change nothing.
void Clients::misuse_key(const Shared& request) {
  auto other = std::make_shared<Request>(*request);
  other->answered = false;
  other->sent = 0;
  request_info(other->body)->hash = base::sha256("another request");
  submit(other);
}

// Read-only requests: their answers are not kept, and they need no repeating.
void Clients::look() {
  if (runs_.empty()) return;
  post_(engine::Explain{++last_reply_to_, runs_.back().text()});
  post_(engine::Explain{++last_reply_to_, "p0_s0"});
}

void Clients::end_faults() {
  calm_ = true;
  paused_all_ = !profile_.schedules && !profile_.freshness;
  if (!paused_all_) pause_all();
}

// When nothing that they have asked for can bring a schedule or a policy back.
void Clients::pause_all() {
  if (open_ > 0) {
    agenda_.in(seconds(1), [this] { pause_all(); });
    return;
  }
  paused_all_ = true;
  if (profile_.schedules) {
    engine::PauseSchedules command;
    command.by = "the end";
    submit(make("pause-all", std::move(command)));
  }
  if (profile_.freshness) {
    engine::PauseFreshness command;
    command.by = "the end";
    submit(make("pause-all-freshness", std::move(command)));
  }
}

}  // namespace weir::simulation
