// The public client: plain values in and out, over Api. Nothing of gRPC or protobuf may show in its
// header, so every message is copied into a struct here.
// Thread-safe, as Api is.
#include "weir/client.h"

#include <algorithm>

#include "base/errors.h"
#include "google/protobuf/timestamp.pb.h"
#include "sdk/client/api.h"
#include "sdk/client/module_bundle.h"
#include "sdk/client/registration.h"
#include "sdk/client/run_follower.h"
#include "value/json.h"

namespace weir::client {
namespace {

constexpr std::int64_t kValueBytesMax = std::int64_t{256} << 20;  // of a value that is decoded
constexpr int kPageSize = 1000;
constexpr std::chrono::milliseconds kFollowStep{1'000};

Error to_error(const base::Status& status) {
  return {static_cast<Code>(static_cast<int>(status.code())), status.error(), status.message()};
}

Time to_time(const google::protobuf::Timestamp& at) {
  return Time(
      std::chrono::seconds(at.seconds()) +
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::nanoseconds(at.nanos())));
}

RunState to_state(v1::RunState state) {
  switch (state) {
    case v1::RUN_STATE_RUNNING:
      return RunState::kRunning;
    case v1::RUN_STATE_CANCELING:
      return RunState::kCanceling;
    case v1::RUN_STATE_SUCCEEDED:
      return RunState::kSucceeded;
    case v1::RUN_STATE_FAILED:
      return RunState::kFailed;
    case v1::RUN_STATE_CANCELED:
      return RunState::kCanceled;
    default:
      return RunState::kQueued;
  }
}

Run to_run(const v1::Run& from) {
  Run run;
  run.id = from.id();
  run.state = to_state(from.state());
  run.job = from.job();
  run.selection = from.selection();
  run.message = from.message();
  run.task_count = from.task_count();
  run.succeeded = from.counts().succeeded() + from.counts().cached();
  run.failed = from.counts().failed() + from.counts().upstream_failed();
  run.created_at = to_time(from.created_at());
  if (from.has_started_at()) run.started_at = to_time(from.started_at());
  if (from.has_finished_at()) run.finished_at = to_time(from.finished_at());
  return run;
}

// "running" for TASK_STATE_RUNNING.
std::string state_word(v1::TaskState state) {
  std::string word = v1::TaskState_Name(state).substr(std::string_view("TASK_STATE_").size());
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return word;
}

}  // namespace

std::string_view run_state_name(RunState state) {
  switch (state) {
    case RunState::kQueued:
      return "queued";
    case RunState::kRunning:
      return "running";
    case RunState::kCanceling:
      return "canceling";
    case RunState::kSucceeded:
      return "succeeded";
    case RunState::kFailed:
      return "failed";
    case RunState::kCanceled:
      return "canceled";
  }
  return "unknown";
}

bool finished(RunState state) {
  return state == RunState::kSucceeded || state == RunState::kFailed ||
         state == RunState::kCanceled;
}

struct Client::Impl {
  Impl(Target target, std::chrono::milliseconds deadline) : api(std::move(target), deadline) {}
  Api api;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::connect(Options options) {
  base::Result<Target> target = discover(options.scheduler, options.token_file);
  if (!target.ok()) return to_error(target.status());
  auto impl = std::make_unique<Impl>(std::move(*target), options.deadline);
  const auto info = impl->api.get_info();
  if (!info.ok()) return to_error(info.status());
  return Client(std::move(impl));
}

Result<std::vector<ModuleChange>> Client::register_modules(const std::vector<std::string>& paths,
                                                           const RegisterOptions& options) {
  std::vector<ModuleBundle> bundles;
  for (const std::string& path : paths) {
    base::Result<ModuleBundle> bundle = load_bundle(path);
    if (!bundle.ok()) return to_error(bundle.status());
    bundles.push_back(std::move(*bundle));
  }
  RegistrationOptions registration;
  registration.dry_run = options.dry_run;
  registration.allow_breaking = options.allow_breaking;
  registration.idempotency_key = options.idempotency_key;
  registration.progress = options.progress;
  const auto answer = register_bundles(impl_->api, bundles, registration);
  if (!answer.ok()) return to_error(answer.status());
  std::vector<ModuleChange> changes;
  for (const v1::ModuleChange& from : answer->changes()) {
    ModuleChange change;
    change.pipeline = from.pipeline();
    change.digest = from.module();
    change.unchanged = from.unchanged();
    change.added.assign(from.added().begin(), from.added().end());
    change.removed.assign(from.removed().begin(), from.removed().end());
    change.changed.assign(from.changed().begin(), from.changed().end());
    change.breaking.assign(from.breaking().begin(), from.breaking().end());
    changes.push_back(std::move(change));
  }
  return changes;
}

Result<std::string> Client::create_run(const RunRequest& request) {
  v1::CreateRunRequest message;
  message.set_idempotency_key(key_or_new(request.idempotency_key));
  message.set_job(request.job);
  message.set_selection(request.selection);
  for (const auto& [name, json] : request.params) (*message.mutable_params())[name] = json;
  message.set_priority(request.priority);
  message.set_reason(request.reason);
  const auto answer = impl_->api.create_run(message);
  if (!answer.ok()) return to_error(answer.status());
  return answer->run_id();
}

Result<Run> Client::get_run(std::string_view run) {
  v1::GetRunRequest request;
  request.set_run(std::string(run));
  const auto answer = impl_->api.get_run(request);
  if (!answer.ok()) return to_error(answer.status());
  return to_run(answer->run());
}

Result<std::vector<Run>> Client::list_runs(int limit, std::string_view job) {
  std::vector<Run> runs;
  v1::ListRunsRequest request;
  request.set_job(std::string(job));
  while (static_cast<int>(runs.size()) < limit) {
    request.set_page_size(std::min(limit - static_cast<int>(runs.size()), kPageSize));
    const auto answer = impl_->api.list_runs(request);
    if (!answer.ok()) return to_error(answer.status());
    for (const v1::Run& run : answer->runs()) runs.push_back(to_run(run));
    if (answer->next_page_token().empty()) break;
    request.set_page_token(answer->next_page_token());
  }
  return runs;
}

Result<std::vector<Task>> Client::list_tasks(std::string_view run) {
  std::vector<Task> tasks;
  v1::ListTasksRequest request;
  request.set_run(std::string(run));
  request.set_page_size(kPageSize);
  for (;;) {
    const auto answer = impl_->api.list_tasks(request);
    if (!answer.ok()) return to_error(answer.status());
    for (const v1::Task& from : answer->tasks()) {
      tasks.push_back(
          {from.index(), from.name(), state_word(from.state()), from.reason(), from.epoch()});
    }
    if (answer->next_page_token().empty()) return tasks;
    request.set_page_token(answer->next_page_token());
  }
}

Result<Run> Client::wait(std::string_view run, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const Result<Run> found = get_run(run);
  if (!found.ok()) return found.error();
  RunFollower follower(impl_->api.target(), found->id, 0);
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return Error{Code::kDeadlineExceeded, base::kErrTimedOut,
                   "run " + found->id + " has not ended in time; it goes on"};
    }
    const RunFollower::Update update = follower.next(std::min(left, kFollowStep));
    if (update.kind == RunFollower::Kind::kFinished) return to_run(follower.run());
    if (update.kind == RunFollower::Kind::kGone) return to_error(update.status);
  }
}

Result<Done> Client::cancel_run(std::string_view run, std::string_view reason,
                                std::string_view idempotency_key) {
  v1::CancelRunRequest request;
  request.set_idempotency_key(key_or_new(idempotency_key));
  request.set_run(std::string(run));
  request.set_reason(std::string(reason));
  const auto answer = impl_->api.cancel_run(request);
  if (!answer.ok()) return to_error(answer.status());
  return Done{};
}

Result<Asset> Client::get_asset(std::string_view name) {
  v1::GetAssetRequest request;
  request.set_asset(std::string(name));
  const auto answer = impl_->api.get_asset(request);
  if (!answer.ok()) return to_error(answer.status());
  const v1::Asset& from = answer->asset();
  return Asset{from.name(), from.pipeline(), from.latest().id(), from.latest().version().digest(),
               from.latest().metadata_json()};
}

Result<std::string> Client::read_value_json(std::string_view asset) {
  v1::ReadValueRequest request;
  request.set_asset(std::string(asset));
  std::string bytes;
  v1::ArtifactKind kind = v1::ARTIFACT_KIND_UNSPECIFIED;
  const base::Status status =
      impl_->api.read_value(request, [&](const v1::ReadValueResponse& message) -> base::Status {
        if (message.has_materialization()) kind = message.materialization().version().kind();
        if (bytes.size() + message.chunk().size() > static_cast<std::size_t>(kValueBytesMax)) {
          return base::Status(base::Code::kResourceExhausted, base::kErrValueTooLarge,
                              "the value of '" + std::string(asset) +
                                  "' is too large to decode; use 'weir assets get --out'");
        }
        bytes += message.chunk();
        return {};
      });
  if (!status.ok()) return to_error(status);
  if (kind == v1::ARTIFACT_KIND_FILE || kind == v1::ARTIFACT_KIND_TREE) {
    return Error{Code::kFailedPrecondition, base::kErrCodec,
                 "'" + std::string(asset) + "' is files, not a value; use 'weir assets get --out'"};
  }
  const base::Result<base::Json> json = value::value_to_json(bytes);
  if (!json.ok()) return to_error(json.status());
  return json->dump();
}

}  // namespace weir::client
