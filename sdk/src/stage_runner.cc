// One attempt, step by step. Each step either fills its part of the report or ends the attempt with
// an outcome class: load_error when inputs are not what they should be, check_failed for a blocking
// check, failed for all else.
#include "sdk/src/stage_runner.h"

#include <utility>

#include "base/errors.h"
#include "base/text.h"
#include "sdk/src/metadata.h"
#include "value/metadata.h"
#include "weir/context.h"

namespace weir::sdk_impl {
namespace {

using base::Code;
using base::Json;
using base::Result;
using base::Status;
using engine::OutcomeClass;

constexpr std::size_t kMetaEntriesMax = 1000;  // an attempt
constexpr std::size_t kMessageBytesMax = 16u << 10;

State state_of(engine::TaskState state) {
  switch (state) {
    case engine::TaskState::kSucceeded:
      return State::kSucceeded;
    case engine::TaskState::kCached:
      return State::kCached;
    case engine::TaskState::kSkipped:
      return State::kSkipped;
    case engine::TaskState::kFailed:
      return State::kFailed;
    case engine::TaskState::kUpstreamFailed:
      return State::kUpstreamFailed;
    case engine::TaskState::kCanceled:
      return State::kCanceled;
    case engine::TaskState::kWaiting:
    case engine::TaskState::kReady:
    case engine::TaskState::kAssigned:
    case engine::TaskState::kRunning:
    case engine::TaskState::kUpForRetry:
      return State::kMissing;
  }
  return State::kMissing;
}

// As UTF-8, whatever a stage put into it: messages of the protocol take nothing else.
std::string cut(std::string_view text) { return base::cut_utf8(text, kMessageBytesMax); }

// Counts an entry as it is stored; what is wrong with it, or nothing.
std::string count_entry(value::MetadataBudget& budget, const Meta& entry) {
  return budget.take(base::valid_utf8(entry.name), meta_to_json(entry));
}

// The Context's other side. Metadata is kept until the attempt ends; logs leave at once.
class Host final : public impl::ContextHost {
 public:
  Host(const impl::AttemptInfo& info, std::string subject, AttemptSink& sink)
      : info_(info), subject_(std::move(subject)), sink_(sink) {}

  const impl::AttemptInfo& attempt() const override { return info_; }

  void meta(std::string_view asset, Meta entry) override {
    const std::lock_guard lock(mutex_);
    if (++entries_ > kMetaEntriesMax) {
      throw permanent("a stage gives at most " + std::to_string(kMetaEntriesMax) +
                      " entries of metadata");
    }
    if (std::string problem = count_entry(budget_, entry); !problem.empty())
      throw permanent(problem);
    metadata_[asset.empty() ? subject_ : std::string(asset)].push_back(std::move(entry));
  }

  void log(impl::LogLevel level, std::string_view text, std::vector<Meta> fields) override {
    sink_.log(log_line(sink_.now(), level, text, std::move(fields)));
  }
  void progress(const impl::ProgressWord& word) override { sink_.progress(word); }
  bool canceled() const override { return sink_.canceled(); }

  // Counts the metadata of a check; what is wrong with it, or nothing.
  std::string take(const std::vector<Meta>& entries) {
    const std::lock_guard lock(mutex_);
    std::string problem;
    for (const Meta& entry : entries) {
      if (problem.empty()) problem = count_entry(budget_, entry);
    }
    return problem;
  }

  std::string metadata() const {
    const std::lock_guard lock(mutex_);
    Json out = Json::Object{};
    for (const auto& [subject, entries] : metadata_) out.set(subject, metadata_to_json(entries));
    return out.dump();
  }

 private:
  const impl::AttemptInfo& info_;
  const std::string subject_;
  AttemptSink& sink_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Meta>> metadata_;  // guarded by mutex_; by asset or task
  std::size_t entries_ = 0;                            // guarded by mutex_
  value::MetadataBudget budget_;                       // guarded by mutex_
};

class Attempt {
 public:
  Attempt(const impl::PipelineRecord& pipeline, const impl::StageRecord& stage,
          const AttemptRequest& request, StageRunner& runner,
          const std::map<std::string, std::shared_ptr<const void>, std::less<>>& given_params,
          AttemptSink& sink)
      : pipeline_(pipeline),
        stage_(stage),
        request_(request),
        runner_(runner),
        given_params_(given_params),
        host_(request.info, stage.name, sink) {}

  engine::AttemptFinished run() {
    if (make_arguments() && call() && judge() && encode()) advance_cursor();
    report_.metadata = host_.metadata();
    report_.message = cut(report_.message);
    return std::move(report_);
  }

 private:
  bool end(OutcomeClass outcome, std::string message, bool permanent, std::string type = "") {
    report_.outcome = outcome;
    report_.message = std::move(message);
    report_.permanent = permanent;
    report_.outputs.clear();
    report_.cursor.reset();
    if (!type.empty()) report_.detail = Json().set("type", base::valid_utf8(type)).dump();
    return false;
  }

  // With what the user's code throws; call it inside a catch block only.
  bool end_thrown(const std::string& subject) {
    const CaughtError error = caught_error();
    if (error.retry_after) report_.retry_after = *error.retry_after;
    return end(OutcomeClass::kFailed, subject + error.message, error.permanent, error.type);
  }

  // An input whose bytes are lost or altered may be whole elsewhere; one of another type is so
  // everywhere.
  bool end_unreadable(const Status& status) {
    const bool lost = status.code() != Code::kInvalidArgument;
    return end(lost ? OutcomeClass::kLoadError : OutcomeClass::kFailed, status.text(), !lost);
  }

  bool make_arguments() {
    if (request_.inputs.size() != stage_.dependencies.size()) {
      return end(OutcomeClass::kLoadError,
                 "stage '" + stage_.name + "' was given " + std::to_string(request_.inputs.size()) +
                     " inputs, it declares " + std::to_string(stage_.dependencies.size()),
                 true);
    }
    auto overrides = Json::parse(request_.params.empty() ? "{}" : request_.params);
    if (!overrides.ok()) {
      return end(OutcomeClass::kFailed, "parameters: " + overrides.status().message(), true);
    }
    overrides_ = std::move(overrides).value();
    for (std::size_t i = 0; i < stage_.dependencies.size(); ++i) {
      arguments_.emplace_back();
      if (!make_argument(stage_.dependencies[i], request_.inputs[i], arguments_.back()))
        return false;
    }
    return true;
  }

  bool make_argument(const impl::DependencyRecord& dependency, const AttemptInput& input,
                     impl::Slot& slot) {
    switch (dependency.kind) {
      case impl::DependencyKind::kAfter:
        return true;
      case impl::DependencyKind::kParam:
        return make_param(dependency, slot);
      case impl::DependencyKind::kResource:
        return make_resource(dependency, slot);
      case impl::DependencyKind::kCursor:
        return make_cursor(dependency, slot);
      case impl::DependencyKind::kScheduledTime:
        return make_scheduled_time(slot);
      case impl::DependencyKind::kAsset:
      case impl::DependencyKind::kLastGood:
      case impl::DependencyKind::kSelfPrevious:
        return make_input(dependency, input, slot);
    }
    return true;
  }

  bool make_input(const impl::DependencyRecord& dependency, const AttemptInput& input,
                  impl::Slot& slot) {
    const std::string name = dependency.name.empty() ? stage_.name : dependency.name;
    slot.state = state_of(input.state);
    slot.reason = input.reason;
    if (!input.present) {
      if (dependency.optional || dependency.kind == impl::DependencyKind::kSelfPrevious)
        return true;
      return end(OutcomeClass::kFailed,
                 "the input '" + name + "' is absent: " +
                     (input.reason.empty() ? "it was never materialized" : input.reason),
                 true);
    }
    auto value =
        decode_value("the input '" + name + "'", *dependency.codec, input.value, runner_.cache());
    if (!value.ok()) return end_unreadable(value.status());
    slot.value = std::move(value).value();
    slot.version = input.value.ref.digest.hex();
    return true;
  }

  const impl::ParamRecord* find_param(const std::string& name) const {
    for (const impl::ParamRecord& param : pipeline_.params) {
      if (param.name == name) return &param;
    }
    return nullptr;
  }

  bool make_param(const impl::DependencyRecord& dependency, impl::Slot& slot) {
    const impl::ParamRecord* param = find_param(dependency.name);
    if (param == nullptr) {
      return end(OutcomeClass::kFailed, "no parameter is named '" + dependency.name + "'", true);
    }
    const auto given = given_params_.find(dependency.name);
    slot.state = State::kSucceeded;
    slot.value = given == given_params_.end() ? param->defaults : given->second;
    const Json& members = overrides_[dependency.name];
    if (members.is_null()) return true;
    try {
      slot.value = param->from_json(slot.value.get(), members.dump());
    } catch (...) {
      const CaughtError error = caught_error();
      return end(OutcomeClass::kFailed, "parameter '" + dependency.name + "': " + error.message,
                 true, error.type);
    }
    return true;
  }

  bool make_resource(const impl::DependencyRecord& dependency, impl::Slot& slot) {
    try {
      slot.value = runner_.resources().get(dependency.name);
    } catch (...) {
      return end_thrown("the resource '" + dependency.name + "' cannot be made: ");
    }
    slot.state = State::kSucceeded;
    return true;
  }

  bool make_cursor(const impl::DependencyRecord& dependency, impl::Slot& slot) {
    std::shared_ptr<const void> at;
    if (request_.cursor) {
      auto value = decode_value("the cursor of '" + stage_.name + "'", *dependency.cursor->codec,
                                *request_.cursor, runner_.cache());
      if (!value.ok()) return end_unreadable(value.status());
      at = std::move(value).value();
    }
    cursor_record_ = dependency.cursor;
    cursor_ = dependency.cursor->make(std::move(at));
    slot.state = State::kSucceeded;
    slot.value = cursor_;
    return true;
  }

  bool make_scheduled_time(impl::Slot& slot) {
    if (!request_.scheduled_at) {
      return end(OutcomeClass::kFailed,
                 "the stage '" + stage_.name +
                     "' takes the time that its run is for, and the scheduler or worker gave none; "
                     "upgrade them to the version of the module's SDK",
                 true);
    }
    slot.state = State::kSucceeded;
    slot.value = std::make_shared<const ScheduledTime>(*request_.scheduled_at);
    return true;
  }

  bool call() {
    Context context(host_);
    try {
      produced_ = stage_.call(impl::Invocation{context, arguments_});
    } catch (...) {
      return end_thrown("");
    }
    report_.outcome = OutcomeClass::kSucceeded;
    report_.message = produced_.reason;
    if (produced_.kind == impl::Produced::Kind::kSkipped) {
      report_.success = engine::SuccessKind::kSkipped;
    } else if (produced_.kind == impl::Produced::Kind::kUnchanged) {
      report_.success = engine::SuccessKind::kUnchanged;
    } else if (produced_.values.size() != stage_.outputs.size()) {
      return end(OutcomeClass::kFailed,
                 "the stage gave " + std::to_string(produced_.values.size()) + " values for " +
                     std::to_string(stage_.outputs.size()) + " assets",
                 true);
    }
    return true;
  }

  bool has_values() const { return produced_.kind == impl::Produced::Kind::kValues; }

  // Checks see the staged value, before anybody else can.
  bool judge() {
    if (!has_values()) return true;
    std::string blocked;
    for (const impl::CheckRecord& check : stage_.checks) {
      if (!judge_one(check)) return false;
      const engine::CheckResult& result = report_.checks.back();
      if (result.passed || check.severity != Severity::kBlocking) continue;
      blocked += (blocked.empty() ? "" : "; ") + std::string("blocking check '") + check.name +
                 "' of '" + check.asset + "' failed" +
                 (result.reason.empty() ? "" : ": " + result.reason);
    }
    return blocked.empty() || end(OutcomeClass::kCheckFailed, blocked, true);
  }

  bool judge_one(const impl::CheckRecord& check) {
    std::vector<impl::Slot> further(check.dependencies.size());
    for (std::size_t i = 0; i < further.size(); ++i) {
      if (!make_argument(check.dependencies[i], AttemptInput(), further[i])) return false;
    }
    impl::Slot value{State::kSucceeded, staged(check.asset), "", ""};
    engine::CheckResult result;
    result.asset = check.asset;
    result.name = check.name;
    result.severity = static_cast<module::CheckSeverity>(check.severity);
    try {
      const Verdict verdict = check.run(value, further);
      result.passed = verdict.passed();
      if (!verdict.passed()) result.reason = cut(verdict.reason());
      if (const std::string problem = host_.take(verdict.metadata()); !problem.empty()) {
        return end(OutcomeClass::kFailed, "check '" + check.name + "': " + problem, true);
      }
      result.metadata = metadata_to_json(verdict.metadata()).dump();
    } catch (...) {
      const CaughtError error = caught_error();
      result.reason = cut("the check threw " + error.type + ": " + error.message);
      result.metadata = "{}";
    }
    report_.checks.push_back(std::move(result));
    return true;
  }

  std::shared_ptr<const void> staged(const std::string& asset) const {
    for (std::size_t i = 0; i < stage_.outputs.size(); ++i) {
      if (stage_.outputs[i].asset == asset) return produced_.values[i];
    }
    return nullptr;
  }

  bool encode() {
    if (!has_values()) return true;
    for (std::size_t i = 0; i < stage_.outputs.size(); ++i) {
      const impl::OutputRecord& output = stage_.outputs[i];
      auto value = encode_value("the asset '" + output.asset + "'", *output.codec,
                                produced_.values[i], request_.target, runner_.cache());
      if (!value.ok()) {
        const bool permanent = value.status().code() == Code::kInvalidArgument;
        return end(OutcomeClass::kFailed, value.status().text(), permanent);
      }
      report_.outputs.push_back({output.asset, value->ref, value->bytes});
    }
    return true;
  }

  void advance_cursor() {
    if (cursor_record_ == nullptr || cursor_ == nullptr) return;
    const auto next = cursor_record_->next(cursor_.get());
    if (next == nullptr) return;
    auto value = encode_value("the cursor of '" + stage_.name + "'", *cursor_record_->codec, next,
                              request_.target, runner_.cache());
    if (!value.ok()) {
      end(OutcomeClass::kFailed, value.status().text(), true);
    } else if (value->bytes == nullptr) {
      end(OutcomeClass::kFailed,
          Status(Code::kInvalidArgument, base::kErrValueTooLarge,
                 "the cursor of '" + stage_.name + "' takes " + std::to_string(value->ref.size) +
                     " bytes encoded; a cursor has at most " +
                     std::to_string(engine::kInlineBytesMax))
              .text(),
          true);
    } else {
      report_.cursor = {request_.cursor_version, {"", value->ref, value->bytes}};
    }
  }

  const impl::PipelineRecord& pipeline_;
  const impl::StageRecord& stage_;
  const AttemptRequest& request_;
  StageRunner& runner_;
  const std::map<std::string, std::shared_ptr<const void>, std::less<>>& given_params_;
  Host host_;
  Json overrides_;
  std::vector<impl::Slot> arguments_;
  std::shared_ptr<void> cursor_;
  const impl::CursorRecord* cursor_record_ = nullptr;
  impl::Produced produced_;
  engine::AttemptFinished report_;
};

}  // namespace

StageRunner::StageRunner(const impl::PipelineRecord& pipeline)
    : pipeline_(pipeline), resources_(pipeline) {}

void StageRunner::give_param(std::string_view name, std::shared_ptr<const void> value) {
  given_params_[std::string(name)] = std::move(value);
}

engine::AttemptFinished StageRunner::run(const AttemptRequest& request, AttemptSink& sink) {
  engine::AttemptFinished report;
  const base::WallTime started = sink.now();
  if (request.stage < 0 || static_cast<std::size_t>(request.stage) >= pipeline_.stages.size()) {
    report.outcome = OutcomeClass::kLoadError;
    report.message = "the module has no stage " + std::to_string(request.stage) +
                     "; it is not the one that was registered";
  } else {
    const auto& stage = pipeline_.stages[static_cast<std::size_t>(request.stage)];
    report = Attempt(pipeline_, stage, request, *this, given_params_, sink).run();
  }
  report.started_at = started;
  report.finished_at = sink.now();
  return report;
}

}  // namespace weir::sdk_impl
