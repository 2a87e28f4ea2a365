// Turns the records of a pipeline into its manifest. The enumerations of both sides are held to the
// same order here, because public headers cannot include the manifest's. What is wrong with it is
// for module::validate_manifest and the engine to say.
#include "sdk/src/pipeline_manifest.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>

#include "base/sha256.h"
#include "engine/plan/plan.h"
#include "sdk/src/schedules/schedule_specs.h"

#ifndef WEIR_VERSION
#error "WEIR_VERSION must be defined by the build"
#endif

// Defined by a source that weir_module() generates; absent from programs that were built without
// it.
extern "C" __attribute__((weak, visibility("default"))) const char weir_module_code_version[];

namespace weir::impl {

std::string fingerprint(std::string_view schema) {
  constexpr std::size_t kCharacters = 32;
  return base::sha256(schema).hex().substr(0, kCharacters);
}

}  // namespace weir::impl

namespace weir::sdk_impl {
namespace {

static_assert(static_cast<int>(impl::Rule::kAlways) ==
              static_cast<int>(module::TriggerRule::kAlways));
static_assert(static_cast<int>(impl::Rule::kNoneFailed) ==
              static_cast<int>(module::TriggerRule::kNoneFailed));
static_assert(static_cast<int>(impl::DependencyKind::kParam) ==
              static_cast<int>(module::DependencyKind::kParam));
static_assert(static_cast<int>(impl::DependencyKind::kCursor) ==
              static_cast<int>(module::DependencyKind::kCursor));
static_assert(static_cast<int>(impl::DependencyKind::kScheduledTime) ==
              static_cast<int>(module::DependencyKind::kScheduledTime));
static_assert(static_cast<int>(impl::AlertOn::kTickMissed) ==
              static_cast<int>(module::AlertEvent::kTickMissed));
static_assert(static_cast<int>(impl::AlertOn::kFreshnessFail) ==
              static_cast<int>(module::AlertEvent::kFreshnessFail));
static_assert(static_cast<int>(Severity::kBlocking) ==
              static_cast<int>(module::CheckSeverity::kBlocking));

std::string type_of(const impl::ValueCodec* codec) {
  return codec == nullptr ? "" : impl::fingerprint(codec->schema);
}

module::DependencySpec dependency_spec(const impl::DependencyRecord& record) {
  const impl::ValueCodec* codec = record.cursor != nullptr ? record.cursor->codec : record.codec;
  return {static_cast<module::DependencyKind>(record.kind), record.name, type_of(codec),
          record.rule, record.optional};
}

module::StageSpec stage_spec(const impl::StageRecord& record) {
  module::StageSpec out;
  out.name = record.name;
  for (const impl::OutputRecord& output : record.outputs) {
    out.outputs.push_back({output.asset, type_of(output.codec), output.codec->schema});
  }
  for (const impl::DependencyRecord& dependency : record.dependencies) {
    out.dependencies.push_back(dependency_spec(dependency));
  }
  out.rules.clear();
  for (const impl::Rule rule : record.rules) {
    out.rules.push_back(static_cast<module::TriggerRule>(rule));
  }
  out.retry = {record.max_attempts, record.retry_delay.count()};
  out.timeout_ms = record.timeout.count();
  out.priority = record.priority;
  out.side_effects = record.side_effects;
  out.code_version = record.code_version.empty() ? module_code_version() : record.code_version;
  for (const impl::CheckRecord& check : record.checks) {
    out.checks.push_back(
        {check.asset, check.name, static_cast<module::CheckSeverity>(check.severity)});
  }
  out.owner = record.owner;
  out.group = record.group;
  out.note = record.note;
  return out;
}

module::FreshnessSpec freshness_spec(const impl::FreshnessRecord& record) {
  module::FreshnessSpec out;
  out.asset = record.asset;
  out.kind = record.by_deadlines ? module::FreshnessKind::kBy : module::FreshnessKind::kMaxAge;
  out.fail_ms = record.fail.count();
  // 0 is for no warning: one from the beginning on is refused as one that is negative.
  if (record.warn) out.warn_ms = record.warn->count() == 0 ? -1 : record.warn->count();
  out.cron = record.cron;
  out.zone = record.zone;
  out.lower_bound_ms = record.lower_bound.count();
  out.warn_margin_ms = record.warn_margin.count();
  // -1 is for none: a grace that is negative stays one.
  if (record.required_after) {
    const auto grace = record.required_after->count();
    out.required_after_ms = grace < 0 ? std::min<std::int64_t>(grace, -2) : grace;
  }
  if (record.observe_only) out.action = module::FreshnessAction::kObserve;
  out.expected_ms = record.expected.count();
  return out;
}

// Those without a name get one, and a number where that is taken: daily/run_failed_2.
std::vector<module::AlertSpec> alert_specs(const impl::PipelineRecord& pipeline) {
  std::vector<module::AlertSpec> specs;
  std::set<std::string> taken;
  for (const impl::AlertRecord& record : pipeline.alerts) taken.insert(record.name);
  for (const impl::AlertRecord& record : pipeline.alerts) {
    module::AlertSpec spec;
    spec.event = static_cast<module::AlertEvent>(record.on);
    spec.about = record.about;
    spec.threshold = record.threshold;
    spec.webhook = record.webhook;
    spec.channel = record.channel;
    spec.secret = record.secret;
    spec.over_usual = record.over_usual;
    spec.name = record.name;
    const std::string wanted = record.about + "/" + std::string(base::word_of(spec.event));
    for (int number = 1; spec.name.empty(); ++number) {
      const std::string name = wanted + (number == 1 ? "" : "_" + std::to_string(number));
      if (taken.insert(name).second) spec.name = name;
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

std::string compiler_name() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

std::string architecture_name() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "unknown";
#endif
}

}  // namespace

std::string module_code_version() {
  return weir_module_code_version == nullptr ? "" : weir_module_code_version;
}

std::string sdk_version() { return WEIR_VERSION; }

module::Manifest manifest_of(const impl::PipelineRecord& pipeline) {
  module::Manifest out;
  out.pipeline = pipeline.name;
  out.sdk_version = sdk_version();
  out.compiler = compiler_name();
  out.architecture = architecture_name();
  for (const impl::StageRecord& stage : pipeline.stages) out.stages.push_back(stage_spec(stage));
  for (const impl::ExternalRecord& external : pipeline.externals) {
    out.externals.push_back({external.asset, type_of(external.codec), external.codec->schema});
  }
  for (const impl::ParamRecord& param : pipeline.params) {
    out.params.push_back({param.name, type_of(param.codec), param.codec->schema,
                          param.to_json(param.defaults.get())});
  }
  for (const impl::ResourceRecord& resource : pipeline.resources) {
    out.resources.push_back(resource.name);
  }
  for (const impl::JobRecord& job : pipeline.jobs) {
    out.jobs.push_back({job.name, job.selection, job.priority});
  }
  return out;
}

base::Result<module::Manifest> full_manifest_of(const impl::PipelineRecord& pipeline) {
  module::Manifest out = manifest_of(pipeline);
  auto schedules = schedule_specs(pipeline, out.params);
  if (!schedules.ok()) return schedules.status();
  out.schedules = std::move(*schedules);
  for (const impl::FreshnessRecord& policy : pipeline.freshness) {
    out.freshness.push_back(freshness_spec(policy));
  }
  out.alerts = alert_specs(pipeline);
  return out;
}

base::Status check_manifest(const module::Manifest& manifest) {
  if (base::Status status = module::validate_manifest(manifest); !status.ok()) return status;
  return engine::check_jobs(std::make_shared<const module::Manifest>(manifest));
}

}  // namespace weir::sdk_impl
